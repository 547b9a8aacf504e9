//! Why a transfer did not end well.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::{backend, mvcc};

/// What can go wrong; after most of it another transfer goes on where this one stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The other end is gone.
    #[error("the stream ended before the transfer did")]
    Broken,
    /// Nothing moved for too long.
    #[error("nothing moved for {0:?}")]
    Stalled(Duration),
    /// A frame is not what was sent, or was not to be sent.
    #[error("frame {number}: {what}")]
    Frame {
        /// Its number in the stream.
        number: u64,
        /// What is wrong.
        what: String,
    },
    /// The other end says why it does not go on.
    #[error("the receiver refused: {0}")]
    Refused(String),
    /// The sender is of another cluster.
    #[error("cluster ID mismatch")]
    OtherCluster,
    /// The sender speaks a form of this protocol that is not known here.
    #[error("format {0} is not known")]
    Format(u32),
    /// What arrived is not what was sent, though each frame was; it is thrown away.
    #[error("{what}: {ours} arrived, {theirs} were sent")]
    Mismatch {
        /// Of what.
        what: &'static str,
        /// Here.
        ours: String,
        /// There.
        theirs: String,
    },
    /// A newer transfer takes the place of this one.
    #[error("another transfer began")]
    Superseded,
    /// An older transfer does not let go.
    #[error("another transfer did not end within {0:?}")]
    Busy(Duration),
    /// A snapshot of this index lies there already.
    #[error("there is a checkpoint in {path} already", path = .0.display())]
    Exists(PathBuf),
    /// The sender's state cannot be read, or the receiver's not be written.
    #[error(transparent)]
    Store(#[from] mvcc::Error),
    /// The receiver's directory cannot be used.
    #[error("cannot {step} {path}", path = path.display())]
    Io {
        /// What was tried.
        step: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A thread could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
}

impl Error {
    pub(super) fn io(
        step: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { step, path, source }
    }

    /// Whether what was received before may still be relied on.
    pub(super) fn leaves_data_sound(&self) -> bool {
        match self {
            Self::Mismatch { .. } => false,
            Self::Store(mvcc::Error::Backend(backend::Error::Full { .. })) => true,
            Self::Store(_) | Self::Io { .. } | Self::Exists(_) => false,
            _ => true,
        }
    }
}

impl From<backend::Error> for Error {
    fn from(error: backend::Error) -> Self {
        Self::Store(error.into())
    }
}

//! A member as a whole: opened from its data directory, started, run until told to stop.
//!
//! This is the only place that knows all the parts; each of them is handed what it needs.

mod bootstrap;
mod checkpoints;
mod compactor;
mod copy;
mod corrupt;
mod expiry;
mod leaderless;
mod local;
mod open;
mod probe;
mod run;
mod serve;
mod versions;

pub use bootstrap::Ask;
pub use copy::{Copy, CopyError};
pub use open::{Opened, open};
pub use run::{Running, start};
pub use serve::serve;

use std::path::PathBuf;

/// Why a member does not start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A directory or a thread could not be made.
    #[error("cannot {step} {path}", path = path.display())]
    Io {
        /// What was tried.
        step: &'static str,
        /// With what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The flags do not make a cluster.
    #[error(transparent)]
    Cluster(#[from] crate::cluster::InitialError),
    /// The cluster is not one for this member.
    #[error(transparent)]
    Join(#[from] crate::cluster::JoinError),
    /// A member that was removed is to go on alone.
    #[error(
        "member {0:x} was removed from the cluster, so that it cannot be all that is left of it"
    )]
    Removed(u64),
    /// An entry of the log cannot be read.
    #[error("log entry {index}")]
    Entry {
        /// The entry.
        index: u64,
        /// Why.
        source: crate::command::DecodeError,
    },
    /// The log cannot be used, or could not be written any more.
    #[error(transparent)]
    Wal(#[from] crate::wal::Error),
    /// The log's head does not say who this member is.
    #[error("the log in {path} does not name its member", path = path.display())]
    Identity {
        /// The log.
        path: PathBuf,
        /// What protobuf said.
        source: prost::DecodeError,
    },
    /// The checkpoint cannot be opened or read.
    #[error(transparent)]
    Backend(#[from] crate::backend::Error),
    /// The checkpoint's keys cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Mvcc {
        /// The checkpoint.
        path: PathBuf,
        /// What is wrong with it.
        source: crate::mvcc::Error,
    },
    /// The checkpoint cannot be chosen among several.
    #[error(transparent)]
    Catchup(#[from] crate::catchup::Error),
    /// The checkpoint's other state cannot be read.
    #[error(transparent)]
    Meta(#[from] crate::apply::MetaError),
    /// The archive cannot be written.
    #[error(transparent)]
    Archive(#[from] crate::archive::Error),
    /// The checkpoint is ahead of the log: one of them is not this member's.
    #[error("the checkpoint holds entry {applied}, but the log in {path} ends with {last}", path = path.display())]
    Ahead {
        /// The checkpoint's last entry.
        applied: u64,
        /// The log's last entry.
        last: u64,
        /// The log.
        path: PathBuf,
    },
    /// The log names a newer checkpoint than there is.
    #[error("the checkpoint in {path} is damaged or was replaced: it holds entry {applied}, but the log goes on behind {named}", path = path.display())]
    Behind {
        /// The checkpoint's last entry.
        applied: u64,
        /// The last entry of the checkpoint that the log names.
        named: u64,
        /// The checkpoint.
        path: PathBuf,
    },
    /// `--auth-token` does not do.
    #[error("{0}")]
    AuthToken(String),
    /// It did not come to lead in time.
    #[error("no leader after {0:?}")]
    NoLeader(std::time::Duration),
    /// Its data is not that of the others.
    #[error("{0:x} found data inconsistency with peers")]
    Inconsistent(u64),
    /// Its data could not be read, to be compared with that of the others.
    #[error("{0:x} failed to fetch hash ({1})")]
    Unhashed(u64, String),
    /// Its name and URLs could not be written.
    #[error("cannot publish the member's attributes")]
    Publish(#[from] crate::raft::ProposeError),
}

impl Error {
    fn io(step: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { step, path, source }
    }
}

//! What the multi-version store can answer instead of data.

use crate::backend;

/// Why a read or write was refused, or could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The revision lies below the last compaction.
    #[error("mvcc: required revision has been compacted")]
    Compacted,
    /// The revision does not exist yet.
    #[error("mvcc: required revision is a future revision")]
    Future,
    /// A put that keeps the old value or lease found no old value.
    #[error("etcdserver: key not found")]
    KeyNotFound,
    /// The checkpoint could not be read or written.
    #[error(transparent)]
    Backend(#[from] backend::Error),
    /// A value could not be read back from the log.
    #[error("cannot read the value of revision {revision} from the log: {source}")]
    Log {
        /// Main revision of the record.
        revision: i64,
        /// The reason.
        source: std::io::Error,
    },
    /// The checkpoint holds something that cannot have been written by this store.
    #[error("the checkpoint is damaged: chunk {chunk}: {detail}")]
    Damaged {
        /// Name of the chunk: `main.sub` of its first record.
        chunk: String,
        /// What is wrong with it.
        detail: String,
    },
    /// An entry of the checkpoint's description is missing or unreadable.
    #[error("the checkpoint is damaged: {0}")]
    DamagedMeta(String),
}

impl Error {
    /// Whether this member's own data cannot be read or written, rather than that any member
    /// would refuse as much.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Compacted | Self::Future | Self::KeyNotFound => false,
            Self::Backend(_) | Self::Log { .. } | Self::Damaged { .. } | Self::DamagedMeta(_) => {
                true
            }
        }
    }
}

//! The checkpoints of a member, and how one becomes the state.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use prost::Message;

use super::Error;
use crate::apply::worker::Snapshots;
use crate::apply::{META_KEY, Meta, State};
use crate::backend::{Backend, LazyBackend, await_closed};
use crate::catchup::{Folder, Site};
use crate::mvcc::{Options, Store, ValueSource};
use crate::raft::Received;

/// How long whoever still reads a checkpoint that was replaced may take.
const CLOSES_WITHIN: Duration = Duration::from_secs(60);

/// See the module.
pub struct Checkpoints {
    /// Where values are read that are only in the log.
    pub(super) values: Arc<dyn ValueSource>,
    /// Where received state lies.
    pub(super) folder: Arc<Folder>,
    /// The checkpoint of the present state.
    pub(super) current: Mutex<PathBuf>,
}

impl Checkpoints {
    /// The store in the checkpoint at `path`.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn store(&self, path: &Path, backend: Arc<dyn Backend>) -> Result<Store, Error> {
        let options = Options {
            values: Some(self.values.clone()),
            ..Options::default()
        };
        Store::open(backend, options).map_err(|source| Error::Mvcc {
            path: path.to_owned(),
            source,
        })
    }
}

/// What a checkpoint says besides keys, if there is one.
///
/// # Errors
/// It cannot be read.
pub(super) fn read_meta(backend: &dyn Backend) -> Result<Option<Meta>, Error> {
    let Some(bytes) = backend.get(META_KEY)? else {
        return Ok(None);
    };
    Ok(Some(
        Meta::decode(bytes).map_err(crate::apply::MetaError::from)?,
    ))
}

impl Snapshots for Checkpoints {
    fn open(&self, received: &Received) -> Result<State, Box<dyn std::error::Error + Send + Sync>> {
        let backend: Arc<dyn Backend> = Arc::new(LazyBackend::open(&received.path)?);
        let meta = read_meta(&*backend)?.ok_or("it is not complete")?;
        let store = self.store(&received.path, backend)?;
        let state = meta.restore(store)?;
        if state.applied != (received.index, received.term) {
            return Err(
                format!("it is of entry {}, not {}", state.applied.0, received.index).into(),
            );
        }
        Ok(state)
    }

    fn installed(&self, received: &Received) {
        let replaced = std::mem::replace(&mut *self.current.lock(), received.path.clone());
        let folder = self.folder.clone();
        let removing = std::thread::Builder::new()
            .name("remove".into())
            .spawn(move || {
                // Otherwise the next start removes it.
                if await_closed(&replaced, CLOSES_WITHIN).is_ok() {
                    folder.discard(&replaced);
                }
            });
        if let Err(error) = removing {
            tracing::warn!(%error, "cannot remove the checkpoint that was replaced");
        }
    }

    fn discard(&self, path: &Path) {
        self.folder.discard(path);
    }
}

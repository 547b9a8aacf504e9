//! A site in memory, for tests and the simulation.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Error, Site};
use crate::backend::{Backend, MemoryBackend};

/// See the module. A crash of the member is for its owner to act out: [`MemorySite::abandon`]
/// loses what is not published, as a start does.
#[derive(Default)]
pub struct MemorySite {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    underway: Option<Arc<MemoryBackend>>,
    published: BTreeMap<PathBuf, Arc<MemoryBackend>>,
}

impl MemorySite {
    /// Nothing has been received.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was published under this path.
    #[must_use]
    pub fn backend(&self, path: &Path) -> Option<Arc<MemoryBackend>> {
        self.inner.lock().published.get(path).cloned()
    }

    /// The path under which a state of this index is published.
    #[must_use]
    pub fn path(index: u64) -> PathBuf {
        PathBuf::from(format!("memory-{index:016x}"))
    }
}

impl Site for MemorySite {
    fn begin(&self) -> Result<Arc<dyn Backend>, Error> {
        let backend = Arc::new(MemoryBackend::new());
        self.inner.lock().underway = Some(backend.clone());
        Ok(backend)
    }

    fn publish(&self, index: u64) -> Result<PathBuf, Error> {
        let path = Self::path(index);
        let inner = &mut *self.inner.lock();
        if inner.published.contains_key(&path) {
            return Err(Error::Exists(path));
        }
        let backend = inner.underway.take();
        let backend = backend.expect("only what was begun is published");
        inner.published.insert(path.clone(), backend);
        Ok(path)
    }

    fn abandon(&self) {
        self.inner.lock().underway = None;
    }

    fn discard(&self, path: &Path) {
        self.inner.lock().published.remove(path);
    }
}

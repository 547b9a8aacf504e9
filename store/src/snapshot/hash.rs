//! What `etcdutl hashkv` tells of a file.

use std::path::Path;
use std::sync::Arc;

use super::{Digest, Error, Import, taken};
use crate::backend::MemoryBackend;
use crate::mvcc::{self, HashKv, Store};

/// The hash that a server restored from the backup would tell for `revision`; 0 for its last one. The
/// file is only read, all of it into memory.
///
/// # Errors
/// The file is damaged, or the revision is compacted or yet to come.
pub fn hash_kv(path: &Path, revision: i64) -> Result<HashKv, Error> {
    let import = Import::open(path, Digest::Ignored)?;
    let backend = Arc::new(MemoryBackend::default());
    let options = mvcc::Options::default();
    let mut target = mvcc::Import::new(&*backend, options.chunk_bytes);
    let last = taken::records(&import, path, &mut target)?;
    let (current, compacted) = taken::revisions(import.description(), last);
    target.finish(current, compacted, Vec::new())?;
    let mut store = Store::open(backend, options)?;
    while !store.compact_step(usize::MAX) {}
    Ok(store.hash_kv(revision)?)
}

//! What `etcdutl hashkv` tells of a file.

use std::path::Path;

use super::{Digest, Error, Import, taken};
use crate::mvcc::HashKv;

/// The hash that a server restored from the backup would tell for `revision`; 0 for its last one. The
/// file is only read, all of it into memory.
///
/// # Errors
/// The file is damaged, or the revision is compacted or yet to come.
pub fn hash_kv(path: &Path, revision: i64) -> Result<HashKv, Error> {
    let import = Import::open(path, Digest::Ignored)?;
    let mut store = taken::store(&import, path)?;
    while !store.compact_step(usize::MAX) {}
    Ok(store.hash_kv(revision)?)
}

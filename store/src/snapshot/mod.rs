//! Backups: the state of a store as a file that etcd's own tools read, and back.
//!
//! A backup is etcd's database, a bbolt file (see [`crate::bolt`]), followed by the SHA-256 of all
//! bytes before it when it came over the wire. [`Description`] and [`Record`] say the same without
//! bbolt: [`export()`] turns them into a file, [`Import`] reads them from one. [`Spool`] keeps a
//! finished export while it is sent. [`take()`] backs up a running member, [`Restore`] makes a
//! data directory from a backup, [`status()`] is what `etcdutl snapshot status` prints.
//!
//! ```text
//! bucket           key                        value
//! key              main u64 '_' sub u64 ['t'] mvccpb.KeyValue ('t' marks a deletion; big-endian)
//! meta             consistent_index, term     u64 big-endian
//!                  confState                  JSON of raft's configuration
//!                  storageVersion             "3.7.0"
//!                  scheduledCompactRev,       main u64 '_' 0 u64
//!                  finishedCompactRev
//!                  pintleV2                   the keys of API 2 (`v2::Kept`); of no meaning to etcd, and
//!                                             only there if they were ever written
//! lease            id u64 big-endian          leasepb.Lease {1: id, 2: ttl, 3: remaining ttl}
//! alarm            etcdserverpb.AlarmMember   nothing
//! cluster          clusterVersion             "3.7.0"
//!                  downgrade                  JSON
//! members          id in hex                  JSON of the member
//! members_removed  id in hex                  "removed"
//! auth             authEnabled                0 or 1 (u8); absent until first enabled
//!                  authRevision               u64 big-endian
//! authUsers        name                       authpb.User
//! authRoles        name                       authpb.Role
//! ```
//!
//! All ten buckets are there even when empty. Facts from etcd 3.7.1 (`server/storage/schema`).

mod description;
mod digest;
mod error;
mod export;
mod hash;
mod import;
mod rebuild;
mod record;
mod restore;
mod spool;
mod state;
mod status;
mod taken;
mod values;

pub use description::{Auth, ConfState, Description, Downgrade, Lease};
pub use digest::{DIGEST_BYTES, Digest};
pub use error::Error;
pub use export::{Records, export};
pub use hash::hash_kv;
pub use import::Import;
pub use rebuild::{Moment, Rebuilt, rebuild};
pub use record::Record;
pub use restore::{Restore, Restored};
pub use spool::{Chunk, Spool};
pub use state::take;
pub use status::{Status, status};

/// Names of buckets and of the keys in them.
mod names {
    pub(super) const ALARM: &[u8] = b"alarm";
    pub(super) const AUTH: &[u8] = b"auth";
    pub(super) const AUTH_ROLES: &[u8] = b"authRoles";
    pub(super) const AUTH_USERS: &[u8] = b"authUsers";
    pub(super) const CLUSTER: &[u8] = b"cluster";
    pub(super) const KEY: &[u8] = b"key";
    pub(super) const LEASE: &[u8] = b"lease";
    pub(super) const MEMBERS: &[u8] = b"members";
    pub(super) const MEMBERS_REMOVED: &[u8] = b"members_removed";
    pub(super) const META: &[u8] = b"meta";

    pub(super) const AUTH_ENABLED: &[u8] = b"authEnabled";
    pub(super) const AUTH_REVISION: &[u8] = b"authRevision";
    pub(super) const CLUSTER_VERSION: &[u8] = b"clusterVersion";
    pub(super) const CONF_STATE: &[u8] = b"confState";
    pub(super) const CONSISTENT_INDEX: &[u8] = b"consistent_index";
    pub(super) const V2: &[u8] = b"pintleV2";
    pub(super) const DOWNGRADE: &[u8] = b"downgrade";
    pub(super) const FINISHED_COMPACTION: &[u8] = b"finishedCompactRev";
    pub(super) const REMOVED: &[u8] = b"removed";
    pub(super) const SCHEDULED_COMPACTION: &[u8] = b"scheduledCompactRev";
    pub(super) const STORAGE_VERSION: &[u8] = b"storageVersion";
    pub(super) const TERM: &[u8] = b"term";
}

#[cfg(test)]
mod tests;

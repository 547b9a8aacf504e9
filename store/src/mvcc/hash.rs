//! The hash by which members compare their data, bit by bit etcd's (server/storage/mvcc/hash.go).
//!
//! It is CRC-32C over the three bytes `key`, then over each record in revision order as etcd's
//! bolt file would hold it:
//!
//! ```text
//! | main, 8 bytes BE | '_' | sub, 8 bytes BE | 't' if a deletion | KeyValue, protobuf |
//! ```
//!
//! Of the records at or below the compact revision only those count that are visible at the hashed
//! revision (all of them count if nothing is visible there), and never a deletion exactly at the
//! compact revision.

use std::ops::ControlFlow;

use prost::Message;
use proto::mvccpb::KeyValue;

use super::error::Error;
use super::range::Hit;
use super::revision::{Revision, Version};
use super::state::Store;
use super::tree::Skip;

/// How many records are read from the checkpoint at once.
const BATCH_RECORDS: usize = 4096;

/// Result of [`Store::hash_kv`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashKv {
    /// The CRC-32C.
    pub hash: u32,
    /// The compact revision it was computed with.
    pub compact_revision: i64,
    /// The revision it covers, included.
    pub hash_revision: i64,
}

impl Store {
    /// Hashes all records up to `revision`; 0 means the newest. Costs a read of every record.
    pub fn hash_kv(&self, revision: i64) -> Result<HashKv, Error> {
        if revision > 0 && revision < self.compacted {
            return Err(Error::Compacted);
        }
        if revision > self.current {
            return Err(Error::Future);
        }
        let revision = if revision == 0 {
            self.current
        } else {
            revision
        };
        let mut hash = crc32c::crc32c(b"key");
        let mut scratch = Vec::new();
        for hits in self.hashed_versions(revision).chunks(BATCH_RECORDS) {
            for (hit, kv) in hits.iter().zip(self.load_all(hits)?) {
                encode(
                    hit.version.rev(),
                    hit.version.is_tombstone(),
                    &kv,
                    &mut scratch,
                );
                hash = crc32c::crc32c_append(hash, &scratch);
            }
        }
        Ok(HashKv {
            hash,
            compact_revision: self.compacted,
            hash_revision: revision,
        })
    }

    /// The versions that count, in revision order.
    fn hashed_versions(&self, revision: i64) -> Vec<Hit<'_>> {
        let compacted = self.compacted;
        let mut chosen = Vec::new();
        let mut hidden = Vec::new();
        let mut nothing_visible = true;
        self.tree.visit(&[], None, Skip::Nothing, |entry| {
            let visible = entry.versions.at(revision).map(Version::rev);
            nothing_visible &= visible.is_none();
            let dead = entry.versions.dead_at(compacted);
            for version in &entry.versions.as_slice()[dead..] {
                let main = version.main();
                if main > revision || (main == compacted && version.is_tombstone()) {
                    continue;
                }
                let key = &*entry.key;
                let hit = Hit { key, version };
                match main > compacted || visible == Some(version.rev()) {
                    true => chosen.push(hit),
                    false => hidden.push(hit),
                }
            }
            ControlFlow::Continue(())
        });
        if nothing_visible {
            chosen.append(&mut hidden);
        }
        chosen.sort_unstable_by_key(|hit| hit.version.rev());
        chosen
    }
}

/// A record as etcd's bolt file holds it: its key, then its value.
fn encode(rev: Revision, tombstone: bool, kv: &KeyValue, out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&rev.main.to_be_bytes());
    out.push(b'_');
    out.extend_from_slice(&rev.sub.to_be_bytes());
    if tombstone {
        out.push(b't');
        // A stored deletion has nothing but its key.
        let kv = KeyValue {
            key: kv.key.clone(),
            ..KeyValue::default()
        };
        kv.encode_raw(out);
    } else {
        kv.encode_raw(out);
    }
}

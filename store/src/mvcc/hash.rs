//! The hash by which members compare their data, bit by bit etcd's (server/storage/mvcc/hash.go).
//!
//! It is CRC-32C over the three bytes `key`, then over each record in revision order as etcd's
//! bolt file would hold it:
//!
//! ```text
//! | main, 8 bytes BE | '_' | sub, 8 bytes BE | 't' if a deletion | KeyValue, protobuf |
//! ```
//!
//! Of the records at or below the compact revision only those count that are kept at the hashed
//! revision (all of them count if nothing is kept there), and never a deletion exactly at the
//! compact revision. Kept is what is visible; a compaction's own hash takes a deletion in the
//! hashed revision for kept as well.

use std::ops::ControlFlow;

use prost::Message;
use proto::mvccpb::KeyValue;

use super::error::Error;
use super::range::Hit;
use super::revision::{Revision, Version};
use super::state::Store;
use super::transfer::ExportJob;
use super::tree::Skip;

/// Hashes of compactions that are remembered; as many as in etcd.
const HASHES_MAX: usize = 10;
/// How many records are read from the checkpoint at once.
const BATCH_RECORDS: usize = 4096;

/// Whether a deletion in the hashed revision counts as kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deletions {
    /// As for HashKV (etcd's `Keep`).
    Go,
    /// As for the hash of a compaction, which keeps it (etcd's `Compact`).
    Stay,
}

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
    ///
    /// For a revision that was compacted at, it is the hash of what stood before that compaction,
    /// while that is remembered (see [`Store::remember_hash`]): members may be compared by it,
    /// whether they have compacted already or not.
    pub fn hash_kv(&self, revision: i64) -> Result<HashKv, Error> {
        if let Some(hash) = self.remembered(revision) {
            return Ok(hash);
        }
        let revision = self.hashable(revision)?;
        let mut hash = crc32c::crc32c(b"key");
        let mut scratch = Vec::new();
        for hits in self
            .hashed_versions(revision, self.compacted, Deletions::Go)
            .chunks(BATCH_RECORDS)
        {
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

    /// Starts what [`Store::hash_kv`] does, for a thread that leaves the store to others meanwhile.
    pub fn begin_hash(&mut self, revision: i64) -> Result<Hashing, Error> {
        if let Some(hash) = self.remembered(revision) {
            return Ok(Hashing::Known(hash));
        }
        let revision = self.hashable(revision)?;
        let Some(view) = self.begin_export() else {
            return Ok(Hashing::Busy);
        };
        let hits = self.hashed_versions(revision, self.compacted, Deletions::Go);
        let revs = hits.iter().map(|hit| hit.version.rev()).collect();
        Ok(Hashing::Begun(HashJob {
            view,
            revs,
            previous: self.compacted,
            revision,
        }))
    }

    /// The hashes of compactions that are remembered.
    pub fn compaction_hashes(&self) -> Vec<HashKv> {
        self.hashes.iter().copied().collect()
    }

    fn remembered(&self, revision: i64) -> Option<HashKv> {
        let mut hashes = self.hashes.iter();
        hashes
            .find(|hash| revision > 0 && hash.hash_revision == revision)
            .copied()
    }

    /// The revision to hash, if it is there.
    fn hashable(&self, revision: i64) -> Result<i64, Error> {
        if revision > 0 && revision < self.compacted {
            return Err(Error::Compacted);
        }
        if revision > self.current {
            return Err(Error::Future);
        }
        Ok(if revision == 0 {
            self.current
        } else {
            revision
        })
    }

    /// Starts to hash what a compaction at `revision` works on, where `previous` is the compaction
    /// before it. Nothing while a checkpoint is under way; no version may be removed by the
    /// compaction before this has been called.
    pub fn begin_compaction_hash(&mut self, previous: i64, revision: i64) -> Option<HashJob> {
        let view = self.begin_export()?;
        let hits = self.hashed_versions(revision, previous, Deletions::Stay);
        let revs = hits.iter().map(|hit| hit.version.rev()).collect();
        Some(HashJob {
            view,
            revs,
            previous,
            revision,
        })
    }

    /// Keeps the hash of a compaction for [`Store::hash_kv`]; the last [`HASHES_MAX`] are kept.
    pub fn remember_hash(&mut self, hash: HashKv) {
        self.hashes.push_back(hash);
        if self.hashes.len() > HASHES_MAX {
            self.hashes.pop_front();
        }
    }

    /// The versions that count after a compaction at `compacted`, in revision order.
    fn hashed_versions(&self, revision: i64, compacted: i64, deletions: Deletions) -> Vec<Hit<'_>> {
        let mut chosen = Vec::new();
        let mut hidden = Vec::new();
        let mut nothing_kept = true;
        self.tree.visit(&[], None, Skip::Nothing, |entry| {
            let kept = entry.versions.kept_at(revision);
            let kept = kept
                .filter(|version| deletions == Deletions::Stay || !version.is_tombstone())
                .map(Version::rev);
            nothing_kept &= kept.is_none();
            let dead = entry.versions.dead_at(compacted);
            for version in &entry.versions.as_slice()[dead..] {
                let main = version.main();
                if main > revision || (main == compacted && version.is_tombstone()) {
                    continue;
                }
                let key = &*entry.key;
                let hit = Hit { key, version };
                match main > compacted || kept == Some(version.rev()) {
                    true => chosen.push(hit),
                    false => hidden.push(hit),
                }
            }
            ControlFlow::Continue(())
        });
        if nothing_kept {
            chosen.append(&mut hidden);
        }
        chosen.sort_unstable_by_key(|hit| hit.version.rev());
        chosen
    }
}

/// Result of [`Store::begin_hash`].
pub enum Hashing {
    /// The hash is known already.
    Known(HashKv),
    /// It is to be computed by this.
    Begun(HashJob),
    /// A checkpoint is under way: only [`Store::hash_kv`] can tell.
    Busy,
}

/// A hash under way; see [`Store::begin_hash`] and [`Store::begin_compaction_hash`].
pub struct HashJob {
    view: ExportJob,
    /// What counts, in order.
    revs: Vec<Revision>,
    previous: i64,
    revision: i64,
}

impl HashJob {
    /// Reads all records once. To be run on a thread that may take its time.
    pub fn run(self) -> Result<HashKv, Error> {
        let mut wanted = self.revs.into_iter().peekable();
        let mut hash = crc32c::crc32c(b"key");
        let mut scratch = Vec::new();
        self.view.run(|rev, tombstone, kv| {
            if wanted.next_if_eq(&rev).is_some() {
                encode(rev, tombstone, &kv, &mut scratch);
                hash = crc32c::crc32c_append(hash, &scratch);
            }
            Ok::<(), Error>(())
        })?;
        assert!(
            wanted.peek().is_none(),
            "the index names a record that the view lacks"
        );
        Ok(HashKv {
            hash,
            compact_revision: self.previous,
            hash_revision: self.revision,
        })
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

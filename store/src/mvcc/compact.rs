//! Compaction: history below a revision goes. The rule is etcd's (mvcc/key_index.go): of each key
//! the newest version at or below the revision stays, unless it is a deletion older than it.
//!
//! [`Store::compact`] only moves the bound, which takes effect at once for readers;
//! [`Store::compact_step`] removes versions in slices, so that writes wait for no walk. Only
//! branches of the index that have history are visited.

use std::ops::ControlFlow;

use super::entry::Entry;
use super::error::Error;
use super::revision::Revision;
use super::state::Store;
use super::tree::Skip;

/// Where a compaction goes on.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    next: Box<[u8]>,
}

impl Store {
    /// Forgets history below `revision`. Fails with [`Error::Compacted`] unless it is above the
    /// last compaction, and with [`Error::Future`] if it is above the current revision.
    pub fn compact(&mut self, revision: i64) -> Result<(), Error> {
        if revision <= self.compacted {
            return Err(Error::Compacted);
        }
        if revision > self.current {
            return Err(Error::Future);
        }
        self.compacted = revision;
        self.compaction = Some(Progress::default());
        Ok(())
    }

    /// Removes versions that the last compaction made unreachable, of up to `max_keys` keys.
    /// Returns true when nothing is left to do.
    pub fn compact_step(&mut self, max_keys: usize) -> bool {
        let Some(progress) = self.compaction.take() else {
            return true;
        };
        let compacted = self.compacted;
        let mut work: Vec<(Box<[u8]>, usize)> = Vec::new();
        let mut seen = 0;
        let mut next = None;
        self.tree
            .visit(&progress.next, None, Skip::Plain, |entry: &Entry| {
                if seen == max_keys.max(1) {
                    next = Some(entry.key.clone());
                    return ControlFlow::Break(());
                }
                seen += 1;
                let dead = entry.versions.dead_at(compacted);
                if dead > 0 {
                    work.push((entry.key.clone(), dead));
                }
                ControlFlow::Continue(())
            });
        for (key, dead) in work {
            self.removed += dead as u64;
            self.drop_oldest(&key, dead);
        }
        self.compaction = next.map(|next| Progress { next });
        self.compaction.is_none()
    }

    fn drop_oldest(&mut self, key: &[u8], dead: usize) {
        let mut gone: Vec<(Revision, usize)> = Vec::with_capacity(dead);
        self.tree.edit(key, |versions| {
            let all = versions.as_slice();
            for version in &all[..dead] {
                gone.push((version.rev(), key.len() + version.value_len()));
            }
            let len = all.len();
            versions.keep(dead, len)
        });
        let checkpoint_running = self.underway.is_running();
        for (rev, bytes) in gone {
            self.live_bytes -= bytes as u64;
            let recent = self.recents.kill(rev);
            let checkpointed = self.chunks.kill(rev, bytes);
            assert!(
                recent || checkpointed,
                "there is no record of {rev:?} to remove"
            );
            if checkpoint_running {
                self.underway.died.push((rev, bytes));
            }
        }
    }
}

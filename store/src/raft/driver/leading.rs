//! What only a leader does beside raft itself: it tells followers what is committed, judges its own
//! disk, and knows how far everybody is.

use std::collections::BTreeMap;

use raft::StateRole;

use super::{Driver, Progress};

impl Driver {
    pub(super) fn is_commit_untold(&self) -> bool {
        let raft = &self.raw.raft;
        raft.state == StateRole::Leader
            && raft.raft_log.committed > self.commit_told
            && self.conf.voters.len() + self.conf.learners.len() > 1
    }

    /// Nothing else is on its way to the followers that would tell them what is committed.
    pub(super) fn quiet(&mut self) {
        let raft = &mut self.raw.raft;
        if raft.state == StateRole::Leader {
            self.commit_told = raft.raft_log.committed;
            raft.bcast_append();
        }
    }

    /// A leader whose disk stands still gives leadership away, if somebody can have it.
    pub(super) fn judge_own_disk(&mut self) {
        let raft = &self.raw.raft;
        let oldest = self.persisting.front().copied();
        let stalls = self.disk.stalls(oldest);
        if stalls
            && raft.state == StateRole::Leader
            && raft.lead_transferee.is_none()
            && let Some(best) = self.most_advanced_voter()
        {
            tracing::warn!("the log's disk stands still; leadership goes to {best:x}, if it can");
            self.disk.given_away();
            self.raw.transfer_leader(best);
        }
    }

    /// The other voter that holds most of the log, among those heard of lately.
    pub(super) fn most_advanced_voter(&self) -> Option<u64> {
        let raft = &self.raw.raft;
        raft.prs()
            .iter()
            .filter(|(id, progress)| {
                **id != raft.id && progress.recent_active && self.conf.voters.contains(id)
            })
            .max_by_key(|(id, progress)| (progress.matched, std::cmp::Reverse(**id)))
            .map(|(id, _)| *id)
    }

    pub(super) fn progress(&self) -> BTreeMap<u64, Progress> {
        let raft = &self.raw.raft;
        if raft.state != StateRole::Leader {
            return BTreeMap::new();
        }
        let progress = raft.prs().iter().map(|(id, progress)| {
            let progress = Progress {
                matched: progress.matched,
                next: progress.next_idx,
                is_learner: self.conf.learners.contains(id),
                is_active: progress.recent_active || *id == raft.id,
            };
            (*id, progress)
        });
        progress.collect()
    }
}

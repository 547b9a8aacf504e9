//! Snapshots: a received one takes the place of the log; whoever is sent one has to find the log
//! behind it afterwards.

use bytes::Bytes;
use raft::{ProgressState, StateRole};

use super::{Actions, Driver, Received};
use crate::raft::convert;
use crate::wal::SnapshotMark;

impl Driver {
    /// Offers a received snapshot to raft, which decides whether it is still of use.
    pub(super) fn install(&mut self, received: Received, actions: &mut Actions) {
        // One at a time; a leader that still means it sends another.
        if self.installing.is_some() {
            actions.refused.push(received);
            return;
        }
        let Some(message) = convert::snapshot_message(&received) else {
            actions.refused.push(received);
            return;
        };
        self.offered = Some(received);
        if let Err(error) = self.raw.step(message) {
            tracing::debug!(%error, "raft passed over a snapshot");
        }
        // What raft accepts comes with the next ready, before anything else is taken in.
        while self.raw.has_ready() {
            self.ready(actions);
        }
        actions.refused.extend(self.offered.take());
    }

    /// A snapshot that raft has just accepted takes the place of the log.
    pub(super) fn take_snapshot(
        &mut self,
        snapshot: &raft::eraftpb::Snapshot,
        number: u64,
    ) -> Option<SnapshotMark> {
        let metadata = snapshot.get_metadata();
        if metadata.index == 0 {
            return None;
        }
        let received = self
            .offered
            .take()
            .filter(|received| received.index == metadata.index)
            .expect("raft accepts only the snapshot it has just been offered");
        self.conf = received.conf.clone();
        self.installed = metadata.index;
        self.handed_term = self.handed_term.max(metadata.term);
        self.changing.clear();
        self.proposals.skipped();
        let conf = metadata.get_conf_state().clone();
        self.raw
            .mut_store()
            .install(metadata.index, metadata.term, conf);
        let mark = SnapshotMark {
            index: metadata.index,
            term: metadata.term,
            conf: Bytes::new(),
        };
        self.installing = Some((number, received));
        Some(mark)
    }

    /// Whether this member may stand for election. Not while a snapshot is on its way into the WAL:
    /// raft would look for the entries between the applied one and the snapshot, which are gone.
    pub(super) fn may_stand(&self) -> bool {
        self.installing.is_none()
    }

    /// Whether some member that lives is sent a snapshot, or is further behind than the log is kept
    /// for, but can be served from it yet.
    pub(super) fn is_bringing_up(&self) -> bool {
        let raft = &self.raw.raft;
        if raft.state != StateRole::Leader {
            return false;
        }
        let log = self.raw.store();
        let kept_from = raft.raft_log.applied.saturating_sub(log.catchup_entries());
        raft.prs().iter().any(|(id, progress)| {
            let lags = progress.matched < kept_from && progress.matched + 1 >= log.first();
            let lives = progress.recent_active && *id != raft.id;
            progress.state == ProgressState::Snapshot || (lives && lags)
        })
    }
}

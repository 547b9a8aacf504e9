//! Changes of the configuration: raft follows what the state machine decided.

use raft::StateRole;
use raft::eraftpb::ConfChangeV2;

use super::{Actions, Driver, PersistJob, hard_state};
use crate::cluster::Conf;
use crate::raft::convert;

impl Driver {
    /// The state machine has decided on a change; raft follows.
    pub(super) fn changed(&mut self, index: u64, conf: Option<Conf>, actions: &mut Actions) {
        // A snapshot received since then knows better.
        if index <= self.installed {
            return;
        }
        let (at, change) = self
            .changing
            .pop_front()
            .expect("a decision follows a change that was handed out");
        assert!(
            at == index,
            "the change at {at} was handed out, but the one at {index} was decided on"
        );
        let Some(conf) = conf else { return };
        let state = self
            .raw
            .apply_conf_change(&change)
            .unwrap_or_else(|error| panic!("raft refuses the change at {index}: {error}"));
        let raft_conf = convert::conf_from_raft(&state);
        assert!(
            raft_conf == conf,
            "after the change at {index} raft has {raft_conf:?}, the state {conf:?}"
        );
        self.raw.mut_store().set_conf_state(state);
        self.conf = conf;
        self.keep_commit(index, actions);
        self.lead_no_longer_without_a_vote();
    }

    /// Whoever a change removes ends once the others know of it, so these may not forget that the
    /// change is committed: with the old configuration they would wait for a vote that is gone.
    fn keep_commit(&mut self, index: u64, actions: &mut Actions) {
        self.hard_state.commit = self.hard_state.commit.max(index);
        actions.persist.push(PersistJob {
            // The log holds all that was given before this by the time it holds this.
            number: self.given,
            snapshot: None,
            entries: Vec::new(),
            hard_state: hard_state(&self.hard_state),
        });
    }

    /// A leader that was removed or demoted hands over to whoever is furthest, and leads no longer:
    /// raft would go on, and fail at the next acknowledgement. Nor does such a member stand for
    /// election any more: raft would fail once it won.
    fn lead_no_longer_without_a_vote(&mut self) {
        let raft = &self.raw.raft;
        let (id, term) = (raft.id, raft.term);
        let votes = self.conf.voters.contains(&id) || self.conf.voters_outgoing.contains(&id);
        if raft.state == StateRole::Follower || votes {
            return;
        }
        if raft.state == StateRole::Leader
            && let Some(best) = self.most_advanced_voter()
        {
            self.raw.transfer_leader(best);
        }
        self.raw.raft.become_follower(term, raft::INVALID_ID);
    }

    /// A joint configuration is left by an entry of its own. raft's leader adds it when it has
    /// applied the change; a leader elected since then has to do so itself.
    pub(super) fn leave_joint(&mut self) {
        let raft = &self.raw.raft;
        if self.conf.is_joint()
            && self.conf.auto_leave
            && raft.state == StateRole::Leader
            && !raft.has_pending_conf()
        {
            // Refused only while leadership is handed over; the next tick tries again.
            let _ = self
                .raw
                .propose_conf_change(Vec::new(), ConfChangeV2::default());
        }
    }
}

//! What a round asks of raft: the commands and reads that have come together.

use raft::eraftpb::{Entry, Message, MessageType};
use raft::{RawNode, StateRole};

use super::{Actions, Driver, proposals};
use crate::raft::ProposeError;
use crate::raft::log::Log;

impl Driver {
    /// Proposes what waits, or passes it on, as soon as there is a leader who takes it.
    pub(super) fn propose(&mut self, actions: &mut Actions) {
        let raft = &self.raw.raft;
        self.proposals.enter(raft.term);
        if self.proposals.is_idle()
            || raft.leader_id == raft::INVALID_ID
            || raft.lead_transferee.is_some()
        {
            return;
        }
        if raft.state != StateRole::Leader {
            let messages = self.proposals.forward(raft.leader_id);
            self.send(messages, actions);
            return;
        }
        // One message carries all commands of a round, so raft appends them at once.
        let has_foreign = self.proposals.has_foreign();
        let commands = self.proposals.append();
        if !commands.is_empty() {
            self.append(commands);
        }
        if has_foreign {
            self.foreign_last = self.raw.raft.raft_log.last_index();
        }
        let raft = &self.raw.raft;
        if !raft.has_pending_conf()
            && !self.conf.is_joint()
            && let Some(change) = self.proposals.append_change()
        {
            self.append(vec![change]);
        }
    }

    fn append(&mut self, entries: Vec<Entry>) {
        let mut message = Message {
            msg_type: MessageType::MsgPropose,
            from: self.raw.raft.id,
            ..Default::default()
        };
        let requests: Vec<u64> = entries.iter().map(proposals::request_of).collect();
        message.set_entries(entries.into());
        if self.raw.raft.step(message).is_err() {
            self.proposals
                .refused(&requests, ProposeError::TooManyRequests);
        }
    }

    /// All reads of a round share one question to the quorum.
    pub(super) fn ask_for_reads(&mut self) {
        let raft = &self.raw.raft;
        if raft.leader_id == raft::INVALID_ID {
            return;
        }
        // A leader knows what is committed only after an entry of its own term is (raft §8).
        if raft.state == StateRole::Leader && !raft.commit_to_current_term() {
            return;
        }
        if let Some(question) = self.reads.question() {
            self.ask(None, |raw| raw.read_index(question));
        }
    }

    /// Puts a question to the quorum, and to no more members than are needed.
    pub(super) fn ask(&mut self, asker: Option<u64>, question: impl FnOnce(&mut RawNode<Log>)) {
        let before = self.raw.raft.msgs.len();
        question(&mut self.raw);
        let raft = &mut self.raw.raft;
        if let Some(asked) = self.quorum.of(&self.conf, raft.id, asker) {
            let added = raft.msgs.split_off(before);
            let is_wanted = |message: &Message| {
                message.get_msg_type() != MessageType::MsgHeartbeat || asked.contains(&message.to)
            };
            raft.msgs.extend(added.into_iter().filter(is_wanted));
        }
    }
}

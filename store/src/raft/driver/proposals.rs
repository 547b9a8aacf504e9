//! Proposals on their way to the leader, and what is to be done about those that got lost.
//!
//! A proposal waits while there is no leader, as in etcd; who proposed it decides for how long.
//! A follower passes it on to the leader and says in which term: only as leader of that very term
//! may the other append it, once. So its fate is settled: terms never decrease along the log, and
//! whoever hands out an entry of a later term knows that a proposal of an earlier one that has not
//! come by will never come. It is then proposed again, and the death of a leader costs its
//! followers' clients time, but no answer. What a received snapshot may contain is not proposed
//! again: nobody here can tell.

use std::collections::{HashMap, VecDeque};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use raft::eraftpb::{Entry, EntryType, Message, MessageType};

use super::super::{Change, convert};
use crate::{command, propose};

/// Bytes of entries passed on to the leader in one message, about.
const FORWARD_BYTES: usize = 512 * 1024;
/// The term of a proposal that is never proposed again.
const FINAL: u64 = u64::MAX;

/// See the module.
pub(super) struct Proposals {
    id: u64,
    nonce: u64,
    /// Own proposals whose outcome is not known.
    pending: HashMap<u64, Pending>,
    /// Request ids of commands to be proposed.
    commands: VecDeque<u64>,
    /// Changes of the configuration to be proposed.
    changes: VecDeque<Waiting>,
    /// Commands that others passed on in the present term.
    foreign: Vec<Entry>,
    /// The last message passed on.
    forwarded: u64,
    /// Of each start of another member, the last message that was taken in the present term.
    taken: HashMap<(u64, u64), u64>,
    /// The present term.
    term: u64,
}

struct Pending {
    waiter: propose::Waiter,
    entry: Bytes,
    is_change: bool,
    /// The term in which it was proposed, 0 while it waits.
    term: u64,
}

enum Waiting {
    Own(u64),
    Foreign(Entry),
}

impl Proposals {
    /// Own proposals whose outcome is not known.
    pub(super) fn under_way(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn new(id: u64, nonce: u64) -> Self {
        Self {
            id,
            nonce,
            pending: HashMap::new(),
            commands: VecDeque::new(),
            changes: VecDeque::new(),
            foreign: Vec::new(),
            forwarded: 0,
            taken: HashMap::new(),
            term: 0,
        }
    }

    pub(super) fn add(&mut self, data: Bytes, waiter: propose::Waiter) {
        let id = command::request_id(&data);
        self.commands.push_back(id);
        let pending = Pending {
            waiter,
            entry: data,
            is_change: false,
            term: 0,
        };
        self.pending.insert(id, pending);
    }

    pub(super) fn add_change(
        &mut self,
        changes: &[Change],
        command: Bytes,
        waiter: propose::Waiter,
    ) {
        let id = command::request_id(&command);
        self.changes.push_back(Waiting::Own(id));
        let pending = Pending {
            waiter,
            entry: convert::change_to_raft(changes, command).data,
            is_change: true,
            term: 0,
        };
        self.pending.insert(id, pending);
    }

    /// Takes what another member passed on, if this one leads in the term that was meant and has not
    /// taken it before.
    pub(super) fn take_foreign(&mut self, mut message: Message, leads: bool, term: u64) {
        self.enter(term);
        let mut context = std::mem::take(&mut message.context);
        if !leads || message.log_term != term || context.len() != 16 {
            return;
        }
        let origin = (message.from, context.get_u64_le());
        let number = context.get_u64_le();
        let last = self.taken.entry(origin).or_default();
        if number <= *last {
            return;
        }
        *last = number;
        for entry in message.take_entries() {
            match entry.get_entry_type() {
                EntryType::EntryNormal => self.foreign.push(entry),
                _ => self.changes.push_back(Waiting::Foreign(entry)),
            }
        }
    }

    /// What others passed on counts in its term only.
    pub(super) fn enter(&mut self, term: u64) {
        if self.term == term {
            return;
        }
        self.term = term;
        self.taken.clear();
        self.foreign.clear();
        self.changes
            .retain(|change| matches!(change, Waiting::Own(_)));
    }

    /// Whether nothing is to be proposed.
    pub(super) fn is_idle(&self) -> bool {
        self.commands.is_empty() && self.foreign.is_empty() && self.changes.is_empty()
    }

    /// Whether others have passed commands on.
    pub(super) fn has_foreign(&self) -> bool {
        !self.foreign.is_empty()
    }

    /// Own and foreign commands for a leader's log, all at once.
    pub(super) fn append(&mut self) -> Vec<Entry> {
        let mut entries = std::mem::take(&mut self.foreign);
        while let Some(id) = self.commands.pop_front() {
            entries.extend(self.propose(id));
        }
        entries
    }

    /// The next change of the configuration. They go one by one: raft would replace all but the
    /// first by nothing.
    pub(super) fn append_change(&mut self) -> Option<Entry> {
        loop {
            match self.changes.pop_front()? {
                Waiting::Foreign(entry) => return Some(entry),
                Waiting::Own(id) => {
                    if let Some(entry) = self.propose(id) {
                        return Some(entry);
                    }
                }
            }
        }
    }

    /// Messages that pass everything on to `leader`, in handy portions.
    pub(super) fn forward(&mut self, leader: u64) -> Vec<Message> {
        let mut entries = Vec::new();
        while let Some(id) = self.commands.pop_front() {
            entries.extend(self.propose(id));
        }
        while let Some(change) = self.append_change() {
            entries.push(change);
        }
        let mut messages = Vec::new();
        let mut portion = Vec::new();
        let mut bytes = 0;
        for entry in entries {
            bytes += entry.data.len();
            portion.push(entry);
            if bytes >= FORWARD_BYTES {
                messages.push(self.message(leader, std::mem::take(&mut portion)));
                bytes = 0;
            }
        }
        if !portion.is_empty() {
            messages.push(self.message(leader, portion));
        }
        messages
    }

    fn message(&mut self, leader: u64, entries: Vec<Entry>) -> Message {
        self.forwarded += 1;
        let mut context = BytesMut::with_capacity(16);
        context.put_u64_le(self.nonce);
        context.put_u64_le(self.forwarded);
        let mut message = Message {
            msg_type: MessageType::MsgPropose,
            from: self.id,
            to: leader,
            log_term: self.term,
            context: context.freeze(),
            ..Default::default()
        };
        message.set_entries(entries.into());
        message
    }

    /// The entry of a proposal, which counts as proposed in the present term.
    fn propose(&mut self, id: u64) -> Option<Entry> {
        let pending = self.pending.get_mut(&id)?;
        pending.term = self.term;
        let mut entry = Entry {
            data: pending.entry.clone(),
            ..Default::default()
        };
        if pending.is_change {
            entry.set_entry_type(EntryType::EntryConfChangeV2);
        }
        Some(entry)
    }

    /// raft did not take these requests.
    pub(super) fn refused(&mut self, requests: &[u64], error: super::super::ProposeError) {
        for request in requests {
            if let Some(pending) = self.pending.remove(request) {
                // Who no longer waits needs no answer.
                let _ = pending.waiter.send(Err(error));
            }
        }
    }

    /// Who waits for the request that has come by.
    pub(super) fn settle(&mut self, id: u64) -> Option<propose::Waiter> {
        match self.pending.is_empty() {
            true => None,
            false => self.pending.remove(&id).map(|pending| pending.waiter),
        }
    }

    /// An entry of this term is handed out: what was proposed in an earlier one and has not come by
    /// is lost, and proposed again.
    pub(super) fn passed(&mut self, term: u64) {
        let is_lost = |pending: &Pending| pending.term != 0 && pending.term < term;
        let mut lost: Vec<u64> = self
            .pending
            .iter()
            .filter(|(_, pending)| is_lost(pending))
            .map(|(id, _)| *id)
            .collect();
        // In the order in which they came.
        lost.sort_unstable();
        for id in lost {
            let Some(pending) = self.pending.get_mut(&id) else {
                continue;
            };
            pending.term = 0;
            match pending.is_change {
                true => self.changes.push_back(Waiting::Own(id)),
                false => self.commands.push_back(id),
            }
        }
    }

    /// Entries were skipped by a received snapshot: nobody knows what of the proposals they held.
    pub(super) fn skipped(&mut self) {
        for pending in self.pending.values_mut().filter(|p| p.term != 0) {
            pending.term = FINAL;
        }
    }

    /// Drops those for whose outcome nobody waits any more.
    pub(super) fn forget_the_gone(&mut self) {
        self.pending
            .retain(|_, pending| !pending.waiter.is_closed());
    }
}

/// The request id in an entry to be proposed.
pub(super) fn request_of(entry: &Entry) -> u64 {
    match entry.get_entry_type() {
        EntryType::EntryNormal => command::request_id(&entry.data),
        _ => command::request_id(&convert::change_from_raft(entry).context),
    }
}

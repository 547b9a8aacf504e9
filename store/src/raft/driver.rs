//! The sole owner of raft's state machine: events in, actions out, no I/O and no clock.
//!
//! The order that raft asks for is kept here:
//!
//! 1. messages of a leader leave at once, so replication overlaps the leader's own sync; but first
//!    its vote has to be durable, which a sole voter elects itself by: it could lead in the same term
//!    again after a crash, with other entries;
//! 2. entries go into the window ([`super::log`]) and, with a changed vote or term, to the WAL;
//! 3. messages that promise something leave only when what they promise has been persisted;
//!    heartbeats are answered, and proposals passed on, without waiting for the disk;
//! 4. raft learns of persistence by [`Event::Persisted`], and what is then committed is applied;
//! 5. a received snapshot is named in the WAL first, then takes the state's place, then entries
//!    behind it are applied.
//!
//! `event` holds what goes in and out, `round` what a round asks of raft, `proposals` what is to be
//! proposed and what got lost, `reads` the questions to the quorum, `quorum` whom they go to, `changes`
//! what follows from a change of the configuration, `snapshots` what follows from a received state,
//! `leading` what only a leader does, `disk` its judgement of its own disk, `vanished` what is done about a leader that died.

mod changes;
mod disk;
mod event;
mod leading;
mod proposals;
mod quorum;
mod reads;
mod round;
mod snapshots;
mod vanished;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use raft::eraftpb::{ConfChangeV2, Entry, EntryType, HardState, Message, MessageType};
use raft::{Config, RawNode, SnapshotStatus, StateRole};

pub use event::{
    Actions, Appends, Committed, Event, Kind, PersistJob, Progress, ReadReady, Received, Settings,
    Standing,
};

use self::disk::Disk;
use self::proposals::Proposals;
use self::quorum::Quorum;
use self::reads::Reads;
use self::vanished::Vanished;
use super::convert::{self, from_raft};
use super::log::{Boot, EntrySource, Log};
use crate::cluster::Conf;
use crate::wal::{self, Position};
use crate::{command, propose};

/// Bytes of entries in one message to a follower at most.
const MESSAGE_BYTES_MAX: u64 = 512 * 1024;
/// Messages to one follower that may be under way at once.
const INFLIGHT_MESSAGES_MAX: usize = 512;
/// Bytes of committed entries handed out at once at most: bounds what the apply queue holds.
const COMMITTED_BYTES_PER_READY_MAX: u64 = 16 * 1024 * 1024;

/// Bytes of entries that are not committed at most. Proposers that stop waiting leave theirs
/// behind, so while the disk stands still nothing else bounds them.
pub(super) const UNCOMMITTED_BYTES_MAX: u64 = 2 * propose::PROPOSAL_BYTES_MAX as u64;

/// See the module.
pub struct Driver {
    raw: RawNode<Log>,
    conf: Conf,
    proposals: Proposals,
    reads: Reads,
    quorum: Quorum,
    /// The highest commit index that followers have been told along with entries.
    commit_told: u64,
    /// The last entry of this log that another member proposed.
    foreign_last: u64,
    hard_state: HardState,
    /// The number of the last ready.
    given: u64,
    /// Jobs the WAL has not confirmed.
    persisting: VecDeque<u64>,
    /// The last job that brings another term or vote, until it is persisted.
    voting: Option<u64>,
    /// Messages to be sent when the job of that number is persisted.
    held_back: VecDeque<(u64, Vec<Message>)>,
    /// Changes of the configuration that the state machine has not decided on yet.
    changing: VecDeque<(u64, ConfChangeV2)>,
    /// A received snapshot, from the moment raft takes it until the WAL names it, with the number
    /// of the job that does so.
    installing: Option<(u64, Received)>,
    /// What raft is being told of just now.
    offered: Option<Received>,
    /// Index of the last snapshot received: what was handed out before it does not count any more.
    installed: u64,
    election_ticks: usize,
    /// Instead of what raft draws at random.
    election_timeout: Option<usize>,
    /// For so many ticks more of the log is kept, for a member that is being brought up to date.
    held_ticks: usize,
    disk: Disk,
    vanished: Vanished,
    /// The term of the last entry handed out.
    handed_term: u64,
    standing: Option<Standing>,
}

impl Driver {
    /// A member that knows what `boot` says. `source` reads back what has left the memory.
    ///
    /// # Errors
    /// raft refuses the settings.
    pub fn new(
        settings: Settings,
        boot: &Boot,
        source: Option<Arc<dyn EntrySource>>,
    ) -> raft::Result<Self> {
        let config = Config {
            id: settings.id,
            election_tick: settings.election_ticks,
            heartbeat_tick: 1,
            applied: boot.applied.0,
            max_size_per_msg: MESSAGE_BYTES_MAX,
            max_inflight_msgs: INFLIGHT_MESSAGES_MAX,
            max_committed_size_per_ready: COMMITTED_BYTES_PER_READY_MAX,
            max_uncommitted_size: UNCOMMITTED_BYTES_MAX,
            check_quorum: true,
            // What is committed is told along with the next entries, or when it gets quiet.
            skip_bcast_commit: true,
            // raft-rs puts appends together so that a follower may be told of a commit that it does
            // not hold: the simulation finds it (a heartbeat's `to_commit` out of range).
            batch_append: false,
            pre_vote: settings.pre_vote,
            ..Default::default()
        };
        let log = Log::new(boot, settings.catchup_entries, source);
        let raw = RawNode::new(&config, log, &super::logger::to_tracing())?;
        let hard_state = raw.raft.hard_state();
        Ok(Self {
            raw,
            conf: boot.conf.clone(),
            proposals: Proposals::new(settings.id, settings.nonce),
            reads: Reads::new(settings.id, settings.nonce, settings.read_retry_ticks),
            quorum: Quorum::default(),
            commit_told: 0,
            foreign_last: 0,
            hard_state,
            given: 0,
            persisting: VecDeque::new(),
            voting: None,
            held_back: VecDeque::new(),
            changing: VecDeque::new(),
            installing: None,
            offered: None,
            installed: boot.applied.0,
            election_ticks: settings.election_ticks,
            election_timeout: None,
            held_ticks: 0,
            disk: Disk::new(settings.election_ticks),
            vanished: Vanished::new(settings.election_ticks),
            handed_term: boot.applied.1,
            standing: None,
        })
    }

    /// From now on takes the place of the election time-outs that raft draws at random, in ticks.
    /// What a simulation calls before each round, since all chance is to be its own.
    pub fn set_election_timeout(&mut self, ticks: usize) {
        self.election_timeout = Some(ticks);
    }

    /// Takes in what happened, and says what has to be done.
    pub fn handle(&mut self, events: impl IntoIterator<Item = Event>) -> Actions {
        let mut actions = Actions::default();
        for event in events {
            self.take_in(event, &mut actions);
        }
        self.propose(&mut actions);
        self.ask_for_reads();
        while self.raw.has_ready() {
            self.ready(&mut actions);
        }
        if self.is_commit_untold() && self.foreign_last > self.commit_told {
            // Some follower's client waits for it.
            self.quiet();
            while self.raw.has_ready() {
                self.ready(&mut actions);
            }
        }
        self.note_standing(&mut actions);
        actions.is_commit_untold = self.is_commit_untold();
        actions.is_gathering_reads = self.reads.is_gathering();
        actions
    }

    /// Requests of this member that have not been answered.
    pub(super) fn under_way(&self) -> usize {
        self.proposals.under_way() + self.reads.under_way()
    }

    fn take_in(&mut self, event: Event, actions: &mut Actions) {
        match event {
            Event::Propose { data, waiter } => self.proposals.add(data, waiter),
            Event::Change {
                changes,
                data,
                waiter,
            } => self.proposals.add_change(&changes, data, waiter),
            Event::Read(waiter) => self.reads.add(waiter),
            Event::Message(bytes) => self.step(&bytes, actions),
            Event::Unreachable(id) => self.raw.report_unreachable(id),
            Event::Vanished(id) => self.vanished(id),
            Event::SnapshotSent { to, ok } => {
                let status = match ok {
                    true => SnapshotStatus::Finish,
                    false => SnapshotStatus::Failure,
                };
                self.raw.report_snapshot(to, status);
            }
            Event::Transfer(to) => self.raw.transfer_leader(to),
            Event::Install(received) => self.install(received, actions),
            Event::Persisted { number, positions } => self.persisted(number, &positions, actions),
            Event::Changed { index, conf } => self.changed(index, conf, actions),
            // What was carried out before a snapshot took its place does not count any more.
            Event::Applied(index) if index < self.raw.raft.raft_log.applied => {}
            Event::Applied(index) => {
                self.raw.advance_apply_to(index);
                let is_held = self.held_ticks > 0;
                self.raw.mut_store().trim(index, is_held);
            }
            // Nor does a checkpoint of that.
            Event::Checkpointed(mark) if mark.index < self.installed => {}
            Event::Checkpointed(mark) => {
                let needed = self.raw.store().first();
                let cut = needed.min(mark.index + 1);
                actions.cut = Some((mark, cut));
            }
            Event::Tick => self.tick(),
            Event::Quiet => self.quiet(),
            Event::Gathered => self.reads.gathered(),
            Event::Campaign => self.campaign(),
            // Who no longer waits needs no answer.
            Event::Progress(waiter) => drop(waiter.send(self.progress())),
        }
    }

    /// Stands for election, unless it leads already, has no vote, or may not now.
    fn campaign(&mut self) {
        let raft = &self.raw.raft;
        if self.may_stand() && raft.promotable() && raft.state != StateRole::Leader {
            // Refused only by a member that leads.
            let _ = self.raw.campaign();
        }
    }

    fn tick(&mut self) {
        // At each tick: raft draws another whenever it stands, which it may do in every one of them.
        if let Some(ticks) = self.election_timeout {
            self.raw.raft.set_randomized_election_timeout(ticks);
        }
        if self.may_stand() {
            self.raw.tick();
        }
        // Who is heard of is forgotten once in each election time-out, so it is not looked at alone.
        self.held_ticks = match self.is_bringing_up() {
            true => self.election_ticks,
            false => self.held_ticks.saturating_sub(1),
        };
        self.proposals.forget_the_gone();
        self.reads.tick();
        if self.vanished.tick() {
            self.campaign();
        }
        // Whoever is first in the order stands at the next tick, when the others doubt, too.
        let raft = &self.raw.raft;
        let is_led = raft.leader_id != raft::INVALID_ID;
        if is_led && raft.election_elapsed >= self.vanished.patience() {
            self.vanished(raft.leader_id);
        }
        self.judge_own_disk();
        self.leave_joint();
    }

    /// The process of this member is gone, or is silent. If it led, another has to.
    fn vanished(&mut self, id: u64) {
        let raft = &mut self.raw.raft;
        if raft.leader_id != id || raft.state != StateRole::Follower {
            return;
        }
        let term = raft.term;
        raft.become_follower(term, raft::INVALID_ID);
        if self.conf.voters.contains(&raft.id) {
            self.vanished.noticed(raft.id, id, &self.conf.voters);
        }
    }

    fn step(&mut self, bytes: &Bytes, actions: &mut Actions) {
        let Some(message) = convert::message_from_bytes(bytes) else {
            return;
        };
        let raft = &self.raw.raft;
        match message.get_msg_type() {
            // A snapshot comes with its state, by `Event::Install`.
            MessageType::MsgSnapshot => {}
            MessageType::MsgTimeoutNow if self.installing.is_some() => {}
            MessageType::MsgPropose => {
                let leads = raft.state == StateRole::Leader;
                self.proposals.take_foreign(message, leads, raft.term);
            }
            MessageType::MsgReadIndex => {
                let asker = message.from;
                // Not answered if this member does not lead any more; who asks tries again.
                self.ask(Some(asker), |raw| drop(raw.step(message)));
            }
            kind => {
                actions.appends.received += u64::from(kind == MessageType::MsgAppend);
                if kind == MessageType::MsgHeartbeatResponse {
                    self.quorum.answered(message.from);
                }
                if let Err(error) = self.raw.step(message) {
                    tracing::debug!(%error, "raft passed over a message");
                }
            }
        }
    }

    fn ready(&mut self, actions: &mut Actions) {
        let mut ready = self.raw.ready();
        let number = ready.number();
        self.given = number;
        let own = (self.hard_state.term, self.hard_state.vote);
        if ready.hs().is_some_and(|hs| (hs.term, hs.vote) != own) {
            self.voting = Some(number);
        }
        match self.voting {
            Some(voting) => self.held_back.push_back((voting, ready.take_messages())),
            None => self.send(ready.take_messages(), actions),
        }
        for state in ready.take_read_states() {
            if let Some(waiters) = self.reads.answered(&state.request_ctx) {
                actions.reads.push(ReadReady {
                    index: state.index,
                    waiters,
                });
            }
        }
        let snapshot = self.take_snapshot(ready.snapshot(), number);
        self.hand_out(ready.take_committed_entries(), actions);
        if let Some(hard_state) = ready.hs() {
            self.hard_state = hard_state.clone();
            self.raw.mut_store().set_hard_state(hard_state.clone());
        }
        let entries = ready.take_entries();
        let held_back = ready.take_persisted_messages();
        if ready.must_sync() {
            self.raw.mut_store().append(&entries);
            actions.persist.push(PersistJob {
                number,
                snapshot,
                entries: entries.iter().map(from_raft).collect(),
                hard_state: hard_state(&self.hard_state),
            });
            self.persisting.push_back(number);
        }
        let (promises, others) = held_back.into_iter().partition::<Vec<_>, _>(is_promise);
        self.send(others, actions);
        if !promises.is_empty() {
            self.held_back.push_back((number, promises));
        }
        self.raw.advance_append_async(ready);
        if self.persisting.is_empty() {
            self.raw.on_persist_ready(number);
            self.release(number, actions);
        }
    }

    fn persisted(&mut self, number: u64, positions: &[(u64, Position)], actions: &mut Actions) {
        self.raw.mut_store().written(positions);
        while self.persisting.front().is_some_and(|n| *n <= number) {
            self.persisting.pop_front();
        }
        // Readies without anything to write rode on this job: they count up to the next job.
        let upto = match self.persisting.front() {
            Some(next) => next - 1,
            None => u64::MAX,
        };
        let installing = self.installing.take_if(|(n, _)| *n <= number);
        self.raw.on_persist_ready(upto);
        if let Some((_, received)) = installing {
            // From here on raft must not look for entries that the snapshot replaced, as it would
            // when it stands for election before the state machine says how far it is.
            self.raw.advance_apply_to(received.index);
            actions.install = Some(received);
        }
        self.release(upto, actions);
    }

    fn release(&mut self, upto: u64, actions: &mut Actions) {
        self.voting.take_if(|voting| *voting <= upto);
        while self.held_back.front().is_some_and(|(n, _)| *n <= upto) {
            if let Some((_, messages)) = self.held_back.pop_front() {
                self.send(messages, actions);
            }
        }
    }

    fn hand_out(&mut self, entries: Vec<Entry>, actions: &mut Actions) {
        for entry in entries {
            let (kind, data, position) = match entry.get_entry_type() {
                EntryType::EntryNormal => {
                    let position = self.raw.store().position_of(entry.index);
                    (Kind::Command, entry.data, position)
                }
                _ => {
                    let change = convert::change_from_raft(&entry);
                    let kind = match change.changes.is_empty() {
                        true => Kind::Leave,
                        false => Kind::Change,
                    };
                    let data = change.context.clone();
                    self.changing.push_back((entry.index, change));
                    (kind, data, None)
                }
            };
            let waiter = self.proposals.settle(command::request_id(&data));
            if entry.term > self.handed_term {
                self.handed_term = entry.term;
                self.proposals.passed(entry.term);
            }
            actions.apply.push(Committed {
                index: entry.index,
                term: entry.term,
                kind,
                position,
                data,
                waiter,
            });
        }
    }

    fn note_standing(&mut self, actions: &mut Actions) {
        let raft = &self.raw.raft;
        let now = Standing {
            term: raft.term,
            leader: raft.leader_id,
            is_leader: raft.state == StateRole::Leader,
            is_sole_voter: self.conf.is_sole_voter(raft.id),
        };
        if self.standing == Some(now) {
            return;
        }
        if self.standing.is_some_and(|old| old.leader != now.leader) {
            self.reads.ask_again();
        }
        if now.leader != raft::INVALID_ID {
            self.vanished.settled();
        }
        self.standing = Some(now);
        actions.standing = Some(now);
    }

    fn send(&mut self, messages: Vec<Message>, actions: &mut Actions) {
        for message in messages {
            let to = message.to;
            if message.get_msg_type() == MessageType::MsgAppend {
                actions.appends.sent += 1;
                self.commit_told = self.commit_told.max(message.commit);
            }
            let bytes = convert::message_to_bytes(&message);
            match message.get_msg_type() {
                MessageType::MsgSnapshot => actions.snapshots.push((to, bytes)),
                _ => actions.messages.push((to, bytes)),
            }
        }
    }

    /// First and last index that can be had.
    #[cfg(test)]
    pub(super) fn window(&self) -> (u64, u64) {
        (self.raw.store().first(), self.raw.store().last())
    }
}

/// Whether the message rests on something that must not be forgotten: entries held, or a vote.
fn is_promise(message: &Message) -> bool {
    matches!(
        message.get_msg_type(),
        MessageType::MsgAppendResponse
            | MessageType::MsgRequestVote
            | MessageType::MsgRequestVoteResponse
            | MessageType::MsgTimeoutNow
    )
}

fn hard_state(state: &HardState) -> wal::HardState {
    wal::HardState {
        term: state.term,
        vote: state.vote,
        commit: state.commit,
    }
}

//! The sole owner of raft's state machine: events in, actions out, no I/O and no clock.
//!
//! The order that raft asks for is kept here:
//!
//! 1. messages of a leader leave at once, so replication overlaps the leader's own sync;
//! 2. entries go into the window ([`super::log`]) and, with a changed vote or term, to the WAL;
//! 3. messages of a follower or candidate leave only when what they promise has been persisted;
//! 4. raft learns of persistence by [`Event::Persisted`], and what is then committed is applied.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use raft::eraftpb::{Entry, EntryType, HardState, Message, MessageType};
use raft::{Config, RawNode, StateRole};

use super::convert::from_raft;
use super::log::{Boot, Log};
use crate::wal::{self, Position};
use crate::{command, propose, read};

/// Bytes of entries in one message to a follower at most.
const MESSAGE_BYTES_MAX: u64 = 512 * 1024;
/// Messages to one follower that may be under way at once.
const INFLIGHT_MESSAGES_MAX: usize = 512;
/// Bytes of committed entries handed out at once at most: bounds what the apply queue holds.
const COMMITTED_BYTES_PER_READY_MAX: u64 = 16 * 1024 * 1024;

/// Bytes of entries that are not committed at most. Proposers that stop waiting leave theirs
/// behind, so while the disk stands still nothing else bounds them.
pub(super) const UNCOMMITTED_BYTES_MAX: u64 = 2 * propose::PROPOSAL_BYTES_MAX as u64;

/// How this member takes part in elections.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// This member's id.
    pub id: u64,
    /// Ticks without a leader after which a follower stands for election.
    pub election_ticks: usize,
    /// Whether a candidate first asks if it could win.
    pub pre_vote: bool,
}

/// What the driver is told.
pub(super) enum Event {
    /// One tick of the clock passed (`--heartbeat-interval`).
    Tick,
    /// Stand for election now, without waiting for the time-out.
    Campaign,
    /// Order this command.
    Propose {
        data: Bytes,
        waiter: propose::Waiter,
    },
    /// Tell when everything committed by now is applied.
    Read(read::Waiter),
    /// The WAL holds everything up to this job.
    Persisted {
        number: u64,
        positions: Vec<(u64, Position)>,
    },
    /// The state machine has applied up to this index.
    Applied(u64),
}

/// Why a command was not ordered, or its outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// There is no leader to take it; nothing was ordered.
    #[error("no leader")]
    NoLeader,
    /// Too much is under way already; nothing was ordered.
    #[error("too many requests")]
    TooManyRequests,
    /// The encoded command is over the limit; nothing was ordered.
    #[error("request is too large")]
    TooLarge,
    /// No answer in time; it may still take effect.
    #[error("request timed out")]
    Timeout,
    /// The member is stopping; it may still take effect.
    #[error("server stopped")]
    Stopped,
    /// The disk has no room for the log; nothing was ordered.
    #[error("no space for the log")]
    NoSpace,
}

/// Why a linearizable read could not be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No answer in time.
    #[error("request timed out")]
    Timeout,
    /// The leader changed while it was asked.
    #[error("leader changed")]
    LeaderChanged,
    /// The member is stopping.
    #[error("server stopped")]
    Stopped,
}

/// A committed entry on its way to the state machine.
pub struct Committed {
    /// Its place in the log.
    pub index: u64,
    /// The term it was proposed in.
    pub term: u64,
    /// The encoded command; empty for the entry a new leader begins with.
    pub data: Bytes,
    /// Where the WAL keeps it, where known.
    pub position: Option<Position>,
    /// Who proposed it here and waits.
    pub waiter: Option<propose::Waiter>,
}

/// Entries and hard state to be made durable.
pub(super) struct PersistJob {
    pub(super) number: u64,
    pub(super) entries: Vec<wal::Entry>,
    pub(super) hard_state: wal::HardState,
}

/// Reads that may be served once `index` is applied.
pub(super) struct ReadReady {
    pub(super) index: u64,
    pub(super) waiters: Vec<read::Waiter>,
}

/// What has to be done now, in the order of the fields.
#[derive(Default)]
pub(super) struct Actions {
    /// To other members, encoded.
    pub(super) messages: Vec<(u64, Bytes)>,
    pub(super) persist: Vec<PersistJob>,
    pub(super) apply: Vec<Committed>,
    pub(super) reads: Vec<ReadReady>,
    /// Set when this member's view of the leader changed.
    pub(super) standing: Option<Standing>,
}

/// Who leads, as this member sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) term: u64,
    pub(super) leader: u64,
    pub(super) is_leader: bool,
    /// This member is the only one whose vote counts.
    pub(super) is_sole_voter: bool,
}

/// See the module.
pub(super) struct Driver {
    raw: RawNode<Log>,
    /// Who waits for which request id.
    waiting: HashMap<u64, propose::Waiter>,
    /// Where the WAL keeps entries that are not handed out for applying yet.
    positions: VecDeque<(u64, Position)>,
    /// Reads that came since the last round.
    reads_new: Vec<read::Waiter>,
    reads_asked: HashMap<u64, Vec<read::Waiter>>,
    read_round: u64,
    hard_state: HardState,
    /// Jobs the WAL has not confirmed.
    persisting: VecDeque<u64>,
    /// Messages to be sent when the job of that number is persisted.
    held_back: VecDeque<(u64, Vec<Message>)>,
    /// Ready numbers without anything to write, which ride on the job before them.
    standing: Option<Standing>,
}

impl Driver {
    /// A member that knows what `boot` says.
    ///
    /// # Errors
    /// raft refuses the settings.
    pub(super) fn new(settings: Settings, boot: &Boot) -> raft::Result<Self> {
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
            pre_vote: settings.pre_vote,
            ..Default::default()
        };
        let raw = RawNode::new(&config, Log::new(boot), &super::logger::to_tracing())?;
        let hard_state = raw.raft.hard_state();
        Ok(Self {
            raw,
            waiting: HashMap::new(),
            positions: boot
                .tail
                .iter()
                .map(|(entry, at)| (entry.index, *at))
                .collect(),
            reads_new: Vec::new(),
            reads_asked: HashMap::new(),
            read_round: 0,
            hard_state,
            persisting: VecDeque::new(),
            held_back: VecDeque::new(),
            standing: None,
        })
    }

    /// Takes in what happened, and says what has to be done.
    pub(super) fn handle(&mut self, events: impl IntoIterator<Item = Event>) -> Actions {
        let mut actions = Actions::default();
        let mut proposals = Vec::new();
        for event in events {
            match event {
                Event::Propose { data, waiter } => {
                    self.waiting.insert(command::request_id(&data), waiter);
                    proposals.push(entry(data));
                }
                Event::Read(waiter) => self.reads_new.push(waiter),
                Event::Persisted { number, positions } => {
                    self.persisted(number, positions, &mut actions);
                }
                Event::Applied(index) => {
                    self.raw.advance_apply_to(index);
                    self.raw.mut_store().trim(index);
                }
                Event::Tick => {
                    self.raw.tick();
                    self.forget_the_gone();
                }
                // Refused only by a member that leads already.
                Event::Campaign => drop(self.raw.campaign()),
            }
        }
        self.propose(proposals);
        self.ask_for_reads();
        while self.raw.has_ready() {
            self.ready(&mut actions);
        }
        actions
    }

    /// One message carries all commands of a round, so raft appends them at once.
    fn propose(&mut self, entries: Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        let ids: Vec<u64> = entries
            .iter()
            .map(|e| command::request_id(&e.data))
            .collect();
        let mut message = Message {
            msg_type: MessageType::MsgPropose,
            from: self.raw.raft.id,
            ..Default::default()
        };
        message.set_entries(entries.into());
        if self.raw.raft.step(message).is_err() {
            let error = match self.raw.raft.state {
                StateRole::Leader => ProposeError::TooManyRequests,
                _ => ProposeError::NoLeader,
            };
            for id in ids {
                if let Some(waiter) = self.waiting.remove(&id) {
                    // Who no longer waits needs no answer.
                    let _ = waiter.send(Err(error));
                }
            }
        }
    }

    /// All reads of a round share one question to the quorum.
    fn ask_for_reads(&mut self) {
        let raft = &self.raw.raft;
        // A leader knows what is committed only after an entry of its own term is (raft §8).
        if self.reads_new.is_empty()
            || raft.state != StateRole::Leader
            || raft.raft_log.term(raft.raft_log.committed).ok() != Some(raft.term)
        {
            return;
        }
        self.read_round += 1;
        self.raw.read_index(self.read_round.to_le_bytes().to_vec());
        let waiters = std::mem::take(&mut self.reads_new);
        self.reads_asked.insert(self.read_round, waiters);
    }

    fn ready(&mut self, actions: &mut Actions) {
        let mut ready = self.raw.ready();
        assert!(
            ready.snapshot().get_metadata().index == 0,
            "raft brought a snapshot to a cluster of one"
        );
        send(ready.take_messages(), actions);
        for state in ready.take_read_states() {
            let round = state
                .request_ctx
                .as_slice()
                .try_into()
                .map(u64::from_le_bytes);
            if let Some(waiters) = round.ok().and_then(|r| self.reads_asked.remove(&r)) {
                actions.reads.push(ReadReady {
                    index: state.index,
                    waiters,
                });
            }
        }
        self.hand_out(ready.take_committed_entries(), actions);
        if let Some(hard_state) = ready.hs() {
            self.hard_state = hard_state.clone();
            self.raw.mut_store().set_hard_state(hard_state.clone());
        }
        let number = ready.number();
        let entries = ready.take_entries();
        let held_back = ready.take_persisted_messages();
        if ready.must_sync() {
            self.raw.mut_store().append(&entries);
            actions.persist.push(PersistJob {
                number,
                entries: entries.iter().map(from_raft).collect(),
                hard_state: hard_state(&self.hard_state),
            });
            self.persisting.push_back(number);
        }
        if !held_back.is_empty() {
            self.held_back.push_back((number, held_back));
        }
        self.raw.advance_append_async(ready);
        if self.persisting.is_empty() {
            self.raw.on_persist_ready(number);
            self.release(number, actions);
        }
        self.note_standing(actions);
    }

    fn persisted(&mut self, number: u64, positions: Vec<(u64, Position)>, actions: &mut Actions) {
        self.positions.extend(positions);
        while self.persisting.front().is_some_and(|n| *n <= number) {
            self.persisting.pop_front();
        }
        // Readies without anything to write rode on this job: they count up to the next job.
        let upto = match self.persisting.front() {
            Some(next) => next - 1,
            None => u64::MAX,
        };
        self.raw.on_persist_ready(upto);
        self.release(upto, actions);
    }

    fn release(&mut self, upto: u64, actions: &mut Actions) {
        while self.held_back.front().is_some_and(|(n, _)| *n <= upto) {
            if let Some((_, messages)) = self.held_back.pop_front() {
                send(messages, actions);
            }
        }
    }

    fn hand_out(&mut self, entries: Vec<Entry>, actions: &mut Actions) {
        for entry in entries {
            let waiter = match self.waiting.is_empty() {
                true => None,
                false => self.waiting.remove(&command::request_id(&entry.data)),
            };
            assert!(
                entry.get_entry_type() == EntryType::EntryNormal,
                "entry {} changes the membership of a cluster of one",
                entry.index
            );
            actions.apply.push(Committed {
                index: entry.index,
                term: entry.term,
                position: self.position_of(entry.index),
                data: entry.data,
                waiter,
            });
        }
    }

    fn position_of(&mut self, index: u64) -> Option<Position> {
        while self.positions.front().is_some_and(|(i, _)| *i < index) {
            self.positions.pop_front();
        }
        match self.positions.front() {
            Some((i, position)) if *i == index => Some(*position),
            _ => None,
        }
    }

    fn note_standing(&mut self, actions: &mut Actions) {
        let raft = &self.raw.raft;
        let voters = &self.raw.store().conf_state().voters;
        let now = Standing {
            term: raft.term,
            leader: raft.leader_id,
            is_leader: raft.state == StateRole::Leader,
            is_sole_voter: voters.as_slice() == [raft.id],
        };
        if self.standing != Some(now) {
            self.standing = Some(now);
            actions.standing = Some(now);
        }
    }

    /// First and last index of the window.
    #[cfg(test)]
    pub(super) fn window(&self) -> (u64, u64) {
        use raft::Storage as _;
        let log = self.raw.store();
        (log.first_index().unwrap(), log.last())
    }

    /// Frees the places of those who stopped waiting.
    fn forget_the_gone(&mut self) {
        self.waiting.retain(|_, waiter| !waiter.is_closed());
        self.reads_new.retain(|waiter| !waiter.is_closed());
        self.reads_asked
            .retain(|_, waiters| waiters.iter().any(|w| !w.is_closed()));
    }
}

fn send(messages: Vec<Message>, actions: &mut Actions) {
    use protobuf::Message as _;
    for message in messages {
        let bytes = message
            .write_to_bytes()
            .expect("a message without required fields encodes");
        actions.messages.push((message.to, bytes.into()));
    }
}

fn entry(data: Bytes) -> Entry {
    Entry {
        data,
        ..Default::default()
    }
}

fn hard_state(state: &HardState) -> wal::HardState {
    wal::HardState {
        term: state.term,
        vote: state.vote,
        commit: state.commit,
    }
}

//! What the driver is told, and what it answers.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::cluster::Conf;
use crate::raft::Change;
use crate::wal::{self, Position, SnapshotMark};
use crate::{propose, read};

/// How this member takes part in elections.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// This member's id.
    pub id: u64,
    /// Ticks without a leader after which a follower stands for election.
    pub election_ticks: usize,
    /// Whether a candidate first asks if it could win.
    pub pre_vote: bool,
    /// Ticks after which a read that got no answer is asked for again.
    pub read_retry_ticks: usize,
    /// Entries kept behind the applied ones for members that lag (`--snapshot-catchup-entries`).
    pub catchup_entries: usize,
    /// A random number, another one at each start.
    pub nonce: u64,
}

/// What the driver is told.
pub enum Event {
    /// One tick of the clock passed (`--heartbeat-interval`).
    Tick,
    /// Nothing has happened for a moment, after [`Actions::is_commit_untold`] asked for this.
    Quiet,
    /// Enough reads have gathered, after [`Actions::is_gathering_reads`] asked for a moment.
    Gathered,
    /// Stand for election now, without waiting for the time-out.
    Campaign,
    /// Order this command.
    Propose {
        /// The encoded command.
        data: Bytes,
        /// Who waits for the outcome.
        waiter: propose::Waiter,
    },
    /// Order this change of the configuration.
    Change {
        /// What changes; several make a joint change.
        changes: Vec<Change>,
        /// The encoded command that says the same to the state machine, which has the last word.
        data: Bytes,
        /// Who waits for the outcome.
        waiter: propose::Waiter,
    },
    /// Tell when everything committed by now is applied.
    Read(read::Waiter),
    /// Another member's message.
    Message(Bytes),
    /// A message to this member was lost.
    Unreachable(u64),
    /// The process of this member is gone: its system refuses connections.
    Vanished(u64),
    /// The transfer of a snapshot ended.
    SnapshotSent {
        /// To whom.
        to: u64,
        /// Whether it arrived.
        ok: bool,
    },
    /// Let another member lead.
    Transfer(u64),
    /// A snapshot has been received.
    Install(Received),
    /// The WAL holds everything up to this job.
    Persisted {
        /// The job's number.
        number: u64,
        /// Where it keeps the entries.
        positions: Vec<(u64, Position)>,
    },
    /// The state machine carried out, or refused, the change of the configuration at `index`; told
    /// before [`Event::Applied`] of that index.
    Changed {
        /// The entry.
        index: u64,
        /// The configuration from then on; `None` when the change was refused.
        conf: Option<Conf>,
    },
    /// The state machine has applied up to this index.
    Applied(u64),
    /// A checkpoint is durable: what lies before it is not needed any more.
    Checkpointed(SnapshotMark),
    /// Tell how far the members are.
    Progress(oneshot::Sender<BTreeMap<u64, Progress>>),
}

/// A received snapshot: the state of the cluster at `index`, on its way to replace this member's.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// What the leader's raft said along with it (a `MsgSnapshot`).
    pub message: Bytes,
    /// The last entry that the received state contains.
    pub index: u64,
    /// Its term.
    pub term: u64,
    /// The configuration at that entry.
    pub conf: Conf,
    /// Where the state lies.
    pub path: std::path::PathBuf,
}

/// How far a member is with the log, as its leader knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The last entry that the member is known to hold.
    pub matched: u64,
    /// The next entry that it will be sent.
    pub next: u64,
    /// It has no vote.
    pub is_learner: bool,
    /// It was heard of during the last election time-out.
    pub is_active: bool,
}

/// What a committed entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An encoded command, or nothing: a new leader begins with an empty entry.
    Command,
    /// An encoded command that changes the configuration; its outcome is told by
    /// [`Event::Changed`].
    Change,
    /// The joint configuration is left; to be told by [`Event::Changed`] as well.
    Leave,
}

/// A committed entry on its way to the state machine.
pub struct Committed {
    /// Its place in the log.
    pub index: u64,
    /// The term it was proposed in.
    pub term: u64,
    /// What it is.
    pub kind: Kind,
    /// The encoded command; empty for the entry a new leader begins with.
    pub data: Bytes,
    /// Where the WAL keeps it, where known.
    pub position: Option<Position>,
    /// Who proposed it here and waits.
    pub waiter: Option<propose::Waiter>,
}

/// Entries and hard state to be made durable; the mark first.
#[derive(Debug)]
pub struct PersistJob {
    /// To be named in [`Event::Persisted`].
    pub number: u64,
    /// A received snapshot replaces the log.
    pub snapshot: Option<SnapshotMark>,
    /// Entries.
    pub entries: Vec<wal::Entry>,
    /// Vote and term.
    pub hard_state: wal::HardState,
}

/// Reads that may be served once `index` is applied.
pub struct ReadReady {
    /// The index.
    pub index: u64,
    /// Who waits.
    pub waiters: Vec<read::Waiter>,
}

/// What has to be done now, in the order of the fields.
#[derive(Default)]
pub struct Actions {
    /// To other members, encoded.
    pub messages: Vec<(u64, Bytes)>,
    /// Snapshots to be brought to other members, with the message that goes along.
    pub snapshots: Vec<(u64, Bytes)>,
    /// To be made durable, in order.
    pub persist: Vec<PersistJob>,
    /// Segments of the log with nothing from this index on are not needed any more.
    pub cut: Option<(SnapshotMark, u64)>,
    /// A received state that replaces the present one.
    pub install: Option<Received>,
    /// Received states that came too late.
    pub refused: Vec<Received>,
    /// To be carried out.
    pub apply: Vec<Committed>,
    /// To be answered.
    pub reads: Vec<ReadReady>,
    /// The followers do not know yet what is committed: if nothing follows within a moment they are
    /// to be told by [`Event::Quiet`]. Regular heartbeats tell them in any case.
    pub is_commit_untold: bool,
    /// Reads wait for more of them, to be asked for together by [`Event::Gathered`] after a moment.
    pub is_gathering_reads: bool,
    /// Set when this member's view of the leader changed.
    pub standing: Option<Standing>,
    /// How many messages with entries, or with what is committed, came in and go out.
    pub appends: Appends,
}

/// A number of such messages in each direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appends {
    /// To others.
    pub sent: u64,
    /// From the leader.
    pub received: u64,
}

/// Who leads, as this member sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The current term.
    pub term: u64,
    /// The leader's id, 0 for none.
    pub leader: u64,
    /// This member leads.
    pub is_leader: bool,
    /// This member is the only one whose vote counts.
    pub is_sole_voter: bool,
}

//! A member: the real driver, log, state machine, hub and deadlines, in a shell that does what
//! their threads do, on the run's clock, network and disk.
//!
//! ```text
//! clients, links ──▶ inbox ──Round──▶ driver ──▶ jobs ──Written──▶ wal ──┐
//!                      ▲                 │                              │ Persisted
//!                      ├─────────────────┼──────────────────────────────┘
//!                      │                 └──▶ tasks ──Work──▶ machine ──▶ hub, deadlines, answers
//!                      └───────────────── Applied ◀─────────────┘
//! ```

mod boot;
mod front;
mod leases;
mod persist;
mod watching;
mod work;

pub use self::boot::Failure;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use store::apply::machine::Machine;
use store::apply::{Identity, Shared};
use store::backend::MemoryBackend;
use store::cluster::MemberChange;
use store::command::{Command, Membership};
use store::disk::memory::{Loss, MemoryDisk};
use store::lease::Deadlines;
use store::mvcc::CheckpointJob;
use store::raft::driver::{Actions, Standing};
use store::raft::{Driver, Event, GATHER, QUIET, Received};
use store::wal::{SnapshotMark, Wal};
use store::watch::{Hub, Stream};
use tokio::sync::oneshot;

use self::front::Waits;
use self::leases::Ends;
use self::persist::Writing;
use self::work::Task;
use crate::agenda::{MS, Time};
use crate::around::{Around, What};
use crate::plan::{ELECTION_TICKS, TICK};
use crate::plant::Plant;
use crate::random::{Random, mix};
use crate::wire;

/// The life of a member that is addressed whichever it is in.
pub const ANY_LIFE: u64 = u64::MAX;

/// What a member does next.
#[derive(Clone, Debug)]
pub enum Stage {
    /// It starts.
    Boot,
    /// A tick of raft's clock.
    Tick,
    /// The driver looks at what came in.
    Round,
    /// Nothing has come in since the round of this number.
    Quiet(u64),
    /// Reads have gathered.
    Gathered,
    /// It stands for election before its time.
    Stand,
    /// The disk is done.
    Written,
    /// The state machine goes on.
    Work,
    /// A checkpoint is written.
    Checkpoint,
    /// Leases are looked at.
    Leases,
    /// A client asks.
    Ask(u64),
    /// Another member passes on a client's wish to renew a lease.
    Renew(u64),
    /// A message of another member.
    Message(Bytes),
    /// The transfer of a snapshot to another member ended.
    SnapshotSent(u64, bool),
    /// A snapshot has arrived.
    SnapshotArrived(Received),
    /// Somebody wants to change the membership.
    Change(Vec<MemberChange>),
    /// A client begins to watch, or goes on.
    Watch(usize),
    /// What a watch has to tell is picked up.
    Look(usize),
}

/// See the module.
pub struct Member {
    /// Its id.
    pub id: u64,
    /// Who it is, written at the head of its log.
    pub identity: Identity,
    /// Its disk, which survives it.
    pub disk: MemoryDisk,
    /// Checkpoints on the disk: the one of its state, and received ones.
    pub backends: Vec<Checkpoint>,
    /// Goes up with each start and each end.
    pub life: u64,
    /// What it is when it runs.
    pub running: Option<Running>,
    /// It stands still.
    pub is_paused: bool,
    /// What came while it stood still, and for which life.
    pub stalled: Vec<(u64, Stage)>,
    /// Mean time of a sync now.
    pub sync: Time,
    /// Its log has been made.
    is_made: bool,
    /// It was removed from the cluster.
    pub is_removed: bool,
    random: Random,
}

/// A checkpoint on a member's disk.
#[derive(Clone)]
pub struct Checkpoint {
    /// The last entry of the snapshot that it came from, 0 for the member's first.
    index: u64,
    backend: Arc<MemoryBackend>,
}

impl Checkpoint {
    fn first() -> Self {
        Self {
            index: 0,
            backend: Arc::new(MemoryBackend::new()),
        }
    }
}

/// A member that runs.
pub struct Running {
    driver: Driver,
    wal: Wal,
    machine: Machine,
    /// The checkpoint of the state.
    current: Arc<MemoryBackend>,
    /// The state.
    pub state: Shared,
    hub: Arc<Hub>,
    deadlines: Deadlines,
    /// The term in which it leads and has taken over the leases; 0 for none.
    led_in: u64,
    ends: Ends,
    inbox: Vec<Event>,
    is_round_due: bool,
    rounds: u64,
    is_gathering: bool,
    jobs: VecDeque<store::raft::Job>,
    writing: Option<Writing>,
    is_full: bool,
    tasks: VecDeque<Task>,
    is_working: bool,
    checkpoint: Option<(CheckpointJob, SnapshotMark)>,
    /// Who leads, as far as the rest of the member knows.
    pub standing: Standing,
    /// The commit index that the log keeps.
    durable_commit: u64,
    /// The last change of the configuration since the checkpoint.
    changed_at: u64,
    /// Index and term of what the rest of the member knows to be applied.
    pub applied: (u64, u64),
    waits: Waits,
    streams: BTreeMap<usize, Stream>,
    /// Decisions on the membership that raft has not been told of, if that bug is planted.
    untold: Vec<Event>,
    ticks: u64,
}

impl Member {
    /// A member that has not been started yet.
    pub fn new(identity: Identity, sync: Time, random: Random) -> Self {
        Self {
            id: identity.member_id,
            identity,
            disk: MemoryDisk::new(),
            backends: vec![Checkpoint::first()],
            life: 0,
            running: None,
            is_paused: false,
            stalled: Vec::new(),
            sync,
            is_made: false,
            is_removed: false,
            random,
        }
    }

    /// Does something, unless it is meant for an earlier life.
    pub fn act(&mut self, life: u64, stage: Stage, around: &mut Around) {
        if life != ANY_LIFE && life != self.life {
            return;
        }
        if self.is_paused {
            self.stalled.push((life, stage));
            return;
        }
        let result = match (stage, self.running.is_some()) {
            (Stage::Boot, false) => self.boot(around),
            (stage, true) => self.run(stage, around),
            (stage, false) => {
                self.unheard(stage, around);
                Ok(())
            }
        };
        if let Err(failure) = result {
            match failure {
                Failure::Disk(_) if self.running.is_none() => {
                    self.disk.crash(Loss::Nothing, 0);
                    self.start_later(around);
                }
                Failure::Disk(_) => self.crash(Loss::Nothing, around),
                Failure::Broken(text) => around.breaks(format!("member {:x}: {text}", self.id)),
            }
        }
    }

    fn run(&mut self, stage: Stage, around: &mut Around) -> Result<(), Failure> {
        match stage {
            Stage::Boot => {}
            Stage::Tick => self.tick(around),
            Stage::Round => self.round(around)?,
            Stage::Quiet(round) => self.quiet(round, around),
            Stage::Gathered => self.gathered(around),
            Stage::Stand => self.tell(Event::Campaign, around),
            Stage::Written => self.written(around)?,
            Stage::Work => self.work(around)?,
            Stage::Checkpoint => self.checkpoint(around),
            Stage::Leases => self.look_at_leases(around),
            Stage::Ask(op) => self.ask(op, around),
            Stage::Renew(op) => self.renew(op, around),
            Stage::Message(bytes) => {
                around.note_detail(|| format!("{:x} hears {}", self.id, wire::describe(&bytes)));
                self.tell(Event::Message(bytes), around);
            }
            Stage::SnapshotSent(to, ok) => self.tell(Event::SnapshotSent { to, ok }, around),
            Stage::SnapshotArrived(received) => self.arrived(received, around),
            Stage::Change(changes) => self.change(&changes, around),
            Stage::Watch(watch) => self.watch(watch, around),
            Stage::Look(watch) => self.look(watch, around)?,
        }
        self.settle(around);
        Ok(())
    }

    /// Nobody is there to hear it.
    fn unheard(&mut self, stage: Stage, around: &mut Around) {
        match stage {
            Stage::Ask(op) => around.answer_later(op, crate::history::Answer::Refused),
            Stage::Watch(watch) => around.watch_broke(watch, self.id),
            _ => {}
        }
    }

    fn later(&self, delay: Time, stage: Stage, around: &mut Around) {
        let what = What::Member(self.id, self.life, stage);
        around.agenda.after(delay, what);
    }

    /// Puts something into the driver's inbox.
    fn tell(&mut self, event: Event, around: &mut Around) {
        let Some(running) = &mut self.running else {
            return;
        };
        running.inbox.push(event);
        if !running.is_round_due {
            running.is_round_due = true;
            let delay = self.random.around(40);
            self.later(delay, Stage::Round, around);
        }
    }

    /// Lets raft's clock leap.
    pub fn leap(&mut self, ticks: u64, around: &mut Around) {
        for _ in 0..ticks {
            self.tell(Event::Tick, around);
        }
    }

    /// Orders a change of the membership.
    fn change(&mut self, changes: &[MemberChange], around: &mut Around) {
        let command = Command::Membership(Membership::new(changes, 2));
        let (waiter, _) = oneshot::channel();
        let event = Event::Change {
            changes: changes.iter().filter_map(MemberChange::for_raft).collect(),
            data: command.encode(around.own_id()),
            waiter,
        };
        self.tell(event, around);
    }

    /// Asks it to hand over its leadership.
    pub fn transfer(&mut self, to: u64, around: &mut Around) {
        self.tell(Event::Transfer(to), around);
    }

    fn tick(&mut self, around: &mut Around) {
        self.later(TICK, Stage::Tick, around);
        self.tell(Event::Tick, around);
    }

    fn round(&mut self, around: &mut Around) -> Result<(), Failure> {
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        running.is_round_due = false;
        running.rounds += 1;
        let events = std::mem::take(&mut running.inbox);
        running.ticks += events.iter().filter(|e| matches!(e, Event::Tick)).count() as u64;
        // raft draws this at random by itself.
        let draw = mix(self.id ^ (self.life << 8) ^ (running.ticks / 10) << 32 ^ around.seed);
        let election = ELECTION_TICKS as u64 + draw % ELECTION_TICKS as u64;
        running.driver.set_election_timeout(election as usize);
        let actions = running.driver.handle(events);
        self.carry(actions, around)
    }

    /// The driver wants to hear when nothing follows, or when reads have gathered.
    fn ask_to_go_on(&mut self, actions: &Actions, around: &mut Around) {
        let Some(running) = &mut self.running else {
            return;
        };
        let gathers = actions.is_gathering_reads && !running.is_gathering;
        running.is_gathering |= gathers;
        let round = running.rounds;
        if actions.is_commit_untold {
            self.later(QUIET.as_micros() as Time, Stage::Quiet(round), around);
        }
        if gathers {
            self.later(GATHER.as_micros() as Time, Stage::Gathered, around);
        }
    }

    fn quiet(&mut self, round: u64, around: &mut Around) {
        let running = self.running.as_ref();
        if running.is_some_and(|r| r.rounds == round && !r.is_round_due) {
            self.tell(Event::Quiet, around);
        }
    }

    fn gathered(&mut self, around: &mut Around) {
        if let Some(running) = &mut self.running {
            running.is_gathering = false;
            self.tell(Event::Gathered, around);
        }
    }

    fn carry(&mut self, actions: Actions, around: &mut Around) -> Result<(), Failure> {
        self.ask_to_go_on(&actions, around);
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        if let Some(standing) = actions.standing {
            running.standing = standing;
            around.note(|| format!("{:x} sees {standing:?}", self.id));
            if standing.is_leader {
                around
                    .log
                    .leads(self.id, standing.term)
                    .map_err(Failure::Broken)?;
            }
        }
        for (to, message) in actions.messages {
            around.send(self.id, to, message);
        }
        for (to, message) in actions.snapshots {
            self.send_snapshot(to, message, around);
        }
        let mut tasks = Vec::new();
        for job in actions.persist {
            if self.has(Plant::AppliedBeforeCommit, around) && self.is_leader() {
                tasks.push(Task::Apply(work::uncommitted(&job.entries)));
            }
            self.persist(store::raft::Job::Persist(job), around);
        }
        if let Some((mark, before)) = actions.cut {
            self.persist(store::raft::Job::Cut { mark, before }, around);
        }
        for received in &actions.refused {
            self.refuse(received, around);
        }
        tasks.extend(actions.install.map(Task::Install));
        if !actions.apply.is_empty() {
            tasks.push(Task::Apply(actions.apply.into()));
        }
        tasks.extend(actions.reads.into_iter().map(|ready| Task::Read {
            index: ready.index,
            waiters: ready.waiters,
        }));
        for task in tasks {
            self.give(task, around);
        }
        Ok(())
    }

    /// Ends at once; what is on the disk survives as `loss` says.
    pub fn crash(&mut self, loss: Loss, around: &mut Around) {
        let Some(mut running) = self.running.take() else {
            return;
        };
        around.note(|| format!("{:x} ends, loses {loss:?}", self.id));
        self.life += 1;
        self.is_paused = false;
        for (_, stage) in std::mem::take(&mut self.stalled) {
            self.unheard(stage, around);
        }
        self.break_off(&mut running);
        let seed = self.random.draw();
        self.disk.crash(loss, seed);
        for Checkpoint { backend, .. } in &self.backends {
            let kept = match loss {
                Loss::Nothing => usize::MAX,
                Loss::All => 0,
                Loss::Torn => self.random.below(12) as usize,
            };
            backend.fail_after(None);
            backend.crash_before(kept, b"");
        }
        for (watch, _) in std::mem::take(&mut running.streams) {
            around.watch_broke(watch, self.id);
        }
        for op in running.waits.ops() {
            around.answer_later(op, crate::history::Answer::Unknown);
        }
        self.start_later(around);
    }

    /// Starts again at once, soon, or much later.
    fn start_later(&mut self, around: &mut Around) {
        let mean = match self.random.below(4) {
            0 => 5000 * MS,
            1 => 20 * MS,
            _ => 600 * MS,
        };
        let delay = self.random.around(mean);
        self.later(delay, Stage::Boot, around);
    }

    /// What was being written is written in part.
    fn break_off(&mut self, running: &mut Running) {
        if let Some(writing) = running.writing.take()
            && self.random.chance(700)
        {
            let changes = match self.random.chance(150) {
                true => 2,
                false => self.random.below(2),
            };
            self.disk.halt_after(changes);
            // It fails in most cases, and nobody is left to be told.
            let _ = running.wal.append(writing.batch());
        }
        if let Some((job, _)) = running.checkpoint.take()
            && self.random.chance(700)
        {
            for Checkpoint { backend, .. } in &self.backends {
                backend.fail_after(Some(self.random.below(8) as usize));
            }
            let _ = job.run();
        }
    }

    /// Goes on after a pause.
    pub fn resume(&mut self, around: &mut Around) {
        self.is_paused = false;
        for (life, stage) in std::mem::take(&mut self.stalled) {
            let delay = self.random.below(300);
            let what = What::Member(self.id, life, stage);
            around.agenda.after(delay, what);
        }
    }

    /// Whether it leads, as it believes.
    pub fn is_leader(&self) -> bool {
        self.running.as_ref().is_some_and(|r| r.standing.is_leader)
    }

    /// Where a snapshot for this member would lie.
    fn incoming(&self, index: u64, serial: u64) -> PathBuf {
        PathBuf::from(format!("/{:x}/incoming-{index}-{serial}", self.id))
    }

    /// Whether it knows that this member has no vote, and will not forget it.
    pub fn knows_without_a_vote(&self, id: u64) -> bool {
        self.running.as_ref().is_some_and(|running| {
            let conf = &running.state.read().conf;
            let votes = conf.voters.contains(&id) || conf.voters_outgoing.contains(&id);
            !votes && running.durable_commit >= running.changed_at
        })
    }

    fn has(&self, plant: Plant, around: &Around) -> bool {
        around.plant == Some(plant)
    }
}

//! From what is on the disk to a member that runs, as `store::member::open` does it.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;
use prost::Message;
use store::apply::machine::Machine;
use store::apply::{META_KEY, Meta};
use store::backend::{Backend, MemoryBackend};
use store::disk::Disk;
use store::mvcc::{Options, Store};
use store::raft::driver::Standing;
use store::raft::{Boot, Driver, Event, Settings};
use store::wal::{self, Wal};
use store::watch::Hub;

use super::front::Waits;
use super::work::{CHUNK_BYTES, INLINE_BYTES_MAX};
use super::{Checkpoint, Member, Running, Stage};
use crate::agenda::MS;
use crate::around::Around;
use crate::plan::{ELECTION_TICKS, TICK};

/// Why a member does not go on.
#[derive(Debug)]
pub enum Failure {
    /// Its disk failed, as disks do.
    Disk(String),
    /// Something that must not happen.
    Broken(String),
}

impl Member {
    pub(super) fn boot(&mut self, around: &mut Around) -> Result<(), Failure> {
        if self.is_removed {
            return Ok(());
        }
        self.life += 1;
        let broken = |what: &str, error: &dyn std::fmt::Display| {
            Failure::Broken(format!("it does not start: {what}: {error}"))
        };
        let dir = format!("/{:x}/wal", self.id);
        let dir = Path::new(&dir);
        let options = wal::Options {
            segment_bytes: around.plan.segment_bytes,
            unsafe_no_fsync: false,
        };
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let opened = match Wal::open(disk.clone(), dir, options.clone()) {
            Err(wal::Error::Empty { .. } | wal::Error::Io { .. }) if !self.is_made => {
                let metadata = self.identity.encode_to_vec();
                Wal::create(disk.clone(), dir, &metadata, options.clone())
                    .and_then(|_| Wal::open(disk, dir, options))
            }
            other => other,
        };
        let (wal, replay) = opened.map_err(|error| match error {
            wal::Error::Io { .. } | wal::Error::NoSpace { .. } | wal::Error::Stopped { .. } => {
                Failure::Disk(error.to_string())
            }
            _ => broken("the log", &error),
        })?;
        self.is_made = true;
        let mark = replay.snapshot.as_ref().map_or(0, |mark| mark.index);
        let backend = self.current_backend(mark);
        let meta = match backend.get(META_KEY).map_err(|e| broken("meta", &e))? {
            Some(bytes) => Meta::decode(bytes).map_err(|e| broken("meta", &e))?,
            None => Meta::first(&self.identity),
        };
        let applied = (meta.applied_index, meta.applied_term);
        let last = wal.last_index();
        let first = replay.entries.first().map(|(entry, _)| entry.index);
        if last < applied.0 || (mark > applied.0 && (applied.0 > 0 || first != Some(1))) {
            let text = format!("at {applied:?}, the log from {first:?} to {last}, mark {mark}");
            return Err(broken("the checkpoint does not fit the log", &text));
        }
        let options = Options {
            inline_bytes_max: INLINE_BYTES_MAX,
            chunk_bytes: CHUNK_BYTES,
            values: Some(Arc::new(wal.reader())),
        };
        let current = backend.clone();
        let store = Store::open(backend, options).map_err(|e| broken("the store", &e))?;
        let boot = Boot {
            term: replay.hard_state.term,
            vote: replay.hard_state.vote,
            commit: replay.hard_state.commit,
            applied,
            conf: meta.conf(),
            tail: replay
                .entries
                .into_iter()
                .filter(|(entry, _)| entry.index > applied.0)
                .collect(),
        };
        let state = meta.restore(store).map_err(|e| broken("meta", &e))?;
        let settings = Settings {
            id: self.id,
            election_ticks: ELECTION_TICKS,
            pre_vote: around.plan.pre_vote,
            read_retry_ticks: 5,
            catchup_entries: around.plan.catchup_entries,
            nonce: self.random.draw(),
        };
        let driver = Driver::new(settings, &boot, Some(Arc::new(wal.reader())))
            .map_err(|e| broken("raft", &e))?;
        let state = Arc::new(RwLock::new(state));
        let replay_end = boot.tail.last().map_or(0, |(entry, _)| entry.index);
        let entries = Some(around.plan.checkpoint_entries);
        let machine = Machine::new(state.clone(), replay_end, entries);
        let hub = Arc::new(Hub::new(state.clone(), around.metrics.clone()));
        around.note(|| {
            format!(
                "{:x} starts at {applied:?}, its log ends at {last}, {:?}",
                self.id, boot.conf
            )
        });
        self.running = Some(Running {
            driver,
            wal,
            machine,
            current,
            state,
            hub,
            deadlines: Default::default(),
            led_in: 0,
            ends: BTreeMap::new(),
            inbox: Vec::new(),
            is_round_due: false,
            rounds: 0,
            is_gathering: false,
            jobs: VecDeque::new(),
            writing: None,
            is_full: false,
            tasks: VecDeque::new(),
            is_working: false,
            checkpoint: None,
            standing: Standing {
                term: boot.term,
                leader: 0,
                is_leader: false,
                is_sole_voter: false,
            },
            durable_commit: boot.commit,
            changed_at: 0,
            applied,
            waits: Waits::default(),
            streams: BTreeMap::new(),
            untold: Vec::new(),
            ticks: 0,
        });
        if boot.conf.is_sole_voter(self.id) {
            self.tell(Event::Campaign, around);
        }
        let phase = self.random.below(TICK);
        self.later(phase, Stage::Tick, around);
        let phase = self.random.below(500 * MS);
        self.later(phase, Stage::Leases, around);
        Ok(())
    }

    /// The checkpoint that the log goes on from, chosen as `store::catchup::current` does: a
    /// received one may have been named by the log, or left behind by it. Others are removed.
    fn current_backend(&mut self, mark: u64) -> Arc<MemoryBackend> {
        let mut candidates: Vec<&Checkpoint> = self.backends.iter().collect();
        candidates.retain(|candidate| candidate.index <= mark);
        candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.index));
        let covering = candidates
            .iter()
            .find(|candidate| candidate.applied() >= Some(mark));
        let chosen = covering.or(candidates.first()).copied().cloned();
        let current = chosen.unwrap_or_else(Checkpoint::first);
        self.backends = vec![current.clone()];
        current.backend
    }
}

impl Checkpoint {
    /// The last entry it holds.
    fn applied(&self) -> Option<u64> {
        let bytes = self.backend.get(META_KEY).ok()??;
        Some(Meta::decode(bytes).ok()?.applied_index)
    }
}

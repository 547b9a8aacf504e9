//! The state machine's thread: entries, reads, checkpoints, compaction.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use store::apply::machine::Compaction;
use store::apply::{Effect, META_KEY, Meta};
use store::backend::{Backend, Batch, MemoryBackend};
use store::command::Command;
use store::mvcc::{Import, Options, Store};
use store::raft::{Committed, Event, Kind, Received};
use store::{read, wal};
use tokio::sync::oneshot;

use super::{Checkpoint, Failure, Member, Running, Stage};
use crate::agenda::MS;
use crate::around::{Around, What};
use crate::history::Refusal;
use crate::log::Applied;
use crate::plant::Plant;

/// Bytes of a chunk of a checkpoint: small, so that there are several.
pub(super) const CHUNK_BYTES: usize = 2048;
/// Bytes of values that stay in memory: few, so that most are read back.
pub(super) const INLINE_BYTES_MAX: usize = 4096;

/// What the thread is told.
pub(super) enum Task {
    Apply(VecDeque<Committed>),
    Read {
        index: u64,
        waiters: Vec<read::Waiter>,
    },
    Install(Received),
}

impl Member {
    pub(super) fn give(&mut self, task: Task, around: &mut Around) {
        let Some(running) = &mut self.running else {
            return;
        };
        running.tasks.push_back(task);
        if !running.is_working {
            running.is_working = true;
            let delay = self.random.around(60);
            self.later(delay, Stage::Work, around);
        }
    }

    pub(super) fn work(&mut self, around: &mut Around) -> Result<(), Failure> {
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        running.is_working = false;
        match running.tasks.pop_front() {
            None => {}
            Some(Task::Apply(mut entries)) => {
                let take = (1 + self.random.below(6) as usize).min(entries.len());
                let batch: Vec<Committed> = entries.drain(..take).collect();
                if !entries.is_empty() {
                    running.tasks.push_front(Task::Apply(entries));
                }
                self.apply(batch, around)?;
            }
            Some(Task::Read { index, waiters }) => {
                let index = match around.plant {
                    Some(Plant::ReadBeforeApplied) => 0,
                    _ => index,
                };
                running.machine.read(index, waiters);
            }
            Some(Task::Install(received)) => self.install(received, around)?,
        }
        self.after_work(around)
    }

    fn after_work(&mut self, around: &mut Around) -> Result<(), Failure> {
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        for waiter in running.machine.readable(running.applied.0) {
            // Who no longer waits needs no answer.
            let _ = waiter.send(Ok(()));
        }
        if running.checkpoint.is_none()
            && let Some((job, mark)) = running.machine.begin_checkpoint()
        {
            running.checkpoint = Some((job, mark.clone()));
            let delay = MS + self.random.around(40 * MS);
            self.later(delay, Stage::Checkpoint, around);
            if self.has(Plant::CutBeforeCheckpoint, around) {
                self.tell(Event::Checkpointed(mark), around);
            }
        }
        self.compact();
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        if !running.tasks.is_empty() && !running.is_working {
            running.is_working = true;
            let delay = 20 + self.random.around(60);
            self.later(delay, Stage::Work, around);
        }
        Ok(())
    }

    fn compact(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        if !running.machine.is_compacting() || self.random.chance(500) {
            return;
        }
        while let Some(job) = running.machine.begin_hash() {
            let hash = job.run().ok();
            running.machine.hashed(hash);
        }
        if running.machine.compact() == Compaction::Idle {
            // It waits for a checkpoint.
        }
    }

    fn apply(&mut self, batch: Vec<Committed>, around: &mut Around) -> Result<(), Failure> {
        let id = self.id;
        let now = around.agenda.now();
        for mut entry in batch {
            let Some(running) = &mut self.running else {
                return Ok(());
            };
            if around.plant == Some(Plant::AppliedBeforeCommit)
                && entry.index != running.applied.0 + 1
            {
                continue;
            }
            if around.plant == Some(Plant::OldLeaderExpires) {
                unfence(&mut entry);
            }
            let (index, term, data) = (entry.index, entry.term, entry.data.clone());
            let asked = entry.waiter.take();
            let (sender, mut told) = oneshot::channel();
            entry.waiter = Some(sender);
            let twice = around.plant == Some(Plant::DoubleApply)
                && store::command::request_id(&data) % 64 == 7
                && !data.is_empty();
            let mut applied = running.machine.apply(vec![entry]);
            if twice {
                again(&running.state, (index, term), &data, &mut applied.effects);
            }
            let outcome = applied.answers.pop();
            let mut events = Vec::new();
            let mut published = Vec::new();
            for effect in applied.effects {
                match effect {
                    Effect::Events(revision, batch) => {
                        events.extend(batch.iter().cloned());
                        published.push((revision, batch));
                    }
                    Effect::LeaseGranted(lease, ttl) => {
                        running.deadlines.insert(lease, ttl, ttl, now / MS);
                    }
                    Effect::LeaseGone(lease) => running.deadlines.remove(lease),
                    _ => {}
                }
            }
            let seen = outcome.as_ref().map(|(_, outcome)| match outcome {
                Ok(reply) => Ok(reply.clone()),
                Err(error) => Err(Refusal::from(error)),
            });
            let revision = running.state.read().store.revision();
            let record = Applied {
                index,
                term,
                data,
                outcome: seen,
                events,
                revision,
            };
            around
                .log
                .record(id, record, now)
                .map_err(Failure::Broken)?;
            if !published.is_empty() {
                running.hub.publish(published);
            }
            running.applied = applied.last;
            running.inbox.append(&mut running.untold);
            for (index, conf) in applied.changed {
                running.changed_at = index;
                let is_late = around.plant == Some(Plant::ChangeLate);
                let to = match is_late {
                    true => &mut running.untold,
                    false => &mut running.inbox,
                };
                to.push(Event::Changed { index, conf });
            }
            drop(told.try_recv());
            if let (Some(waiter), Some((_, outcome))) = (asked, outcome) {
                let _ = waiter.send(Ok(outcome));
            }
            self.tell(Event::Applied(index), around);
            self.compare_state(index, around)?;
        }
        self.look_soon(around);
        Ok(())
    }

    /// Now and then the whole state is compared with that of others at the same index.
    fn compare_state(&mut self, index: u64, around: &mut Around) -> Result<(), Failure> {
        if index.is_multiple_of(16) {
            self.digest_state(around)?;
        }
        Ok(())
    }

    /// Compares the whole state with that of others at the same index.
    pub fn digest_state(&mut self, around: &mut Around) -> Result<(), Failure> {
        let Some(running) = &self.running else {
            return Ok(());
        };
        let state = running.state.read();
        let hash = state
            .store
            .hash_kv(0)
            .map_err(|error| Failure::Broken(error.to_string()))?;
        let digest = format!("{hash:?}, {:?}", Meta::of(&state));
        around
            .log
            .state(self.id, state.applied.0, digest)
            .map_err(Failure::Broken)
    }

    /// The job of a checkpoint comes to its end.
    pub(super) fn checkpoint(&mut self, around: &mut Around) {
        let Some(running) = &mut self.running else {
            return;
        };
        let Some((job, mark)) = running.checkpoint.take() else {
            return;
        };
        let result = job.run();
        let counts = running.machine.checkpointed(result);
        if counts {
            if self.has(Plant::AppliedIndexNotAtomic, around) {
                self.tear_meta(&mark);
            }
            self.tell(Event::Checkpointed(mark), around);
        }
    }

    /// Writes the index of the checkpoint's state apart from the state itself.
    fn tear_meta(&self, mark: &store::wal::SnapshotMark) {
        let Some(Running {
            current: backend, ..
        }) = &self.running
        else {
            return;
        };
        if let Ok(Some(bytes)) = backend.get(META_KEY)
            && let Ok(mut meta) = Meta::decode(bytes)
        {
            meta.applied_index = mark.index - 1;
            let mut batch = Batch::default();
            batch.put(META_KEY, meta.encode_to_vec());
            let _ = backend.write(batch).and_then(|()| backend.flush());
        }
    }

    /// Sends all state to a member that has fallen behind too far.
    pub(super) fn send_snapshot(&mut self, to: u64, message: Bytes, around: &mut Around) {
        let delay = 2 * MS + self.random.around(80 * MS);
        let lost = self.random.chance(100) || around.network.is_cut(self.id, to);
        let view = match lost {
            true => None,
            false => self.view(message, around),
        };
        let ok = view.is_some();
        around.note(|| format!("{:x} sends {to:x} a snapshot, arrives: {ok}", self.id));
        if let Some(received) = view {
            let what = What::Member(to, super::ANY_LIFE, Stage::SnapshotArrived(received));
            around.agenda.after(delay, what);
        }
        self.later(delay + MS, Stage::SnapshotSent(to, ok), around);
    }

    /// A copy of the whole state, as another member would receive it.
    fn view(&mut self, message: Bytes, around: &mut Around) -> Option<Received> {
        let running = self.running.as_mut()?;
        let mut state = running.state.write();
        let mut meta = Meta::of(&state);
        let mut conf = state.conf.clone();
        let export = state.store.begin_export()?;
        let (revision, compacted) = (export.revision(), export.compact_revision());
        let backend = Arc::new(MemoryBackend::new());
        let mut import = Import::new(&*backend, CHUNK_BYTES);
        export
            .run(|rev, tombstone, kv| import.push(rev, tombstone, &kv))
            .ok()?;
        if around.plant == Some(Plant::SnapshotWithoutMembership) {
            meta.members.clear();
            meta.voters.clear();
            meta.learners.clear();
            conf = Default::default();
        }
        let extra = vec![(META_KEY.into(), Bytes::from(meta.encode_to_vec()))];
        import.finish(revision, compacted, extra).ok()?;
        drop(state);
        let serial = self.random.draw();
        let path = self.incoming(meta.applied_index, serial);
        around.snapshots.insert(path.clone(), backend);
        Some(Received {
            message,
            index: meta.applied_index,
            term: meta.applied_term,
            conf,
            path,
        })
    }

    /// A snapshot has arrived whole, and is durable before raft hears of it.
    pub(super) fn arrived(&mut self, received: Received, around: &mut Around) {
        if let Some(backend) = around.snapshots.get(&received.path) {
            self.backends.push(Checkpoint {
                index: received.index,
                backend: backend.clone(),
            });
        }
        self.tell(Event::Install(received), around);
    }

    /// A received snapshot is of no use.
    pub(super) fn refuse(&mut self, received: &Received, around: &Around) {
        if let Some(backend) = around.snapshots.get(&received.path) {
            self.discard(backend);
        }
    }

    fn discard(&mut self, backend: &Arc<MemoryBackend>) {
        self.backends.retain(|c| !Arc::ptr_eq(&c.backend, backend));
    }

    /// A received snapshot takes the place of the state.
    fn install(&mut self, received: Received, around: &mut Around) -> Result<(), Failure> {
        let broken = |text: String| Failure::Broken(format!("a snapshot cannot be used: {text}"));
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        let backend = around
            .snapshots
            .get(&received.path)
            .cloned()
            .ok_or_else(|| broken("it is not there".into()))?;
        let bytes = backend
            .get(META_KEY)
            .ok()
            .flatten()
            .ok_or_else(|| broken("no meta".into()))?;
        let meta = Meta::decode(bytes).map_err(|e| broken(e.to_string()))?;
        let options = Options {
            inline_bytes_max: INLINE_BYTES_MAX,
            chunk_bytes: CHUNK_BYTES,
            values: Some(Arc::new(running.wal.reader())),
        };
        let store = Store::open(backend.clone(), options).map_err(|e| broken(e.to_string()))?;
        let state = meta.restore(store).map_err(|e| broken(e.to_string()))?;
        running.applied = state.applied;
        running.changed_at = 0;
        let now = around.agenda.now() / MS;
        running.deadlines = Default::default();
        running.deadlines.take_over(&state.leases, now);
        running.led_in = 0;
        running.checkpoint = None;
        drop(running.machine.install(state));
        running.hub.jumped();
        let replaced = std::mem::replace(&mut running.current, backend);
        self.discard(&replaced);
        around.note(|| format!("{:x} is at {} by a snapshot", self.id, received.index));
        self.tell(Event::Applied(received.index), around);
        self.look_soon(around);
        self.digest_state(around)
    }
}

/// Entries that have been written, as if they were committed.
pub(super) fn uncommitted(entries: &[wal::Entry]) -> VecDeque<Committed> {
    let commands = entries.iter().take_while(|entry| entry.kind == 0);
    let committed = commands.map(|entry| Committed {
        index: entry.index,
        term: entry.term,
        kind: Kind::Command,
        data: entry.data.clone(),
        position: None,
        waiter: None,
    });
    committed.collect()
}

/// Takes the fence off the end of a lease.
fn unfence(entry: &mut Committed) {
    if entry.data.is_empty() {
        return;
    }
    if let Ok((id, Command::LeaseExpire(mut expire))) = Command::decode(&entry.data) {
        expire.term = entry.term;
        entry.data = Command::LeaseExpire(expire).encode(id);
        entry.position = None;
    }
}

/// Carries out a command a second time.
fn again(
    state: &store::apply::Shared,
    (index, term): (u64, u64),
    data: &Bytes,
    effects: &mut store::apply::Effects,
) {
    if let Ok((_, command)) = Command::decode(data) {
        let place = store::apply::Place {
            index,
            term,
            entry: data,
            position: None,
            caller: &store::auth::Caller::default(),
        };
        let _ = store::apply::apply(&mut state.write(), place, command, effects);
    }
}

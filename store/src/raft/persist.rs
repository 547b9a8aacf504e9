//! The thread that makes entries durable: everything that waits becomes one append and one sync.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::driver::{Event, PersistJob};
use super::engine::Engine;
use crate::metrics::Metrics;
use crate::wal::{self, Batch, SnapshotMark, Wal};

/// How long to wait before a full disk is tried again.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);
/// How often the room left on the disk is looked at while nothing is written.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);

/// What the thread is told.
pub enum Job {
    /// Make this durable.
    Persist(PersistJob),
    /// A checkpoint is durable: segments with nothing from index `before` on are not needed any
    /// more.
    Cut {
        /// The checkpoint.
        mark: SnapshotMark,
        /// The first entry that is still wanted.
        before: u64,
    },
    /// Finish what was given, and end.
    Stop,
}

/// Jobs that become one append.
#[derive(Debug, Default)]
pub struct Gathered {
    /// What is appended.
    pub batch: Batch,
    /// The last of them.
    pub number: Option<u64>,
    /// The first entry that is still wanted, once a checkpoint covers those before.
    pub cut_before: Option<u64>,
    /// Nothing comes after.
    pub stop: bool,
}

/// Takes as many jobs as one append can hold: its mark comes before its entries, so a mark begins
/// a new one.
pub fn gather(jobs: &mut VecDeque<Job>) -> Gathered {
    let mut gathered = Gathered::default();
    while let Some(job) = jobs.pop_front() {
        let has_mark = match &job {
            Job::Persist(job) => job.snapshot.is_some(),
            Job::Cut { .. } => true,
            Job::Stop => false,
        };
        if has_mark && !gathered.batch.is_empty() {
            jobs.push_front(job);
            break;
        }
        match job {
            Job::Persist(job) => {
                if job.snapshot.is_some() {
                    gathered.batch.snapshot = job.snapshot;
                }
                gathered.batch.entries.extend(job.entries);
                gathered.batch.hard_state = Some(job.hard_state);
                gathered.number = Some(job.number);
            }
            Job::Cut { mark, before } => {
                gathered.batch.snapshot = Some(mark);
                gathered.cut_before = Some(before);
            }
            Job::Stop => gathered.stop = true,
        }
    }
    gathered
}

/// See the module.
pub(super) struct Persister {
    pub(super) wal: Wal,
    pub(super) jobs: Receiver<Job>,
    pub(super) engine: Arc<Engine>,
    /// Set while the disk has no room.
    pub(super) is_full: Arc<AtomicBool>,
    /// Jobs that came while the disk was full: as many as the driver gave before it noticed.
    pub(super) deferred: VecDeque<Job>,
    pub(super) metrics: Arc<Metrics>,
}

impl Persister {
    /// Runs until told to stop.
    ///
    /// # Errors
    /// The log could not be written; nothing after the last confirmed job may be acknowledged.
    pub(super) fn run(mut self) -> Result<(), wal::Error> {
        loop {
            if self.deferred.is_empty() {
                match self.jobs.recv_timeout(IDLE_INTERVAL) {
                    Ok(job) => self.deferred.push_back(job),
                    Err(RecvTimeoutError::Timeout) => {
                        // Nothing is proposed while the disk is full, so no append would look.
                        self.wal.look_for_space();
                        self.is_full
                            .store(self.wal.space_is_low(), Ordering::Relaxed);
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => return Ok(()),
                }
            }
            self.deferred.extend(self.jobs.try_iter());
            let gathered = gather(&mut self.deferred);
            if !self.append(&gathered.batch, gathered.number)? {
                return Ok(());
            }
            if let Some(before) = gathered.cut_before {
                let removed = self.wal.cut(before)?;
                tracing::debug!(removed, before, "cut the log");
            }
            if gathered.stop {
                return Ok(());
            }
        }
    }

    /// False when the member stops while the disk is full.
    fn append(&mut self, batch: &Batch, number: Option<u64>) -> Result<bool, wal::Error> {
        let positions = loop {
            let started = Instant::now();
            match self.wal.append(batch) {
                Ok(positions) => {
                    let bytes: usize = batch.entries.iter().map(|e| e.data.len()).sum();
                    self.metrics.disk.wal_write_bytes.add(bytes as i64);
                    self.metrics
                        .disk
                        .wal_fsync
                        .observe(started.elapsed().as_secs_f64());
                    break positions;
                }
                Err(wal::Error::NoSpace { .. }) => {
                    if !self.is_full.swap(true, Ordering::Relaxed) {
                        tracing::warn!("no space left for the log; writes wait until there is");
                    }
                    match self.jobs.recv_timeout(RETRY_INTERVAL) {
                        Ok(Job::Stop) | Err(RecvTimeoutError::Disconnected) => return Ok(false),
                        Ok(job) => self.deferred.push_back(job),
                        Err(RecvTimeoutError::Timeout) => {}
                    }
                }
                Err(error) => return Err(error),
            }
        };
        self.is_full
            .store(self.wal.space_is_low(), Ordering::Relaxed);
        let positions = batch
            .entries
            .iter()
            .map(|e| e.index)
            .zip(positions)
            .collect();
        if let Some(number) = number {
            let event = Event::Persisted { number, positions };
            self.deferred.extend(self.jobs.try_iter());
            match self.deferred.is_empty() {
                true => self.engine.tell_now(event),
                // The next append matters more.
                false => self.engine.tell(event),
            }
        }
        Ok(true)
    }
}

//! The thread that makes entries durable: everything that waits becomes one append and one sync.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::driver::{Event, PersistJob};
use crate::metrics::Metrics;
use crate::wal::{self, Batch, SnapshotMark, Wal};

/// How long to wait before a full disk is tried again.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);
/// How often the room left on the disk is looked at while nothing is written.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);

/// What the thread is told.
pub(super) enum Job {
    /// Make this durable.
    Persist(PersistJob),
    /// A checkpoint is durable: what lies before it is not needed any more.
    Cut(SnapshotMark),
    /// Finish what was given, and end.
    Stop,
}

/// See the module.
pub(super) struct Persister {
    pub(super) wal: Wal,
    pub(super) jobs: Receiver<Job>,
    pub(super) events: Sender<Event>,
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
            let mut batch = Batch::default();
            let mut number = None;
            let mut stop = false;
            for job in self.deferred.drain(..).chain(self.jobs.try_iter()) {
                match job {
                    Job::Persist(job) => {
                        batch.entries.extend(job.entries);
                        batch.hard_state = Some(job.hard_state);
                        number = Some(job.number);
                    }
                    Job::Cut(mark) => batch.snapshot = Some(mark),
                    Job::Stop => stop = true,
                }
            }
            let before = batch.snapshot.as_ref().map(|mark| mark.index + 1);
            if !self.append(&batch, number)? {
                return Ok(());
            }
            if let Some(before) = before {
                let removed = self.wal.cut(before)?;
                tracing::debug!(removed, before, "cut the log");
            }
            if stop {
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
            // A driver that is gone needs no answer.
            let _ = self.events.send(Event::Persisted { number, positions });
        }
        Ok(true)
    }
}

//! Checkpoints: bring everything up to a revision, and entries of the caller, into the backend.
//!
//! ```text
//! apply thread                         another thread
//! begin_checkpoint(extra) -> job  -->  job.run(): chunks in small batches, flush,
//!    ... writes go on ...                         then manifest + extra in one batch, flush
//! finish_checkpoint(done)         <--  done
//! ```
//!
//! The manifest's batch is what makes the checkpoint count: after a crash before it the old one
//! stands, and the new chunks lie in slots that nobody names. Only one job may be under way; if it
//! fails, the next one starts from the same state.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use bytes::Bytes;

use super::chunk::{self, Builder, Header};
use super::chunks::{Chunk, Slots};
use super::error::Error;
use super::manifest;
use super::recent::{Record, Sealed, ValueSource};
use super::revision::Revision;
use super::state::{Store, read_value};
use crate::backend::{Backend, Batch};

/// Bytes of chunks written to the backend at once; bounds the memory of a checkpoint.
const BATCH_BYTES: usize = 1 << 20;
/// Bytes of old chunks that one checkpoint writes again at most.
const REWRITE_BYTES_MAX: usize = 32 << 20;

/// A checkpoint to carry out with [`CheckpointJob::run`], on any thread.
pub struct CheckpointJob {
    backend: Arc<dyn Backend>,
    values: Option<Arc<dyn ValueSource>>,
    chunk_bytes: usize,
    sealed: Sealed,
    revision: i64,
    compacted: i64,
    /// Chunks that stay as they are, and groups to be written again as one.
    plan: Vec<Step>,
    slots: Slots,
    extra: Vec<(Bytes, Option<Bytes>)>,
    token: Arc<()>,
}

/// A finished job, for [`Store::finish_checkpoint`].
pub struct CheckpointDone {
    directory: Vec<Chunk>,
    slots: Slots,
    revision: i64,
    token: Arc<()>,
}

impl CheckpointDone {
    /// Everything up to here is durable in the backend.
    pub fn revision(&self) -> i64 {
        self.revision
    }
}

enum Step {
    Keep(Chunk),
    Rewrite(Vec<Chunk>),
}

/// What a job under way must be told when it is done.
#[derive(Debug, Default)]
pub(super) struct Underway {
    token: Weak<()>,
    /// Records up to the job's revision that died meanwhile, with their bytes.
    pub(super) died: Vec<(Revision, usize)>,
}

impl Underway {
    pub(super) fn is_running(&self) -> bool {
        self.token.strong_count() > 0
    }
}

impl Store {
    /// Starts a checkpoint of everything written so far. `extra` are entries of the caller
    /// (`None` removes) that become durable in the same instant; their keys must begin with
    /// `meta/`. Panics if another checkpoint is under way.
    pub fn begin_checkpoint(&mut self, extra: Vec<(Bytes, Option<Bytes>)>) -> CheckpointJob {
        assert!(
            !self.underway.is_running(),
            "a checkpoint is under way already"
        );
        for (key, _) in &extra {
            assert!(
                key.starts_with(b"meta/"),
                "an extra entry must begin with meta/"
            );
        }
        let token = Arc::new(());
        self.underway = Underway {
            token: Arc::downgrade(&token),
            died: Vec::new(),
        };
        CheckpointJob {
            backend: Arc::clone(&self.backend),
            values: self.values.clone(),
            chunk_bytes: self.chunk_bytes,
            sealed: self.recents.seal(),
            revision: self.current,
            compacted: self.compacted,
            plan: plan(&self.chunks.directory, self.chunk_bytes),
            slots: self.chunks.slots.clone(),
            extra,
            token,
        }
    }

    /// Takes over a finished checkpoint: its records are read from the backend from now on.
    pub fn finish_checkpoint(&mut self, done: CheckpointDone) {
        let CheckpointDone {
            directory,
            slots,
            revision,
            token,
        } = done;
        assert!(
            Weak::ptr_eq(&self.underway.token, &Arc::downgrade(&token)),
            "only the checkpoint under way can be finished"
        );
        self.chunks.publish(directory, slots);
        self.recents.checkpointed(revision);
        for (rev, bytes) in std::mem::take(&mut self.underway.died) {
            if rev.main <= revision {
                self.chunks.kill(rev, bytes);
            }
        }
    }
}

/// Decides which chunks to write again: those mostly dead, together with small neighbours.
fn plan(directory: &[Chunk], chunk_bytes: usize) -> Vec<Step> {
    let mut steps = Vec::with_capacity(directory.len());
    let mut budget = REWRITE_BYTES_MAX;
    let mut chunks = directory.iter().peekable();
    while let Some(chunk) = chunks.next() {
        let affordable = chunk.live_bytes() <= budget;
        if chunk.is_dead() || (chunk.is_mostly_dead() && affordable) {
            let mut group = vec![chunk.clone()];
            let mut bytes = chunk.live_bytes();
            while let Some(next) = chunks.next_if(|next| {
                let small = next.is_mostly_dead() || next.live_bytes() < chunk_bytes / 4;
                small && bytes + next.live_bytes() <= chunk_bytes
            }) {
                bytes += next.live_bytes();
                group.push(next.clone());
            }
            budget = budget.saturating_sub(bytes);
            steps.push(Step::Rewrite(group));
        } else {
            steps.push(Step::Keep(chunk.clone()));
        }
    }
    steps
}

impl CheckpointJob {
    /// The revision the checkpoint brings to the backend.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// Writes the checkpoint and makes it durable. After an error the last checkpoint stands.
    pub fn run(self) -> Result<CheckpointDone, Error> {
        let mut slots = self.slots;
        slots.clear_stale(&*self.backend)?;
        let mut out = Output {
            backend: &*self.backend,
            slots,
            chunk_bytes: self.chunk_bytes,
            builder: Builder::default(),
            batch: Batch::default(),
            batch_bytes: 0,
            directory: Vec::with_capacity(self.plan.len()),
        };
        let mut abandoned = BTreeSet::new();
        for step in self.plan {
            match step {
                Step::Keep(chunk) => out.directory.push(chunk),
                Step::Rewrite(group) => {
                    for chunk in &group {
                        out.rewrite(chunk)?;
                        abandoned.insert(chunk.slot);
                    }
                    out.end_chunk()?;
                }
            }
        }
        for record in self.sealed.records().filter(|record| !record.is_dead()) {
            let value = read_value(self.values.as_deref(), record)?;
            out.push(&header_of(record, value.len()), &value)?;
        }
        out.end_chunk()?;
        out.write_batch()?;
        self.backend.flush()?;

        let mut last = Batch::default();
        for (key, value) in self.extra {
            match value {
                Some(value) => last.put(key, value),
                None => last.delete(key),
            }
        }
        let manifest = manifest::encode(self.revision, self.compacted, &out.directory);
        last.put(manifest::KEY, manifest);
        self.backend.write(last)?;
        self.backend.flush()?;
        // Readers of the old directory may need these until the store has taken over the new one.
        out.slots.stale.extend(&abandoned);
        out.slots.free.extend(&abandoned);
        Ok(CheckpointDone {
            directory: out.directory,
            slots: out.slots,
            revision: self.revision,
            token: self.token,
        })
    }
}

fn header_of(record: &Record, value_len: usize) -> Header {
    Header {
        rev: record.rev,
        key: record.key.to_vec(),
        create: record.create,
        number: record.number,
        lease: record.lease,
        tombstone: record.tombstone,
        value_len,
    }
}

/// Where a job writes.
struct Output<'a> {
    backend: &'a dyn Backend,
    slots: Slots,
    chunk_bytes: usize,
    builder: Builder,
    batch: Batch,
    batch_bytes: usize,
    directory: Vec<Chunk>,
}

impl Output<'_> {
    fn push(&mut self, header: &Header, value: &[u8]) -> Result<(), Error> {
        let grown = self.builder.bytes() + header.key.len() + value.len();
        if !self.builder.is_empty() && grown > self.chunk_bytes {
            self.end_chunk()?;
        }
        self.builder.push(header, value);
        Ok(())
    }

    fn end_chunk(&mut self) -> Result<(), Error> {
        if self.builder.is_empty() {
            return Ok(());
        }
        let built = self.builder.finish();
        let slot = self.slots.take(self.backend)?;
        self.batch_bytes += built.headers.len() + built.values.len();
        self.directory.push(Chunk {
            first: built.first,
            last: built.last,
            slot,
            records: built.records,
            bytes: built.bytes,
            dead_bytes: 0,
            dead: Arc::default(),
        });
        Slots::fill(&mut self.batch, slot, built);
        if self.batch_bytes >= BATCH_BYTES {
            self.write_batch()?;
        }
        Ok(())
    }

    fn write_batch(&mut self) -> Result<(), Error> {
        self.batch_bytes = 0;
        self.backend.write(std::mem::take(&mut self.batch))?;
        Ok(())
    }

    /// Copies what lives of an old chunk.
    fn rewrite(&mut self, chunk: &Chunk) -> Result<(), Error> {
        if chunk.is_dead() {
            return Ok(());
        }
        let dead: BTreeSet<_> = chunk.dead.iter().copied().collect();
        let values = chunk.values(self.backend)?;
        let mut live = Vec::new();
        chunk::read_headers(&chunk.headers(self.backend)?, |header| {
            if !dead.contains(&chunk.dead_form(header.rev)) {
                live.push(header.clone());
            }
        })
        .map_err(|detail| chunk.damaged(format!("headers: {detail}")))?;
        for header in live {
            let (value, _) = values
                .get(header.rev)
                .filter(|(value, _)| value.len() == header.value_len)
                .ok_or_else(|| chunk.damaged("headers and values disagree"))?;
            self.push(&header, &value)?;
        }
        Ok(())
    }
}

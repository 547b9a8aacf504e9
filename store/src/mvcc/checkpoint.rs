//! Checkpoints: bring everything up to a revision, and entries of the caller, into the backend.
//!
//! ```text
//! apply thread                         another thread
//! begin_checkpoint(extra) -> job  -->  job.run(): chunks one by one, flush,
//!    ... writes go on ...                         then manifest + extra in one batch, flush
//! finish_checkpoint(done)         <--  done
//! ```
//!
//! The manifest's batch is what makes the checkpoint count: after a crash before it the old one
//! stands, and the new chunks lie in slots that nobody names. Only one job may be under way. If it
//! fails, the next one starts from the same state, but keeps off the slots that the failed one
//! wrote: its manifest may have become durable all the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use super::chunk::{self, Builder, Header};
use super::chunks::{Chunk, Slots};
use super::error::Error;
use super::manifest;
use super::recent::{Record, Sealed, ValueSource};
use super::revision::Revision;
use super::state::{Store, read_value};
use crate::backend::{Backend, Batch};

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
    token: Token,
}

/// Held by the job; the store sees by it whether the job lives, and which slots it wrote.
type Token = Arc<Mutex<BTreeSet<u32>>>;

/// A finished job, for [`Store::finish_checkpoint`].
pub struct CheckpointDone {
    directory: Vec<Chunk>,
    slots: Slots,
    revision: i64,
    token: Token,
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

/// What the store notes of the job under way.
#[derive(Debug, Default)]
pub(super) struct Underway {
    /// Empty on both sides before the first job, and after a finished one.
    token: Token,
    /// Records that died meanwhile, with their bytes.
    pub(super) died: Vec<(Revision, usize)>,
    /// Slots that jobs wrote which did not finish.
    leaked: BTreeSet<u32>,
}

impl Underway {
    pub(super) fn is_running(&self) -> bool {
        Arc::strong_count(&self.token) > 1
    }

    /// Prepares for a job: returns its token, and the slots it may use.
    fn begin(&mut self, mut slots: Slots) -> (Token, Slots) {
        self.leaked.append(&mut self.token.lock());
        self.died.clear();
        self.token = Token::default();
        slots.keep_off(&self.leaked);
        (Arc::clone(&self.token), slots)
    }
}

impl Store {
    /// Starts a checkpoint of everything written so far. `extra` are entries of the caller
    /// (`None` removes) that become durable in the same instant; their keys must begin with
    /// `meta/`. Panics if another checkpoint is under way, or an export is.
    pub fn begin_checkpoint(&mut self, extra: Vec<(Bytes, Option<Bytes>)>) -> CheckpointJob {
        assert!(
            !self.underway.is_running(),
            "a checkpoint is under way already"
        );
        assert!(
            !self.is_exporting(),
            "an export still needs the last checkpoint"
        );
        for (key, _) in &extra {
            assert!(
                key.starts_with(b"meta/"),
                "an extra entry must begin with meta/"
            );
        }
        self.saved_at = self.recents.written_bytes();
        let (token, slots) = self.underway.begin(self.chunks.slots.clone());
        CheckpointJob {
            backend: Arc::clone(&self.backend),
            values: self.values.clone(),
            chunk_bytes: self.chunk_bytes,
            sealed: self.recents.seal(),
            revision: self.current,
            compacted: self.compacted,
            plan: plan(&self.chunks.directory, self.chunk_bytes),
            slots,
            extra,
            token,
        }
    }

    /// Takes over a finished checkpoint: its records are read from the backend from now on.
    pub fn finish_checkpoint(&mut self, done: CheckpointDone) {
        let CheckpointDone {
            directory,
            mut slots,
            revision,
            token,
        } = done;
        assert!(
            Arc::ptr_eq(&self.underway.token, &token),
            "only the checkpoint under way can be finished"
        );
        token.lock().clear();
        slots.abandon(std::mem::take(&mut self.underway.leaked));
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
            slots,
            written: Arc::clone(&self.token),
            ..Output::new(&*self.backend, self.chunk_bytes)
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
            let value = read_value(self.values.as_deref(), &record)?;
            out.push(&header_of(&record, value.len()), &value)?;
        }
        out.end_chunk()?;
        self.backend.flush()?;

        let mut last = Batch::default();
        for (key, value) in self.extra {
            match value {
                Some(value) => last.put(key, value),
                None => last.delete(key),
            }
        }
        let Output {
            mut slots,
            directory,
            ..
        } = out;
        let manifest = manifest::encode(self.revision, self.compacted, &directory);
        last.put(manifest::KEY, manifest);
        self.backend.write(last)?;
        self.backend.flush()?;
        // Readers of the old directory may need these until the store has taken over the new one.
        slots.abandon(abandoned);
        Ok(CheckpointDone {
            directory,
            slots,
            revision: self.revision,
            token: self.token,
        })
    }
}

/// The header of a record whose value has so many bytes.
pub(super) fn header_of(record: &Record, value_len: usize) -> Header {
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
pub(super) struct Output<'a> {
    pub(super) backend: &'a dyn Backend,
    slots: Slots,
    chunk_bytes: usize,
    builder: Builder,
    pub(super) directory: Vec<Chunk>,
    written: Token,
}

impl<'a> Output<'a> {
    /// Writes to a backend without slots, in chunks of about `chunk_bytes`.
    pub(super) fn new(backend: &'a dyn Backend, chunk_bytes: usize) -> Self {
        Self {
            backend,
            slots: Slots::default(),
            chunk_bytes,
            builder: Builder::default(),
            directory: Vec::new(),
            written: Token::default(),
        }
    }

    pub(super) fn push(&mut self, header: &Header, value: &[u8]) -> Result<(), Error> {
        if self.builder.is_full_for(header, self.chunk_bytes) {
            self.end_chunk()?;
        }
        self.builder.push(header, value);
        Ok(())
    }

    pub(super) fn end_chunk(&mut self) -> Result<(), Error> {
        if self.builder.is_empty() {
            return Ok(());
        }
        let built = self.builder.finish();
        let slot = self.slots.take();
        self.written.lock().insert(slot);
        let chunk = Chunk {
            first: built.first,
            last: built.last,
            records: built.records,
            bytes: built.bytes,
            slot,
            checksum: chunk::checksum(&built.headers),
            dead_bytes: 0,
            dead: Arc::default(),
        };
        chunk::write(self.backend, slot, built)?;
        self.directory.push(chunk);
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

//! All records, out to a backup and in from one, in the order of their revisions.
//!
//! ```text
//! any thread                            another thread
//! begin_export() -> job            -->  job.run(visit): chunks, then what was in memory
//!    ... writes go on ...
//!    (no checkpoint begins)        <--  job dropped
//! ```
//!
//! The way out is a view: what is written, compacted or deleted after [`Store::begin_export`] does
//! not show. It rests on what a checkpoint would take away (slots of old chunks, values that lie
//! only in the log), so none may begin before the job is gone; see [`Store::is_exporting`]. Views
//! do not disturb each other, so there may be several.
//!
//! The way in is a checkpoint from nothing: [`Import`] fills an empty backend, which
//! [`Store::open`] then opens like any other.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use proto::mvccpb::KeyValue;

use super::checkpoint::Output;
use super::chunk::{self, Header};
use super::chunks::Chunk;
use super::error::Error;
use super::manifest;
use super::recent::{Record, Sealed, ValueSource};
use super::revision::Revision;
use super::state::{Store, read_value};
use crate::backend::{Backend, Batch};

/// A view of all records, for [`ExportJob::run`] on any thread.
pub struct ExportJob {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) values: Option<Arc<dyn ValueSource>>,
    pub(super) chunk_bytes: usize,
    pub(super) directory: Vec<Chunk>,
    pub(super) sealed: Sealed,
    revision: i64,
    compacted: i64,
    is_compacting: bool,
    /// Bytes that the store has written, and how many they were when the view was taken.
    written: Arc<AtomicU64>,
    written_before: u64,
    _token: Arc<()>,
}

impl Store {
    /// Takes a view of all records; nothing while a checkpoint is under way.
    pub fn begin_export(&mut self) -> Option<ExportJob> {
        if self.underway.is_running() {
            return None;
        }
        let token = self.exporting.upgrade().unwrap_or_default();
        self.exporting = Arc::downgrade(&token);
        Some(ExportJob {
            backend: Arc::clone(&self.backend),
            values: self.values.clone(),
            chunk_bytes: self.chunk_bytes,
            directory: self.chunks.directory.clone(),
            sealed: self.recents.seal(),
            revision: self.current,
            compacted: self.compacted,
            is_compacting: self.compaction.is_some(),
            written: self.recents.written(),
            written_before: self.recents.written_bytes(),
            _token: token,
        })
    }

    /// Whether an export is under way: then no checkpoint may begin.
    pub fn is_exporting(&self) -> bool {
        Weak::strong_count(&self.exporting) > 0
    }
}

impl ExportJob {
    /// The revision of the view.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// The revision of the last compaction in the view, -1 before the first.
    pub fn compact_revision(&self) -> i64 {
        self.compacted
    }

    /// Whether records that the last compaction made unreachable are still among those shown.
    pub fn is_compacting(&self) -> bool {
        self.is_compacting
    }

    /// Bytes of keys and values that the store has taken in since the view was taken. As no
    /// checkpoint may begin, the log has grown by about as much.
    pub fn written_since(&self) -> u64 {
        let now = self.written.load(Ordering::Relaxed);
        now.saturating_sub(self.written_before)
    }

    /// Shows each record to `visit`: where it stands, whether it is a deletion, and the pair (of a
    /// deletion only the key).
    pub fn run<E: From<Error>>(
        self,
        mut visit: impl FnMut(Revision, bool, KeyValue) -> Result<(), E>,
    ) -> Result<(), E> {
        for chunk in &self.directory {
            for (header, value) in live_records(chunk, &*self.backend)? {
                let (rev, tombstone) = (header.rev, header.tombstone);
                visit(rev, tombstone, pair(header, value))?;
            }
        }
        for record in self.sealed.records().filter(|record| !record.is_dead()) {
            let value = read_value(self.values.as_deref(), &record)?;
            let pair = pair_of(&record, value);
            visit(record.rev, record.tombstone, pair)?;
        }
        Ok(())
    }
}

/// What lives of a chunk, with the values.
pub(super) fn live_records(
    chunk: &Chunk,
    backend: &dyn Backend,
) -> Result<Vec<(Header, Bytes)>, Error> {
    if chunk.is_dead() {
        return Ok(Vec::new());
    }
    let dead: BTreeSet<_> = chunk.dead.iter().copied().collect();
    let mut live = Vec::with_capacity(chunk.records - dead.len());
    chunk::read_headers(&chunk.headers(backend)?, |header| {
        if !dead.contains(&chunk.dead_form(header.rev)) {
            live.push(header.clone());
        }
    })
    .map_err(|detail| chunk.damaged(format!("headers: {detail}")))?;
    let values = chunk.values(backend)?;
    let with_value = live.into_iter().map(|header| {
        values
            .get(header.rev)
            .filter(|(value, _)| value.len() == header.value_len)
            .map(|(value, _)| (header, value))
            .ok_or_else(|| chunk.damaged("headers and values disagree"))
    });
    with_value.collect()
}

fn pair(header: Header, value: Bytes) -> KeyValue {
    let mod_revision = if header.tombstone { 0 } else { header.rev.main };
    KeyValue {
        key: header.key.into(),
        create_revision: header.create,
        mod_revision,
        version: header.number,
        value,
        lease: header.lease,
    }
}

fn pair_of(record: &Record, value: Bytes) -> KeyValue {
    let mod_revision = if record.tombstone { 0 } else { record.rev.main };
    KeyValue {
        key: record.key.clone(),
        create_revision: record.create,
        mod_revision,
        version: record.number,
        value,
        lease: record.lease,
    }
}

/// Fills an empty backend with records. Until [`Import::finish`] the backend holds no checkpoint.
pub struct Import<'a> {
    out: Output<'a>,
    last: Revision,
}

impl<'a> Import<'a> {
    /// Starts in `backend`, which must be empty. `chunk_bytes` is as in [`super::Options`].
    pub fn new(backend: &'a dyn Backend, chunk_bytes: usize) -> Self {
        Self {
            out: Output::new(backend, chunk_bytes),
            last: Revision::default(),
        }
    }

    /// Adds a record.
    ///
    /// # Panics
    /// When it does not follow the one before, when it is no deletion and its create revision or
    /// its version is not positive, and when its place or value is beyond 32 bits: to be checked
    /// by who reads records from outside.
    pub fn push(&mut self, rev: Revision, tombstone: bool, pair: &KeyValue) -> Result<(), Error> {
        assert!(rev > self.last, "{rev:?} does not follow {:?}", self.last);
        assert!(
            tombstone || (1..=rev.main).contains(&pair.create_revision) && pair.version > 0,
            "the put at {rev:?} has no beginning"
        );
        let (create, number, lease) = match tombstone {
            true => (0, 0, 0),
            false => (pair.create_revision, pair.version, pair.lease),
        };
        let value = if tombstone { &[] } else { &pair.value[..] };
        let header = Header {
            rev,
            key: pair.key.to_vec(),
            create,
            number,
            lease,
            tombstone,
            value_len: value.len(),
        };
        self.out.push(&header, value)?;
        self.last = rev;
        Ok(())
    }

    /// The last record's place; zeros before the first.
    pub fn last(&self) -> Revision {
        self.last
    }

    /// Makes everything durable as a checkpoint at `revision`, compacted at `compacted` (-1 for
    /// never), with `extra` entries of the caller. What the compaction makes unreachable is removed
    /// after opening.
    ///
    /// # Panics
    /// When `revision` is before the last record, or `compacted` after it.
    pub fn finish(
        mut self,
        revision: i64,
        compacted: i64,
        extra: Vec<(Bytes, Bytes)>,
    ) -> Result<(), Error> {
        assert!(
            revision >= self.last.main.max(1) && compacted <= revision,
            "revision {revision} and compaction {compacted} do not fit {:?}",
            self.last
        );
        self.out.end_chunk()?;
        self.out.backend.flush()?;
        let mut last = Batch::default();
        for (key, value) in extra {
            last.put(key, value);
        }
        last.put(
            manifest::KEY,
            manifest::encode(revision, compacted, &self.out.directory),
        );
        self.out.backend.write(last)?;
        self.out.backend.flush().map_err(Error::from)
    }
}

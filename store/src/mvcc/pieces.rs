//! All records of a view on their way to another member, in runs that have the form of chunks.
//!
//! Records never change and have their places in history, so whoever has those up to some place may
//! get the rest from a later view, even of another member. What is missing from the later view has
//! been compacted meanwhile, and its absence must be told: were only the records behind the place
//! shown, a key whose deletion was compacted would live on. That is what roll calls are for.
//!
//! ```text
//! chunks of the view:   [a b - d] [e f g h] [i - - l]      records in memory:  [m n o]
//! after = f:             ------------ | =========================================>
//!   rolls, up to f:      a b d e f    |
//!   pieces behind f:                  [g h] [i l m n o] ...  whole chunks go as they are
//! ```

use bytes::Bytes;

use super::checkpoint::header_of;
use super::chunk::{self, Builder, Header};
use super::chunks::Chunk;
use super::error::Error;
use super::revision::Revision;
use super::state::read_value;
use super::transfer::{ExportJob, live_records};
use super::varint::put;
use crate::backend::{Backend, Blob};

/// Records in one roll call, about; each takes one or two bytes.
const ROLL_RECORDS: usize = if cfg!(test) { 7 } else { 32 << 10 };
/// A chunk with fewer of the bytes a chunk should have goes together with others.
const SMALL_PART: usize = 4;

/// A run of records, as the two entries of a chunk (drawn in `chunk.rs`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Everything but the values.
    pub headers: Bytes,
    /// The values.
    pub values: Bytes,
}

impl Piece {
    /// How many records there are.
    pub fn records(&self) -> usize {
        chunk::count(&self.headers)
    }

    /// How many bytes it would have if nothing of it were packed: what it costs goes by that.
    pub fn unpacked_len(&self) -> usize {
        self.headers.len() + chunk::unpacked_len(&self.values)
    }
}

/// Says which records there are between the end of the roll call before and `upto`, that included.
///
/// ```text
/// present: | count | (main - main before | sub, minus the one before if the main is the same) * count |
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roll {
    /// Up to where.
    pub upto: Revision,
    /// The places of the records.
    pub present: Bytes,
}

/// The records of a view behind some place, and roll calls of those before it. It holds the view.
pub struct Pieces {
    job: ExportJob,
    after: Revision,
    /// The next chunk to be shown.
    next: usize,
    /// Behind which record those in memory go on.
    shown: Revision,
    builder: Builder,
    /// A chunk that goes as it is, once the builder's records have gone; its last record.
    whole: Option<(Piece, Revision)>,
    /// The last record of the last piece.
    reached: Revision,
    /// The next chunk to be called, and behind which record those in memory go on.
    next_called: usize,
    called: Revision,
}

impl Pieces {
    /// Shows what `view` has behind `after`.
    pub fn new(view: ExportJob, after: Revision) -> Self {
        Self {
            next: view.directory.partition_point(|chunk| chunk.last <= after),
            job: view,
            after,
            shown: after,
            builder: Builder::default(),
            whole: None,
            reached: after,
            next_called: 0,
            called: Revision::default(),
        }
    }

    /// The view.
    pub fn view(&self) -> &ExportJob {
        &self.job
    }

    /// Up to where records have been shown.
    pub fn reached(&self) -> Revision {
        self.reached
    }

    /// The next roll call; nothing when all records up to the place have been called.
    pub fn next_roll(&mut self) -> Result<Option<Roll>, Error> {
        if self.called >= self.after {
            return Ok(None);
        }
        let mut present = Vec::new();
        while present.len() < ROLL_RECORDS
            && let Some(chunk) = self.job.directory.get(self.next_called)
            && chunk.first <= self.after
        {
            live_places(chunk, &*self.job.backend, &mut present)?;
            self.next_called += 1;
        }
        present.retain(|rev| *rev <= self.after);
        let from = present.last().copied().unwrap_or(self.called);
        let mut more = present.len() >= ROLL_RECORDS;
        if !more {
            let recent = self.job.sealed.after(from);
            for record in recent.take_while(|record| record.rev <= self.after) {
                if present.len() >= ROLL_RECORDS {
                    more = true;
                    break;
                }
                if !record.is_dead() {
                    present.push(record.rev);
                }
            }
        }
        let last = present.last().copied();
        self.called = last.filter(|_| more).unwrap_or(self.after);
        Ok(Some(Roll {
            upto: self.called,
            present: encode(&present),
        }))
    }

    /// The next run of records; nothing when all have been shown.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, Error> {
        if let Some((whole, last)) = self.whole.take() {
            self.reached = last;
            return Ok(Some(whole));
        }
        while let Some(chunk) = self.job.directory.get(self.next) {
            if chunk.is_dead() {
                self.next += 1;
                continue;
            }
            if self.goes_whole(chunk) {
                let (whole, last) = (whole(chunk, &*self.job.backend)?, chunk.last);
                self.next += 1;
                if self.builder.is_empty() {
                    self.reached = last;
                    return Ok(Some(whole));
                }
                self.whole = Some((whole, last));
                return Ok(self.built());
            }
            // All of it or nothing, so that this chunk is read once.
            let fits = self.builder.bytes() + chunk.live_bytes() <= self.job.chunk_bytes
                && chunk.last.main - self.builder.first_main() <= chunk::SPREAD_MAX;
            if !self.builder.is_empty() && !fits {
                return Ok(self.built());
            }
            for (header, value) in live_records(chunk, &*self.job.backend)? {
                if header.rev > self.after {
                    self.builder.push(&header, &value);
                }
            }
            self.next += 1;
        }
        self.recent_piece()
    }

    /// A run of the records in memory.
    fn recent_piece(&mut self) -> Result<Option<Piece>, Error> {
        for record in self.job.sealed.after(self.shown) {
            if !record.is_dead() {
                let value = read_value(self.job.values.as_deref(), &record)?;
                let header = header_of(&record, value.len());
                if self.builder.is_full_for(&header, self.job.chunk_bytes) {
                    break;
                }
                self.builder.push(&header, &value);
            }
            self.shown = record.rev;
        }
        Ok(self.built())
    }

    fn goes_whole(&self, chunk: &Chunk) -> bool {
        let is_small = chunk.bytes * SMALL_PART < self.job.chunk_bytes;
        chunk.dead.is_empty() && chunk.first > self.after && !is_small
    }

    fn built(&mut self) -> Option<Piece> {
        if self.builder.is_empty() {
            return None;
        }
        let built = self.builder.finish();
        self.reached = built.last;
        Some(Piece {
            headers: built.headers.into(),
            values: built.values.into(),
        })
    }
}

/// A chunk's entries as they are.
fn whole(chunk: &Chunk, backend: &dyn Backend) -> Result<Piece, Error> {
    let headers = chunk.headers(backend)?;
    if !chunk::is_whole(&headers) || chunk::checksum(&headers) != chunk.checksum {
        return Err(chunk.damaged("headers: checksum does not match"));
    }
    let values = backend.get_blob(Blob::Values, chunk.slot)?;
    let values = values.ok_or_else(|| chunk.damaged("its values are missing"))?;
    if !chunk::is_whole(&values) {
        return Err(chunk.damaged("values: checksum does not match"));
    }
    Ok(Piece { headers, values })
}

/// Adds the places of what lives of a chunk.
fn live_places(
    chunk: &Chunk,
    backend: &dyn Backend,
    places: &mut Vec<Revision>,
) -> Result<(), Error> {
    if chunk.is_dead() {
        return Ok(());
    }
    let mut dead = chunk.dead.to_vec();
    dead.sort_unstable();
    let visit = |header: &Header| {
        if dead.binary_search(&chunk.dead_form(header.rev)).is_err() {
            places.push(header.rev);
        }
    };
    chunk::read_headers(&chunk.headers(backend)?, visit)
        .map_err(|detail| chunk.damaged(format!("headers: {detail}")))
}

fn encode(places: &[Revision]) -> Bytes {
    let mut out = Vec::with_capacity(4 + 2 * places.len());
    put(&mut out, places.len() as u64);
    let mut last = Revision::default();
    for rev in places {
        chunk::put_rev(&mut out, last, *rev);
        last = *rev;
    }
    out.into()
}

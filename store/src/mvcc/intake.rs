//! An empty backend that takes in the [`Piece`]s of views, and becomes a checkpoint.
//!
//! Everything that comes is checked here: a broken or malicious sender is refused, and what was
//! taken in before stays good. Until [`Intake::finish`] the backend holds no checkpoint.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use super::chunk::{self, Header, Values};
use super::chunks::{Chunk, Dead};
use super::error::Error;
use super::manifest;
use super::pieces::{Piece, Roll};
use super::revision::Revision;
use super::varint::Cursor;
use crate::backend::{Backend, Batch, Blob};

/// Bytes written between two flushes: few enough that a flush does not keep the disk busy for long.
const FLUSH_BYTES: usize = 8 << 20;

/// Why something was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// It is not what a sender may send.
    #[error("{0}")]
    Refused(String),
    /// It could not be stored or read back.
    #[error(transparent)]
    Store(#[from] Error),
}

fn refused(what: impl Into<String>) -> IntakeError {
    IntakeError::Refused(what.into())
}

/// See the module.
pub struct Intake {
    backend: Arc<dyn Backend>,
    directory: Vec<Chunk>,
    /// Of the last record taken in; zeros before the first.
    last: Revision,
    /// Up to where the roll has been called.
    called: Revision,
    unflushed: usize,
}

impl Intake {
    /// Starts in `backend`, which must be empty.
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self {
            backend,
            directory: Vec::new(),
            last: Revision::default(),
            called: Revision::default(),
            unflushed: 0,
        }
    }

    /// The place of the last record taken in; zeros before the first.
    pub fn last(&self) -> Revision {
        self.last
    }

    /// Takes in the records that follow; returns how many there are.
    ///
    /// # Errors
    /// They are damaged or do not follow, then nothing has changed; or they cannot be written.
    pub fn take(&mut self, piece: &Piece) -> Result<usize, IntakeError> {
        let mut chunk = check(piece, self.last).map_err(refused)?;
        chunk.slot = self.directory.len() as u32;
        let write = |family, data: &Bytes| {
            let written = self.backend.put_blob(family, chunk.slot, data.clone());
            written.map_err(Error::from)
        };
        write(Blob::Headers, &piece.headers)?;
        write(Blob::Values, &piece.values)?;
        self.unflushed += piece.headers.len() + piece.values.len();
        self.last = chunk.last;
        let records = chunk.records;
        self.directory.push(chunk);
        if self.unflushed >= FLUSH_BYTES {
            self.unflushed = 0;
            self.backend.flush().map_err(Error::from)?;
        }
        Ok(records)
    }

    /// Prepares to hear from the beginning which records are still there.
    pub fn begin_roll(&mut self) {
        self.called = Revision::default();
    }

    /// Whether the roll has been called up to the last record.
    pub fn is_roll_complete(&self) -> bool {
        self.called >= self.last
    }

    /// Removes the records that a roll call does not name.
    ///
    /// # Errors
    /// It is malformed or does not follow the one before, then nothing has changed; or what is
    /// there cannot be read back.
    pub fn call(&mut self, roll: &Roll) -> Result<(), IntakeError> {
        let present =
            decode(roll, self.called).ok_or_else(|| refused("a roll call is malformed"))?;
        if roll.upto <= self.called || roll.upto > self.last {
            return Err(refused(format!(
                "a roll call up to {:?} does not follow one up to {:?}",
                roll.upto, self.called
            )));
        }
        let from = self.called;
        let first = self.directory.partition_point(|chunk| chunk.last <= from);
        let mut present = present.into_iter().peekable();
        for chunk in &mut self.directory[first..] {
            if chunk.first > roll.upto {
                break;
            }
            let known: BTreeSet<Dead> = chunk.dead.iter().copied().collect();
            let mut gone = Vec::new();
            let mut bytes = 0;
            let visit = |header: &Header| {
                if header.rev <= from || header.rev > roll.upto {
                    return;
                }
                while present.next_if(|rev| *rev < header.rev).is_some() {}
                let dead = chunk.dead_form(header.rev);
                if present.peek() != Some(&header.rev) && !known.contains(&dead) {
                    gone.push(dead);
                    bytes += header.key.len() + header.value_len;
                }
            };
            chunk::read_headers(&chunk.headers(&*self.backend)?, visit)
                .map_err(|detail| chunk.damaged(format!("headers: {detail}")))?;
            if !gone.is_empty() {
                Arc::make_mut(&mut chunk.dead).append(&mut gone);
                chunk.dead_bytes += bytes;
            }
        }
        self.called = roll.upto;
        Ok(())
    }

    /// Makes everything durable as a checkpoint at `revision`, compacted at `compacted` (-1 for
    /// never), with `extra` entries of the caller. What the compaction makes unreachable is removed
    /// after opening.
    ///
    /// # Errors
    /// The revisions do not fit what was taken in, or it cannot be written.
    pub fn finish(
        mut self,
        revision: i64,
        compacted: i64,
        extra: Vec<(Bytes, Bytes)>,
    ) -> Result<(), IntakeError> {
        if revision < self.last.main.max(1) || compacted > revision || compacted < -1 {
            return Err(refused(format!(
                "revision {revision} and compaction {compacted} do not fit {:?}",
                self.last
            )));
        }
        for chunk in self.directory.extract_if(.., |chunk| chunk.is_dead()) {
            for family in [Blob::Headers, Blob::Values] {
                let cleared = self.backend.put_blob(family, chunk.slot, Bytes::new());
                cleared.map_err(Error::from)?;
            }
        }
        self.backend.flush().map_err(Error::from)?;
        let mut last = Batch::default();
        for (key, value) in extra {
            last.put(key, value);
        }
        let manifest = manifest::encode(revision, compacted, &self.directory);
        last.put(manifest::KEY, manifest);
        self.backend.write(last).map_err(Error::from)?;
        self.backend.flush().map_err(Error::from)?;
        Ok(())
    }
}

/// Verifies a piece whose records have to lie behind `last`; the chunk that it makes.
fn check(piece: &Piece, last: Revision) -> Result<Chunk, String> {
    let values = Values::open(piece.values.clone()).map_err(|what| format!("values: {what}"))?;
    let mut chunk = Chunk {
        first: Revision::default(),
        last,
        slot: 0,
        checksum: chunk::checksum(&piece.headers),
        records: 0,
        bytes: 0,
        dead_bytes: 0,
        dead: Arc::default(),
    };
    let mut wrong = None;
    chunk::read_headers(&piece.headers, |header| {
        if wrong.is_none() {
            wrong = add(&mut chunk, header, &values).err();
        }
    })
    .map_err(|what| format!("headers: {what}"))?;
    match wrong {
        Some(what) => Err(what),
        None if chunk.records == 0 => Err("a piece without a record".to_owned()),
        None if chunk.records != values.count() => Err("values without a record".to_owned()),
        None => Ok(chunk),
    }
}

fn add(chunk: &mut Chunk, header: &Header, values: &Values) -> Result<(), String> {
    let rev = header.rev;
    if rev <= chunk.last {
        return Err(format!("{rev:?} does not follow {:?}", chunk.last));
    }
    if chunk.records == 0 {
        chunk.first = rev;
    }
    let within = rev.main > 0
        && u32::try_from(rev.sub).is_ok()
        && u32::try_from(rev.main - chunk.first.main).is_ok()
        && u32::try_from(header.value_len).is_ok()
        && !header.key.is_empty();
    if !within {
        return Err(format!("the record at {rev:?} is beyond the limits"));
    }
    let value = values.get(rev);
    if value.is_none_or(|(value, lease)| value.len() != header.value_len || lease != header.lease) {
        return Err(format!("headers and values disagree at {rev:?}"));
    }
    chunk.last = rev;
    chunk.records += 1;
    chunk.bytes += header.key.len() + header.value_len;
    Ok(())
}

/// The places in a roll call, which ascend from behind `from`.
fn decode(roll: &Roll, from: Revision) -> Option<Vec<Revision>> {
    let mut cursor = Cursor::new(&roll.present);
    let count = cursor.size()?;
    let mut places = Vec::with_capacity(count.min(cursor.len()));
    let mut last = Revision::default();
    for _ in 0..count {
        let rev = chunk::take_rev(&mut cursor, last)?;
        let follows = rev > from && (rev > last || places.is_empty()) && rev <= roll.upto;
        if !follows {
            return None;
        }
        places.push(rev);
        last = rev;
    }
    cursor.is_empty().then_some(places)
}

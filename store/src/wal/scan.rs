//! Walks the frames of one segment and says how they end.
//!
//! A frame is taken if each of its sectors is valid. Where one is not, everything from there to
//! the end of the file is looked at, and only two findings are no damage:
//!
//! - nothing but blank sectors: the log ends here;
//! - blank sectors, and valid sectors of *one* frame that lacks at least one: an append that a
//!   crash interrupted before its sync returned. It was never acknowledged.
//!
//! A damaged sector, or a further frame behind the place, means that something acknowledged is
//! lost. See `docs/adr/0002-log-format.md` for why this tells the cases apart.

use std::path::Path;

use super::error::Error;
use super::frame::{self, HEADER};
use super::sector::{self, Kind, Sector};
use crate::disk::{DiskFile, SECTOR};

/// Bytes read at once.
const WINDOW: usize = 1 << 20;

/// A segment's file and what is known about it from outside.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) file: &'a dyn DiskFile,
    pub(super) path: &'a Path,
    pub(super) segment: u64,
    pub(super) size: u64,
}

/// A valid frame.
pub(super) struct Frame<'a> {
    pub(super) sequence: u64,
    /// Where it begins in the file.
    pub(super) offset: u64,
    pub(super) payload: &'a [u8],
}

/// How a segment ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Where the next frame would begin.
    pub(super) tail: u64,
    /// The rest of an interrupted append behind `tail`, if there is any.
    pub(super) torn: Option<Torn>,
}

/// What an interrupted append left.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Torn {
    /// Its sequence number, if the sector that tells it was written.
    pub(super) sequence: Option<u64>,
    /// The end of its last sector in the file.
    pub(super) until: u64,
}

/// Calls `visit` for each frame of the segment, in order.
pub(super) fn frames(
    place: Place<'_>,
    visit: &mut dyn FnMut(Frame<'_>) -> Result<(), Error>,
) -> Result<End, Error> {
    let mut window = Window::new(place);
    let mut payload = Vec::new();
    let mut offset = 0;
    while offset < place.size {
        let Sector::Valid(Kind::First, body) = window.inspect(offset)? else {
            break;
        };
        let (sequence, length) = frame::header(body);
        let extent = frame::disk_bytes(length);
        if offset + extent > place.size {
            return Err(place.damage(offset, "a frame reaches past the end of the file"));
        }
        payload.clear();
        payload.extend_from_slice(&body[HEADER..]);
        let mut at = offset + SECTOR as u64;
        while at < offset + extent
            && let Sector::Valid(Kind::Next, body) = window.inspect(at)?
        {
            payload.extend_from_slice(body);
            at += SECTOR as u64;
        }
        if at < offset + extent {
            return rest(place, &mut window, offset, Some((sequence, extent)));
        }
        visit(Frame {
            sequence,
            offset,
            payload: &payload[..length],
        })?;
        offset += extent;
    }
    rest(place, &mut window, offset, None)
}

/// Judges what lies behind the last whole frame. `header` is that of an incomplete frame there.
fn rest(
    place: Place<'_>,
    window: &mut Window<'_>,
    tail: u64,
    header: Option<(u64, u64)>,
) -> Result<End, Error> {
    let mut until = None;
    let mut at = tail;
    while let Some(data) = place
        .file
        .next_data(at)
        .map_err(Error::io("read", place.path))?
    {
        at = at.max(data / SECTOR as u64 * SECTOR as u64);
        let window_end = window.end_of_window_at(at)?;
        while at < window_end {
            match window.inspect(at)? {
                Sector::Blank => {}
                Sector::Damaged => return Err(place.damage(at, "a sector fails its checksum")),
                Sector::Valid(Kind::First, _) if at != tail => {
                    return Err(place.damage(tail, "a frame is lost before another one"));
                }
                Sector::Valid(Kind::Next, _) if at == tail => {
                    return Err(place.damage(tail, "a frame has lost its first sector"));
                }
                Sector::Valid(..) => until = Some(at + SECTOR as u64),
            }
            at += SECTOR as u64;
        }
    }
    let within = header.is_none_or(|(_, extent)| until.is_none_or(|until| until <= tail + extent));
    if !within {
        return Err(place.damage(tail, "a frame goes on past its end"));
    }
    Ok(End {
        tail,
        torn: until.map(|until| Torn {
            sequence: header.map(|(sequence, _)| sequence),
            until,
        }),
    })
}

impl Place<'_> {
    fn damage(&self, offset: u64, reason: &str) -> Error {
        Error::corrupt(self.path, offset, reason)
    }
}

/// Sectors of a file, read in large pieces.
struct Window<'a> {
    place: Place<'a>,
    bytes: Vec<u8>,
    start: u64,
    filled: usize,
}

impl<'a> Window<'a> {
    fn new(place: Place<'a>) -> Window<'a> {
        Window {
            place,
            bytes: Vec::new(),
            start: 0,
            filled: 0,
        }
    }

    /// What the sector at `offset` is; past the end of the file there are blank ones.
    fn inspect(&mut self, offset: u64) -> Result<Sector<'_>, Error> {
        self.load(offset)?;
        let within = (offset - self.start) as usize;
        let sector = &self.bytes[within..within + SECTOR];
        Ok(sector::inspect(
            sector,
            self.place.segment,
            offset / SECTOR as u64,
        ))
    }

    /// The end of the piece of the file that holds `offset`, a multiple of a sector.
    fn end_of_window_at(&mut self, offset: u64) -> Result<u64, Error> {
        self.load(offset)?;
        Ok(self.start + self.filled as u64)
    }

    fn load(&mut self, offset: u64) -> Result<(), Error> {
        if (self.start..self.start + self.filled as u64).contains(&offset) {
            return Ok(());
        }
        let left = self.place.size.saturating_sub(offset);
        let wanted = (left.min(WINDOW as u64) as usize)
            .next_multiple_of(SECTOR)
            .max(SECTOR);
        self.bytes.resize(wanted, 0);
        let read = self
            .place
            .file
            .read_at(&mut self.bytes, offset)
            .map_err(Error::io("read", self.place.path))?;
        // A file that ends within a sector: the rest of it is blank.
        self.bytes[read..].fill(0);
        self.start = offset;
        self.filled = wanted;
        Ok(())
    }
}

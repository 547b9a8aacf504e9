//! Reads a whole log: checks what must hold between its frames, and hands out its entries.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::error::Error;
use super::frame::HEADER;
use super::record::{self, FORMAT, Record};
use super::scan::{self, End, Frame, Place};
use super::span::{Effect, Span};
use super::{EntryRef, HardState, Position, SnapshotMark, Step, sector, segment};
use crate::disk::{Disk, DiskFile};

/// Where the entries go.
pub(super) type Visit<'v> = dyn FnMut(Step<'_>) + 'v;

/// A segment that was read.
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) path: PathBuf,
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) size: u64,
    /// How its frames end.
    pub(super) end: End,
    /// The highest index of an entry in it; 0 if it has none.
    pub(super) last_index: u64,
}

impl Segment {
    /// Whether it holds no frame.
    pub(super) fn is_empty(&self) -> bool {
        self.end.tail == 0
    }
}

/// What the log says, once it was read.
pub(super) struct State {
    pub(super) metadata: Option<Bytes>,
    pub(super) hard_state: HardState,
    pub(super) snapshot: Option<SnapshotMark>,
    pub(super) span: Span,
    /// The sequence number of the next frame; `None` before the first one.
    pub(super) sequence: Option<u64>,
}

/// Reads every segment in `dir`.
pub(super) fn read(
    disk: &dyn Disk,
    dir: &Path,
    visit: &mut Visit<'_>,
) -> Result<(State, Vec<Segment>), Error> {
    let numbers = segment::list(disk, dir)?;
    let mut state = State {
        metadata: None,
        hard_state: HardState::default(),
        snapshot: None,
        // Without the first segment ever written, the beginning was cut.
        span: Span::new(numbers.first().is_some_and(|&first| first > 0)),
        sequence: None,
    };
    let mut segments: Vec<Segment> = Vec::new();
    for number in numbers {
        let read = read_segment(disk, dir, number, &mut state, visit)?;
        if let Some(before) = segments.last()
            && (before.is_empty() || before.end.torn.is_some())
        {
            check_behind_end(before, &read)?;
        }
        segments.push(read);
    }
    check_end(&mut state, &segments)?;
    Ok((state, segments))
}

fn read_segment(
    disk: &dyn Disk,
    dir: &Path,
    number: u64,
    state: &mut State,
    visit: &mut Visit<'_>,
) -> Result<Segment, Error> {
    let path = segment::path(dir, number);
    let file: Arc<dyn DiskFile> = disk.open(&path).map_err(Error::io("open", &path))?.into();
    let size = file.size().map_err(Error::io("open", &path))?;
    let mut last_index = 0;
    let place = Place {
        file: &*file,
        path: &path,
        segment: number,
        size,
    };
    let end = scan::frames(place, &mut |frame| {
        let mut reading = Reading {
            state: &mut *state,
            place,
            frame: &frame,
            last_index: &mut last_index,
        };
        reading.frame(visit)
    })?;
    if let Some(torn) = &end.torn
        && torn.sequence.is_some_and(|found| state.expects_not(found))
    {
        return Err(Error::corrupt(
            &path,
            end.tail,
            "an incomplete frame has a wrong sequence number",
        ));
    }
    Ok(Segment {
        number,
        path,
        file,
        size,
        end,
        last_index,
    })
}

/// Behind the end of the log there may be one blank segment, the spare.
fn check_behind_end(before: &Segment, found: &Segment) -> Result<(), Error> {
    let reason = match (&before.end.torn, before.is_empty()) {
        (Some(_), _) => "an incomplete frame is not the last one of the log",
        (None, true) if found.is_empty() && found.end.torn.is_none() => {
            "more than one segment behind the end of the log is blank"
        }
        (None, _) => "a blank segment is not the last one of the log",
    };
    let is_spare = found.is_empty() && found.end.torn.is_none() && !before.is_empty();
    match is_spare {
        true => Ok(()),
        false => Err(Error::corrupt(&before.path, before.end.tail, reason)),
    }
}

/// What must hold once everything was read.
fn check_end(state: &mut State, segments: &[Segment]) -> Result<(), Error> {
    let (Some(first), Some(last)) = (
        segments.first(),
        segments.iter().rfind(|segment| !segment.is_empty()),
    ) else {
        return Ok(());
    };
    state
        .span
        .settle()
        .map_err(|reason| Error::corrupt(&first.path, 0, reason))?;
    if state.hard_state.commit > state.span.last() {
        return Err(Error::corrupt(
            &last.path,
            last.end.tail,
            format!(
                "the log ends with entry {}, but entry {} was committed",
                state.span.last(),
                state.hard_state.commit
            ),
        ));
    }
    Ok(())
}

impl State {
    fn expects_not(&self, sequence: u64) -> bool {
        self.sequence.is_some_and(|expected| expected != sequence)
    }
}

/// One frame being read.
struct Reading<'a> {
    state: &'a mut State,
    place: Place<'a>,
    frame: &'a Frame<'a>,
    last_index: &'a mut u64,
}

impl Reading<'_> {
    fn frame(&mut self, visit: &mut Visit<'_>) -> Result<(), Error> {
        let sequence = self.frame.sequence;
        if let Some(expected) = self.state.sequence
            && expected != sequence
        {
            return Err(self.damage(format!("found frame {sequence} instead of {expected}")));
        }
        if sequence == u64::MAX {
            return Err(self.damage("a frame has the highest sequence number there is"));
        }
        let mut left = self.frame.payload;
        if self.frame.offset == 0 {
            self.head(&mut left)?;
        }
        while !left.is_empty() {
            let record = self.decode(&mut left)?;
            let data_end = self.frame.payload.len() - left.len();
            match record {
                Record::Entry(entry) => self.entry(entry, data_end, visit)?,
                Record::HardState(found) => self.state.hard_state = found,
                Record::Snapshot(index, term, conf) => {
                    self.snapshot(record::mark(index, term, conf), visit)?;
                }
                Record::Metadata(_) | Record::Head { .. } => {
                    return Err(self.damage("a record stands where it must not"));
                }
            }
        }
        self.state.sequence = Some(sequence + 1);
        Ok(())
    }

    /// The records that open a segment.
    fn head(&mut self, left: &mut &[u8]) -> Result<(), Error> {
        let Record::Head {
            format,
            segment_bytes,
        } = self.decode(left)?
        else {
            return Err(self.damage("a segment does not begin with its head"));
        };
        if format != FORMAT {
            return Err(Error::Format {
                file: self.place.path.to_owned(),
                found: format,
                known: FORMAT,
            });
        }
        if segment_bytes != self.place.size {
            return Err(self.damage(format!(
                "the file has {} bytes, it was created with {segment_bytes}",
                self.place.size
            )));
        }
        let Record::Metadata(found) = self.decode(left)? else {
            return Err(self.damage("a segment lacks its metadata"));
        };
        match &self.state.metadata {
            Some(known) if known != found => {
                return Err(self.damage("a segment has other metadata than the one before it"));
            }
            Some(_) => {}
            None => self.state.metadata = Some(Bytes::copy_from_slice(found)),
        }
        self.repeated(left)
    }

    /// The state at the segment's beginning: known already, unless the segments before were cut.
    fn repeated(&mut self, left: &mut &[u8]) -> Result<(), Error> {
        let (Record::HardState(hard_state), Record::Snapshot(index, term, conf)) =
            (self.decode(left)?, self.decode(left)?)
        else {
            return Err(self.damage("a segment lacks the state at its beginning"));
        };
        let snapshot = (index > 0).then(|| record::mark(index, term, conf));
        if self.state.sequence.is_some() {
            if hard_state != self.state.hard_state || snapshot != self.state.snapshot {
                return Err(self.damage("a segment contradicts the one before it"));
            }
            return Ok(());
        }
        self.state.hard_state = hard_state;
        if let Some(mark) = &snapshot {
            let effect = self.state.span.mark(mark);
            effect.map_err(|reason| self.damage(reason))?;
        }
        self.state.snapshot = snapshot;
        Ok(())
    }

    fn entry(
        &mut self,
        entry: EntryRef<'_>,
        data_end: usize,
        visit: &mut Visit<'_>,
    ) -> Result<(), Error> {
        let effect = self.state.span.entry(entry.index, entry.term);
        self.report(effect, visit)?;
        *self.last_index = (*self.last_index).max(entry.index);
        let at = sector::physical(HEADER + data_end - entry.data.len());
        let position = Position {
            segment: self.place.segment,
            offset: self.frame.offset + at as u64,
            len: entry.data.len() as u32,
        };
        visit(Step::Entry(entry, position));
        Ok(())
    }

    fn snapshot(&mut self, mark: SnapshotMark, visit: &mut Visit<'_>) -> Result<(), Error> {
        let effect = self.state.span.mark(&mark);
        self.report(effect, visit)?;
        self.state.snapshot = Some(mark);
        Ok(())
    }

    fn report(&self, effect: Result<Effect, String>, visit: &mut Visit<'_>) -> Result<(), Error> {
        match effect.map_err(|reason| self.damage(reason))? {
            Effect::Nothing => {}
            Effect::Truncate(from) => visit(Step::Truncate { from }),
        }
        Ok(())
    }

    fn decode<'b>(&self, left: &mut &'b [u8]) -> Result<Record<'b>, Error> {
        Record::decode(left).ok_or_else(|| self.damage("a record cannot be read"))
    }

    fn damage(&self, reason: impl Into<String>) -> Error {
        Error::corrupt(self.place.path, self.frame.offset, reason)
    }
}

//! The log itself: create, open, append, cut.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;

use super::ahead::Ahead;
use super::error::Error;
use super::frame::{self, Builder, PAYLOAD_BYTES_MAX};
use super::reader::{Files, Reader};
use super::record::{Body, FORMAT, Record};
use super::replay::{self, State, Visit};
use super::segment::{self, Writable};
use super::span::Span;
use super::{Batch, Entry, HardState, Options, Position, Replay, SnapshotMark, Step, Summary};
use crate::disk::Disk;

/// The write-ahead log of one member. One owner appends; [`Reader`]s read beside it.
pub struct Wal {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    options: Options,
    metadata: Bytes,
    hard_state: HardState,
    snapshot: Option<SnapshotMark>,
    span: Span,
    /// The sequence number of the next frame.
    sequence: u64,
    files: Files,
    /// Each segment with frames, and the highest index of an entry in it (0 for none).
    last_indexes: BTreeMap<u64, u64>,
    current: Writable,
    /// The blank segment behind the current one.
    spare: Option<Writable>,
    /// What a failed append may have written, to be blanked before anything else is.
    dirty: Option<Dirty>,
    /// The error after which nothing is acknowledged any more.
    stopped: Option<String>,
    frame: Builder,
}

struct Dirty {
    segment: Writable,
    from: u64,
    until: u64,
}

impl Wal {
    /// Creates a log in `dir`, whose last component is created if need be.
    ///
    /// `metadata` is for the caller; it is repeated in each segment. Fails with [`Error::Exists`]
    /// if a log is there. What an interrupted creation left is replaced.
    pub fn create(
        disk: Arc<dyn Disk>,
        dir: &Path,
        metadata: &[u8],
        options: Options,
    ) -> Result<Wal, Error> {
        disk.create_dir_all(dir)
            .map_err(Error::io("create directory", dir))?;
        if let Some(parent) = dir.parent() {
            disk.sync_dir(parent).map_err(Error::io("sync", parent))?;
        }
        let (_, segments) = replay::read(&*disk, dir, &mut |_| {})?;
        if segments.iter().any(|segment| !segment.is_empty()) {
            return Err(Error::Exists {
                dir: dir.to_owned(),
            });
        }
        for leftover in segments.iter().rev() {
            disk.remove(&leftover.path)
                .map_err(Error::io("remove", &leftover.path))?;
        }
        let first = segment::reserve(&*disk, dir, 0, options.segment_bytes)?;
        let mut wal = Wal {
            disk,
            dir: dir.to_owned(),
            options,
            metadata: Bytes::copy_from_slice(metadata),
            hard_state: HardState::default(),
            snapshot: None,
            span: Span::new(false),
            sequence: 0,
            files: Files::default(),
            last_indexes: BTreeMap::new(),
            current: first.clone(),
            spare: None,
            dirty: None,
            stopped: None,
            frame: Builder::default(),
        };
        wal.write(&Body::default(), first)?;
        wal.reserve_spare();
        Ok(wal)
    }

    /// Opens the log in `dir` and returns all its entries.
    ///
    /// Fails with [`Error::Empty`] if there is none, and with [`Error::Corrupt`],
    /// [`Error::Missing`] or [`Error::Format`] if it cannot be trusted.
    pub fn open(disk: Arc<dyn Disk>, dir: &Path, options: Options) -> Result<(Wal, Replay), Error> {
        let mut entries: Vec<(Entry, Position)> = Vec::new();
        let (wal, summary) = Wal::open_with(disk, dir, options, &mut |step| match step {
            Step::Entry(entry, position) => entries.push((entry.to_entry(), position)),
            Step::Truncate { from } => {
                let kept = entries.partition_point(|(entry, _)| entry.index < from);
                entries.truncate(kept);
            }
        })?;
        let replay = Replay {
            metadata: summary.metadata,
            hard_state: summary.hard_state,
            snapshot: summary.snapshot,
            entries,
        };
        Ok((wal, replay))
    }

    /// Opens the log in `dir`, and shows each entry to `visit` without keeping it.
    ///
    /// Entries come in the order they were written; when some are replaced, `visit` is told to
    /// drop them first. What an error leaves half visited is to be thrown away.
    pub fn open_with(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: Options,
        visit: &mut Visit<'_>,
    ) -> Result<(Wal, Summary), Error> {
        let (state, segments) = replay::read(&*disk, dir, visit)?;
        let State {
            metadata: Some(metadata),
            hard_state,
            snapshot,
            span,
            sequence: Some(sequence),
        } = state
        else {
            return Err(Error::Empty {
                dir: dir.to_owned(),
            });
        };
        let torn_bytes = segment::blank_torn(&segments)?;
        let last = segments.iter().rposition(|segment| !segment.is_empty());
        let current = Writable::from(&segments[last.unwrap_or_default()]);
        let spare = segments.get(last.map_or(0, |last| last + 1));
        let files = segments
            .iter()
            .filter(|segment| !segment.is_empty())
            .map(|segment| {
                let open = Ahead::new(segment.file.clone(), segment.size);
                (segment.number, Arc::new(open))
            })
            .collect();
        let mut wal = Wal {
            disk,
            dir: dir.to_owned(),
            options,
            metadata: metadata.clone(),
            hard_state,
            snapshot: snapshot.clone(),
            span,
            sequence,
            files: Arc::new(RwLock::new(files)),
            last_indexes: segments
                .iter()
                .filter(|segment| !segment.is_empty())
                .map(|segment| (segment.number, segment.last_index))
                .collect(),
            current,
            spare: spare.map(Writable::from),
            dirty: None,
            stopped: None,
            frame: Builder::default(),
        };
        wal.settle()?;
        let summary = Summary {
            metadata,
            hard_state,
            snapshot,
            last_index: wal.span.last(),
            torn_bytes,
        };
        Ok((wal, summary))
    }

    /// Makes `batch` durable and returns where the data of its entries lies.
    ///
    /// After [`Error::NoSpace`] and [`Error::Order`] the log is as before and can be used on;
    /// after any other error it is stopped, and every further append fails with
    /// [`Error::Stopped`]: once a sync failed, nobody knows what the disk holds.
    pub fn append(&mut self, batch: &Batch) -> Result<Vec<Position>, Error> {
        if let Some(cause) = &self.stopped {
            return Err(Error::Stopped {
                cause: cause.clone(),
            });
        }
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let body = Body::of(batch);
        let span = self.check(batch, &body)?;
        let result = self.append_checked(&body);
        match &result {
            Ok(_) => {
                self.span = span;
                self.remember(batch);
                self.reserve_spare();
            }
            // At best there is nothing left of it at once; at worst the disk is too full even to
            // overwrite, and the next append sees to it.
            Err(Error::NoSpace { .. }) => {
                if let Err(error @ Error::Io { .. }) = self.blank_dirty() {
                    self.stopped = Some(error.to_string());
                }
            }
            Err(error) => self.stopped = Some(error.to_string()),
        }
        result
    }

    /// Removes the segments that hold nothing but entries below `before_index`, and returns how
    /// many that were.
    ///
    /// Entries behind the last snapshot mark are always kept, and so is the segment being written.
    pub fn cut(&mut self, before_index: u64) -> Result<usize, Error> {
        let behind_mark = self.snapshot.as_ref().map_or(0, |mark| mark.index) + 1;
        let bound = before_index.min(behind_mark);
        let mut removed = 0;
        while let Some((&number, &last_index)) = self.last_indexes.first_key_value()
            && number != self.current.number
            && last_index < bound
        {
            let path = segment::path(&self.dir, number);
            self.disk
                .remove(&path)
                .map_err(Error::io("remove", &path))?;
            self.last_indexes.remove(&number);
            self.files.write().remove(&number);
            // One by one, so that a crash cannot bring back an older one than it leaves out.
            self.sync_dir()?;
            removed += 1;
        }
        Ok(removed)
    }

    /// A reader of this log's entries.
    pub fn reader(&self) -> Reader {
        Reader {
            dir: self.dir.clone(),
            files: self.files.clone(),
        }
    }

    /// Whether the disk had no room to reserve the next segment. Appends still succeed while the
    /// current one has room; each of them tries again once space is free.
    pub fn space_is_low(&self) -> bool {
        self.spare.is_none()
    }

    /// Tries again to reserve the next segment, if there is none; for when nothing is appended
    /// because there was no room.
    pub fn look_for_space(&mut self) {
        if self.stopped.is_none() {
            self.reserve_spare();
        }
    }

    /// The index of the last entry, or of the snapshot mark if there is none behind it.
    pub fn last_index(&self) -> u64 {
        self.span.last()
    }

    /// The span after `batch`, if the batch keeps the log's order.
    fn check(&self, batch: &Batch, body: &Body<'_>) -> Result<Span, Error> {
        let refuse = |reason| Error::Order { reason };
        let mut span = self.span.clone();
        if let Some(mark) = &batch.snapshot {
            if mark.index == 0 {
                return Err(refuse("a snapshot mark needs an index".to_owned()));
            }
            span.mark(mark).map_err(refuse)?;
        }
        for entry in &batch.entries {
            span.entry(entry.index, entry.term).map_err(refuse)?;
        }
        let commit = batch.hard_state.unwrap_or(self.hard_state).commit;
        if commit > span.last() {
            return Err(refuse(format!(
                "commit {commit} lies behind the last entry {}",
                span.last()
            )));
        }
        if body.len > PAYLOAD_BYTES_MAX {
            return Err(refuse(format!(
                "it has more than {PAYLOAD_BYTES_MAX} bytes"
            )));
        }
        Ok(span)
    }

    fn append_checked(&mut self, body: &Body<'_>) -> Result<Vec<Position>, Error> {
        self.blank_dirty()?;
        if self.current.tail + frame::disk_bytes(body.len) <= self.current.size {
            return self.write(body, self.current.clone());
        }
        let next = self.next_segment(body)?;
        self.write(body, next)
    }

    /// The blank segment behind the current one, large enough for `body`.
    fn next_segment(&mut self, body: &Body<'_>) -> Result<Writable, Error> {
        let number = self.current.number + 1;
        // The head tells the size, and the longest size takes the most room.
        let needed = frame::disk_bytes(self.head(u64::MAX).len + body.len);
        if let Some(spare) = &self.spare
            && spare.size >= needed
        {
            return Ok(spare.clone());
        }
        if let Some(spare) = self.spare.take() {
            self.disk
                .remove(&spare.path)
                .map_err(Error::io("remove", &spare.path))?;
        }
        let size = self.options.segment_bytes.max(needed);
        let next = segment::reserve(&*self.disk, &self.dir, number, size)?;
        self.spare = Some(next.clone());
        Ok(next)
    }

    /// Writes and syncs one frame at the tail of `segment`, with the head if it is the first.
    fn write(&mut self, body: &Body<'_>, segment: Writable) -> Result<Vec<Position>, Error> {
        let mut frame = std::mem::take(&mut self.frame);
        let positions = self.fill(&mut frame, body, &segment);
        let bytes = frame.finish(segment.number, segment.tail, self.sequence);
        let end = segment.tail + bytes.len() as u64;
        assert!(end <= segment.size, "a frame fits into its segment");
        let written = segment.file.write_at(bytes, segment.tail);
        self.frame = frame;
        if let Err(error) = written {
            let error = Error::io("write", &segment.path)(error);
            self.dirty = Some(Dirty {
                from: segment.tail,
                until: end,
                segment,
            });
            return Err(error);
        }
        self.sync(&segment)?;
        self.written(segment, end);
        Ok(positions)
    }

    /// Builds the frame for the tail of `segment`; the answer is where its entries' data will lie.
    fn fill(&self, frame: &mut Builder, body: &Body<'_>, segment: &Writable) -> Vec<Position> {
        let head = match segment.tail {
            0 => self.head(segment.size),
            _ => Body::default(),
        };
        frame.begin(head.len + body.len);
        let mut positions = Vec::with_capacity(body.records.len());
        for record in head.records.iter().chain(&body.records) {
            let at = record.encode(frame);
            if let Record::Entry(entry) = record {
                positions.push(Position {
                    segment: segment.number,
                    offset: segment.tail + at,
                    len: entry.data.len() as u32,
                });
            }
        }
        positions
    }

    /// Moves on behind a frame that is durable.
    fn written(&mut self, segment: Writable, end: u64) {
        if self.spare.as_ref().map(|spare| spare.number) == Some(segment.number) {
            self.spare = None;
        }
        self.last_indexes.entry(segment.number).or_default();
        self.files
            .write()
            .entry(segment.number)
            .or_insert_with(|| Arc::new(Ahead::new(segment.file.clone(), segment.size)));
        self.current = Writable {
            tail: end,
            ..segment
        };
        self.sequence += 1;
    }

    fn remember(&mut self, batch: &Batch) {
        if let Some(mark) = &batch.snapshot {
            self.snapshot = Some(mark.clone());
        }
        if let Some(state) = batch.hard_state {
            self.hard_state = state;
        }
        let last = batch.entries.last().map_or(0, |entry| entry.index);
        let known = self.last_indexes.entry(self.current.number).or_default();
        *known = last.max(*known);
    }

    /// The records that open a segment of `size` bytes.
    fn head(&self, size: u64) -> Body<'_> {
        let none = Record::Snapshot(0, 0, &[]);
        Body::new(vec![
            Record::Head {
                format: FORMAT,
                segment_bytes: size,
            },
            Record::Metadata(&self.metadata),
            Record::HardState(self.hard_state),
            self.snapshot.as_ref().map_or(none, Record::snapshot),
        ])
    }

    /// Reserves the next segment if there is none and room for it. Not having one is no error.
    fn reserve_spare(&mut self) {
        let size = self.options.segment_bytes;
        if self.spare.is_some() || self.disk.free_bytes(&self.dir).unwrap_or(0) < size {
            return;
        }
        self.spare = segment::reserve(&*self.disk, &self.dir, self.current.number + 1, size).ok();
    }

    /// After opening: makes what was read durable, and the spare one that can be used.
    fn settle(&mut self) -> Result<(), Error> {
        // The last append may have been written and read back without ever having been synced:
        // the process may have died in between, and the log is about to be relied on.
        let current = self.current.clone();
        self.sync(&current)?;
        self.sync_dir()?;
        if let Some(spare) = self
            .spare
            .take_if(|spare| spare.size < self.options.segment_bytes)
        {
            self.disk
                .remove(&spare.path)
                .map_err(Error::io("remove", &spare.path))?;
        }
        self.reserve_spare();
        Ok(())
    }

    /// Blanks what a failed append wrote, durably: else its sectors and those of the next frame
    /// in the same place could be mixed by a crash.
    fn blank_dirty(&mut self) -> Result<(), Error> {
        if let Some(dirty) = &self.dirty {
            segment::blank(&*dirty.segment.file, dirty.from, dirty.until)
                .map_err(Error::io("write", &dirty.segment.path))?;
            self.sync(&dirty.segment)?;
            self.dirty = None;
        }
        Ok(())
    }

    fn sync(&self, segment: &Writable) -> Result<(), Error> {
        if self.options.unsafe_no_fsync {
            return Ok(());
        }
        // Even a full disk is final here: what the sync left unwritten is not known.
        segment.file.sync().map_err(|source| Error::Io {
            step: "sync",
            file: segment.path.clone(),
            source,
        })
    }

    fn sync_dir(&self) -> Result<(), Error> {
        self.disk
            .sync_dir(&self.dir)
            .map_err(Error::io("sync", &self.dir))
    }
}

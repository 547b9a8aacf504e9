//! Records: what a frame's payload consists of.
//!
//! Each record is a tag byte and its fields; numbers are LEB128 varints, bytes have their length
//! in front.
//!
//! ```text
//! 1 head         format, segment bytes
//! 2 metadata     bytes
//! 3 snapshot     index, term, bytes
//! 4 entry        index, term, kind (1 byte), bytes
//! 5 hard state   term, vote, commit
//! ```
//!
//! The first frame of a segment begins with head, metadata, and the hard state and snapshot mark
//! as of the end of the segment before it (zeros if there is none), so that segments can be read
//! without those before them. Then, as in every frame, come the records of the batch: snapshot,
//! entries, hard state.

use bytes::{Buf, BufMut, Bytes};
use prost::encoding::{decode_varint, encode_varint, encoded_len_varint};

use super::frame::Builder;
use super::{Batch, EntryRef, HardState, SnapshotMark};

/// The format this version writes, and the latest it reads.
pub(super) const FORMAT: u64 = 1;

const HEAD: u8 = 1;
const METADATA: u8 = 2;
const SNAPSHOT: u8 = 3;
const ENTRY: u8 = 4;
const HARD_STATE: u8 = 5;

/// Tag, kind and three numbers of ten bytes at most.
const PREFIX_BYTES_MAX: usize = 2 + 3 * 10;

/// One record, its bytes borrowed from the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Record<'a> {
    Head { format: u64, segment_bytes: u64 },
    Metadata(&'a [u8]),
    Snapshot(u64, u64, &'a [u8]),
    Entry(EntryRef<'a>),
    HardState(HardState),
}

impl<'a> Record<'a> {
    /// The record of `mark`.
    pub(super) fn snapshot(mark: &'a SnapshotMark) -> Record<'a> {
        Record::Snapshot(mark.index, mark.term, &mark.conf)
    }

    /// How many bytes [`Record::encode`] adds.
    pub(super) fn encoded_len(&self) -> usize {
        let (numbers, bytes) = self.fields();
        let numbers: usize = numbers.iter().flatten().copied().map(varint_len).sum();
        let kind = usize::from(matches!(self, Record::Entry(_)));
        1 + kind + numbers + bytes.map_or(0, |b| varint_len(b.len() as u64) + b.len())
    }

    /// Adds the record to a frame; the answer is where its bytes lie in the frame, on disk.
    pub(super) fn encode(&self, frame: &mut Builder) -> u64 {
        let (numbers, bytes) = self.fields();
        let mut prefix = [0; PREFIX_BYTES_MAX];
        let mut left = &mut prefix[..];
        left.put_u8(self.tag());
        for number in numbers.into_iter().flatten() {
            encode_varint(number, &mut left);
        }
        if let Record::Entry(entry) = self {
            left.put_u8(entry.kind);
        }
        if let Some(bytes) = bytes {
            encode_varint(bytes.len() as u64, &mut left);
        }
        let used = PREFIX_BYTES_MAX - left.len();
        frame.put(&prefix[..used]);
        let position = frame.position();
        frame.put(bytes.unwrap_or_default());
        position
    }

    fn tag(&self) -> u8 {
        match self {
            Record::Head { .. } => HEAD,
            Record::Metadata(_) => METADATA,
            Record::Snapshot(..) => SNAPSHOT,
            Record::Entry(_) => ENTRY,
            Record::HardState(_) => HARD_STATE,
        }
    }

    /// The numbers, and the bytes behind them.
    fn fields(&self) -> ([Option<u64>; 3], Option<&'a [u8]>) {
        match *self {
            Record::Head {
                format,
                segment_bytes,
            } => ([Some(format), Some(segment_bytes), None], None),
            Record::Metadata(bytes) => ([None; 3], Some(bytes)),
            Record::Snapshot(index, term, conf) => ([Some(index), Some(term), None], Some(conf)),
            Record::Entry(entry) => (
                [Some(entry.index), Some(entry.term), None],
                Some(entry.data),
            ),
            Record::HardState(state) => (
                [Some(state.term), Some(state.vote), Some(state.commit)],
                None,
            ),
        }
    }

    /// Takes one record off the front of `payload`; `None` if it is not a record.
    pub(super) fn decode(payload: &mut &'a [u8]) -> Option<Record<'a>> {
        let (&tag, rest) = payload.split_first()?;
        *payload = rest;
        Some(match tag {
            HEAD => Record::Head {
                format: number(payload)?,
                segment_bytes: number(payload)?,
            },
            METADATA => Record::Metadata(bytes(payload)?),
            SNAPSHOT => Record::Snapshot(number(payload)?, number(payload)?, bytes(payload)?),
            ENTRY => {
                let (index, term) = (number(payload)?, number(payload)?);
                let (&kind, rest) = payload.split_first()?;
                *payload = rest;
                Record::Entry(EntryRef {
                    index,
                    term,
                    kind,
                    data: bytes(payload)?,
                })
            }
            HARD_STATE => Record::HardState(HardState {
                term: number(payload)?,
                vote: number(payload)?,
                commit: number(payload)?,
            }),
            _ => return None,
        })
    }
}

/// What a frame, or the head of one, consists of.
#[derive(Default)]
pub(super) struct Body<'a> {
    pub(super) records: Vec<Record<'a>>,
    /// Their encoded length in bytes.
    pub(super) len: usize,
}

impl<'a> Body<'a> {
    pub(super) fn new(records: Vec<Record<'a>>) -> Body<'a> {
        let len = records.iter().map(Record::encoded_len).sum();
        Body { records, len }
    }

    /// The records of `batch`, in the order they take effect.
    pub(super) fn of(batch: &'a Batch) -> Body<'a> {
        let mut records = Vec::with_capacity(batch.entries.len() + 2);
        records.extend(batch.snapshot.as_ref().map(Record::snapshot));
        records.extend(batch.entries.iter().map(|entry| {
            Record::Entry(EntryRef {
                index: entry.index,
                term: entry.term,
                kind: entry.kind,
                data: &entry.data,
            })
        }));
        records.extend(batch.hard_state.map(Record::HardState));
        Body::new(records)
    }
}

/// A snapshot mark of its own from the fields of a record.
pub(super) fn mark(index: u64, term: u64, conf: &[u8]) -> SnapshotMark {
    SnapshotMark {
        index,
        term,
        conf: Bytes::copy_from_slice(conf),
    }
}

fn varint_len(value: u64) -> usize {
    encoded_len_varint(value)
}

fn number(payload: &mut &[u8]) -> Option<u64> {
    decode_varint(payload).ok()
}

fn bytes<'a>(payload: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(number(payload)?).ok()?;
    let (bytes, _) = payload.split_at_checked(len)?;
    payload.advance(len);
    Some(bytes)
}

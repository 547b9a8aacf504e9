//! A block of recent records in one buffer, once their values need not be in memory.
//!
//! Records that wait in memory for the next checkpoint are many and seldom read; packed they take
//! about a fifth of what they take as [`Record`]s. The coding is that of the headers in a chunk
//! ([`super::chunk`]), followed by what tells where the value is:
//!
//! ```text
//! bytes:   | run of RUN_RECORDS records | run | ... | the last run may be shorter |
//! record:  | header as in a chunk | value length <= SMALL_VALUE_BYTES: value             |
//!          |                      | else form; unless held: the segment if it is another |
//!          |                      | one, offset less the end of the one before (zigzag)  |
//! form:    0 the value is the next one of `held`, 1 in the segment of the value before, 2 in
//!          another segment
//! ```
//!
//! Each run is coded without regard to what is before it, so that a read decodes one run at most.
//! The bytes never leave the process: that they are malformed means memory is broken, and panics.

use bytes::Bytes;

use super::chunk::{Header, next_header, put_header};
use super::recent::{LogRef, Record, Value};
use super::revision::Revision;
use super::varint::{Cursor, put, put_signed};

/// Records that a read decodes at most.
const RUN_RECORDS: usize = 16;

/// Values up to this size stay in memory: a reference to the log would take as much.
const SMALL_VALUE_BYTES: usize = 32;

/// The forms of a large value.
const HELD: u8 = 0;
const SAME_SEGMENT: u8 = 1;
const OTHER_SEGMENT: u8 = 2;

/// See the module. Never empty.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    bytes: Box<[u8]>,
    runs: Box<[Run]>,
    last: Revision,
    count: usize,
    /// Large values that the log does not have, in the order of their records.
    held: Box<[Bytes]>,
    /// A bit for each record, set for those that were removed; no bits at all before the first.
    dead: Box<[u64]>,
}

/// Where a run begins.
#[derive(Debug, Clone, Copy)]
struct Run {
    first: Revision,
    /// Its first byte in the buffer.
    start: usize,
    /// Its first value among those held.
    held: usize,
}

impl Packed {
    /// Packs records, of which there must be at least one, in revision order.
    pub(super) fn new(records: &[Record]) -> Self {
        let mut bytes = Vec::with_capacity(records.len() * 40);
        let mut runs = Vec::with_capacity(records.len().div_ceil(RUN_RECORDS));
        let mut held = Vec::new();
        for run in records.chunks(RUN_RECORDS) {
            runs.push(Run {
                first: run[0].rev,
                start: bytes.len(),
                held: held.len(),
            });
            put_run(&mut bytes, &mut held, run);
        }
        let mut packed = Self {
            bytes: bytes.into_boxed_slice(),
            runs: runs.into_boxed_slice(),
            last: records.last().expect("a block is not empty").rev,
            count: records.len(),
            held: held.into_boxed_slice(),
            dead: Box::default(),
        };
        for (at, record) in records.iter().enumerate() {
            if record.is_dead() {
                packed.mark_dead(at);
            }
        }
        packed
    }

    pub(super) fn first(&self) -> Revision {
        self.runs[0].first
    }

    pub(super) fn last(&self) -> Revision {
        self.last
    }

    /// Bytes in memory, about, without the values held.
    #[cfg(test)]
    pub(super) fn cost(&self) -> usize {
        size_of::<Self>()
            + self.bytes.len()
            + size_of_val(&*self.runs)
            + size_of_val(&*self.held)
            + size_of_val(&*self.dead)
    }

    /// All records, dead ones included.
    pub(super) fn iter(&self) -> Iter<'_> {
        Iter::new(self, 0)
    }

    pub(super) fn get(&self, rev: Revision) -> Option<Record> {
        Some(self.find(rev)?.record())
    }

    /// Marks the record at `rev` as removed; false if it is not here.
    pub(super) fn kill(&mut self, rev: Revision) -> bool {
        let Some(found) = self.find(rev) else {
            return false;
        };
        let at = found.next - 1;
        let held = match found.value {
            Found::Held(held) => Some(held),
            Found::Small(_) | Found::Log(_) => None,
        };
        self.mark_dead(at);
        if let Some(held) = held {
            self.held[held] = Bytes::new();
        }
        true
    }

    fn mark_dead(&mut self, at: usize) {
        if self.dead.is_empty() {
            self.dead = vec![0; self.count.div_ceil(64)].into_boxed_slice();
        }
        self.dead[at / 64] |= 1 << (at % 64);
    }

    fn is_dead(&self, at: usize) -> bool {
        self.dead
            .get(at / 64)
            .is_some_and(|bits| bits >> (at % 64) & 1 == 1)
    }

    /// An iterator that has just stepped over the header and value of `rev`.
    fn find(&self, rev: Revision) -> Option<Iter<'_>> {
        let after = self.runs.partition_point(|run| run.first <= rev);
        let mut iter = Iter::new(self, after.checked_sub(1)?);
        for _ in 0..RUN_RECORDS {
            if !iter.step() || iter.header.rev > rev {
                return None;
            }
            if iter.header.rev == rev {
                return Some(iter);
            }
        }
        None
    }
}

/// The place that the first reference of a run is coded against.
const NOWHERE: LogRef = LogRef {
    segment: 0,
    offset: 0,
    len: 0,
};

fn put_run(out: &mut Vec<u8>, held: &mut Vec<Bytes>, run: &[Record]) {
    let mut last_rev = run[0].rev;
    let mut last_key: &[u8] = &[];
    let mut last_place = NOWHERE;
    for record in run {
        let value_len = match &record.value {
            Value::Inline(value, _) => value.len(),
            Value::Log(place) => place.len as usize,
            Value::Dead => 0,
        };
        let header = Header {
            rev: record.rev,
            key: &record.key[..],
            create: record.create,
            number: record.number,
            lease: record.lease,
            tombstone: record.tombstone,
            value_len,
        };
        put_header(out, last_rev, last_key, &header);
        (last_rev, last_key) = (record.rev, &record.key[..]);
        match &record.value {
            Value::Dead => {}
            Value::Inline(value, _) if value_len <= SMALL_VALUE_BYTES => {
                out.extend_from_slice(value);
            }
            Value::Inline(value, None) => {
                out.push(HELD);
                held.push(value.clone());
            }
            Value::Inline(_, Some(place)) | Value::Log(place) => {
                assert!(
                    place.len as usize == value_len && value_len > SMALL_VALUE_BYTES,
                    "a place in the log is as long as its value"
                );
                put_place(out, last_place, *place);
                last_place = *place;
            }
        }
    }
}

fn put_place(out: &mut Vec<u8>, last: LogRef, place: LogRef) {
    if place.segment == last.segment {
        out.push(SAME_SEGMENT);
    } else {
        out.push(OTHER_SEGMENT);
        put(out, place.segment);
    }
    put_signed(out, place.offset.wrapping_sub(end(last)) as i64);
}

fn end(place: LogRef) -> u64 {
    place.offset.wrapping_add(u64::from(place.len))
}

/// Decodes records one by one.
pub(super) struct Iter<'a> {
    packed: &'a Packed,
    cursor: Cursor<'a>,
    /// How many records are decoded, the skipped ones before included.
    next: usize,
    next_held: usize,
    header: Header,
    value: Found<'a>,
    last_place: LogRef,
}

/// What was decoded of the value of a record.
#[derive(Clone, Copy)]
enum Found<'a> {
    Small(&'a [u8]),
    Log(LogRef),
    Held(usize),
}

impl<'a> Iter<'a> {
    fn new(packed: &'a Packed, run: usize) -> Self {
        let start = packed.runs[run];
        Self {
            packed,
            cursor: Cursor::new(&packed.bytes[start.start..]),
            next: run * RUN_RECORDS,
            next_held: start.held,
            header: Header::default(),
            value: Found::Small(&[]),
            last_place: NOWHERE,
        }
    }

    /// Goes on to the next record; false at the end.
    fn step(&mut self) -> bool {
        if self.next == self.packed.count {
            return false;
        }
        if self.next.is_multiple_of(RUN_RECORDS) {
            self.header.rev = self.packed.runs[self.next / RUN_RECORDS].first;
            self.header.key.clear();
            self.last_place = NOWHERE;
        }
        self.decode().expect("packed records are well-formed");
        self.next += 1;
        true
    }

    fn decode(&mut self) -> Option<()> {
        next_header(&mut self.cursor, &mut self.header)?;
        let len = self.header.value_len;
        if len <= SMALL_VALUE_BYTES {
            self.value = Found::Small(self.cursor.take(len)?);
            return Some(());
        }
        let segment = match self.cursor.byte()? {
            HELD => {
                self.value = Found::Held(self.next_held);
                self.next_held += 1;
                return Some(());
            }
            SAME_SEGMENT => self.last_place.segment,
            OTHER_SEGMENT => self.cursor.number()?,
            _ => return None,
        };
        self.last_place = LogRef {
            segment,
            offset: end(self.last_place).wrapping_add(self.cursor.signed()? as u64),
            len: u32::try_from(len).ok()?,
        };
        self.value = Found::Log(self.last_place);
        Some(())
    }

    /// The record that was stepped to.
    fn record(&self) -> Record {
        let header = &self.header;
        let (key, value) = match self.value {
            _ if self.packed.is_dead(self.next - 1) => (Bytes::new(), Value::Dead),
            Found::Small(value) => {
                let value = Bytes::copy_from_slice(value);
                (
                    Bytes::copy_from_slice(&header.key),
                    Value::Inline(value, None),
                )
            }
            Found::Log(place) => (Bytes::copy_from_slice(&header.key), Value::Log(place)),
            Found::Held(at) => {
                let value = self.packed.held[at].clone();
                (
                    Bytes::copy_from_slice(&header.key),
                    Value::Inline(value, None),
                )
            }
        };
        Record {
            rev: header.rev,
            key,
            value,
            create: header.create,
            number: header.number,
            lease: header.lease,
            tombstone: header.tombstone,
        }
    }
}

impl Iterator for Iter<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        self.step().then(|| self.record())
    }
}

#[cfg(test)]
mod tests;

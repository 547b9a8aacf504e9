//! The two entries in which the checkpoint keeps a run of records.
//!
//! Records go to the backend in runs because single ones cost it six times their size in writes
//! (docs/adr/0003). Headers and values are apart, so that a restart reads no values.
//!
//! ```text
//! headers: | crc32c, 4 LE | count | first.main | first.sub | header * count |
//! header:  | main - previous main | sub, minus the previous if the main is the same | flags |
//!          | shared prefix with the previous key | rest of the key: length, bytes |
//!          | unless a deletion: main - create | version | value length |
//!          | if it has a lease: lease, zigzag |
//! flags:   bit 0 deletion, bit 1 lease
//!
//! values:  | crc32c, 4 LE | count | first.main | first.sub | place * count | value * count |
//! place:   | main and sub as above | flags, only bit 1 | value length | lease if any |
//!
//! values that pack well, marked by bit 32 of the count:
//!          | crc32c, 4 LE | count | first.main | first.sub | length of the rest | rest, LZ4 block |
//! ```
//!
//! All numbers are LEB128. The checksum covers everything behind it, as it is stored. Deletions have
//! an empty value.

use bytes::Bytes;

use super::revision::Revision;
use super::varint::{Cursor, put, put_signed};
use crate::backend::{self, Backend, Blob};

/// A chunk's main revisions spread no further: positions in it have 32 bits, and a restored store
/// may leap by billions of revisions.
pub(super) const SPREAD_MAX: i64 = 1 << 31;

const TOMBSTONE: u8 = 1;
const LEASE: u8 = 2;
const CRC_BYTES: usize = 4;
/// Marks the count of an entry whose rest is packed.
const PACKED: u64 = 1 << 32;
/// An LZ4 block never unpacks to more times its length.
const LZ4_RATIO_MAX: usize = 255;

/// A record without its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Header<K = Vec<u8>> {
    pub(super) rev: Revision,
    pub(super) key: K,
    pub(super) create: i64,
    pub(super) number: i64,
    pub(super) lease: i64,
    pub(super) tombstone: bool,
    pub(super) value_len: usize,
}

/// Writes a finished chunk to a slot.
pub(super) fn write(backend: &dyn Backend, slot: u32, built: Built) -> Result<(), backend::Error> {
    backend.put_blob(Blob::Headers, slot, built.headers.into())?;
    backend.put_blob(Blob::Values, slot, built.values.into())
}

/// Collects records in revision order into the two entries.
#[derive(Debug, Default)]
pub(super) struct Builder {
    headers: Vec<u8>,
    places: Vec<u8>,
    values: Vec<u8>,
    count: usize,
    first: Revision,
    last: Revision,
    last_key: Vec<u8>,
    bytes: usize,
}

/// What a finished chunk consists of.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) first: Revision,
    pub(super) last: Revision,
    pub(super) records: usize,
    /// Keys and values.
    pub(super) bytes: usize,
    pub(super) headers: Vec<u8>,
    pub(super) values: Vec<u8>,
}

impl Builder {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes of keys and values so far.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The main revision of the first record; of no meaning while the builder is empty.
    pub(super) fn first_main(&self) -> i64 {
        self.first.main
    }

    /// Whether a record has to begin the next chunk, if one shall have about `chunk_bytes` of keys
    /// and values.
    pub(super) fn is_full_for(&self, header: &Header, chunk_bytes: usize) -> bool {
        let grown = self.bytes + header.key.len() + header.value_len;
        let spread = header.rev.main - self.first.main;
        !self.is_empty() && (grown > chunk_bytes || spread > SPREAD_MAX)
    }

    pub(super) fn push(&mut self, header: &Header, value: &[u8]) {
        assert!(
            self.count == 0 || header.rev > self.last,
            "records of a chunk ascend"
        );
        assert_eq!(
            header.value_len,
            value.len(),
            "header and value of a record agree"
        );
        if self.count == 0 {
            self.first = header.rev;
            self.last = header.rev;
        }
        put_rev(&mut self.places, self.last, header.rev);
        self.places.push(lease_flag(header.lease));
        put(&mut self.places, value.len() as u64);

        if header.lease != 0 {
            put_signed(&mut self.places, header.lease);
        }
        put_header(&mut self.headers, self.last, &self.last_key, header);
        self.values.extend_from_slice(value);
        self.count += 1;
        self.bytes += header.key.len() + value.len();
        self.last = header.rev;
        self.last_key.clear();
        self.last_key.extend_from_slice(&header.key);
    }

    /// Ends the chunk; the builder is empty afterwards.
    pub(super) fn finish(&mut self) -> Built {
        let done = std::mem::take(self);
        Built {
            first: done.first,
            last: done.last,
            records: done.count,
            bytes: done.bytes,
            headers: seal(done.count as u64, done.first, &[&done.headers]),
            values: seal_values(done.count, done.first, done.places, &done.values),
        }
    }
}

/// Packs the values if that saves an eighth: reading them costs some microseconds more.
fn seal_values(count: usize, first: Revision, places: Vec<u8>, values: &[u8]) -> Vec<u8> {
    let mut rest = places;
    rest.extend_from_slice(values);
    let packed = lz4_flex::block::compress(&rest);
    if packed.len() >= rest.len() / 8 * 7 {
        return seal(count as u64, first, &[&rest]);
    }
    let mut len = Vec::new();
    put(&mut len, rest.len() as u64);
    seal(count as u64 | PACKED, first, &[&len, &packed])
}

fn lease_flag(lease: i64) -> u8 {
    if lease == 0 { 0 } else { LEASE }
}

/// Appends the header of a record that follows the one at `last` with `last_key`.
pub(super) fn put_header<K: AsRef<[u8]>>(
    out: &mut Vec<u8>,
    last: Revision,
    last_key: &[u8],
    header: &Header<K>,
) {
    let tombstone = if header.tombstone { TOMBSTONE } else { 0 };
    put_rev(out, last, header.rev);
    out.push(tombstone | lease_flag(header.lease));
    let key = header.key.as_ref();
    let same = shared_prefix(last_key, key);
    put(out, same as u64);
    put(out, (key.len() - same) as u64);
    out.extend_from_slice(&key[same..]);
    if !header.tombstone {
        put(out, (header.rev.main - header.create) as u64);
        put(out, header.number as u64);
        put(out, header.value_len as u64);
    }
    if header.lease != 0 {
        put_signed(out, header.lease);
    }
}

/// Appends the place of a record that follows the one at `last`.
pub(super) fn put_rev(out: &mut Vec<u8>, last: Revision, rev: Revision) {
    put(out, (rev.main - last.main) as u64);
    let base = if rev.main == last.main { last.sub } else { 0 };
    put(out, (rev.sub - base) as u64);
}

/// Takes the place of the record that follows the one at `last`.
pub(super) fn take_rev(cursor: &mut Cursor<'_>, last: Revision) -> Option<Revision> {
    let step = cursor.positive()?;
    let base = if step == 0 { last.sub } else { 0 };
    Some(Revision {
        main: last.main.checked_add(step)?,
        sub: base.checked_add(cursor.positive()?)?,
    })
}

fn shared_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn seal(count: u64, first: Revision, parts: &[&[u8]]) -> Vec<u8> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(len + 32);
    out.extend_from_slice(&[0; CRC_BYTES]);
    put(&mut out, count);
    put(&mut out, first.main as u64);
    put(&mut out, first.sub as u64);
    parts.iter().for_each(|part| out.extend_from_slice(part));
    let crc = crc32c::crc32c(&out[CRC_BYTES..]);
    out[..CRC_BYTES].copy_from_slice(&crc.to_le_bytes());
    out
}

/// The checksum that an entry begins with; it tells entries apart.
pub(super) fn checksum(entry: &[u8]) -> u32 {
    let crc = entry.first_chunk::<CRC_BYTES>();
    crc.map_or(0, |crc| u32::from_le_bytes(*crc))
}

/// Whether an entry has the checksum it begins with.
pub(super) fn is_whole(entry: &[u8]) -> bool {
    entry
        .split_first_chunk::<CRC_BYTES>()
        .is_some_and(|(crc, body)| crc32c::crc32c(body) == u32::from_le_bytes(*crc))
}

/// The number of records that an entry says it has; it is not verified.
pub(super) fn count(entry: &[u8]) -> usize {
    let body = entry.get(CRC_BYTES..).unwrap_or_default();
    let count = Cursor::new(body).number().unwrap_or(0);
    usize::try_from(count & !PACKED).unwrap_or(0)
}

/// How many bytes an entry would have if it were not packed; of one that is none, its own.
pub(super) fn unpacked_len(entry: &[u8]) -> usize {
    let body = entry.get(CRC_BYTES..).unwrap_or_default();
    let mut cursor = Cursor::new(body);
    let mut packed = || {
        let marked = cursor.number()?;
        let (_main, _sub) = (cursor.positive()?, cursor.positive()?);
        (marked & PACKED != 0).then(|| cursor.size())?
    };
    packed().unwrap_or(entry.len())
}

/// Why an entry is not a chunk.
pub(super) type Damage = &'static str;

/// Checks the checksum; returns the number of records with its marks, the base of the first, and the
/// rest.
fn open(entry: &[u8]) -> Result<(u64, Revision, Cursor<'_>), Damage> {
    let (crc, body) = entry
        .split_first_chunk::<CRC_BYTES>()
        .ok_or("shorter than its checksum")?;
    if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
        return Err("checksum does not match");
    }
    let mut cursor = Cursor::new(body);
    let mut start = || {
        let count = cursor.number()?;
        let main = cursor.positive()?;
        let sub = cursor.positive()?;
        Some((count, Revision { main, sub }))
    };
    let (count, first) = start().ok_or("head is malformed")?;
    Ok((count, first, cursor))
}

/// Calls `visit` for every header of an entry, in revision order.
pub(super) fn read_headers(entry: &[u8], mut visit: impl FnMut(&Header)) -> Result<(), Damage> {
    let (count, first, mut cursor) = open(entry)?;
    let mut header = Header {
        rev: first,
        ..Header::default()
    };
    for at in 0..count {
        let before = header.rev;
        next_header(&mut cursor, &mut header).ok_or("a header is malformed")?;
        if at > 0 && header.rev <= before {
            return Err("revisions do not ascend");
        }
        visit(&header);
    }
    match cursor.is_empty() {
        true => Ok(()),
        false => Err("bytes behind the last header"),
    }
}

/// Takes the header that follows `header` and puts it in its place.
pub(super) fn next_header(cursor: &mut Cursor<'_>, header: &mut Header) -> Option<()> {
    header.rev = take_rev(cursor, header.rev)?;
    let flags = cursor.byte()?;
    let same = cursor.size()?;
    let rest = cursor.size()?;
    if same > header.key.len() {
        return None;
    }
    header.key.truncate(same);
    header.key.extend_from_slice(cursor.take(rest)?);
    header.tombstone = flags & TOMBSTONE != 0;
    (header.create, header.number, header.value_len) = (0, 0, 0);
    if !header.tombstone {
        header.create = header.rev.main.checked_sub(cursor.positive()?)?;
        header.number = cursor.positive()?;
        header.value_len = cursor.size()?;
        if header.create <= 0 || header.number <= 0 {
            return None;
        }
    }
    header.lease = 0;
    if flags & LEASE != 0 {
        header.lease = cursor.signed()?;
    }
    Some(())
}

/// A verified values entry, open for reading.
#[derive(Debug, Clone)]
pub(super) struct Values {
    entry: Bytes,
    places: Vec<Place>,
}

/// Where one value lies.
#[derive(Debug, Clone, Copy)]
struct Place {
    rev: Revision,
    lease: i64,
    from: u32,
    to: u32,
}

impl Values {
    /// Verifies the entry and reads its places.
    pub(super) fn open(entry: Bytes) -> Result<Self, Damage> {
        let (marked, first, cursor) = open(&entry)?;
        let rest = match marked & PACKED {
            0 => entry.slice(entry.len() - cursor.len()..),
            _ => unpack(cursor)?,
        };
        let count = usize::try_from(marked & !PACKED).map_err(|_| "head is malformed")?;
        let mut cursor = Cursor::new(&rest);
        let mut places = Vec::with_capacity(count.min(rest.len()));
        let mut rev = first;
        let mut bytes = 0_usize;
        for _ in 0..count {
            let place = next_place(&mut cursor, rev, &mut bytes).ok_or("a place is malformed")?;
            rev = place.rev;
            places.push(place);
        }
        if cursor.len() != bytes {
            return Err("values are not as long as their places say");
        }
        let start = rest.len() - bytes;
        for place in &mut places {
            place.from += start as u32;
            place.to += start as u32;
        }
        Ok(Self {
            entry: rest,
            places,
        })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.places.len()
    }

    /// Bytes in memory, about.
    pub(super) fn cost(&self) -> usize {
        self.entry.len() + self.places.len() * size_of::<Place>()
    }

    /// The value and lease of `rev`; the value shares the entry's memory.
    pub(super) fn get(&self, rev: Revision) -> Option<(Bytes, i64)> {
        let at = self
            .places
            .binary_search_by_key(&rev, |place| place.rev)
            .ok()?;
        let place = self.places[at];
        let value = self.entry.slice(place.from as usize..place.to as usize);
        Some((value, place.lease))
    }
}

/// The rest of an entry that is packed.
fn unpack(mut cursor: Cursor<'_>) -> Result<Bytes, Damage> {
    let len = cursor.size().ok_or("head is malformed")?;
    let packed = cursor.take(cursor.len()).unwrap_or_default();
    if len > packed.len().saturating_mul(LZ4_RATIO_MAX) {
        return Err("values are not as long as they should be");
    }
    match lz4_flex::block::decompress(packed, len) {
        Ok(rest) if rest.len() == len => Ok(rest.into()),
        _ => Err("values cannot be unpacked"),
    }
}

fn next_place(cursor: &mut Cursor<'_>, last: Revision, bytes: &mut usize) -> Option<Place> {
    let rev = take_rev(cursor, last)?;
    let flags = cursor.byte()?;
    let from = *bytes;
    *bytes = from.checked_add(cursor.size()?)?;
    let lease = if flags & LEASE != 0 {
        cursor.signed()?
    } else {
        0
    };
    Some(Place {
        rev,
        lease,
        from: u32::try_from(from).ok()?,
        to: u32::try_from(*bytes).ok()?,
    })
}

#[cfg(test)]
mod tests;

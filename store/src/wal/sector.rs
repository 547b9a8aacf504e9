//! One sector: the unit that is written whole or not at all, and that proves itself.
//!
//! ```text
//! 0        4      5                                   512
//! | crc32c | kind | body, 507 bytes                     |
//! ```
//!
//! The checksum covers kind and body, and is seeded with the segment's number and the sector's
//! number in the file: a sector that ends up in another place is not valid there. A kind has four
//! bits set, so a written sector is never all zeros, whatever it carries, and no flip of one bit
//! makes it so. That gives the three answers the log's recovery rests on: a sector is *blank*
//! (never written, or its write was lost), *valid*, or *damaged*; nothing else.

use crate::disk::SECTOR;

/// Bytes of a sector that carry the frame.
pub(super) const BODY: usize = SECTOR - PREFIX;

/// Bytes of a sector in front of its body.
const PREFIX: usize = 5;

/// Which sector of a frame a sector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The one with the frame's header.
    First = 0x96,
    /// Any other.
    Next = 0x69,
}

/// What a sector turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sector<'a> {
    Blank,
    Valid(Kind, &'a [u8]),
    Damaged,
}

/// Completes `sector`, whose body is filled in, for its place.
pub(super) fn seal(sector: &mut [u8], kind: Kind, segment: u64, number: u64) {
    sector[4] = kind as u8;
    let crc = checksum(sector, segment, number);
    sector[..4].copy_from_slice(&crc.to_le_bytes());
}

/// Tells what the sector at this place is.
pub(super) fn inspect(sector: &[u8], segment: u64, number: u64) -> Sector<'_> {
    let kind = match sector[4] {
        kind if kind == Kind::First as u8 => Kind::First,
        kind if kind == Kind::Next as u8 => Kind::Next,
        0 if sector.iter().all(|&byte| byte == 0) => return Sector::Blank,
        _ => return Sector::Damaged,
    };
    if sector[..4] != checksum(sector, segment, number).to_le_bytes() {
        return Sector::Damaged;
    }
    Sector::Valid(kind, &sector[PREFIX..])
}

fn checksum(sector: &[u8], segment: u64, number: u64) -> u32 {
    let mut place = [0; 16];
    place[..8].copy_from_slice(&segment.to_le_bytes());
    place[8..].copy_from_slice(&number.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c(&place), &sector[4..])
}

/// Where byte `at` of a frame lies, counted from the frame's first byte on disk.
pub(super) fn physical(at: usize) -> usize {
    at / BODY * SECTOR + PREFIX + at % BODY
}

/// How many sectors a frame of `len` bytes takes.
pub(super) fn sectors(len: usize) -> usize {
    len.div_ceil(BODY)
}

//! One frame: what one append writes.
//!
//! ```text
//! 0          8        12
//! | sequence | length | payload, `length` bytes | zeros up to the end of the last sector
//! ```
//!
//! The bytes above are laid over the bodies of as many whole [sectors](super::sector) as they
//! need. The sequence number goes up by one from frame to frame, through all segments.

use super::sector::{self, BODY, Kind};
use crate::disk::{AlignedBuffer, SECTOR};

/// Bytes of a frame in front of its payload.
pub(super) const HEADER: usize = 12;

/// The largest payload: a batch larger than this is a mistake of the caller.
pub(super) const PAYLOAD_BYTES_MAX: usize = 1 << 30;

/// Memory that an unusually large frame may leave allocated.
const KEPT_BYTES_MAX: usize = 4 << 20;

/// Builds frames, one at a time, in the same memory.
#[derive(Default)]
pub(super) struct Builder {
    buffer: AlignedBuffer,
    /// Bytes of the frame so far, header included.
    used: usize,
}

/// How many bytes a frame with `payload` bytes takes on disk.
pub(super) fn disk_bytes(payload: usize) -> u64 {
    (sector::sectors(HEADER + payload) * SECTOR) as u64
}

impl Builder {
    /// Begins a frame that will hold `payload` bytes.
    pub(super) fn begin(&mut self, payload: usize) {
        self.buffer.shrink(KEPT_BYTES_MAX);
        self.buffer.reset(disk_bytes(payload) as usize);
        self.used = HEADER;
    }

    /// Adds payload.
    pub(super) fn put(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let take = (BODY - self.used % BODY).min(bytes.len());
            self.set(self.used, &bytes[..take]);
            self.used += take;
            bytes = &bytes[take..];
        }
    }

    /// Where the next payload byte will lie, counted from the frame's first byte on disk.
    pub(super) fn position(&self) -> u64 {
        sector::physical(self.used) as u64
    }

    /// Completes the frame for its place; the answer is what to write there.
    pub(super) fn finish(&mut self, segment: u64, offset: u64, sequence: u64) -> &[u8] {
        let payload = self.used - HEADER;
        assert_eq!(
            disk_bytes(payload) as usize,
            self.buffer.as_slice().len(),
            "a frame is as long as announced"
        );
        self.set(0, &sequence.to_le_bytes());
        self.set(8, &(payload as u32).to_le_bytes());
        let first = offset / SECTOR as u64;
        let sectors = self.buffer.as_mut_slice().chunks_exact_mut(SECTOR);
        for (number, sector) in (first..).zip(sectors) {
            let kind = if number == first {
                Kind::First
            } else {
                Kind::Next
            };
            sector::seal(sector, kind, segment, number);
        }
        self.buffer.as_slice()
    }

    /// Sets bytes that lie within one sector.
    fn set(&mut self, at: usize, bytes: &[u8]) {
        let start = sector::physical(at);
        self.buffer.as_mut_slice()[start..start + bytes.len()].copy_from_slice(bytes);
    }
}

/// Reads a frame's header from the body of its first sector: sequence number and payload length.
pub(super) fn header(body: &[u8]) -> (u64, usize) {
    let mut sequence = [0; 8];
    sequence.copy_from_slice(&body[..8]);
    let mut length = [0; 4];
    length.copy_from_slice(&body[8..HEADER]);
    (
        u64::from_le_bytes(sequence),
        u32::from_le_bytes(length) as usize,
    )
}

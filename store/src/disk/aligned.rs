//! A byte buffer whose first byte is aligned as writes past the page cache need it.

/// What every direct write accepts: the largest block size in use, and a page.
const ALIGNMENT: usize = 4096;

/// A growable buffer of bytes that starts at a multiple of 4096 in memory.
///
/// The standard allocator gives no alignment for bytes, so the vector is larger than asked for
/// and the aligned part of it is used; no `unsafe` is needed.
#[derive(Debug, Default)]
pub struct AlignedBuffer {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

impl AlignedBuffer {
    /// An empty buffer.
    pub fn new() -> AlignedBuffer {
        AlignedBuffer::default()
    }

    /// Makes the buffer `len` zero bytes, dropping what it held.
    pub fn reset(&mut self, len: usize) {
        if self.bytes.len() < self.start + len || self.bytes.is_empty() {
            self.bytes = vec![0; len.next_multiple_of(ALIGNMENT) + ALIGNMENT];
            self.start = self.bytes.as_ptr().align_offset(ALIGNMENT);
        } else {
            self.bytes[self.start..self.start + len].fill(0);
        }
        self.len = len;
    }

    /// Gives memory back if the buffer holds more than `bytes_max` of it.
    pub fn shrink(&mut self, bytes_max: usize) {
        if self.bytes.len() > bytes_max {
            *self = AlignedBuffer::default();
        }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.len]
    }

    /// The bytes, to be written.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.len]
    }
}

/// Whether `data` can be written past the page cache at `offset`.
pub(super) fn is_aligned(data: &[u8], offset: u64, sector: usize) -> bool {
    data.as_ptr().align_offset(ALIGNMENT) == 0
        && data.len().is_multiple_of(sector)
        && offset.is_multiple_of(sector as u64)
}

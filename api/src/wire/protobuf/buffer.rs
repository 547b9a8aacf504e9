//! A buffer that is filled from its end, so that a message's length is known when it is written.

use super::input::Wire;

/// Bytes that grow to the front.
pub(in crate::wire) struct Buffer {
    bytes: Vec<u8>,
    /// Where the bytes begin; before it there is room.
    at: usize,
}

impl Buffer {
    pub(in crate::wire) fn new() -> Self {
        const FIRST: usize = 1024;
        Self {
            bytes: vec![0; FIRST],
            at: FIRST,
        }
    }

    /// How much is written.
    pub(in crate::wire) fn len(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(in crate::wire) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.drain(..self.at);
        self.bytes
    }

    /// Puts bytes in front.
    pub(in crate::wire) fn put(&mut self, bytes: &[u8]) {
        if self.at < bytes.len() {
            self.grow(bytes.len());
        }
        let end = self.at;
        self.at -= bytes.len();
        self.bytes[self.at..end].copy_from_slice(bytes);
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let used = self.len();
        let size = (self.bytes.len() * 2).max(used + more);
        let mut bytes = vec![0; size];
        bytes[size - used..].copy_from_slice(&self.bytes[self.at..]);
        self.bytes = bytes;
        self.at = size - used;
    }

    pub(in crate::wire) fn varint(&mut self, mut value: u64) {
        let mut out = [0_u8; 10];
        let mut used = 0;
        loop {
            let low = value.to_le_bytes()[0];
            value >>= 7;
            if value == 0 {
                out[used] = low & 0x7f;
                used += 1;
                break;
            }
            out[used] = low | 0x80;
            used += 1;
        }
        self.put(&out[..used]);
    }

    pub(in crate::wire) fn tag(&mut self, number: u32, wire: Wire) {
        self.varint(u64::from(number) << 3 | wire.number());
    }

    /// A field of a number.
    pub(in crate::wire) fn integer(&mut self, number: u32, value: i64) {
        self.varint(value.cast_unsigned());
        self.tag(number, Wire::Varint);
    }

    /// A field of bytes.
    pub(in crate::wire) fn bytes(&mut self, number: u32, bytes: &[u8]) {
        self.put(bytes);
        self.varint(bytes.len() as u64);
        self.tag(number, Wire::Bytes);
    }

    /// Closes a message: what was written since the buffer was so long is its content.
    pub(in crate::wire) fn close(&mut self, number: u32, before: usize) {
        self.varint((self.len() - before) as u64);
        self.tag(number, Wire::Bytes);
    }
}

//! Reads gRPC replies without decoding them.
//!
//! A load generator that decodes every message pays as much as the server it measures. What it
//! needs to know fits in an [`Outline`]: the revision in the header, the member that answered and,
//! for each field of the message, how often it occurred or what number it held. The walk steps over everything else by
//! its length and keeps no bytes, however large the reply and wherever its chunks are cut.
//!
//! ```text
//! gRPC frame   | 0 | length: u32, big endian | message                      |
//! message      | tag varint | payload | tag varint | payload | ...
//! tag          field << 3 | wire type (0 varint, 1 eight bytes, 2 length-prefixed, 5 four bytes)
//! ```
//! Field 1 of every etcd reply is its `ResponseHeader`, whose field 2 is the id of the member that
//! answered and whose field 3 is the revision.

#[cfg(test)]
mod tests;

use thiserror::Error;

/// The highest field number an [`Outline`] counts; etcd's replies use 1 to 11.
const FIELDS: usize = 12;

/// Longest header the walk gathers; a real one has at most 44 bytes.
const HEADER_BYTES_MAX: usize = 128;

/// What a reply that is not a protobuf message in a gRPC frame gets.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Malformed {
    /// The frame says it is compressed, which was never asked for.
    #[error("compressed gRPC message")]
    Compressed,
    /// A varint of more than ten bytes, a wire type that does not exist, or an oversized header.
    #[error("not a protobuf message: {0}")]
    Protobuf(&'static str),
    /// The stream ended inside a message.
    #[error("message cut short")]
    Truncated,
}

/// What the generator keeps of one reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outline {
    /// `header.revision`, 0 when the header or the field is absent.
    pub revision: i64,
    /// `header.member_id`, 0 when absent.
    pub member: u64,
    /// Length of the message in bytes.
    pub bytes: usize,
    occurrences: [u32; FIELDS],
    numbers: [u64; FIELDS],
}

impl Outline {
    /// How many length-prefixed fields numbered `field` the message holds: `kvs`, `events`, ….
    pub fn occurrences(&self, field: usize) -> u64 {
        self.occurrences.get(field).copied().unwrap_or(0).into()
    }

    /// The last number in `field`, 0 when absent, as proto3 has it: `count`, `succeeded`, ….
    pub fn number(&self, field: usize) -> u64 {
        self.numbers.get(field).copied().unwrap_or(0)
    }
}

/// Whether the fields of interest stand in the message itself or in its only field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `RangeResponse`, `PutResponse`, `WatchResponse`, ….
    Plain,
    /// `RangeStreamResponse`: one field that holds a `RangeResponse`.
    Wrapped,
}

/// Walks one direction of one gRPC stream, chunk by chunk.
#[derive(Debug)]
pub struct Walker {
    shape: Shape,
    outline: Outline,
    /// Bytes of the current message that have not arrived; `None` between messages.
    left: Option<usize>,
    /// Payload bytes to step over before the next tag.
    skip: usize,
    /// Set until the wrapping field of a [`Shape::Wrapped`] message has been entered.
    outside: bool,
    /// A frame prefix, tag or header cut by a chunk's end.
    carry: Vec<u8>,
}

/// One step over the bytes at hand.
enum Step {
    /// So many bytes are dealt with.
    Took(usize),
    /// The element goes on in the next chunk.
    Short,
}

impl Walker {
    /// A walker at the start of a stream.
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            outline: Outline::default(),
            left: None,
            skip: 0,
            outside: false,
            carry: Vec::new(),
        }
    }

    /// Takes the next bytes of the stream and calls `finished` for each message they complete.
    pub fn feed(
        &mut self,
        chunk: &[u8],
        finished: &mut impl FnMut(Outline),
    ) -> Result<(), Malformed> {
        if self.carry.is_empty() {
            let taken = self.walk(chunk, finished)?;
            self.carry.extend_from_slice(&chunk[taken..]);
            return Ok(());
        }
        // Something small was cut: complete it with the start of this chunk, go on in place.
        let mut joined = std::mem::take(&mut self.carry);
        let old = joined.len();
        let borrowed = chunk.len().min(HEADER_BYTES_MAX);
        joined.extend_from_slice(&chunk[..borrowed]);
        let taken = self.walk(&joined, finished)?;
        if taken <= old || borrowed == chunk.len() {
            joined.drain(..taken);
            joined.extend_from_slice(&chunk[borrowed..]);
            self.carry = joined;
            return Ok(());
        }
        let rest = &chunk[taken - old..];
        let taken = self.walk(rest, finished)?;
        self.carry.extend_from_slice(&rest[taken..]);
        Ok(())
    }

    /// Checks that the stream ended between two messages.
    pub fn finish(&self) -> Result<(), Malformed> {
        if self.left.is_some() || !self.carry.is_empty() {
            return Err(Malformed::Truncated);
        }
        Ok(())
    }

    /// Walks as far as `bytes` reach and returns how many of them are dealt with.
    fn walk(
        &mut self,
        bytes: &[u8],
        finished: &mut impl FnMut(Outline),
    ) -> Result<usize, Malformed> {
        let mut at = 0;
        loop {
            let rest = &bytes[at..];
            let Some(left) = self.left else {
                match self.enter_frame(rest)? {
                    Step::Took(taken) => at += taken,
                    Step::Short => return Ok(at),
                }
                continue;
            };
            if left == 0 {
                finished(std::mem::take(&mut self.outline));
                self.left = None;
                continue;
            }
            let rest = &rest[..rest.len().min(left)];
            let taken = if self.skip > 0 {
                let taken = self.skip.min(rest.len());
                self.skip -= taken;
                taken
            } else {
                match self.field(rest)? {
                    Step::Took(taken) => taken,
                    Step::Short if rest.len() == left => return Err(Malformed::Truncated),
                    Step::Short => return Ok(at),
                }
            };
            if taken == 0 {
                return Ok(at);
            }
            at += taken;
            self.left = Some(left - taken);
        }
    }

    /// Reads the five bytes before a message.
    fn enter_frame(&mut self, bytes: &[u8]) -> Result<Step, Malformed> {
        let Some((prefix, _)) = bytes.split_first_chunk::<5>() else {
            return Ok(Step::Short);
        };
        let [compressed, length @ ..] = *prefix;
        if compressed != 0 {
            return Err(Malformed::Compressed);
        }
        let length = u32::from_be_bytes(length) as usize;
        self.left = Some(length);
        self.outside = self.shape == Shape::Wrapped;
        self.outline.bytes = length;
        Ok(Step::Took(5))
    }

    /// Reads one tag and what it announces; payloads are left to `skip`, but for the header.
    fn field(&mut self, bytes: &[u8]) -> Result<Step, Malformed> {
        let Some((tag, tag_len)) = varint(bytes)? else {
            return Ok(Step::Short);
        };
        let field = usize::try_from(tag >> 3).unwrap_or(usize::MAX);
        let after = &bytes[tag_len..];
        match tag & 7 {
            0 => {
                let Some((number, len)) = varint(after)? else {
                    return Ok(Step::Short);
                };
                if let Some(slot) = self.outline.numbers.get_mut(field) {
                    *slot = number;
                }
                Ok(Step::Took(tag_len + len))
            }
            1 => {
                self.skip = 8;
                Ok(Step::Took(tag_len))
            }
            5 => {
                self.skip = 4;
                Ok(Step::Took(tag_len))
            }
            2 => {
                let Some((length, len)) = varint(after)? else {
                    return Ok(Step::Short);
                };
                let length = usize::try_from(length).map_err(|_| Malformed::Protobuf("length"))?;
                if self.outside && field == 1 {
                    self.outside = false;
                    return Ok(Step::Took(tag_len + len));
                }
                if field == 1 {
                    return self.header(&after[len..], tag_len + len, length);
                }
                if let Some(slot) = self.outline.occurrences.get_mut(field) {
                    *slot += 1;
                }
                self.skip = length;
                Ok(Step::Took(tag_len + len))
            }
            _ => Err(Malformed::Protobuf("wire type")),
        }
    }

    /// Finds member and revision in a `ResponseHeader` of `length` bytes that starts `bytes`.
    fn header(&mut self, bytes: &[u8], before: usize, length: usize) -> Result<Step, Malformed> {
        if length > HEADER_BYTES_MAX - 16 {
            return Err(Malformed::Protobuf("header of more than 112 bytes"));
        }
        let Some(mut rest) = bytes.get(..length) else {
            return Ok(Step::Short);
        };
        while !rest.is_empty() {
            let (tag, tag_len) = varint(rest)?.ok_or(Malformed::Truncated)?;
            if tag & 7 != 0 {
                return Err(Malformed::Protobuf("header field"));
            }
            let (number, len) = varint(&rest[tag_len..])?.ok_or(Malformed::Truncated)?;
            match tag >> 3 {
                2 => self.outline.member = number,
                3 => self.outline.revision = number.cast_signed(),
                _ => (),
            }
            rest = &rest[tag_len + len..];
        }
        Ok(Step::Took(before + length))
    }
}

/// The varint that starts `bytes` and its length; `None` when it goes on behind their end.
fn varint(bytes: &[u8]) -> Result<Option<(u64, usize)>, Malformed> {
    let mut number = 0u64;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok(Some((number, at + 1)));
        }
    }
    if bytes.len() >= 10 {
        return Err(Malformed::Protobuf("varint of more than ten bytes"));
    }
    Ok(None)
}

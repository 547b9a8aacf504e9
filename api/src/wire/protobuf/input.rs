//! Protobuf's own layer: tags, varints, lengths; with bounds checked.

use crate::wire::DecodeError;

/// How a field's value is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::wire) enum Wire {
    /// Seven bits a byte.
    Varint,
    /// Eight bytes.
    Fixed64,
    /// A length and so many bytes.
    Bytes,
    /// Four bytes.
    Fixed32,
}

impl Wire {
    pub(in crate::wire) fn number(self) -> u64 {
        match self {
            Wire::Varint => 0,
            Wire::Fixed64 => 1,
            Wire::Bytes => 2,
            Wire::Fixed32 => 5,
        }
    }
}

/// Bytes of a message that are still to be read.
#[derive(Clone, Copy)]
pub(in crate::wire) struct Input<'a>(pub(in crate::wire) &'a [u8]);

impl<'a> Input<'a> {
    /// The next field's number and kind; nothing at the end.
    pub(in crate::wire) fn tag(&mut self) -> Result<Option<(u32, Wire)>, DecodeError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let wire = match tag & 7 {
            0 => Wire::Varint,
            1 => Wire::Fixed64,
            2 => Wire::Bytes,
            5 => Wire::Fixed32,
            other => return Err(error(format!("proto: illegal wireType {other}"))),
        };
        match u32::try_from(tag >> 3) {
            Ok(number) if number > 0 && i32::try_from(number).is_ok() => Ok(Some((number, wire))),
            _ => Err(error(format!(
                "proto: illegal tag {} (wire type {})",
                tag >> 3,
                tag & 7
            ))),
        }
    }

    /// Goes over the next field's tag, if it is this one.
    pub(in crate::wire) fn again(&mut self, number: u32, wire: Wire) -> bool {
        let mut ahead = *self;
        match ahead.tag() {
            Ok(Some(tag)) if tag == (number, wire) => {
                *self = ahead;
                true
            }
            _ => false,
        }
    }

    pub(in crate::wire) fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0;
        for (at, byte) in self.0.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (at * 7);
            if byte & 0x80 == 0 {
                self.0 = &self.0[at + 1..];
                return Ok(value);
            }
        }
        if self.0.len() >= 10 {
            return Err(error("proto: integer overflow".into()));
        }
        Err(ended())
    }

    pub(in crate::wire) fn integer(&mut self) -> Result<i64, DecodeError> {
        Ok(self.varint()?.cast_signed())
    }

    pub(in crate::wire) fn fixed64(&mut self) -> Result<u64, DecodeError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or_else(ended)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    /// A length and so many bytes.
    pub(in crate::wire) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.varint()?;
        if length.cast_signed() < 0 {
            let text = "proto: negative length found during unmarshaling";
            return Err(error(text.into()));
        }
        let length = usize::try_from(length).map_err(|_| ended())?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(ended)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// Text; what is no UTF-8 is replaced, as Go does it when it prints.
    pub(in crate::wire) fn text(&mut self) -> Result<String, DecodeError> {
        Ok(String::from_utf8_lossy(self.bytes()?).into_owned())
    }

    /// Goes over a value.
    pub(in crate::wire) fn skip(&mut self, wire: Wire) -> Result<(), DecodeError> {
        match wire {
            Wire::Varint => {
                self.varint()?;
            }
            Wire::Fixed64 => {
                self.fixed64()?;
            }
            Wire::Bytes => {
                self.bytes()?;
            }
            Wire::Fixed32 => self.0 = self.0.get(4..).ok_or_else(ended)?,
        }
        Ok(())
    }
}

/// Go's error of a field that is of another kind.
pub(in crate::wire) fn wrong_wire(wire: Wire, field: &str) -> DecodeError {
    error(format!(
        "proto: wrong wireType = {} for field {}",
        wire.number(),
        go_name(field)
    ))
}

/// Go's name of a field.
fn go_name(json: &str) -> String {
    let mut chars = json.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

pub(in crate::wire) fn error(text: String) -> DecodeError {
    DecodeError::Protobuf(text)
}

fn ended() -> DecodeError {
    error("unexpected EOF".into())
}

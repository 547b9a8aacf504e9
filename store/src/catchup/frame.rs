//! What goes over the wire; drawn in [`super`].

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;

use super::Error;

/// The form of the protocol.
pub(super) const FORMAT: u32 = 1;
const CRC_BYTES: usize = 4;

#[derive(Clone, PartialEq, Message)]
struct Envelope {
    #[prost(uint64, tag = "15")]
    number: u64,
    #[prost(oneof = "Frame", tags = "1, 2, 3, 4, 5, 6, 7")]
    frame: Option<Frame>,
}

/// One frame.
#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Frame {
    #[prost(message, tag = "1")]
    Hello(Hello),
    #[prost(message, tag = "2")]
    Position(Position),
    #[prost(message, tag = "3")]
    View(Told),
    #[prost(message, tag = "4")]
    Roll(Roll),
    #[prost(message, tag = "5")]
    Piece(Piece),
    #[prost(message, tag = "6")]
    End(End),
    #[prost(message, tag = "7")]
    Verdict(Verdict),
}

/// Who begins.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Hello {
    #[prost(uint32, tag = "1")]
    pub(super) format: u32,
    #[prost(fixed64, tag = "2")]
    pub(super) cluster_id: u64,
    /// Raft's, opaque here.
    #[prost(bytes = "bytes", tag = "3")]
    pub(super) message: Bytes,
}

/// What the receiver has.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Position {
    /// The place of the last record; zeros for none.
    #[prost(int64, tag = "1")]
    pub(super) main: i64,
    #[prost(int64, tag = "2")]
    pub(super) sub: i64,
    #[prost(uint64, tag = "3")]
    pub(super) records: u64,
    #[prost(bytes = "bytes", tag = "4")]
    pub(super) hash: Bytes,
    /// The index of the newest view it has heard of.
    #[prost(uint64, tag = "5")]
    pub(super) index: u64,
    /// The compact revision at which nothing it has is to be removed any more, if there is one.
    #[prost(sint64, optional, tag = "6")]
    pub(super) settled: Option<i64>,
}

/// What the records that follow are a view of.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Told {
    #[prost(uint64, tag = "1")]
    pub(super) index: u64,
    #[prost(uint64, tag = "2")]
    pub(super) term: u64,
    #[prost(int64, tag = "3")]
    pub(super) revision: i64,
    #[prost(sint64, tag = "4")]
    pub(super) compacted: i64,
    /// Some of what is shown is to be removed by that compaction.
    #[prost(bool, tag = "5")]
    pub(super) is_compacting: bool,
    /// The roll is called first.
    #[prost(bool, tag = "6")]
    pub(super) calls_roll: bool,
}

impl Told {
    /// As in [`Position::settled`], once everything has been heard.
    pub(super) fn settled(&self) -> Option<i64> {
        (!self.is_compacting).then_some(self.compacted)
    }
}

/// See [`crate::mvcc::Roll`].
#[derive(Clone, PartialEq, Message)]
pub(super) struct Roll {
    #[prost(int64, tag = "1")]
    pub(super) main: i64,
    #[prost(int64, tag = "2")]
    pub(super) sub: i64,
    #[prost(bytes = "bytes", tag = "3")]
    pub(super) present: Bytes,
}

/// See [`crate::mvcc::Piece`].
#[derive(Clone, PartialEq, Message)]
pub(super) struct Piece {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) headers: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) values: Bytes,
}

/// Everything has been sent.
#[derive(Clone, PartialEq, Message)]
pub(super) struct End {
    /// [`crate::apply::Meta`], encoded.
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) meta: Bytes,
    #[prost(uint64, tag = "2")]
    pub(super) records: u64,
    #[prost(bytes = "bytes", tag = "3")]
    pub(super) hash: Bytes,
}

/// What the receiver says in the end.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Verdict {
    /// Empty if all is well.
    #[prost(string, tag = "1")]
    pub(super) error: String,
}

impl Frame {
    /// The bytes of the frame with this number.
    pub(super) fn seal(self, number: u64) -> Bytes {
        let envelope = Envelope {
            number,
            frame: Some(self),
        };
        let mut out = BytesMut::with_capacity(CRC_BYTES + envelope.encoded_len());
        out.put_u32_le(0);
        envelope.encode_raw(&mut out);
        let crc = crc32c::crc32c(&out[CRC_BYTES..]);
        out[..CRC_BYTES].copy_from_slice(&crc.to_le_bytes());
        out.freeze()
    }

    /// Reads the frame that should have this number.
    pub(super) fn open(mut bytes: Bytes, number: u64) -> Result<Self, Error> {
        let wrong = |what: String| Error::Frame { number, what };
        if bytes.len() < CRC_BYTES {
            return Err(wrong("shorter than its checksum".into()));
        }
        let crc = bytes.split_to(CRC_BYTES);
        if crc32c::crc32c(&bytes).to_le_bytes() != crc[..] {
            return Err(wrong("checksum does not match".into()));
        }
        let envelope = Envelope::decode(bytes).map_err(|error| wrong(error.to_string()))?;
        if envelope.number != number {
            let what = format!("number {} is out of order", envelope.number);
            return Err(wrong(what));
        }
        envelope
            .frame
            .ok_or_else(|| wrong("it is of no known kind".into()))
    }

    /// What kind it is, for errors.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Position(_) => "position",
            Self::View(_) => "view",
            Self::Roll(_) => "roll",
            Self::Piece(_) => "piece",
            Self::End(_) => "end",
            Self::Verdict(_) => "verdict",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_are_nearly_right_are_refused() {
        let hello = Hello {
            format: FORMAT,
            cluster_id: 5,
            message: Bytes::from_static(b"message"),
        };
        let position = Position {
            main: 3,
            sub: 1,
            records: 9,
            ..Position::default()
        };
        let seeds = [
            Frame::Hello(hello).seal(1).to_vec(),
            Frame::Position(position).seal(1).to_vec(),
        ];
        crate::fuzz::nearly(&seeds, |bytes| {
            let opened = Frame::open(Bytes::copy_from_slice(bytes), 1);
            // The checksum lets nothing through but what was sealed.
            assert_eq!(opened.is_ok(), seeds.iter().any(|seed| seed == bytes));
        });
    }
}

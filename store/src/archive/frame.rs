//! What stands in an archive's files; drawn in [`super`].

use bytes::Bytes;
use prost::Message;

use crate::apply::Identity;
use crate::raft::{Committed, Kind};

/// The form of the files.
pub(super) const FORMAT: u32 = 1;
/// Length and checksum before each payload.
const PREFIX_BYTES: usize = 8;
/// The longest payload: no command comes near it.
const PAYLOAD_BYTES_MAX: usize = 1 << 30;

/// Who wrote a file.
#[derive(Clone, PartialEq, Message)]
pub struct Head {
    /// The form.
    #[prost(uint32, tag = "1")]
    pub format: u32,
    /// The member, and what its cluster began with.
    #[prost(message, optional, tag = "2")]
    pub identity: Option<Identity>,
}

/// A command that was carried out.
#[derive(Clone, PartialEq, Message)]
pub struct Entry {
    /// Its place in the log of the cluster.
    #[prost(uint64, tag = "1")]
    pub index: u64,
    /// The term it was proposed in.
    #[prost(uint64, tag = "2")]
    pub term: u64,
    /// When it was carried out by whoever archived it, in milliseconds of Unix time.
    #[prost(int64, tag = "3")]
    pub time: i64,
    /// 0 for a command, 1 for one that changes the configuration, 2 for the end of such a change.
    #[prost(uint32, tag = "4")]
    kind: u32,
    /// The command.
    #[prost(bytes = "bytes", tag = "5")]
    data: Bytes,
}

impl Entry {
    /// The entry of a command.
    pub(crate) fn of(entry: &Committed, time: i64) -> Self {
        Self {
            index: entry.index,
            term: entry.term,
            time,
            kind: match entry.kind {
                Kind::Command => 0,
                Kind::Change => 1,
                Kind::Leave => 2,
            },
            data: entry.data.clone(),
        }
    }

    /// The command of an entry; nothing for a kind that this release does not know.
    pub(crate) fn committed(self) -> Option<Committed> {
        Some(Committed {
            index: self.index,
            term: self.term,
            kind: match self.kind {
                0 => Kind::Command,
                1 => Kind::Change,
                2 => Kind::Leave,
                _ => return None,
            },
            data: self.data,
            position: None,
            waiter: None,
        })
    }
}

/// Appends a frame.
pub(super) fn seal(message: &impl Message, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; PREFIX_BYTES]);
    // A Vec grows as it has to.
    let _ = message.encode(out);
    let payload = &out[start + PREFIX_BYTES..];
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let checksum = crc32c::crc32c(payload);
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    out[start + 4..start + PREFIX_BYTES].copy_from_slice(&checksum.to_le_bytes());
}

/// Takes a frame off the front; nothing if there is no whole one.
pub(super) fn open<M: Message + Default>(bytes: &mut Bytes) -> Option<M> {
    let number = |at: usize| -> Option<u32> {
        let four = bytes.get(at..at + 4)?;
        Some(u32::from_le_bytes(four.try_into().ok()?))
    };
    let length = usize::try_from(number(0)?).ok()?;
    let checksum = number(4)?;
    if length > PAYLOAD_BYTES_MAX || bytes.len() < PREFIX_BYTES + length {
        return None;
    }
    let payload = bytes.slice(PREFIX_BYTES..PREFIX_BYTES + length);
    if crc32c::crc32c(&payload) != checksum {
        return None;
    }
    let message = M::decode(payload).ok()?;
    let _ = bytes.split_to(PREFIX_BYTES + length);
    Some(message)
}

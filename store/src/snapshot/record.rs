//! One change of one key, as etcd's bucket `key` holds it.

use bytes::Bytes;
use prost::Message;
use proto::mvccpb::KeyValue;

/// Bytes of a revision in a key: main, '_', sub.
const REVISION_BYTES: usize = 17;
const SEPARATOR: u8 = b'_';
const TOMBSTONE: u8 = b't';

/// A change of a key at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The revision of the transaction that made the change; not negative.
    pub main: i64,
    /// The position of the change within the transaction; not negative.
    pub sub: i64,
    /// Whether the change deleted the key.
    pub tombstone: bool,
    /// The marshalled [`KeyValue`]; of a deletion it holds only the key.
    pub key_value: Bytes,
}

impl Record {
    /// The record of a change.
    #[must_use]
    pub fn new(main: i64, sub: i64, tombstone: bool, key_value: &KeyValue) -> Self {
        Self {
            main,
            sub,
            tombstone,
            key_value: key_value.encode_to_vec().into(),
        }
    }

    /// The key with its value and revisions. Key and value share the record's memory.
    pub fn decode(&self) -> Result<KeyValue, prost::DecodeError> {
        KeyValue::decode(self.key_value.clone())
    }

    /// The record's key in the bucket.
    pub(super) fn bucket_key(&self) -> Vec<u8> {
        let mut key = revision_bytes(self.main, self.sub).to_vec();
        if self.tombstone {
            key.push(TOMBSTONE);
        }
        key
    }

    /// A record from its key in the bucket and its value, or what is wrong with the key.
    pub(super) fn from_bucket(key: &[u8], value: Bytes) -> Result<Self, String> {
        let (main, sub) = parse_revision(key)?;
        Ok(Self {
            main,
            sub,
            tombstone: key.get(REVISION_BYTES) == Some(&TOMBSTONE),
            key_value: value,
        })
    }
}

/// A revision in etcd's stored form.
pub(super) fn revision_bytes(main: i64, sub: i64) -> [u8; REVISION_BYTES] {
    let mut bytes = [0; REVISION_BYTES];
    bytes[..8].copy_from_slice(&main.to_be_bytes());
    bytes[8] = SEPARATOR;
    bytes[9..].copy_from_slice(&sub.to_be_bytes());
    bytes
}

/// Reads main and sub of a revision, with or without the mark after it.
pub(super) fn parse_revision(bytes: &[u8]) -> Result<(i64, i64), String> {
    if bytes.len() != REVISION_BYTES && bytes.len() != REVISION_BYTES + 1 {
        return Err(format!("invalid revision length: {}", bytes.len()));
    }
    if bytes[8] != SEPARATOR {
        return Err(format!("invalid separator in bucket key: {:#x}", bytes[8]));
    }
    let number = |from: usize| {
        let eight = bytes[from..from + 8].try_into();
        i64::from_be_bytes(eight.expect("eight bytes were cut"))
    };
    let (main, sub) = (number(0), number(9));
    if main < 0 || sub < 0 {
        return Err(format!("negative revision: main={main} sub={sub}"));
    }
    Ok((main, sub))
}

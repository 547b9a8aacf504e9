//! The values of the small buckets: a key or value each, to and from bytes.

use prost::Message;
use serde::de::DeserializeOwned;

use super::Lease;

/// The stored form of a lease.
#[derive(Clone, Copy, PartialEq, Message)]
struct LeaseMessage {
    #[prost(int64, tag = "1")]
    id: i64,
    #[prost(int64, tag = "2")]
    ttl: i64,
    #[prost(int64, tag = "3")]
    remaining: i64,
}

pub(super) fn encode_lease(lease: &Lease) -> Vec<u8> {
    LeaseMessage {
        id: lease.id,
        ttl: lease.ttl,
        remaining: lease.remaining,
    }
    .encode_to_vec()
}

pub(super) fn decode_lease(bytes: &[u8]) -> Result<Lease, String> {
    let message: LeaseMessage = decode_message(bytes)?;
    Ok(Lease {
        id: message.id,
        ttl: message.ttl,
        remaining: message.remaining,
    })
}

/// A member's id as a key: hex without leading zeros.
pub(super) fn encode_id(id: u64) -> Vec<u8> {
    format!("{id:x}").into_bytes()
}

pub(super) fn decode_id(key: &[u8]) -> Result<u64, String> {
    let text = decode_text(key)?;
    u64::from_str_radix(&text, 16).map_err(|error| format!("not a member id: {error}"))
}

pub(super) fn decode_u64(bytes: &[u8]) -> Result<u64, String> {
    let eight: Result<[u8; 8], _> = bytes.try_into();
    eight
        .map(u64::from_be_bytes)
        .map_err(|_| format!("{} bytes where 8 are expected", bytes.len()))
}

pub(super) fn decode_text(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string())
}

pub(super) fn decode_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

pub(super) fn decode_message<T: Message + Default>(bytes: &[u8]) -> Result<T, String> {
    T::decode(bytes).map_err(|error| error.to_string())
}

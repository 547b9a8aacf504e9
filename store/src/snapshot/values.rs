//! The values of the small buckets: a key or value each, to and from bytes.

use prost::Message;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use super::Lease;
use crate::cluster::Member;

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

/// The stored form of a member; the order of the fields and what is left out when empty are etcd's.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct MemberJson {
    id: u64,
    #[serde(rename = "peerURLs", deserialize_with = "null_is_empty")]
    peer_urls: Vec<String>,
    #[serde(rename = "isLearner", skip_serializing_if = "std::ops::Not::not")]
    is_learner: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(
        rename = "clientURLs",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    client_urls: Vec<String>,
}

/// Go writes a list that was never set as `null`.
fn null_is_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

pub(super) fn encode_member(member: &Member) -> Vec<u8> {
    encode_json(&MemberJson {
        id: member.id,
        peer_urls: member.peer_urls.clone(),
        is_learner: member.is_learner,
        name: member.name.clone(),
        client_urls: member.client_urls.clone(),
    })
}

/// A member from its key and value; the id in the key counts, as in etcd.
pub(super) fn decode_member(key: &[u8], value: &[u8]) -> Result<Member, String> {
    let json: MemberJson = decode_json(value)?;
    Ok(Member {
        id: decode_id(key)?,
        name: json.name,
        peer_urls: json.peer_urls,
        client_urls: json.client_urls,
        is_learner: json.is_learner,
    })
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

pub(super) fn encode_json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("structs of numbers, strings and lists have a JSON form")
}

pub(super) fn decode_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

pub(super) fn decode_message<T: Message + Default>(bytes: &[u8]) -> Result<T, String> {
    T::decode(bytes).map_err(|error| error.to_string())
}

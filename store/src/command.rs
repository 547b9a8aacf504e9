//! What is replicated: one enum, one encoding.
//!
//! ```text
//! byte 0        format version, now 2
//! byte 1        kind (see `kind`); its highest bit tells that a caller is named
//! bytes 2..10   request id, u64 little endian; unique per proposer, 0 when nobody waits
//! bytes 10..    the caller, if one is named: its length, u16 little endian, and itself as protobuf
//! rest          payload: the request as protobuf, exactly as it came over the wire
//! ```
//!
//! Decoding shares the entry's bytes: keys and values of a decoded command are slices of it.
//! An unknown version or kind is an error, never skipped: a member that cannot carry out a
//! command must stop rather than diverge.

mod auth;
mod membership;
mod version;

pub use auth::{Assign, Auth, AuthChange};
pub use membership::Membership;
pub use version::{VersionChange, VersionStep};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::Message;
use proto::etcdserverpb as pb;

use crate::auth::Caller;
use crate::v2;

/// The encoding written by this release.
const VERSION: u8 = 2;
/// Bytes before the payload.
pub const HEADER_LEN: usize = 10;
/// The bit of the kind that tells that a caller is named.
const CALLER: u8 = 0x80;

/// A state change, as agreed on by raft and carried out by [`crate::apply`].
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// KV.Put.
    Put(pb::PutRequest),
    /// KV.DeleteRange.
    DeleteRange(pb::DeleteRangeRequest),
    /// KV.Txn that writes, or that is nested.
    Txn(pb::TxnRequest),
    /// KV.Compact.
    Compact(pb::CompactionRequest),
    /// Lease.LeaseGrant; the id has been chosen by the proposer.
    LeaseGrant(pb::LeaseGrantRequest),
    /// Lease.LeaseRevoke asked for by a client.
    LeaseRevoke(pb::LeaseRevokeRequest),
    /// The leader found that leases ran out.
    LeaseExpire(LeaseExpire),
    /// The leader notes how much time leases have left.
    LeaseCheckpoint(LeaseCheckpoint),
    /// Maintenance.Alarm with an action other than GET.
    Alarm(Alarm),
    /// A member tells its name and client URLs.
    Publish(pb::Member),
    /// Cluster.MemberAdd, MemberRemove, MemberUpdate, MemberPromote, or several of them at once.
    /// Unless only URLs change, raft carries it as a change of its configuration.
    Membership(Membership),
    /// A change of who may do what.
    Auth(Auth),
    /// A write to the key space of API 2.
    V2(v2::Request),
    /// A change of the version of the cluster.
    Version(VersionChange),
}

/// A lease to be revoked because its time ran out. It takes effect only if it commits in the very
/// term in which it was proposed, so a leader that slept cannot revoke what its successor renewed;
/// and only on the lease that was meant, not on one that got its id since.
#[derive(Clone, PartialEq, Message)]
pub struct LeaseExpire {
    /// The proposing leader's term.
    #[prost(uint64, tag = "1")]
    pub term: u64,
    /// The lease's id.
    #[prost(int64, tag = "2")]
    pub id: i64,
    /// The lease's own mark; see [`crate::lease::Lease::granted`].
    #[prost(uint64, tag = "3")]
    pub granted: u64,
}

/// Seconds that leases have left, as the leader of one term reckons. Fenced by it like
/// [`LeaseExpire`]: a successor may have renewed such a lease without a word in the log.
#[derive(Clone, PartialEq, Message)]
pub struct LeaseCheckpoint {
    /// The proposing leader's term.
    #[prost(uint64, tag = "2")]
    pub term: u64,
    /// One for each lease.
    #[prost(message, repeated, tag = "1")]
    pub leases: Vec<LeaseLeft>,
}

/// How long one lease has left.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct LeaseLeft {
    /// The lease's id.
    #[prost(int64, tag = "1")]
    pub id: i64,
    /// The lease's own mark, as in [`LeaseExpire`].
    #[prost(uint64, tag = "2")]
    pub granted: u64,
    /// Seconds left; 0 gives it its whole time back.
    #[prost(int64, tag = "3")]
    pub seconds: i64,
}

/// An alarm raised or cleared.
#[derive(Clone, PartialEq, Message)]
pub struct Alarm {
    /// The request.
    #[prost(message, required, tag = "1")]
    pub request: pb::AlarmRequest,
    /// Raised by the quota itself; such an alarm is cleared by the quota as well.
    #[prost(bool, tag = "2")]
    pub automatic: bool,
}

/// Why bytes are not a command.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Fewer bytes than a header.
    #[error("command of {0} bytes is shorter than its header")]
    Short(usize),
    /// Written by a newer release.
    #[error("command version {0} is unknown to this release")]
    Version(u8),
    /// Written by a newer release, or damaged.
    #[error("command kind {0} is unknown to this release")]
    Kind(u8),
    /// The payload is not what the kind says.
    #[error("command payload of kind {kind} cannot be decoded")]
    Payload {
        /// The kind byte.
        kind: u8,
        /// What protobuf said.
        source: prost::DecodeError,
    },
    /// Written by a newer release, or damaged.
    #[error("change {0} of a membership command is unknown to this release")]
    Change(usize),
    /// The caller that it says it names cannot be read.
    #[error("the caller of a command cannot be read")]
    Caller,
    /// Written by a newer release, or damaged.
    #[error("change of the cluster's version is unknown to this release")]
    VersionChange,
    /// Written by a newer release, or damaged.
    #[error("method {0} of API 2 is unknown to this release")]
    Method(i32),
    /// Written by a newer release, or damaged.
    #[error("change of an auth command is unknown to this release")]
    Auth,
}

mod kind {
    pub(super) const PUT: u8 = 1;
    pub(super) const DELETE_RANGE: u8 = 2;
    pub(super) const TXN: u8 = 3;
    pub(super) const COMPACT: u8 = 4;
    pub(super) const LEASE_GRANT: u8 = 5;
    pub(super) const LEASE_REVOKE: u8 = 6;
    pub(super) const LEASE_EXPIRE: u8 = 7;
    pub(super) const LEASE_CHECKPOINT: u8 = 8;
    pub(super) const ALARM: u8 = 9;
    pub(super) const PUBLISH: u8 = 10;
    pub(super) const MEMBERSHIP: u8 = 11;
    pub(super) const AUTH: u8 = 12;
    pub(super) const V2: u8 = 13;
    pub(super) const VERSION: u8 = 14;
}

impl Command {
    /// The name that etcd has for commands of this kind, by their bytes; empty if they are none.
    #[must_use]
    pub fn kind_name(bytes: &[u8]) -> &'static str {
        match bytes.get(1).map(|kind| kind & !CALLER) {
            Some(kind::PUT) => "Put",
            Some(kind::DELETE_RANGE) => "DeleteRange",
            Some(kind::TXN) => "Txn",
            Some(kind::COMPACT) => "Compaction",
            Some(kind::LEASE_GRANT) => "LeaseGrant",
            Some(kind::LEASE_REVOKE | kind::LEASE_EXPIRE) => "LeaseRevoke",
            Some(kind::LEASE_CHECKPOINT) => "LeaseCheckpoint",
            Some(kind::ALARM) => "Alarm",
            Some(kind::PUBLISH) => "ClusterMemberAttrSet",
            Some(kind::MEMBERSHIP) => "Membership",
            Some(kind::AUTH) => "Auth",
            Some(kind::V2) => "V2",
            Some(kind::VERSION) => "ClusterVersionSet",
            _ => "",
        }
    }

    fn parts(&self) -> (u8, &dyn Payload) {
        match self {
            Self::Put(m) => (kind::PUT, m),
            Self::DeleteRange(m) => (kind::DELETE_RANGE, m),
            Self::Txn(m) => (kind::TXN, m),
            Self::Compact(m) => (kind::COMPACT, m),
            Self::LeaseGrant(m) => (kind::LEASE_GRANT, m),
            Self::LeaseRevoke(m) => (kind::LEASE_REVOKE, m),
            Self::LeaseExpire(m) => (kind::LEASE_EXPIRE, m),
            Self::LeaseCheckpoint(m) => (kind::LEASE_CHECKPOINT, m),
            Self::Alarm(m) => (kind::ALARM, m),
            Self::Publish(m) => (kind::PUBLISH, m),
            Self::Membership(m) => (kind::MEMBERSHIP, m),
            Self::Auth(m) => (kind::AUTH, m),
            Self::V2(m) => (kind::V2, m),
            Self::Version(m) => (kind::VERSION, m),
        }
    }

    /// The bytes that go into the log, of a command by nobody in particular.
    pub fn encode(&self, id: u64) -> Bytes {
        self.encode_by(&Caller::default(), id)
    }

    /// The bytes that go into the log.
    pub fn encode_by(&self, caller: &Caller, id: u64) -> Bytes {
        let (kind, payload) = self.parts();
        let caller_len = caller.encoded_len();
        // Names of users are bounded by the size of requests, not by this; nobody of that name can
        // be known, so the command is nobody's.
        let named = u16::try_from(caller_len).ok().filter(|len| *len > 0);
        let mut out = BytesMut::with_capacity(HEADER_LEN + 2 + caller_len + payload.len());
        out.put_u8(VERSION);
        out.put_u8(kind | named.map_or(0, |_| CALLER));
        out.put_u64_le(id);
        if let Some(len) = named {
            out.put_u16_le(len);
            caller.encode_raw(&mut out);
        }
        payload.write(&mut out);
        out.freeze()
    }

    /// The request id and the command that [`Command::encode`] wrote.
    ///
    /// # Errors
    /// The bytes are of another release, or damaged.
    pub fn decode(data: &Bytes) -> Result<(u64, Self), DecodeError> {
        let (id, _, command) = Self::decode_by(data)?;
        Ok((id, command))
    }

    /// The request id, who asks, and the command.
    ///
    /// # Errors
    /// The bytes are of another release, or damaged.
    pub fn decode_by(data: &Bytes) -> Result<(u64, Caller, Self), DecodeError> {
        if data.len() < HEADER_LEN {
            return Err(DecodeError::Short(data.len()));
        }
        if data[0] != VERSION {
            return Err(DecodeError::Version(data[0]));
        }
        let kind = data[1] & !CALLER;
        let id = request_id(data);
        let mut body = data.slice(HEADER_LEN..);
        let caller = match data[1] & CALLER {
            0 => Caller::default(),
            _ => caller(&mut body)?,
        };
        let command = match kind {
            kind::PUT => Self::Put(payload(kind, body)?),
            kind::DELETE_RANGE => Self::DeleteRange(payload(kind, body)?),
            kind::TXN => Self::Txn(payload(kind, body)?),
            kind::COMPACT => Self::Compact(payload(kind, body)?),
            kind::LEASE_GRANT => Self::LeaseGrant(payload(kind, body)?),
            kind::LEASE_REVOKE => Self::LeaseRevoke(payload(kind, body)?),
            kind::LEASE_EXPIRE => Self::LeaseExpire(payload(kind, body)?),
            kind::LEASE_CHECKPOINT => Self::LeaseCheckpoint(payload(kind, body)?),
            kind::ALARM => Self::Alarm(payload(kind, body)?),
            kind::PUBLISH => Self::Publish(payload(kind, body)?),
            kind::MEMBERSHIP => {
                let membership: Membership = payload(kind, body)?;
                membership.check()?;
                Self::Membership(membership)
            }
            kind::AUTH => {
                let auth: Auth = payload(kind, body)?;
                auth.check()?;
                Self::Auth(auth)
            }
            kind::V2 => {
                let request: v2::Request = payload(kind, body)?;
                if v2::Method::try_from(request.method).is_err() {
                    return Err(DecodeError::Method(request.method));
                }
                Self::V2(request)
            }
            kind::VERSION => {
                let change: VersionChange = payload(kind, body)?;
                change.step()?;
                Self::Version(change)
            }
            other => return Err(DecodeError::Kind(other)),
        };
        Ok((id, caller, command))
    }
}

/// The request id in an encoded command, or 0 where there is none.
pub fn request_id(data: &[u8]) -> u64 {
    data.get(2..HEADER_LEN)
        .and_then(|b| b.try_into().ok())
        .map_or(0, u64::from_le_bytes)
}

/// Takes the caller off the front.
fn caller(body: &mut Bytes) -> Result<Caller, DecodeError> {
    let len = body.try_get_u16_le().map_err(|_| DecodeError::Caller)?;
    let len = usize::from(len);
    if len > body.len() {
        return Err(DecodeError::Caller);
    }
    Caller::decode(body.split_to(len)).map_err(|_| DecodeError::Caller)
}

fn payload<M: Message + Default>(kind: u8, body: Bytes) -> Result<M, DecodeError> {
    M::decode(body).map_err(|source| DecodeError::Payload { kind, source })
}

/// The part of [`Message`] that can be called through a reference to any request.
trait Payload {
    fn len(&self) -> usize;
    fn write(&self, out: &mut BytesMut);
}

impl<M: Message> Payload for M {
    fn len(&self) -> usize {
        self.encoded_len()
    }

    fn write(&self, out: &mut BytesMut) {
        self.encode_raw(out);
    }
}

#[cfg(test)]
mod tests;

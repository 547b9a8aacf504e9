//! What the Lock and Election services have in common: keys below a name, each bound to a lease,
//! and waiting until those that are older are gone.
//!
//! etcd runs these services through its own client, on which errors lose their code: all of them
//! reach the caller as `Unknown`, with their text. That is kept.

use std::sync::Arc;

use bytes::Bytes;
use proto::etcdserverpb as pb;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use proto::etcdserverpb::request_op::Request;
use proto::mvccpb::KeyValue;
use proto::mvccpb::event::EventType;
use tonic::{Code, Status};

use super::credentials::Credentials;
use super::{Member, mismatched};
use crate::apply::Reply;
use crate::command::Command;
use crate::mvcc::RangeQuery;
use crate::watch::{Spec, Stream, Update};

/// Seconds of the lease that is granted where the caller brings none.
const LEASE_TTL: i64 = 60;

/// See the module.
pub(super) fn without_code(status: Status) -> Status {
    Status::new(Code::Unknown, status.message())
}

/// The prefix of all keys under a name.
pub(super) fn prefix(name: &[u8]) -> Bytes {
    [name, b"/"].concat().into()
}

/// The key of a lease's holder. A negative id stands in it with its sign, as Go writes it.
pub(super) fn key(prefix: &[u8], lease: i64) -> Bytes {
    let sign = if lease < 0 { "-" } else { "" };
    let digits = format!("{sign}{:x}", lease.unsigned_abs());
    [prefix, digits.as_bytes()].concat().into()
}

/// Takes back the key of a caller who goes away while waiting, or whose wait fails: it must not
/// come to hold what it no longer asks for.
pub(super) struct Waiting {
    given_up: Option<(Arc<Member>, Credentials, pb::TxnRequest)>,
}

impl Waiting {
    /// `revision` created the key.
    pub(super) fn new(member: &Arc<Member>, by: &Credentials, key: Bytes, revision: i64) -> Self {
        let delete = pb::DeleteRangeRequest {
            key: key.clone(),
            ..Default::default()
        };
        let request = pb::TxnRequest {
            compare: vec![created_at(key, revision)],
            success: vec![op(Request::RequestDeleteRange(delete))],
            failure: Vec::new(),
        };
        Self {
            given_up: Some((member.clone(), by.clone(), request)),
        }
    }

    /// The wait was worth it.
    pub(super) fn end(mut self) {
        self.given_up = None;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some((member, by, request)) = self.given_up.take() {
            tokio::spawn(async move {
                if let Err(error) = member.write(&by, request).await {
                    tracing::debug!(%error, "the key of a waiter that went away was not removed");
                }
            });
        }
    }
}

/// The end of the range of all keys with this prefix.
pub(super) fn prefix_end(prefix: &[u8]) -> Bytes {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end.into();
        }
    }
    Bytes::from_static(b"\0")
}

/// The key was created by this revision; 0 for a key that does not exist.
pub(super) fn created_at(key: Bytes, revision: i64) -> pb::Compare {
    pb::Compare {
        result: CompareResult::Equal as i32,
        target: CompareTarget::Create as i32,
        key,
        target_union: Some(TargetUnion::CreateRevision(revision)),
        range_end: Bytes::new(),
    }
}

/// An operation of a transaction.
pub(super) fn op(request: Request) -> pb::RequestOp {
    pb::RequestOp {
        request: Some(request),
    }
}

/// The pair in a transaction's n-th answer, if that is a range that found one.
pub(super) fn found(response: &pb::TxnResponse, n: usize) -> Option<&KeyValue> {
    match response.responses.get(n)?.response.as_ref()? {
        pb::response_op::Response::ResponseRange(range) => range.kvs.first(),
        _ => None,
    }
}

impl Member {
    /// The lease to use: the caller's, which is renewed as by a session that begins, or a new one.
    pub(super) async fn session(&self, by: &Credentials, lease: i64) -> Result<i64, Status> {
        if lease == 0 {
            let request = pb::LeaseGrantRequest {
                ttl: LEASE_TTL,
                id: 0,
            };
            return Ok(self.grant(by, request).await?.id);
        }
        // An unknown lease is found out when a key is to hang on it.
        let _ = self.renew_by(by, lease).await;
        Ok(lease)
    }

    /// Carries out a transaction that writes; its header is complete.
    pub(super) async fn write(
        &self,
        by: &Credentials,
        request: pb::TxnRequest,
    ) -> Result<pb::TxnResponse, Status> {
        match self.propose(by, &Command::Txn(request)).await? {
            Reply::Txn(mut response) => {
                response.header = self.complete(response.header);
                Ok(response)
            }
            other => mismatched(&other),
        }
    }

    /// The pair with this prefix that was created first, and the store's revision.
    pub(super) async fn oldest(
        &self,
        by: &Credentials,
        prefix: &Bytes,
    ) -> Result<(Option<KeyValue>, i64), Status> {
        let query = RangeQuery {
            key: prefix.clone(),
            range_end: prefix_end(prefix),
            limit: 1,
            sort_target: SortTarget::Create,
            sort_order: SortOrder::Ascend,
            ..Default::default()
        };
        self.first_of(by, query).await
    }

    /// The first pair of a linearizable range, and the store's revision.
    pub(super) async fn first_of(
        &self,
        by: &Credentials,
        query: RangeQuery,
    ) -> Result<(Option<KeyValue>, i64), Status> {
        self.linearizable().await?;
        let caller = self.caller(by).await?;
        let state = self.state.read();
        state.auth.may_read(&caller, &query.key, &query.range_end)?;
        let kv = state.store.range(&query)?.kvs.pop();
        Ok((kv, state.store.revision()))
    }

    /// Waits until all keys with this prefix that were created up to `revision` are gone.
    pub(super) async fn older_are_gone(
        self: &Arc<Self>,
        by: &Credentials,
        prefix: &Bytes,
        revision: i64,
    ) -> Result<(), Status> {
        loop {
            let query = RangeQuery {
                key: prefix.clone(),
                range_end: prefix_end(prefix),
                limit: 1,
                sort_target: SortTarget::Create,
                sort_order: SortOrder::Descend,
                max_create_revision: revision,
                ..Default::default()
            };
            match self.first_of(by, query).await? {
                (None, _) => return Ok(()),
                (Some(kv), read_at) => self.is_gone(kv.key, read_at).await?,
            }
        }
    }

    /// Waits until the key is deleted at or after `revision`.
    async fn is_gone(self: &Arc<Self>, key: Bytes, revision: i64) -> Result<(), Status> {
        let spec = Spec {
            key,
            start_revision: revision,
            no_put: true,
            ..Default::default()
        };
        let mut stream = Stream::new(self.hub.clone());
        stream
            .create(0, spec)
            .map_err(|error| Status::internal(error.to_string()))?;
        loop {
            match stream.next().await? {
                Update::Events { events, .. } => {
                    if events
                        .iter()
                        .any(|event| event.r#type() == EventType::Delete)
                    {
                        return Ok(());
                    }
                }
                Update::Compacted { .. } => return Err(super::status::compacted()),
            }
        }
    }
}

//! KV: Range, RangeStream, Put, DeleteRange, Txn, Compact.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use proto::etcdserverpb as pb;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::credentials::Credentials;
use super::{Member, check, mismatched};
use crate::apply::{Reply, execute_readonly, is_readonly, is_serializable, permit};
use crate::auth::Caller;
use crate::command::Command;
use crate::mvcc::RangeQuery;

/// Pairs in the first message of a range stream; later ones are adjusted to their size.
const STREAM_FIRST_PAIRS: i64 = 10;
/// Messages of a range stream that may wait for the client. One is being built meanwhile.
const STREAM_MESSAGES_MAX: usize = 1;

pub(super) struct Service(pub(super) Arc<Member>);

#[tonic::async_trait]
impl pb::kv_server::Kv for Service {
    async fn range(
        &self,
        request: Request<pb::RangeRequest>,
    ) -> Result<Response<pb::RangeResponse>, Status> {
        let by = self.0.credentials(&request);
        let request = request.into_inner();
        if !request.serializable {
            self.0.refuse_learner()?;
        }
        check::range(&request)?;
        let began = Instant::now();
        let outcome = self.0.range(&by, &request).await;
        let requests = &self.0.metrics.requests;
        requests.observe("Range", outcome.is_ok(), began);
        Ok(Response::new(outcome?))
    }

    type RangeStreamStream = ReceiverStream<Result<pb::RangeStreamResponse, Status>>;

    async fn range_stream(
        &self,
        request: Request<pb::RangeRequest>,
    ) -> Result<Response<Self::RangeStreamStream>, Status> {
        let by = self.0.credentials(&request);
        let request = request.into_inner();
        self.0.refuse_learner()?;
        check::range_stream(&request)?;
        if !request.serializable {
            self.0.linearizable().await?;
        }
        let caller = self.0.caller(&by).await?;
        let (sender, receiver) = mpsc::channel(STREAM_MESSAGES_MAX);
        let member = self.0.clone();
        tokio::spawn(async move {
            if let Err(error) = stream_range(&member, &caller, request, &sender).await {
                // A client that has gone away needs no error.
                let _ = sender.send(Err(error)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn put(
        &self,
        request: Request<pb::PutRequest>,
    ) -> Result<Response<pb::PutResponse>, Status> {
        let by = self.0.credentials(&request);
        let request = request.into_inner();
        self.0.refuse_learner()?;
        check::put(&request)?;
        match self.0.propose(&by, &Command::Put(request)).await? {
            Reply::Put(mut response) => {
                response.header = self.0.complete(response.header);
                Ok(Response::new(response))
            }
            other => mismatched(&other),
        }
    }

    async fn delete_range(
        &self,
        request: Request<pb::DeleteRangeRequest>,
    ) -> Result<Response<pb::DeleteRangeResponse>, Status> {
        let by = self.0.credentials(&request);
        let request = request.into_inner();
        self.0.refuse_learner()?;
        check::delete_range(&request)?;
        match self.0.propose(&by, &Command::DeleteRange(request)).await? {
            Reply::DeleteRange(mut response) => {
                response.header = self.0.complete(response.header);
                Ok(Response::new(response))
            }
            other => mismatched(&other),
        }
    }

    async fn txn(
        &self,
        request: Request<pb::TxnRequest>,
    ) -> Result<Response<pb::TxnResponse>, Status> {
        let by = self.0.credentials(&request);
        let request = request.into_inner();
        self.0.refuse_learner()?;
        check::txn(&request, self.0.limits.txn_ops_max)?;
        if is_readonly(&request) {
            let began = Instant::now();
            let outcome = self.0.readonly_txn(&by, &request).await;
            let requests = &self.0.metrics.requests;
            requests.observe("ReadonlyTxn", outcome.is_ok(), began);
            return Ok(Response::new(outcome?));
        }
        match self.0.propose(&by, &Command::Txn(request)).await? {
            Reply::Txn(mut response) => {
                response.header = self.0.complete(response.header);
                Ok(Response::new(response))
            }
            other => mismatched(&other),
        }
    }

    async fn compact(
        &self,
        request: Request<pb::CompactionRequest>,
    ) -> Result<Response<pb::CompactionResponse>, Status> {
        let by = self.0.credentials(&request);
        let request = request.into_inner();
        self.0.refuse_learner()?;
        self.0.require_root(&by).await?;
        let physical = request.physical;
        let reply = self.0.propose(&by, &Command::Compact(request)).await?;
        if physical {
            self.0.compacted().await;
        }
        match reply {
            Reply::Compact(mut response) => {
                response.header = self.0.complete(response.header);
                Ok(Response::new(response))
            }
            other => mismatched(&other),
        }
    }
}

impl Member {
    async fn range(
        &self,
        by: &Credentials,
        request: &pb::RangeRequest,
    ) -> Result<pb::RangeResponse, Status> {
        if !request.serializable {
            self.linearizable().await?;
        }
        let caller = self.caller(by).await?;
        let began = Instant::now();
        let read = super::range::read(&self.state, &caller, &RangeQuery::from(request)).await;
        self.metrics.requests.observe_range(read.is_ok(), began);
        let (result, revision) = read?;
        self.metrics.mvcc.range.inc();
        Ok(pb::RangeResponse {
            header: self.header(revision),
            kvs: result.kvs,
            more: result.more,
            count: result.count,
        })
    }

    async fn readonly_txn(
        &self,
        by: &Credentials,
        request: &pb::TxnRequest,
    ) -> Result<pb::TxnResponse, Status> {
        if !is_serializable(request) {
            self.linearizable().await?;
        }
        let caller = self.caller(by).await?;
        let mut response = {
            let state = self.state.read();
            permit::txn(&state, &caller, request)?;
            execute_readonly(&state, request)?
        };
        let ranges = response.responses.len() as u64;
        self.metrics.mvcc.range.inc_by(ranges);
        response.header = self.complete(response.header);
        Ok(response)
    }
}

/// Sends a range in pieces, all read at one revision. Only the last message has a header, the
/// count and `more`.
async fn stream_range(
    member: &Member,
    caller: &Caller,
    request: pb::RangeRequest,
    sender: &Pieces,
) -> Result<(), Status> {
    let mut query = RangeQuery::from(&request);
    let total = match request.limit {
        0 => i64::MAX,
        limit => limit,
    };
    query.limit = total.min(STREAM_FIRST_PAIRS);
    let (first, pinned) = super::range::read(&member.state, caller, &query).await?;
    if query.revision <= 0 {
        query.revision = pinned;
    }
    let count = first.count;
    let (mut kvs, mut more) = (first.kvs, first.more);
    let mut sent = 0;
    loop {
        sent += kvs.len() as i64;
        if request.count_only || !more || sent == total {
            let header = member.header(pinned);
            let last = pb::RangeResponse {
                header,
                kvs,
                more,
                count,
            };
            return send(sender, last).await;
        }
        query.key = after(&kvs);
        let piece = pb::RangeResponse {
            kvs,
            ..Default::default()
        };
        let size = prost::Message::encoded_len(&piece);
        send(sender, piece).await?;
        query.limit = adjust(query.limit, size, member.limits.request_bytes_max).min(total - sent);
        let pairs = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let state = member.state.read();
        state.auth.is_current(caller)?;
        let slice = state.store.range_slice(&query, pairs, usize::MAX)?;
        (kvs, more) = (slice.kvs, slice.next.is_some());
    }
}

type Pieces = mpsc::Sender<Result<pb::RangeStreamResponse, Status>>;

async fn send(sender: &Pieces, piece: pb::RangeResponse) -> Result<(), Status> {
    let message = pb::RangeStreamResponse {
        range_response: Some(piece),
    };
    sender
        .send(Ok(message))
        .await
        .map_err(|_| Status::cancelled("the client has gone"))
}

/// The smallest key behind the last one.
fn after(kvs: &[proto::mvccpb::KeyValue]) -> Bytes {
    let mut key = kvs.last().map(|kv| kv.key.to_vec()).unwrap_or_default();
    key.push(0);
    key.into()
}

/// Keeps messages between half and twice the wanted size.
fn adjust(limit: i64, size: usize, wanted: usize) -> i64 {
    let limit = if size < wanted / 2 {
        limit.saturating_mul(2)
    } else if size > wanted * 2 {
        limit / 2
    } else {
        limit
    };
    limit.max(1)
}

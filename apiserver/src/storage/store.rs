//! The calls of an etcd that the API server makes.

use bytes::Bytes;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::lease_client::LeaseClient;
use proto::etcdserverpb::maintenance_client::MaintenanceClient;
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::response_op::Response;
use proto::etcdserverpb::watch_client::WatchClient;
use proto::etcdserverpb::{
    CompactionRequest, Compare, DeleteRangeRequest, LeaseGrantRequest, PutRequest, RangeRequest,
    RangeResponse, RequestOp, StatusRequest, TxnRequest, TxnResponse,
};
use tonic::Code;
use tower::util::BoxCloneSyncService;

/// Whatever answers gRPC: a connection, or the store of this process.
pub type Route =
    BoxCloneSyncService<http::Request<tonic::body::Body>, http::Response<tonic::body::Body>, Lost>;

/// The way to the store does not carry a call.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Lost(pub String);

/// The largest answer that is taken: a page of large objects.
const ANSWER_BYTES_MAX: usize = 512 * 1024 * 1024;

/// An etcd. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    kv: KvClient<Route>,
    lease: LeaseClient<Route>,
    maintenance: MaintenanceClient<Route>,
    pub(super) watch: WatchClient<Route>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Store").finish_non_exhaustive()
    }
}

/// What goes wrong between the API server and its store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The revision asked for is gone.
    #[error("etcdserver: mvcc: required revision has been compacted")]
    Compacted,
    /// The revision asked for is not there yet.
    #[error("etcdserver: mvcc: required revision is a future revision")]
    Future,
    /// The object does not fit.
    #[error("etcdserver: request is too large")]
    TooLarge,
    /// It cannot be reached, or does not answer in time.
    #[error("{0}")]
    Unavailable(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl From<tonic::Status> for StoreError {
    fn from(status: tonic::Status) -> Self {
        let text = status.message();
        match status.code() {
            Code::OutOfRange if text.contains("compacted") => Self::Compacted,
            Code::OutOfRange if text.contains("future") => Self::Future,
            Code::InvalidArgument if text.contains("too large") => Self::TooLarge,
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => {
                Self::Unavailable(text.to_owned())
            }
            _ => Self::Other(text.to_owned()),
        }
    }
}

/// A key's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The whole key.
    pub key: Bytes,
    /// The object as it was encoded.
    pub value: Bytes,
    /// The revision of its last write.
    pub revision: i64,
    /// The lease it ends with; 0 for none.
    pub lease: i64,
}

/// Some keys in order.
#[derive(Clone, Debug)]
pub struct Page {
    /// The keys.
    pub items: Vec<Stored>,
    /// The revision that the answer is of.
    pub revision: i64,
    /// How many keys the range holds, of which `items` may be the first.
    pub total: i64,
}

/// What is there instead of what a write expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// The key's value, if it is there.
    pub stored: Option<Stored>,
}

/// How a write ended that was bound to a condition.
pub type Outcome = Result<i64, Current>;

impl Store {
    /// One behind this route.
    #[must_use]
    pub fn new(route: Route) -> Self {
        Self {
            kv: KvClient::new(route.clone()).max_decoding_message_size(ANSWER_BYTES_MAX),
            lease: LeaseClient::new(route.clone()),
            maintenance: MaintenanceClient::new(route.clone()),
            watch: WatchClient::new(route).max_decoding_message_size(ANSWER_BYTES_MAX),
        }
    }

    /// The value of a key now (linearizable), and the store's revision.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn get(&self, key: &[u8]) -> Result<(Option<Stored>, i64), StoreError> {
        let page = self.range(RangeRequest {
            key: Bytes::copy_from_slice(key),
            ..RangeRequest::default()
        });
        let mut page = page.await?;
        Ok((page.items.pop(), page.revision))
    }

    /// At most `limit` (0 for all) keys from `start` to before `end`, as of `revision` (0 for now).
    ///
    /// # Errors
    /// The revision is gone or not there yet; the store cannot be read.
    pub async fn list(
        &self,
        start: &[u8],
        end: &[u8],
        limit: i64,
        revision: i64,
    ) -> Result<Page, StoreError> {
        self.range(RangeRequest {
            key: Bytes::copy_from_slice(start),
            range_end: Bytes::copy_from_slice(end),
            limit,
            revision,
            ..RangeRequest::default()
        })
        .await
    }

    /// The store's revision now (linearizable).
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn revision(&self, key: &[u8]) -> Result<i64, StoreError> {
        let page = self.range(RangeRequest {
            key: Bytes::copy_from_slice(key),
            count_only: true,
            ..RangeRequest::default()
        });
        Ok(page.await?.revision)
    }

    async fn range(&self, request: RangeRequest) -> Result<Page, StoreError> {
        let answer = self.kv.clone().range(request).await?.into_inner();
        Ok(page(answer))
    }

    /// Writes a key that is not there.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn create(
        &self,
        key: &[u8],
        value: Bytes,
        lease: i64,
    ) -> Result<Outcome, StoreError> {
        self.write(key, 0, Some((value, lease))).await
    }

    /// Writes a key whose last write was at `revision`.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn update(
        &self,
        key: &[u8],
        revision: i64,
        value: Bytes,
        lease: i64,
    ) -> Result<Outcome, StoreError> {
        self.write(key, revision, Some((value, lease))).await
    }

    /// Deletes a key whose last write was at `revision`.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn delete(&self, key: &[u8], revision: i64) -> Result<Outcome, StoreError> {
        self.write(key, revision, None).await
    }

    /// Puts or deletes if the last write of the key was at `revision`.
    async fn write(
        &self,
        key: &[u8],
        revision: i64,
        put: Option<(Bytes, i64)>,
    ) -> Result<Outcome, StoreError> {
        let key = Bytes::copy_from_slice(key);
        let request = match put {
            Some((value, lease)) => Request::RequestPut(PutRequest {
                key: key.clone(),
                value,
                lease,
                ..PutRequest::default()
            }),
            None => Request::RequestDeleteRange(DeleteRangeRequest {
                key: key.clone(),
                ..DeleteRangeRequest::default()
            }),
        };
        let read = Request::RequestRange(RangeRequest {
            key: key.clone(),
            ..RangeRequest::default()
        });
        let transaction = TxnRequest {
            compare: vec![Compare {
                result: CompareResult::Equal.into(),
                target: CompareTarget::Mod.into(),
                key,
                target_union: Some(TargetUnion::ModRevision(revision)),
                ..Compare::default()
            }],
            success: vec![RequestOp {
                request: Some(request),
            }],
            failure: vec![RequestOp {
                request: Some(read),
            }],
        };
        let answer = self.kv.clone().txn(transaction).await?.into_inner();
        Ok(outcome(answer))
    }

    /// A lease of so many seconds.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn grant(&self, seconds: i64) -> Result<i64, StoreError> {
        let request = LeaseGrantRequest {
            ttl: seconds,
            id: 0,
        };
        Ok(self
            .lease
            .clone()
            .lease_grant(request)
            .await?
            .into_inner()
            .id)
    }

    /// Forgets what was before `revision`.
    ///
    /// # Errors
    /// The store cannot be written; it was forgotten already.
    pub async fn compact(&self, revision: i64) -> Result<(), StoreError> {
        let request = CompactionRequest {
            revision,
            physical: false,
        };
        self.kv.clone().compact(request).await?;
        Ok(())
    }

    /// How many bytes it takes, for the metrics.
    ///
    /// # Errors
    /// It cannot be reached.
    pub async fn size(&self) -> Result<i64, StoreError> {
        let status = self.maintenance.clone().status(StatusRequest {}).await?;
        Ok(status.into_inner().db_size)
    }
}

fn page(answer: RangeResponse) -> Page {
    Page {
        revision: answer.header.map_or(0, |header| header.revision),
        total: answer.count,
        items: answer.kvs.into_iter().map(stored).collect(),
    }
}

fn stored(kv: proto::mvccpb::KeyValue) -> Stored {
    Stored {
        key: kv.key,
        value: kv.value,
        revision: kv.mod_revision,
        lease: kv.lease,
    }
}

fn outcome(answer: TxnResponse) -> Outcome {
    if answer.succeeded {
        return Ok(answer.header.map_or(0, |header| header.revision));
    }
    let read = answer
        .responses
        .into_iter()
        .next()
        .and_then(|op| op.response);
    let stored = match read {
        Some(Response::ResponseRange(range)) => range.kvs.into_iter().next().map(stored),
        _ => None,
    };
    Err(Current { stored })
}

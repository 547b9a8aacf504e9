//! KV: the namespace and the cache in front of the members.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::Mutex;
use proto::etcdserverpb as pb;
use store::metrics::Metrics;
use tonic::{Request, Response, Status};

use super::cache::Cache;
use super::caller::Caller;
use super::namespace::Namespace;
use super::upstream::{Repeat, Upstream};

/// Members asked for one read that must not go back in time, for each that there is.
const ROUNDS: usize = 5;

/// See the module.
pub(super) struct Kv {
    pub(super) upstream: Arc<Upstream>,
    pub(super) namespace: Namespace,
    cache: Mutex<Cache>,
    /// `--experimental-serializable-ordering`: the newest revision that a client has seen.
    seen: Option<AtomicI64>,
    metrics: Arc<Metrics>,
}

impl Kv {
    pub(super) fn new(
        upstream: Arc<Upstream>,
        namespace: Namespace,
        is_ordered: bool,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            upstream,
            namespace,
            cache: Mutex::default(),
            seen: is_ordered.then(AtomicI64::default),
            metrics,
        }
    }

    /// A read, past the cache.
    pub(super) async fn read(
        &self,
        caller: &Caller,
        mut request: pb::RangeRequest,
    ) -> Result<pb::RangeResponse, Status> {
        self.namespace.read(&mut request)?;
        let tries = ROUNDS * self.upstream.endpoints().len().max(1);
        let seen = self.seen.as_ref().map(|seen| seen.load(Ordering::Relaxed));
        for _ in 0..tries {
            let path = "/etcdserverpb.KV/Range";
            let asked = self
                .upstream
                .unary(caller, path, request.clone(), Repeat::Safe);
            let mut reply: pb::RangeResponse = asked.await?.into_inner();
            let revision = reply.header.as_ref().map_or(0, |header| header.revision);
            if request.revision == 0 && seen.is_some_and(|seen| revision < seen) {
                // The next member may be further.
                continue;
            }
            self.see(revision);
            self.namespace.read_reply(&mut reply);
            return Ok(reply);
        }
        Err(Status::unknown(
            "etcdclient: no cluster members have a revision higher than the previously received revision",
        ))
    }

    fn see(&self, revision: i64) {
        if let Some(seen) = &self.seen {
            seen.fetch_max(revision, Ordering::Relaxed);
        }
    }

    /// Changes the cache and tells how much it holds.
    fn cache<T>(&self, change: impl FnOnce(&mut Cache) -> T) -> T {
        let mut cache = self.cache.lock();
        let outcome = change(&mut cache);
        let keys = i64::try_from(cache.len()).unwrap_or(i64::MAX);
        self.metrics.proxy.cache_keys.set(keys);
        outcome
    }
}

/// KV as a service.
pub(super) struct Service(pub(super) Arc<Kv>);

#[tonic::async_trait]
impl pb::kv_server::Kv for Service {
    async fn range(
        &self,
        request: Request<pb::RangeRequest>,
    ) -> Result<Response<pb::RangeResponse>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let metrics = &self.0.metrics.proxy;
        if request.serializable {
            match self.0.cache(|cache| cache.get(&request)) {
                Ok(None) => metrics.cache_misses.inc(),
                Ok(Some(reply)) => {
                    metrics.cache_hits.inc();
                    return Ok(Response::new(reply));
                }
                Err(why) => {
                    metrics.cache_hits.inc();
                    return Err(why);
                }
            }
        }
        let reply = self.0.read(&caller, request.clone()).await?;
        self.0.cache(|cache| cache.add(&request, &reply));
        Ok(Response::new(reply))
    }

    async fn put(
        &self,
        request: Request<pb::PutRequest>,
    ) -> Result<Response<pb::PutResponse>, Status> {
        let caller = Caller::of(&request);
        let mut request = request.into_inner();
        let key = request.key.clone();
        self.0.namespace.put(&mut request)?;
        let path = "/etcdserverpb.KV/Put";
        let asked = self.0.upstream.unary(&caller, path, request, Repeat::Never);
        let outcome = asked.await;
        // A failure may have taken effect all the same.
        self.0.cache(|cache| cache.invalidate(&key, &[]));
        let mut reply: pb::PutResponse = outcome?.into_inner();
        self.0.see(reply.header.as_ref().map_or(0, |h| h.revision));
        self.0.namespace.put_reply(&mut reply);
        Ok(Response::new(reply))
    }

    async fn delete_range(
        &self,
        request: Request<pb::DeleteRangeRequest>,
    ) -> Result<Response<pb::DeleteRangeResponse>, Status> {
        let caller = Caller::of(&request);
        let mut request = request.into_inner();
        let (key, end) = (request.key.clone(), request.range_end.clone());
        self.0.namespace.delete(&mut request)?;
        let path = "/etcdserverpb.KV/DeleteRange";
        let asked = self.0.upstream.unary(&caller, path, request, Repeat::Never);
        let outcome = asked.await;
        self.0.cache(|cache| cache.invalidate(&key, &end));
        let mut reply: pb::DeleteRangeResponse = outcome?.into_inner();
        self.0.see(reply.header.as_ref().map_or(0, |h| h.revision));
        self.0.namespace.delete_reply(&mut reply);
        Ok(Response::new(reply))
    }

    async fn txn(
        &self,
        request: Request<pb::TxnRequest>,
    ) -> Result<Response<pb::TxnResponse>, Status> {
        let caller = Caller::of(&request);
        let asked = request.into_inner();
        let mut request = asked.clone();
        self.0.namespace.txn(&mut request)?;
        let path = "/etcdserverpb.KV/Txn";
        let repeat = match changes(&request) {
            true => Repeat::Never,
            false => Repeat::Safe,
        };
        let outcome = self.0.upstream.unary(&caller, path, request, repeat).await;
        let mut reply: pb::TxnResponse = match outcome {
            Ok(reply) => reply.into_inner(),
            Err(why) => {
                self.0.cache(|cache| {
                    for taken in [&asked.success, &asked.failure] {
                        let none: Vec<_> = taken.iter().map(|_| Default::default()).collect();
                        cache.note(taken, &none);
                    }
                });
                return Err(why);
            }
        };
        self.0.see(reply.header.as_ref().map_or(0, |h| h.revision));
        self.0.namespace.txn_reply(&mut reply);
        self.0.cache(|cache| {
            // What was compared may be known by an old answer.
            for compare in &asked.compare {
                cache.invalidate(&compare.key, &compare.range_end);
            }
            let taken = match reply.succeeded {
                true => &asked.success,
                false => &asked.failure,
            };
            cache.note(taken, &reply.responses);
        });
        Ok(Response::new(reply))
    }

    async fn compact(
        &self,
        request: Request<pb::CompactionRequest>,
    ) -> Result<Response<pb::CompactionResponse>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let revision = request.revision;
        let path = "/etcdserverpb.KV/Compact";
        let asked = self.0.upstream.unary(&caller, path, request, Repeat::Never);
        let reply = asked.await?;
        self.0.cache(|cache| cache.compact(revision));
        Ok(reply)
    }

    type RangeStreamStream = tokio_stream::Empty<Result<pb::RangeStreamResponse, Status>>;

    async fn range_stream(
        &self,
        _: Request<pb::RangeRequest>,
    ) -> Result<Response<Self::RangeStreamStream>, Status> {
        let text = "RangeStream is not supported by the gRPC proxy";
        Err(Status::unimplemented(text))
    }
}

/// Whether a transaction may change anything.
fn changes(request: &pb::TxnRequest) -> bool {
    use pb::request_op::Request;
    let mut all = request.success.iter().chain(&request.failure);
    all.any(|operation| match &operation.request {
        Some(Request::RequestRange(_)) | None => false,
        Some(Request::RequestTxn(inner)) => changes(inner),
        Some(Request::RequestPut(_) | Request::RequestDeleteRange(_)) => true,
    })
}

//! The loop over a real connection, against a server that answers as each test wants.

use std::sync::atomic::{AtomicI64, Ordering};

use proto::etcdserverpb as pb;
use proto::etcdserverpb::kv_server::{Kv, KvServer};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use super::*;
use crate::client::framed;

/// Puts get growing revisions up to a given one, where they stop growing; everything else fails.
#[derive(Debug)]
struct Fake {
    revision: AtomicI64,
    stuck_at: i64,
}

type Reply<T> = Result<Response<T>, Status>;

#[async_trait::async_trait]
impl Kv for Fake {
    type RangeStreamStream =
        tokio_stream::Iter<std::vec::IntoIter<Result<pb::RangeStreamResponse, Status>>>;

    async fn put(&self, _: Request<pb::PutRequest>) -> Reply<pb::PutResponse> {
        let revision = self.revision.fetch_add(1, Ordering::Relaxed) + 1;
        let header = pb::ResponseHeader {
            revision: revision.min(self.stuck_at),
            ..pb::ResponseHeader::default()
        };
        Ok(Response::new(pb::PutResponse {
            header: Some(header),
            prev_kv: None,
        }))
    }

    async fn range(&self, _: Request<pb::RangeRequest>) -> Reply<pb::RangeResponse> {
        Err(Status::unavailable("etcdserver: no leader"))
    }

    async fn range_stream(&self, _: Request<pb::RangeRequest>) -> Reply<Self::RangeStreamStream> {
        let part = |entries, count| {
            let range = pb::RangeResponse {
                kvs: vec![proto::mvccpb::KeyValue::default(); entries],
                count,
                ..pb::RangeResponse::default()
            };
            Ok(pb::RangeStreamResponse {
                range_response: Some(range),
            })
        };
        Ok(Response::new(tokio_stream::iter(vec![
            part(3, 0),
            part(4, 7),
        ])))
    }

    async fn delete_range(
        &self,
        _: Request<pb::DeleteRangeRequest>,
    ) -> Reply<pb::DeleteRangeResponse> {
        Err(Status::unimplemented(""))
    }

    async fn txn(&self, _: Request<pb::TxnRequest>) -> Reply<pb::TxnResponse> {
        Err(Status::unimplemented(""))
    }

    async fn compact(&self, _: Request<pb::CompactionRequest>) -> Reply<pb::CompactionResponse> {
        Err(Status::unimplemented(""))
    }
}

async fn connect(stuck_at: i64) -> Vec<Connection> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let fake = Fake {
        revision: AtomicI64::new(1),
        stuck_at,
    };
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(KvServer::new(fake))
            .serve_with_incoming(TcpListenerStream::new(listener)),
    );
    let mut pool = Vec::new();
    for _ in 0..2 {
        pool.push(Connection::open(address).await.unwrap());
    }
    pool
}

struct Calls(Rpc);

impl Operation for Calls {
    fn call(&self, _number: u64) -> (Rpc, Bytes) {
        let put = pb::PutRequest {
            key: "key".into(),
            value: vec![0; 100_000].into(),
            ..pb::PutRequest::default()
        };
        (self.0, framed(&put))
    }

    fn order(&self, _number: u64) -> Order {
        Order::Greater
    }

    fn check(&self, _number: u64, _reply: &Outline) -> Result<(), String> {
        Ok(())
    }
}

#[tokio::test]
async fn every_request_of_the_budget_is_made_once() {
    let pool = connect(i64::MAX).await;
    let outcome = closed_loop(&pool, 7, &Arc::new(Calls(Rpc::Put)), Budget::total(500)).await;
    assert_eq!(
        (outcome.done, outcome.failed, outcome.writes),
        (500, 0, 500)
    );
    assert_eq!(outcome.latencies.len(), 500);
    assert_eq!(outcome.error, None);
}

#[tokio::test]
async fn a_revision_that_does_not_grow_is_a_wrong_answer() {
    let pool = connect(3).await;
    let outcome = closed_loop(&pool, 1, &Arc::new(Calls(Rpc::Put)), Budget::total(500)).await;
    assert_eq!((outcome.done, outcome.failed), (2, 1));
    assert_eq!(
        outcome.error.as_deref(),
        Some("wrong answer: revision 3 after revision 3 (Greater)")
    );
}

#[tokio::test]
async fn a_status_ends_each_client_once() {
    let pool = connect(3).await;
    let outcome = closed_loop(&pool, 4, &Arc::new(Calls(Rpc::Range)), Budget::total(500)).await;
    assert_eq!((outcome.done, outcome.failed), (0, 4));
    let error = outcome.error.unwrap();
    assert!(error.starts_with("gRPC status 14: "), "{error}");
}

#[tokio::test]
async fn a_stream_is_read_to_its_end() {
    let mut connection = connect(3).await.remove(0);
    let (mut entries, mut count) = (0, 0);
    let messages = connection
        .server_stream(Rpc::RangeStream, Bytes::from_static(&[0; 5]), |reply| {
            entries += reply.occurrences(2);
            count = reply.number(4);
        })
        .await
        .unwrap();
    assert_eq!((messages, entries, count), (2, 7, 7));
}

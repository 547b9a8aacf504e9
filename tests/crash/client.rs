//! The calls these tests make, on the generated clients.

use bytes::Bytes;
use proto::etcdserverpb as pb;
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::lease_client::LeaseClient;
use proto::etcdserverpb::maintenance_client::MaintenanceClient;
use proto::etcdserverpb::watch_client::WatchClient;
use proto::etcdserverpb::watch_request::RequestUnion;
use proto::mvccpb::{Event, KeyValue};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

/// Bytes of one message at most: a full range of these tests is some MiB.
const MESSAGE_BYTES_MAX: usize = 1 << 30;

/// All services of one member, on one connection.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) kv: KvClient<Channel>,
    pub(crate) lease: LeaseClient<Channel>,
    pub(crate) maintenance: MaintenanceClient<Channel>,
    watch: WatchClient<Channel>,
}

/// What a watch from a revision on finds.
pub(crate) enum Started {
    /// A stream whose next messages are events.
    Watching(Box<Watching>),
    /// The revision is compacted; this is the first that is not.
    Compacted(i64),
}

/// A watch of all keys.
pub(crate) struct Watching {
    responses: Streaming<pb::WatchResponse>,
    /// A response that was read to see how the watch began.
    first: Option<pb::WatchResponse>,
    /// Keeps the request stream open, which keeps the watch.
    _requests: mpsc::Sender<pb::WatchRequest>,
}

impl Watching {
    /// The next response.
    pub(crate) async fn next(&mut self) -> Result<pb::WatchResponse, Status> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        let response = self.responses.message().await?;
        response.ok_or_else(|| Status::cancelled("the watch stream ended"))
    }
}

impl Client {
    /// Connects to `http://127.0.0.1:<port>`.
    pub(crate) async fn connect(url: &str) -> Result<Client, tonic::transport::Error> {
        let endpoint = Channel::from_shared(url.to_owned()).expect("the URL is one");
        let channel = endpoint.connect().await?;
        Ok(Client {
            kv: KvClient::new(channel.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX),
            lease: LeaseClient::new(channel.clone()),
            maintenance: MaintenanceClient::new(channel.clone()),
            watch: WatchClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX),
        })
    }

    /// Puts; gives the revision.
    pub(crate) async fn put(
        &mut self,
        key: impl Into<Bytes>,
        value: impl Into<Bytes>,
        lease: i64,
    ) -> Result<i64, Status> {
        let request = pb::PutRequest {
            key: key.into(),
            value: value.into(),
            lease,
            ..Default::default()
        };
        Ok(revision(self.kv.put(request).await?.into_inner().header))
    }

    /// Deletes one key; gives the revision and how many were there.
    pub(crate) async fn delete(&mut self, key: &str) -> Result<(i64, i64), Status> {
        let request = pb::DeleteRangeRequest {
            key: key.to_owned().into(),
            ..Default::default()
        };
        let reply = self.kv.delete_range(request).await?.into_inner();
        Ok((revision(reply.header), reply.deleted))
    }

    /// One key, if it is there.
    pub(crate) async fn get(&mut self, key: &str) -> Result<Option<KeyValue>, Status> {
        let request = pb::RangeRequest {
            key: key.to_owned().into(),
            ..Default::default()
        };
        Ok(self.kv.range(request).await?.into_inner().kvs.pop())
    }

    /// The current revision and all pairs, by key.
    pub(crate) async fn all(&mut self) -> Result<(i64, Vec<KeyValue>), Status> {
        let request = pb::RangeRequest {
            key: Bytes::from_static(b"\0"),
            range_end: Bytes::from_static(b"\0"),
            ..Default::default()
        };
        let reply = self.kv.range(request).await?.into_inner();
        Ok((revision(reply.header), reply.kvs))
    }

    /// A transaction; gives the revision and whether its comparisons held.
    pub(crate) async fn txn(
        &mut self,
        compare: Vec<pb::Compare>,
        success: Vec<pb::RequestOp>,
    ) -> Result<(i64, bool), Status> {
        let request = pb::TxnRequest {
            compare,
            success,
            failure: Vec::new(),
        };
        let reply = self.kv.txn(request).await?.into_inner();
        Ok((revision(reply.header), reply.succeeded))
    }

    /// The hash of everything at `at`, 0 for now: the revision hashed, the compact revision and
    /// the hash.
    pub(crate) async fn hash(&mut self, at: i64) -> Result<(i64, i64, u32), Status> {
        let request = pb::HashKvRequest { revision: at };
        let reply = self.maintenance.hash_kv(request).await?.into_inner();
        Ok((reply.hash_revision, reply.compact_revision, reply.hash))
    }

    /// Ids of all leases, ascending.
    pub(crate) async fn leases(&mut self) -> Result<Vec<i64>, Status> {
        let reply = self.lease.lease_leases(pb::LeaseLeasesRequest {}).await?;
        let mut ids: Vec<i64> = reply.into_inner().leases.iter().map(|one| one.id).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// Watches all keys from `from` on.
    pub(crate) async fn watch(&mut self, from: i64) -> Result<Started, Status> {
        let (sender, receiver) = mpsc::channel(1);
        let create = pb::WatchCreateRequest {
            key: Bytes::from_static(b"\0"),
            range_end: Bytes::from_static(b"\0"),
            start_revision: from,
            ..Default::default()
        };
        let create = pb::WatchRequest {
            request_union: Some(RequestUnion::CreateRequest(create)),
        };
        sender.send(create).await.expect("the receiver is here");
        let requests = ReceiverStream::new(receiver);
        let mut watching = Watching {
            responses: self.watch.watch(requests).await?.into_inner(),
            first: None,
            _requests: sender,
        };
        let created = watching.next().await?;
        if !created.created || created.canceled {
            return Err(Status::internal(format!("no watch: {created:?}")));
        }
        // Only a start in the past is answered at once.
        if from > 0 && from <= revision(created.header) {
            let first = watching.next().await?;
            if first.canceled {
                return Ok(Started::Compacted(first.compact_revision));
            }
            watching.first = Some(first);
        }
        Ok(Started::Watching(Box::new(watching)))
    }

    /// The compact revision (0 if nothing was compacted) and every event from it up to the
    /// revision `to`, in order.
    pub(crate) async fn history(&mut self, to: i64) -> Result<(i64, Vec<Event>), Status> {
        let (compacted, started) = match self.watch(1).await? {
            Started::Compacted(revision) => (revision, self.watch(revision).await?),
            watching @ Started::Watching(_) => (0, watching),
        };
        let Started::Watching(mut watching) = started else {
            return Err(Status::internal(
                "the first revision was compacted meanwhile",
            ));
        };
        let mut events: Vec<Event> = Vec::new();
        // A compact revision that is the newest one may hold nothing to tell.
        while to > compacted.max(1) && last_revision(&events) < to {
            events.extend(watching.next().await?.events);
        }
        Ok((compacted, events))
    }
}

fn last_revision(events: &[Event]) -> i64 {
    let last = events.last().and_then(|event| event.kv.as_ref());
    last.map_or(0, |kv| kv.mod_revision)
}

/// The revision in a reply's header.
pub(crate) fn revision(header: Option<pb::ResponseHeader>) -> i64 {
    header.expect("every reply has a header").revision
}

/// A put as part of a transaction.
pub(crate) fn put_op(key: &str, value: Vec<u8>, lease: i64) -> pb::RequestOp {
    let put = pb::PutRequest {
        key: key.to_owned().into(),
        value: value.into(),
        lease,
        ..Default::default()
    };
    pb::RequestOp {
        request: Some(pb::request_op::Request::RequestPut(put)),
    }
}

/// A deletion as part of a transaction.
pub(crate) fn delete_op(key: &str) -> pb::RequestOp {
    let delete = pb::DeleteRangeRequest {
        key: key.to_owned().into(),
        ..Default::default()
    };
    pb::RequestOp {
        request: Some(pb::request_op::Request::RequestDeleteRange(delete)),
    }
}

/// Holds when the key was last changed at `revision`; 0 when it is not there.
pub(crate) fn unchanged_since(key: &str, revision: i64) -> pb::Compare {
    pb::Compare {
        result: pb::compare::CompareResult::Equal.into(),
        target: pb::compare::CompareTarget::Mod.into(),
        key: key.to_owned().into(),
        target_union: Some(pb::compare::TargetUnion::ModRevision(revision)),
        ..Default::default()
    }
}

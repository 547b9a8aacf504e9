//! Sends one request by tonic's generated clients and brings the reply into one shape.

use proto::etcdserverpb as pb;
use proto::etcdserverpb::auth_client::AuthClient;
use proto::etcdserverpb::cluster_client::ClusterClient;
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::lease_client::LeaseClient;
use proto::etcdserverpb::maintenance_client::MaintenanceClient;
use proto::health::HealthCheckRequest;
use proto::health::health_client::HealthClient;
use proto::v3electionpb::election_client::ElectionClient;
use proto::v3lockpb::lock_client::LockClient;
use sha2::{Digest, Sha256};
use tonic::transport::Channel;
use tonic::{Status, Streaming};

use crate::ids::{Ids, is_picked};
use crate::reply::{Outcome, Reply, SnapshotShape};
use crate::step::Step;

type Sent = Result<Reply, Status>;

/// Sends `step`, which is in the side's own names, and waits for its reply.
pub(crate) async fn send(channel: Channel, ids: &Ids, step: Step) -> Outcome {
    if let Step::Raw(call) = &step {
        return crate::raw::send(channel, call).await;
    }
    let sent = match step {
        Step::Grant(_)
        | Step::Revoke(_)
        | Step::KeepAlive(_)
        | Step::TimeToLive(_)
        | Step::Leases => lease(channel, ids, step).await,
        Step::Alarm(_)
        | Step::Status
        | Step::Hash
        | Step::HashKv { .. }
        | Step::Defragment
        | Step::Snapshot
        | Step::MemberList(_)
        | Step::AuthStatus
        | Step::Health(_)
        | Step::HealthWatch(_) => maintenance(channel, step).await,
        Step::Lock { .. } | Step::Unlock(_) => lock(channel, ids, step).await,
        Step::Campaign { .. }
        | Step::Proclaim(_)
        | Step::Leader(_)
        | Step::Observe(_)
        | Step::Resign(_) => election(channel, ids, step).await,
        other => kv(channel, other).await,
    };
    match sent {
        Ok(reply) => Outcome::Reply(Box::new(reply)),
        Err(status) => status.into(),
    }
}

/// An id the server is to pick goes out as 0.
fn asked(ids: &Ids, lease: i64) -> i64 {
    if ids.is_open(lease) && is_picked(lease) {
        0
    } else {
        lease
    }
}

async fn kv(channel: Channel, step: Step) -> Sent {
    let mut client = KvClient::new(channel).max_decoding_message_size(usize::MAX);
    Ok(match step {
        Step::Range(r) => Reply::Range(client.range(r).await?.into_inner()),
        Step::RangeStream(r) => joined(client.range_stream(r).await?.into_inner()).await?,
        Step::Put(r) => Reply::Put(client.put(r).await?.into_inner()),
        Step::DeleteRange(r) => Reply::DeleteRange(client.delete_range(r).await?.into_inner()),
        Step::Txn(r) => Reply::Txn(client.txn(r).await?.into_inner()),
        Step::Compact(r) => Reply::Compact(client.compact(r).await?.into_inner()),
        other => unreachable!("{} is not sent by this client", other.rpc()),
    })
}

/// Puts the chunks of a stream together.
async fn joined(mut stream: Streaming<pb::RangeStreamResponse>) -> Sent {
    let mut whole = pb::RangeResponse::default();
    let mut trailing = true;
    while let Some(chunk) = stream.message().await? {
        let chunk = chunk.range_response.unwrap_or_default();
        trailing &= whole.header.is_none() && whole.count == 0 && !whole.more;
        whole.kvs.extend(chunk.kvs);
        whole.header = whole.header.or(chunk.header);
        whole.count += chunk.count;
        whole.more |= chunk.more;
    }
    Ok(Reply::RangeStream { whole, trailing })
}

async fn lease(channel: Channel, ids: &Ids, step: Step) -> Sent {
    let mut client = LeaseClient::new(channel);
    Ok(match step {
        Step::Grant(mut r) => {
            r.id = asked(ids, r.id);
            Reply::Grant(client.lease_grant(r).await?.into_inner())
        }
        Step::Revoke(r) => Reply::Revoke(client.lease_revoke(r).await?.into_inner()),
        Step::KeepAlive(leases) => {
            let due = leases.len();
            let requests = leases
                .into_iter()
                .map(|id| pb::LeaseKeepAliveRequest { id });
            let requests = tokio_stream::iter(requests.collect::<Vec<_>>());
            let mut stream = client.lease_keep_alive(requests).await?.into_inner();
            let mut replies = Vec::new();
            while let Some(reply) = stream.message().await? {
                replies.push(reply);
            }
            debug_assert!(replies.len() <= due || due == 0);
            Reply::KeepAlive(replies)
        }
        Step::TimeToLive(r) => Reply::TimeToLive(client.lease_time_to_live(r).await?.into_inner()),
        Step::Leases => {
            let request = pb::LeaseLeasesRequest {};
            Reply::Leases(client.lease_leases(request).await?.into_inner())
        }
        other => unreachable!("{} is not sent by this client", other.rpc()),
    })
}

async fn maintenance(channel: Channel, step: Step) -> Sent {
    let mut client = MaintenanceClient::new(channel.clone());
    Ok(match step {
        Step::Alarm(r) => Reply::Alarm(client.alarm(r).await?.into_inner()),
        Step::Status => Reply::Status(client.status(pb::StatusRequest {}).await?.into_inner()),
        Step::Hash => Reply::Hash(client.hash(pb::HashRequest {}).await?.into_inner()),
        Step::HashKv { request, .. } => Reply::HashKv(client.hash_kv(request).await?.into_inner()),
        Step::Defragment => {
            let request = pb::DefragmentRequest {};
            Reply::Defragment(client.defragment(request).await?.into_inner())
        }
        Step::Snapshot => {
            let stream = client.snapshot(pb::SnapshotRequest {}).await?.into_inner();
            Reply::Snapshot(shape(stream).await?)
        }
        Step::MemberList(r) => {
            let mut client = ClusterClient::new(channel);
            Reply::MemberList(client.member_list(r).await?.into_inner())
        }
        Step::AuthStatus => {
            let mut client = AuthClient::new(channel);
            let request = pb::AuthStatusRequest {};
            Reply::AuthStatus(client.auth_status(request).await?.into_inner())
        }
        Step::Health(service) => {
            let mut client = HealthClient::new(channel);
            Reply::Health(
                client
                    .check(HealthCheckRequest { service })
                    .await?
                    .into_inner(),
            )
        }
        Step::HealthWatch(service) => {
            let mut client = HealthClient::new(channel);
            let request = HealthCheckRequest { service };
            let mut stream = client.watch(request).await?.into_inner();
            Reply::Health(first(&mut stream).await?)
        }
        other => unreachable!("{} is not sent by this client", other.rpc()),
    })
}

async fn first<T>(stream: &mut Streaming<T>) -> Result<T, Status> {
    let message = stream.message().await?;
    message.ok_or_else(|| Status::unknown("the stream ended without a message"))
}

/// Reads a snapshot and keeps what can be compared.
async fn shape(mut stream: Streaming<pb::SnapshotResponse>) -> Result<SnapshotShape, Status> {
    const CHUNK: usize = 32 * 1024;
    let mut messages = Vec::new();
    while let Some(message) = stream.message().await? {
        messages.push(message);
    }
    let Some((last, data)) = messages.split_last() else {
        return Err(Status::unknown("a snapshot without a message"));
    };
    let total: u64 = data.iter().map(|message| message.blob.len() as u64).sum();
    let mut hash = Sha256::new();
    let mut sent = 0;
    let mut counts_down = true;
    for message in data {
        hash.update(&message.blob);
        sent += message.blob.len() as u64;
        counts_down &= message.remaining_bytes == total - sent;
    }
    let headers = messages.iter().map(|message| match &message.header {
        None => "none".to_owned(),
        Some(header) => format!("revision {}", header.revision),
    });
    let mut headers: Vec<String> = headers.collect();
    headers.dedup();
    Ok(SnapshotShape {
        version: messages[0].version.clone(),
        headers,
        small_chunks: data.iter().all(|message| message.blob.len() <= CHUNK),
        counts_down: counts_down && last.remaining_bytes == 0,
        checksum: last.blob[..] == hash.finalize()[..],
        pages: total > 0 && total.is_multiple_of(512),
    })
}

async fn lock(channel: Channel, ids: &Ids, step: Step) -> Sent {
    let mut client = LockClient::new(channel);
    Ok(match step {
        Step::Lock { mut request, .. } => {
            request.lease = asked(ids, request.lease);
            Reply::Lock(client.lock(request).await?.into_inner())
        }
        Step::Unlock(r) => Reply::Unlock(client.unlock(r).await?.into_inner()),
        other => unreachable!("{} is not sent by this client", other.rpc()),
    })
}

async fn election(channel: Channel, ids: &Ids, step: Step) -> Sent {
    let mut client = ElectionClient::new(channel);
    Ok(match step {
        Step::Campaign { mut request, .. } => {
            request.lease = asked(ids, request.lease);
            Reply::Campaign(client.campaign(request).await?.into_inner())
        }
        Step::Proclaim(r) => Reply::Proclaim(client.proclaim(r).await?.into_inner()),
        Step::Leader(r) => Reply::Leader(client.leader(r).await?.into_inner()),
        Step::Observe(request) => {
            let mut stream = client.observe(request).await?.into_inner();
            Reply::Leader(first(&mut stream).await?)
        }
        Step::Resign(r) => Reply::Resign(client.resign(r).await?.into_inner()),
        other => unreachable!("{} is not sent by this client", other.rpc()),
    })
}

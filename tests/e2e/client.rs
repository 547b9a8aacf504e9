//! What a test asks of single members itself: who leads, who is a member, does it answer.

use std::time::{Duration, Instant};

use harness::Cluster;
use proto::etcdserverpb as pb;
use proto::etcdserverpb::cluster_client::ClusterClient;
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::maintenance_client::MaintenanceClient;
use tonic::transport::Channel;
use tonic::{Code, Status};

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(2);
/// How long anything may take that must happen in the end.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);
/// The pause between two looks at a cluster.
const PAUSE: Duration = Duration::from_millis(20);

async fn connect(cluster: &Cluster, member: usize) -> Result<Channel, Status> {
    let endpoint = Channel::from_shared(cluster.client_url(member)).expect("the URL is one");
    let endpoint = endpoint.connect_timeout(REQUEST).timeout(REQUEST);
    let connected = endpoint.connect().await;
    connected.map_err(|error| Status::unavailable(error.to_string()))
}

/// What a member says of itself.
pub(crate) async fn status(cluster: &Cluster, member: usize) -> Result<pb::StatusResponse, Status> {
    let mut client = MaintenanceClient::new(connect(cluster, member).await?);
    let reply = client.status(pb::StatusRequest::default()).await?;
    Ok(reply.into_inner())
}

/// A member's id.
pub(crate) async fn id(cluster: &Cluster, member: usize) -> u64 {
    let status = eventually("a status", async || status(cluster, member).await.ok()).await;
    status.header.unwrap().member_id
}

/// Waits until one of `members` says that it leads, in the newest term that any of them knows;
/// gives its number.
pub(crate) async fn leader(cluster: &Cluster, members: &[usize]) -> usize {
    eventually("a leader", async || {
        let mut newest = (0, None);
        for member in members {
            let Ok(status) = status(cluster, *member).await else {
                continue;
            };
            let leads = status.leader != 0 && Some(status.leader) == own_id(&status);
            if status.raft_term > newest.0 || status.raft_term == newest.0 && leads {
                newest = (status.raft_term, leads.then_some(*member));
            }
        }
        newest.1
    })
    .await
}

fn own_id(status: &pb::StatusResponse) -> Option<u64> {
    Some(status.header.as_ref()?.member_id)
}

/// Waits until each of `members` answers a read that takes a leader.
pub(crate) async fn healthy(cluster: &Cluster, members: &[usize]) {
    for member in members {
        let what = format!("member {member} to answer");
        eventually(&what, async || read(cluster, *member).await.ok()).await;
    }
}

/// A linearizable read of one member.
async fn read(cluster: &Cluster, member: usize) -> Result<(), Status> {
    let mut client = KvClient::new(connect(cluster, member).await?);
    let request = pb::RangeRequest {
        key: "health".into(),
        ..Default::default()
    };
    client.range(request).await?;
    Ok(())
}

/// Hands the lead from one member to another. It is no failure that the lead is lost meanwhile.
pub(crate) async fn move_leader(cluster: &Cluster, from: usize, to: usize) -> Result<(), Status> {
    let target_id = id(cluster, to).await;
    let mut client = MaintenanceClient::new(connect(cluster, from).await?);
    client
        .move_leader(pb::MoveLeaderRequest { target_id })
        .await?;
    Ok(())
}

/// Takes a member out of the cluster and a new one in, at the same address: the first is dead, the
/// second starts with nothing. `other` is asked to.
pub(crate) async fn replace(cluster: &Cluster, member: usize, dead: u64, other: usize) {
    // A refusal, such as for a cluster that was unhealthy a moment ago, is no verdict.
    eventually("the dead member to be removed", async || {
        let mut client = ClusterClient::new(connect(cluster, other).await.ok()?);
        let request = pb::MemberRemoveRequest { id: dead };
        match client.member_remove(request).await {
            Ok(_) => Some(()),
            Err(status) => (status.code() == Code::NotFound).then_some(()),
        }
    })
    .await;
    let url = cluster.peer_url(member).to_owned();
    eventually("the new member to be added", async || {
        let mut client = ClusterClient::new(connect(cluster, other).await.ok()?);
        let request = pb::MemberAddRequest {
            peer_ur_ls: vec![url.clone()],
            is_learner: false,
        };
        match client.member_add(request).await {
            Ok(_) => Some(()),
            // An earlier try that seemed to fail was carried out.
            Err(status) => status
                .message()
                .contains("URLs already exists")
                .then_some(()),
        }
    })
    .await;
}

/// Tries until there is an answer.
///
/// # Panics
/// There is none within [`LIMIT`].
pub(crate) async fn eventually<T>(what: &str, mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = attempt().await {
            return found;
        }
        assert!(start.elapsed() < LIMIT, "waited {LIMIT:?} for {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

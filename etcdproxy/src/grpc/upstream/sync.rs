//! `--endpoints-auto-sync-interval`: the members that the cluster itself names.

use std::sync::Arc;
use std::time::Duration;

use proto::etcdserverpb as pb;
use store::logging::Json;
use tokio::time::{MissedTickBehavior, interval};

use super::super::caller::Caller;
use super::{Repeat, Upstream};

/// Asks again and again, for as long as the process lives.
pub(crate) async fn sync(upstream: Arc<Upstream>, pause: Duration) {
    let nobody = Caller::default();
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let request = pb::MemberListRequest { linearizable: true };
        let path = "/etcdserverpb.Cluster/MemberList";
        let asked =
            upstream.unary::<_, pb::MemberListResponse>(&nobody, path, request, Repeat::Safe);
        match asked.await {
            Ok(reply) => adopt(&upstream, reply.into_inner().members),
            Err(error) => tracing::info!(%error, "Auto sync endpoints failed."),
        }
    }
}

/// Members that have not started, and those that only learn, answer no clients.
fn adopt(upstream: &Upstream, members: Vec<pb::Member>) {
    let serving = members
        .into_iter()
        .filter(|member| !member.name.is_empty() && !member.is_learner);
    let mut endpoints: Vec<String> = serving.flat_map(|member| member.client_ur_ls).collect();
    endpoints.sort();
    let mut before = upstream.endpoints();
    before.sort();
    if endpoints.is_empty() || endpoints == before {
        return;
    }
    tracing::info!(endpoints = ?Json(&endpoints), "the cluster's endpoints changed");
    upstream.set(&endpoints);
}

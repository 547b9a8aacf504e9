//! The version of the cluster: the leader looks after it.

use std::time::Duration;

use crate::apply::Shared;
use crate::command::{Command, VersionStep};
use crate::propose::Proposer;
use crate::raft::Handle;

/// How often the leader looks; etcd's interval.
const INTERVAL: Duration = Duration::from_secs(5);

/// Looks for as long as it runs.
pub(super) async fn run(state: Shared, proposer: Proposer, raft: Handle) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        let versions = state.read().versions;
        let Some(next) = versions.next().filter(|_| raft.link().is_leader()) else {
            continue;
        };
        tracing::info!(
            from = versions.cluster.short(),
            to = next.short(),
            "updating cluster version"
        );
        let change = Command::Version(VersionStep::Cluster(next).into());
        match proposer.propose(&change).await {
            Ok(_) => {
                tracing::info!(
                    "cluster-version" = next.short(),
                    "cluster version is updated"
                );
                if versions.target == Some(next) {
                    tracing::info!(
                        "target-version" = %next,
                        "server-version" = crate::version::SERVER,
                        "The server is ready to downgrade"
                    );
                }
            }
            Err(error) => tracing::warn!(%error, "failed to update cluster version"),
        }
    }
}

//! Keys of API 2 that run out: the leader says when, and the log makes it so on all members.

use std::time::Duration;

use crate::apply::Shared;
use crate::clock;
use crate::command::Command;
use crate::propose::Proposer;
use crate::raft::Handle;
use crate::v2::{Method, Request};

/// How often the leader looks; etcd's interval.
const INTERVAL: Duration = Duration::from_millis(500);

/// Looks for as long as it runs.
pub(super) async fn run(state: Shared, proposer: Proposer, raft: Handle) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        if !raft.link().is_leader() {
            continue;
        }
        let now = clock::unix_nanos();
        let due = state.read().v2.next_due();
        if due.is_none_or(|due| due > now) {
            continue;
        }
        let sync = Command::V2(Request::new(Method::Sync, "/", now));
        if let Err(error) = proposer.propose(&sync).await {
            tracing::debug!(%error, "keys of API 2 that ran out are removed later");
        }
    }
}

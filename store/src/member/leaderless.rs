//! Tells whether the cluster has been without a leader for long.

use std::time::Duration;

use tokio::sync::watch;

use crate::raft::Handle;

/// Looks, one election time-out apart, that find no leader before it counts; etcd's number.
const LOOKS: u32 = 3;

/// Looks for as long as somebody wants to know.
pub(super) async fn run(raft: Handle, election_timeout: Duration, told: watch::Sender<bool>) {
    let mut without = 0;
    loop {
        tokio::time::sleep(election_timeout).await;
        without = match raft.link().leader() {
            0 => without + 1,
            _ => 0,
        };
        let is_leaderless = without >= LOOKS;
        told.send_if_modified(|known| std::mem::replace(known, is_leaderless) != is_leaderless);
    }
}

//! A member that is cut off until the others have cut the log it lacks.

use harness::{Cluster, ClusterOptions};

use crate::client;

/// Three members with links and these flags.
pub(super) fn cluster(flags: &[&str]) -> Cluster {
    let options = ClusterOptions::new(harness::binary("etcd").unwrap(), 3);
    Cluster::start(options.flags(flags.iter().copied())).unwrap()
}

/// Cuts a member off, and waits until another is so many revisions ahead of it, by the writes of
/// somebody else.
pub(super) async fn cut_off(cluster: &Cluster, away: usize, leader: usize, revisions: i64) {
    cluster.links().isolate(away);
    client::eventually("the member to fall behind", async || {
        let behind = revision(cluster, away).await?;
        let ahead = revision(cluster, leader).await?;
        (ahead - behind > revisions).then_some(())
    })
    .await;
}

/// The newest revision that a member knows by itself.
pub(super) async fn revision(cluster: &Cluster, member: usize) -> Option<i64> {
    let status = client::status(cluster, member).await.ok()?;
    Some(status.header?.revision)
}

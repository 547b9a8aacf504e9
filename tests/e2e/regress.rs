//! What went wrong in etcd once, by the number of its issue: the circumstances of each, brought
//! about from outside, and the promise that was broken then.
//!
//! Each test is first right against the real etcd, which has mended all of them.

mod issue13766;
mod issue14370;
mod issue14685;
mod issue15220;
mod issue15271;
mod issue17529;
mod issue17780;
mod issue18089;
mod issue19179;
mod issue20221;
mod lag;
mod watching;
mod writers;

use std::time::Duration;

use harness::{Options, Server};
use proto::etcdserverpb as pb;
use proto::etcdserverpb::kv_client::KvClient;
use tonic::Status;
use tonic::transport::Channel;

use crate::client;

/// One member with these flags.
fn server(flags: &[&str]) -> Server {
    let binary = harness::binary("etcd").unwrap();
    Server::start_with(Options::new(binary).flags(flags.iter().copied())).unwrap()
}

/// The newest revision, by a read that takes a leader.
async fn revision(of: &Channel) -> i64 {
    let read = async || {
        let request = pb::RangeRequest {
            key: "none".into(),
            ..Default::default()
        };
        let reply = KvClient::new(of.clone()).range(request).await.ok()?;
        Some(reply.get_ref().header.as_ref()?.revision)
    };
    client::eventually("a revision", read).await
}

/// Deletes a key; gives the revision.
async fn delete(at: &Channel, key: &str) -> Result<i64, Status> {
    let request = pb::DeleteRangeRequest {
        key: key.to_owned().into(),
        ..Default::default()
    };
    let reply = KvClient::new(at.clone()).delete_range(request).await?;
    Ok(reply.get_ref().header.as_ref().unwrap().revision)
}

/// Forgets what was before a revision.
async fn compact(at: &Channel, revision: i64) -> Result<(), Status> {
    let request = pb::CompactionRequest {
        revision,
        ..Default::default()
    };
    KvClient::new(at.clone()).compact(request).await?;
    Ok(())
}

/// Lets a part of `most` go by: when a process is killed is not to depend on what it does.
async fn a_moment(most: Duration) {
    let most = u64::try_from(most.as_micros()).unwrap();
    let micros = rand::random_range(0..=most);
    tokio::time::sleep(Duration::from_micros(micros)).await;
}

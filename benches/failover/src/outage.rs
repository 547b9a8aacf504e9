//! From a fault to the first write that is acknowledged again.

use std::time::{Duration, Instant};

use proto::etcdserverpb::PutRequest;
use proto::etcdserverpb::kv_client::KvClient;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tonic::Status;
use tonic::transport::Channel;

/// The pause after a try that failed at once, as it does at a member that is gone.
const PAUSE: Duration = Duration::from_millis(2);
/// Tries under way at one member at most: with the pause between them, how long one may take.
const TRIES_MAX: usize = 50;

/// Puts to all members at once, over and over, until one is acknowledged; gives when that was.
/// A new try begins when the last one failed, or has had no answer for the time of `patience`; it
/// is not given up then, since a slow member may be about to answer. None when there was no answer
/// within `limit`.
pub(crate) async fn first_write(
    members: &[Channel],
    patience: Duration,
    limit: Duration,
) -> Option<Instant> {
    // One place: the first that comes is all that is wanted.
    let (sender, mut acknowledged) = mpsc::channel(1);
    let mut members_asked = JoinSet::new();
    for member in members {
        let (client, sender) = (KvClient::new(member.clone()), sender.clone());
        members_asked.spawn(async move {
            let at = until_acknowledged(&client, patience).await;
            // It is full when another member was first.
            let _ = sender.try_send(at);
        });
    }
    let first = tokio::time::timeout(limit, acknowledged.recv()).await;
    first.ok().flatten()
}

async fn until_acknowledged(client: &KvClient<Channel>, patience: Duration) -> Instant {
    let mut tries = JoinSet::new();
    loop {
        if tries.len() < TRIES_MAX {
            tries.spawn(put(client.clone()));
        }
        match tokio::time::timeout(patience, tries.join_next()).await {
            Ok(Some(Ok(Ok(at)))) => return at,
            Ok(_) => tokio::time::sleep(PAUSE).await,
            Err(_) => {}
        }
    }
}

/// One put; gives when it was acknowledged.
async fn put(mut client: KvClient<Channel>) -> Result<Instant, Status> {
    let request = PutRequest {
        key: "failover".into(),
        value: "1".into(),
        ..PutRequest::default()
    };
    client.put(request).await?;
    Ok(Instant::now())
}

//! Plain load on members, and what of it was acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use harness::Cluster;
use proto::etcdserverpb as pb;
use proto::etcdserverpb::kv_client::KvClient;
use tokio::task::JoinSet;
use tonic::Status;
use tonic::transport::Channel;

use crate::client::LIMIT;

/// The pause after a failed try.
const PAUSE: Duration = Duration::from_millis(20);

/// A connection to a member, which is made when it is needed and made again when it breaks.
pub(crate) fn connection(url: &str) -> Channel {
    let endpoint = Channel::from_shared(url.to_owned()).expect("the URL is one");
    endpoint.connect_lazy()
}

/// One connection to each of `members`.
pub(crate) fn connections(cluster: &Cluster, members: &[usize]) -> Vec<Channel> {
    let urls = members.iter().map(|member| cluster.client_url(*member));
    urls.map(|url| connection(&url)).collect()
}

/// Puts a key; gives the revision.
pub(crate) async fn put(
    to: &Channel,
    key: impl Into<String>,
    value: impl Into<Vec<u8>>,
) -> Result<i64, Status> {
    let (key, value): (String, Vec<u8>) = (key.into(), value.into());
    let request = pb::PutRequest {
        key: key.into(),
        value: value.into(),
        ..Default::default()
    };
    let reply = KvClient::new(to.clone()).put(request).await?;
    Ok(reply.get_ref().header.as_ref().unwrap().revision)
}

/// Writes `count` keys `prefix/<number>` of `size` bytes with `clients` at a time, spread over the
/// members, each until it is acknowledged.
pub(crate) async fn fill(members: &[Channel], prefix: &str, count: u64, size: usize, clients: u64) {
    let next = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for client in 0..clients {
        let (next, prefix) = (Arc::clone(&next), prefix.to_owned());
        let to = members[usize::try_from(client).unwrap() % members.len()].clone();
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return;
                }
                let begin = Instant::now();
                while let Err(status) =
                    put(&to, format!("{prefix}/{number:08}"), vec![b'v'; size]).await
                {
                    assert!(begin.elapsed() < LIMIT, "{status}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
    }
    tasks.join_all().await;
}

/// Puts at a modest rate, of which each is timed, until it is told to end.
pub(crate) struct Pulse {
    over: Arc<AtomicBool>,
    clients: JoinSet<Vec<Duration>>,
}

impl Pulse {
    /// `clients` write one after the other, each with a pause between two writes.
    pub(crate) fn start(
        members: &[Channel],
        clients: usize,
        size: usize,
        pause: Duration,
    ) -> Pulse {
        let over = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for client in 0..clients {
            let (over, to) = (Arc::clone(&over), members[client % members.len()].clone());
            tasks.spawn(async move {
                let mut took = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let begin = Instant::now();
                    put(&to, format!("pulse/{client}"), vec![b'p'; size])
                        .await
                        .expect("a quorum is up all the time");
                    took.push(begin.elapsed());
                    tokio::time::sleep(pause).await;
                }
                took
            });
        }
        Pulse {
            over,
            clients: tasks,
        }
    }

    /// Ends it; how long the writes took, sorted.
    pub(crate) async fn end(self) -> Vec<Duration> {
        self.over.store(true, Ordering::Relaxed);
        let mut took = self.clients.join_all().await.concat();
        took.sort_unstable();
        took
    }
}

/// The time that 99 of 100 did not exceed.
pub(crate) fn p99(sorted: &[Duration]) -> Duration {
    sorted
        .get(sorted.len() * 99 / 100)
        .copied()
        .unwrap_or_default()
}

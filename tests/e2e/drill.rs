//! A cluster goes back to a revision in the middle of its history, from the archive of one member.
//!
//! `PINTLE_DRILL_WRITES` says how long the history is.

use std::path::Path;
use std::sync::Arc;

use harness::eventually;
use proto::etcdserverpb as pb;
use proto::mvccpb::KeyValue;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tonic::transport::Channel;

use crate::client::LIMIT;
use crate::command::etcdctl;
use crate::member::{Member, cluster, restore, url};
use crate::{ALONE, from_env};

const WRITES: u64 = 3_000;
/// Requests under way at once.
const WIDTH: usize = 200;
/// Keys that are written.
const KEYS: u32 = 5_000;

type Kv = pb::kv_client::KvClient<Channel>;

async fn connect(endpoint: &str) -> Kv {
    let channel = Channel::from_shared(endpoint.to_owned()).unwrap();
    let channel = channel.connect().await.unwrap();
    Kv::new(channel).max_decoding_message_size(usize::MAX)
}

/// One random write.
async fn write(mut kv: Kv, seed: u64, lease: i64) {
    let mut random = StdRng::seed_from_u64(seed);
    let key = format!("key-{:05}", random.random_range(0..KEYS));
    let put = |key: String, size| pb::PutRequest {
        key: key.into(),
        value: vec![b'v'; size].into(),
        lease: if seed.is_multiple_of(50) { lease } else { 0 },
        ..Default::default()
    };
    match seed % 10 {
        0 => {
            let range_end = format!("{key}\0").into();
            let delete = pb::DeleteRangeRequest {
                key: key.into(),
                range_end,
                ..Default::default()
            };
            kv.delete_range(delete).await.unwrap();
        }
        1 => {
            let operation = |n: u32| pb::RequestOp {
                request: Some(pb::request_op::Request::RequestPut(put(
                    format!("{key}/{n}"),
                    10,
                ))),
            };
            let txn = pb::TxnRequest {
                success: vec![operation(1), operation(2)],
                ..Default::default()
            };
            kv.txn(txn).await.unwrap();
        }
        _ => {
            kv.put(put(key, random.random_range(0..100))).await.unwrap();
        }
    }
}

async fn write_all(endpoint: &str, seeds: std::ops::Range<u64>, lease: i64) {
    let mut clients = Vec::new();
    for _ in 0..8 {
        clients.push(connect(endpoint).await);
    }
    let room = Arc::new(Semaphore::new(WIDTH));
    let mut tasks = JoinSet::new();
    for seed in seeds {
        let permit = Arc::clone(&room).acquire_owned().await.unwrap();
        let kv = clients[seed as usize % clients.len()].clone();
        tasks.spawn(async move {
            write(kv, seed, lease).await;
            drop(permit);
        });
        while let Some(ended) = tasks.try_join_next() {
            ended.unwrap();
        }
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

/// All keys at a revision, or now; and the revision of the store.
async fn all(endpoint: &str, revision: i64) -> (Vec<KeyValue>, i64) {
    let mut kv = connect(endpoint).await;
    let range = pb::RangeRequest {
        key: "\0".into(),
        range_end: "\0".into(),
        revision,
        ..Default::default()
    };
    let found = kv.range(range).await.unwrap().into_inner();
    (found.kvs, found.header.unwrap().revision)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_goes_back_to_a_revision() {
    let _alone = ALONE.lock().await;
    let writes = from_env("PINTLE_DRILL_WRITES").unwrap_or(WRITES);
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let names = ["m0", "m1", "m2"];
    let peers = names.map(|_| url());
    let cluster = cluster(&names, &peers);
    let start = |name: &str, peer: &str, archive: &str| {
        let archive = format!("--archive-dir={}", path(archive));
        let flags = [archive.as_str(), "--initial-cluster", &cluster];
        Member::start(dir.path(), name, peer, &flags)
    };
    let pairs = names.iter().zip(&peers);
    let members: Vec<Member> = pairs
        .map(|(name, peer)| start(name, peer, &format!("archive-{name}")))
        .collect();
    for member in &members {
        assert!(
            member.says("ready to serve client requests"),
            "{}",
            member.log()
        );
    }
    let endpoint = members[0].client.clone();
    let (_, granted) = etcdctl(&["--endpoints", &endpoint, "lease", "grant", "100000"]);
    let lease = granted.split(' ').nth(1).unwrap();
    let lease = i64::from_str_radix(lease, 16).unwrap();
    write_all(&endpoint, 0..writes / 4, lease).await;
    // A backup on the way, to begin with instead of with nothing.
    let backup = path("backup.db");
    assert!(etcdctl(&["--endpoints", &endpoint, "snapshot", "save", &backup]).0);
    write_all(&endpoint, writes / 4..writes / 2, lease).await;
    let (recorded, revision) = all(&endpoint, 0).await;
    write_all(&endpoint, writes / 2..writes, lease).await;
    let last = all(&endpoint, 0).await.1;
    assert!(last > revision);
    let compacted = etcdctl(&["--endpoints", &endpoint, "compaction", &last.to_string()]);
    assert!(compacted.0, "{}", compacted.1);
    for member in &members {
        // Lets the archive be written behind the last of it.
        let caught_up = eventually(LIMIT, || {
            let at = [
                "--endpoints",
                &member.client,
                "get",
                "a",
                "-w",
                "json",
                "--consistency=s",
            ];
            etcdctl(&at).1.contains(&format!("\"revision\":{last}"))
        });
        assert!(caught_up);
    }
    // Nobody has the time to tidy up.
    drop(members);
    let restore = |name: &str, peer: &str, base: Option<&str>, to: &str| {
        let data = path(name);
        // What is there belongs to the cluster before.
        if Path::new(&data).exists() {
            std::fs::remove_dir_all(&data).unwrap();
        }
        let archive = path("archive-m1");
        let mut what = vec!["restore"];
        what.extend(base);
        what.extend(["--archive-dir", &archive, to]);
        restore(dir.path(), name, &cluster, peer, &what)
    };
    let to = format!("--to-revision={revision}");
    let bases = [None, Some(backup.as_str()), None];
    for ((name, peer), base) in names.iter().zip(&peers).zip(bases) {
        let (success, said) = restore(name, peer, base, &to);
        assert!(success, "{said}");
    }
    let beyond = format!("--to-revision={}", last + 1);
    let (success, said) = restore("beyond", &peers[0], None, &beyond);
    assert!(
        !success && said.contains("the archive ends at revision"),
        "{said}"
    );
    assert!(
        !Path::new(&path("beyond")).exists(),
        "a failure leaves nothing"
    );
    let pairs = names.iter().zip(&peers);
    let members: Vec<Member> = pairs
        .map(|(name, peer)| start(name, peer, &format!("archive-again-{name}")))
        .collect();
    for member in &members {
        assert!(
            member.says("ready to serve client requests"),
            "{}",
            member.log()
        );
    }
    for member in &members {
        let (found, at) = all(&member.client, 0).await;
        assert_eq!(at, revision, "at {}", member.client);
        assert!(found == recorded, "other keys at {}", member.client);
    }
    let put = ["--endpoints", &members[0].client, "put", "after", "1"];
    assert_eq!(etcdctl(&put), (true, "OK\n".to_owned()));
}

//! A client that asks for events and does not read them.

use bytes::Bytes;
use tonic::Code;

use super::clients::resident;
use super::{serves, start};
use crate::client::{Client, Started, Watching};

const VALUE_BYTES: usize = 64 * 1024;
/// About 300 MiB of events.
const EVENTS: usize = 4_800;
/// What is written before memory is measured: caches and buffers have their size then.
const WARM: usize = 1_600;
/// The server may take this much more memory while nobody reads, in KiB.
const GROWTH_MAX: u64 = 64 * 1024;
/// Puts under way at once.
const PARALLEL: usize = 8;

/// Puts `count` values to a few keys; gives the last revision.
async fn write(client: &Client, count: usize) -> i64 {
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..PARALLEL {
        let mut client = client.clone();
        tasks.spawn(async move {
            let value = Bytes::from(vec![task as u8; VALUE_BYTES]);
            let mut last = 0;
            for number in 0..count / PARALLEL {
                let key = format!("key{task}-{}", number % 4);
                last = client.put(key, value.clone(), 0).await.unwrap();
            }
            last
        });
    }
    tasks.join_all().await.into_iter().max().unwrap()
}

async fn watch(client: &mut Client, from: i64) -> Box<Watching> {
    match client.watch(from).await.unwrap() {
        Started::Watching(watching) => watching,
        Started::Compacted(at) => panic!("compacted at {at}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_reads_costs_little_and_misses_nothing() {
    let (mut server, client) = start(&[]).await;
    let start = write(&client, WARM).await;
    let mut reader = Client::connect(&server.client_url()).await.unwrap();
    let mut silent = watch(&mut reader, start + 1).await;
    let before = resident(&server);
    let last = write(&client, EVENTS).await;
    let growth = resident(&server).saturating_sub(before);
    println!(
        "{before} KiB before, {growth} KiB more after {} MiB of events",
        (EVENTS * VALUE_BYTES) >> 20
    );
    assert!(growth < GROWTH_MAX, "{growth} KiB more than {before}");
    // It reads at last, and gets every revision once and in order.
    let mut next = start + 1;
    while next <= last {
        let response = silent.next().await.unwrap();
        assert!(!response.canceled, "{response:?}");
        for event in response.events {
            let kv = event.kv.unwrap();
            assert_eq!((kv.mod_revision, kv.value.len()), (next, VALUE_BYTES));
            next += 1;
        }
    }
    assert_eq!(next, last + 1);
    // It is up to date now: what comes next is told at once.
    let revision = client.clone().put("key", "now", 0).await.unwrap();
    let response = silent.next().await.unwrap();
    assert_eq!(
        response.events[0].kv.as_ref().unwrap().mod_revision,
        revision
    );
    assert!(server.is_running());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_lags_behind_a_compaction_is_told_so() {
    let (server, mut client) = start(&[]).await;
    serves(&mut client, "before").await;
    let mut reader = Client::connect(&server.client_url()).await.unwrap();
    let mut silent = watch(&mut reader, 0).await;
    let last = write(&client, EVENTS / 10).await;
    let request = proto::etcdserverpb::CompactionRequest {
        revision: last,
        physical: true,
    };
    client.kv.compact(request).await.unwrap();
    let mut told = 0;
    let compacted = loop {
        let response = silent.next().await.unwrap();
        for event in &response.events {
            let revision = event.kv.as_ref().unwrap().mod_revision;
            assert!(told == 0 || revision == told + 1, "{revision} after {told}");
            told = revision;
        }
        if response.canceled {
            break response.compact_revision;
        }
    };
    assert_eq!(compacted, last);
    assert!(told < last, "nothing was missed, so this shows nothing");
    // The connection is as good as before.
    serves(&mut reader, "after").await;
    let status = reader.put("", "", 0).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

//! #18089: a watch missed a deletion when the store was compacted at the deletion's revision before
//! the watch had told it.

use super::watching::Watching;
use super::writers::PREFIX;
use super::{compact, delete, server};
use crate::{ALONE, load};

const ROUNDS: usize = 20;
/// Writes that nobody reads, and how long each is: more than lies in the buffers between.
const UNREAD: u64 = 600;
const VALUE_BYTES: usize = 32 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issue_18089_a_deletion_is_told_although_it_was_compacted() {
    let _alone = ALONE.lock().await;
    let server = server(&[]);
    let channel = load::connection(&server.client_url());
    let key = format!("{PREFIX}key");
    for round in 0..ROUNDS {
        load::put(&channel, key.clone(), "1").await.unwrap();
        let last = load::put(&channel, key.clone(), "2").await.unwrap();
        // One of the past may be ended by the compaction before it has told anything.
        let mut before = Watching::all(&channel, &[last + 1]).await;
        let deleted = delete(&channel, &key).await.unwrap();
        match round % 2 {
            0 => compact(&channel, deleted).await.unwrap(),
            // At the same time as a watch begins.
            _ => {
                let compacting = compact(&channel, deleted);
                let starts = [deleted];
                let beginning = Watching::all(&channel, &starts);
                let (compacted, mut beginning) = tokio::join!(compacting, beginning);
                compacted.unwrap();
                told(&mut beginning, deleted).await;
            }
        }
        told(&mut before, deleted).await;
        let mut after = Watching::all(&channel, &[deleted]).await;
        told(&mut after, deleted).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issue_18089_a_starved_watch_is_told_too_or_ended() {
    let _alone = ALONE.lock().await;
    let server = server(&[]);
    let channel = load::connection(&server.client_url());
    let apart = load::connection(&server.client_url());
    let key = format!("{PREFIX}key");
    let mut starved = Watching::all(&apart, &[1]).await;
    load::fill(
        std::slice::from_ref(&channel),
        PREFIX,
        UNREAD,
        VALUE_BYTES,
        4,
    )
    .await;
    load::put(&channel, key.clone(), "1").await.unwrap();
    let deleted = delete(&channel, &key).await.unwrap();
    compact(&channel, deleted).await.unwrap();
    let newest = load::put(&channel, key, "2").await.unwrap();
    starved.until(newest).await;
    // It was ended when it was to tell what is forgotten; then a new one goes on where it may.
    if let Some(compacted) = starved.compacted {
        assert_eq!(compacted, deleted);
        starved = Watching::all(&channel, &[compacted]).await;
        starved.until(newest).await;
    }
    let last_two = starved.events[0].iter().rev().take(2);
    let kinds: Vec<i32> = last_two.map(|event| event.r#type).collect();
    assert_eq!(kinds, [PUT, DELETE]);
}

/// Sees that the last thing a watch tells is the deletion.
async fn told(watching: &mut Watching, deleted: i64) {
    watching.until(deleted).await;
    assert_eq!(watching.compacted, None);
    let last = watching.events[0].last().unwrap();
    let kv = last.kv.as_ref().unwrap();
    assert_eq!((last.r#type, kv.mod_revision), (DELETE, deleted));
}

const PUT: i32 = proto::mvccpb::event::EventType::Put as i32;
const DELETE: i32 = proto::mvccpb::event::EventType::Delete as i32;

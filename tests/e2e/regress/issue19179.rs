//! #19179: a watch that began at the revision of a compaction missed the deletion there, when the
//! compaction had been cut short by a kill and was carried out again.

use std::time::Duration;

use super::watching::Watching;
use super::writers::PREFIX;
use super::{a_moment, compact, delete, revision, server};
use crate::{ALONE, load};

/// Keys that come and go in a round, several slices of a compaction.
const KEYS: u64 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issue_19179_a_watch_at_the_compacted_revision_tells_the_deletion_there() {
    let _alone = ALONE.lock().await;
    let mut server = server(&["--compaction-batch-limit=10"]);
    let channel = load::connection(&server.client_url());
    for round in 0..5 {
        // Every key has two revisions: one that makes it, one that deletes it.
        load::fill(
            std::slice::from_ref(&channel),
            &format!("{PREFIX}{round}"),
            KEYS,
            1,
            8,
        )
        .await;
        let made = revision(&channel).await;
        let mut deletions = Vec::new();
        for key in 0..KEYS {
            let key = format!("{PREFIX}{round}/{key:08}");
            deletions.push(delete(&channel, &key).await.unwrap());
        }
        // What made the keys goes first, and then what deleted some.
        compact(&channel, made).await.unwrap();
        let half = deletions[deletions.len() / 2];
        compact(&channel, half).await.unwrap();
        a_moment(Duration::from_millis(20)).await;
        server.kill();
        server.restart().unwrap();
        let newest = revision(&channel).await;
        assert_eq!(newest, *deletions.last().unwrap());
        let mut watching = Watching::all(&channel, &[half]).await;
        watching.until(newest).await;
        assert_eq!(watching.compacted, None);
        let told = watching.events[0].iter();
        let told: Vec<_> = told.map(|e| e.kv.as_ref().unwrap().mod_revision).collect();
        let wanted = deletions.iter().filter(|at| **at >= half);
        assert!(
            told.iter().eq(wanted),
            "told {told:?} of {deletions:?} from {half} on"
        );
    }
}

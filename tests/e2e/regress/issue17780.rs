//! #17780: after a kill during a compaction the revision was lower than it had been, when the newest
//! change was a deletion that the compaction had removed for good.

use std::time::Duration;

use super::{a_moment, compact, delete, revision, server};
use crate::{ALONE, load};

/// Keys that come and go in a round: more than a slice of the compaction takes.
const KEYS: u64 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issue_17780_a_kill_during_compaction_turns_no_revision_back() {
    let _alone = ALONE.lock().await;
    let mut server = server(&["--compaction-batch-limit=10"]);
    let channel = load::connection(&server.client_url());
    for round in 0..6 {
        load::fill(std::slice::from_ref(&channel), "k", KEYS, 1, 8).await;
        let mut newest = 0;
        for key in 0..KEYS {
            newest = delete(&channel, &format!("k/{key:08}")).await.unwrap();
        }
        compact(&channel, newest).await.unwrap();
        if round > 0 {
            // The first round gives the compaction all the time it wants.
            a_moment(Duration::from_millis(30)).await;
        }
        server.kill();
        server.restart().unwrap();
        assert_eq!(revision(&channel).await, newest, "in round {round}");
        let next = load::put(&channel, "next", "1").await.unwrap();
        assert_eq!(next, newest + 1, "in round {round}");
    }
}

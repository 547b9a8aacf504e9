//! #17529: a watch lost events when its stream was starved: nobody read it, and what it could not
//! take was left out.

use std::time::Duration;

use super::watching::Watching;
use super::writers::Writers;
use super::{revision, server};
use crate::{ALONE, load};

/// Writes that nobody reads, and how long each is: many times what lies in the buffers between.
const WRITES: u64 = 2_000;
const VALUE_BYTES: usize = 8 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issue_17529_a_starved_watch_gets_every_event() {
    let _alone = ALONE.lock().await;
    let server = server(&["--watch-progress-notify-interval=100ms"]);
    // Of its own, so that the writers' replies are not held up by what nobody reads.
    let apart = load::connection(&server.client_url());
    let mut starved = Watching::all(&apart, &[1, 100, 1_500]).await;
    let slow = load::connection(&server.client_url());
    let mut slow = Watching::all(&slow, &[1]).await;
    let channel = load::connection(&server.client_url());
    let writers = Writers::start("load", std::slice::from_ref(&channel), 8, VALUE_BYTES);
    for _ in 0..20 {
        writers.more(WRITES / 20).await;
        starved.ask();
        slow.read_for(Duration::from_millis(1)).await;
    }
    drop(writers.end().await);
    let newest = revision(&channel).await;
    slow.until(newest).await;
    starved.until(newest).await;
    starved.ask();
    let before = starved.notices;
    while starved.notices == before {
        starved.next().await;
    }
}

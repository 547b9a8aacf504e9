//! #15220: a watch that was still reading history was told that it is complete up to the newest
//! revision, since notices of progress did not wait for it.

use std::time::Duration;

use super::watching::Watching;
use super::writers::Writers;
use super::{revision, server};
use crate::{ALONE, load};

/// How often a stream is asked how far it has come.
const ASK: Duration = Duration::from_millis(2);
/// Streams one after the other.
const STREAMS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issue_15220_progress_is_told_only_of_what_was_told() {
    let _alone = ALONE.lock().await;
    let server = server(&["--watch-progress-notify-interval=100ms"]);
    let channel = load::connection(&server.client_url());
    let writers = Writers::start("load", std::slice::from_ref(&channel), 4, 0);
    writers.more(500).await;
    let mut notices = 0;
    for _ in 0..STREAMS {
        let newest = revision(&channel).await;
        let starts = [1, newest / 2, newest - 10, newest + 1, newest + 20];
        let mut watching = Watching::all(&channel, &starts).await;
        for _ in 0..30 {
            watching.ask();
            watching.read_for(ASK).await;
        }
        notices += watching.notices;
    }
    // A store that rests tells progress for certain.
    drop(writers.end().await);
    let newest = revision(&channel).await;
    let mut watching = Watching::all(&channel, &[1, newest]).await;
    watching.until(newest).await;
    let before = watching.notices;
    watching.ask();
    while watching.notices == before {
        watching.next().await;
    }
    println!("{notices} notices of progress under load");
}

//! #20221: a watch of the future, begun at a member that was behind, told of the past when the
//! member caught up by a snapshot that leapt over where the watch began.

use harness::Held;

use super::watching::Watching;
use super::writers::Writers;
use super::{lag, revision};
use crate::rejoin::snapshots_received;
use crate::{ALONE, client, load};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issue_20221_a_watch_of_the_future_tells_nothing_of_the_past() {
    let _alone = ALONE.lock().await;
    let cluster = lag::cluster(&[
        "--snapshot-count=10",
        "--snapshot-catchup-entries=10",
        "--watch-progress-notify-interval=100ms",
    ]);
    let all = [0, 1, 2];
    client::healthy(&cluster, &all).await;
    let leader = client::leader(&cluster, &all).await;
    let away = (leader + 1) % all.len();
    let channels = load::connections(&cluster, &all);
    let others = [
        channels[leader].clone(),
        channels[(leader + 2) % all.len()].clone(),
    ];
    let writers = Writers::start("load", &others, 4, 0);
    writers.more(50).await;
    lag::cut_off(&cluster, away, leader, 200).await;
    // The member knows nothing of what the others have by now.
    let known = client::eventually("a status", async || lag::revision(&cluster, away).await).await;
    let reached = revision(&channels[leader]).await;
    let starts = [
        known,
        known + 1,
        known + 50,
        known + 100,
        reached + 1_000_000,
    ];
    let mut watching = Watching::all(&channels[away], &starts).await;
    watching.ask();
    cluster.links().heal(Held::Lost);
    writers.more(100).await;
    drop(writers.end().await);
    let newest = revision(&channels[leader]).await;
    for watch in 0..starts.len() - 1 {
        watching.until_of(watch, newest).await;
    }
    assert!(
        snapshots_received(&cluster, away) > 0,
        "there was no snapshot"
    );
    assert!(watching.events[starts.len() - 1].is_empty());
}

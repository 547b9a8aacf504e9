//! #15271: a watch at a member that had been cut off for so long that it came back by a snapshot
//! told again what it had told before.

use harness::Held;

use super::watching::Watching;
use super::writers::Writers;
use super::{lag, revision};
use crate::rejoin::{same_everywhere, snapshots_received};
use crate::{ALONE, client, load};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issue_15271_a_watch_does_not_go_back_over_a_snapshot() {
    let _alone = ALONE.lock().await;
    let cluster = lag::cluster(&[
        "--snapshot-count=100",
        "--snapshot-catchup-entries=50",
        "--watch-progress-notify-interval=100ms",
    ]);
    let all = [0, 1, 2];
    client::healthy(&cluster, &all).await;
    let leader = client::leader(&cluster, &all).await;
    let away = (leader + 1) % all.len();
    let channels = load::connections(&cluster, &all);
    let mut watchings = Vec::new();
    for channel in &channels {
        watchings.push(Watching::all(channel, &[1, 20, 1_000]).await);
    }
    let others = [
        channels[leader].clone(),
        channels[(leader + 2) % all.len()].clone(),
    ];
    let writers = Writers::start("load", &others, 8, 0);
    writers.more(100).await;
    lag::cut_off(&cluster, away, leader, 300).await;
    cluster.links().heal(Held::Lost);
    writers.more(100).await;
    drop(writers.end().await);
    client::healthy(&cluster, &all).await;
    assert!(
        snapshots_received(&cluster, away) > 0,
        "there was no snapshot"
    );
    let newest = revision(&channels[leader]).await;
    for watching in &mut watchings {
        // The watch of the future may still wait for its time.
        watching.until(newest.min(999)).await;
        watching.until_of(0, newest).await;
    }
    same_everywhere(&cluster, &all).await;
}

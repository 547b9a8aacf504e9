//! #13766: members that were killed under high load came back with other revisions than the others,
//! since data and the index up to which it was applied were written apart.

use harness::{Cluster, ClusterOptions};

use super::writers::{Writers, check_log};
use crate::rejoin::same_everywhere;
use crate::{ALONE, client, load};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issue_13766_members_killed_under_load_stay_equal() {
    let _alone = ALONE.lock().await;
    let mut options = ClusterOptions::new(harness::binary("etcd").unwrap(), 3);
    options.links = false;
    let mut cluster = Cluster::start(options.flags(["--snapshot-count=100"])).unwrap();
    let all = [0, 1, 2];
    client::healthy(&cluster, &all).await;
    let channels = load::connections(&cluster, &all);
    let writers = Writers::start("load", &channels, 16, 0);
    writers.more(100).await;
    let leader = client::leader(&cluster, &all).await;
    // Each dies once, and a follower first.
    for turn in 1..=all.len() {
        let member = (leader + turn) % all.len();
        cluster.kill(member);
        cluster.launch(&[member]).unwrap();
        writers.more(200).await;
    }
    let writes = writers.end().await;
    client::healthy(&cluster, &all).await;
    same_everywhere(&cluster, &all).await;
    for channel in &channels {
        check_log(channel, &writes).await;
    }
}

//! Members restarted one after the other, as an upgrade does it, while clients go on: no request may
//! fail that the official client does not mend by itself.
//!
//! `PINTLE_ROLLING_ROUNDS` sets how often all members are restarted.

use std::time::{Duration, Instant};

use harness::{Cluster, ClusterOptions};

use crate::chaos::endpoints;
use crate::program::Traffic;
use crate::{ALONE, client, from_env};

/// How long the traffic goes on before the first restart, after each, and after the last: clients
/// come back to a member only while it is there.
const BETWEEN: Duration = Duration::from_millis(1_500);
/// How long the verdict may take.
const VERDICT: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_all_members_are_restarted() {
    let _alone = ALONE.lock().await;
    let rounds = from_env("PINTLE_ROLLING_ROUNDS").unwrap_or(1);
    let options = ClusterOptions::new(harness::binary("etcd").unwrap(), 3);
    let mut cluster = Cluster::start(options).unwrap();
    let all = [0, 1, 2];
    client::healthy(&cluster, &all).await;
    let kept = harness::target_dir().unwrap().join("e2e");
    std::fs::create_dir_all(&kept).unwrap();
    let history = kept.join("history-rolling.json");
    let flags = [
        format!("--history={}", history.display()),
        "--strict".to_owned(),
        // Slow is not failed.
        "--timeout=10s".to_owned(),
    ];
    let mut traffic = Traffic::start(&flags, &endpoints(&cluster));
    tokio::time::sleep(BETWEEN).await;
    let start = Instant::now();
    for _ in 0..rounds {
        for member in all {
            let leads = client::leader(&cluster, &all).await == member;
            let role = if leads { "the leader" } else { "a follower" };
            traffic.mark(&format!("stop {role}, member {member}"));
            cluster.stop(member).unwrap();
            traffic.mark(&format!("start member {member}"));
            cluster.launch(&[member]).unwrap();
            traffic.mark(&format!("member {member} is ready"));
            tokio::time::sleep(BETWEEN).await;
        }
    }
    let took = start.elapsed();
    let (report, kept) = traffic.end(VERDICT);
    let history = history.display();
    assert!(kept, "{report}\nthe history is {history}");
    println!("{rounds} rounds in {took:.1?}\n{report}");
}

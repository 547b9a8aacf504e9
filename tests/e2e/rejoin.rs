//! A member that was away while so much was written that the others have cut the log it lacks: it
//! comes back by a snapshot, and nobody suffers.
//!
//! `PINTLE_REJOIN_WRITES` sets how much is written meanwhile, with the server's own settings instead
//! of ones that cut the log early. Times and memory are printed; they mean something for a release
//! build on a quiet machine.

use std::time::{Duration, Instant};

use harness::{Cluster, ClusterOptions};
use proto::etcdserverpb as pb;
use proto::etcdserverpb::cluster_client::ClusterClient;
use proto::etcdserverpb::maintenance_client::MaintenanceClient;

use crate::load::{self, Pulse};
use crate::{ALONE, client, from_env};

/// The size of each value.
const VALUE_BYTES: usize = 256;
/// Writes of the short form: many times those that the log keeps there.
const WRITES: u64 = 3_000;
/// Clients that write while the member is away.
const CLIENTS: u64 = 64;
/// Clients of the pulse, and the pause of each.
const PULSE: (usize, Duration) = (8, Duration::from_millis(10));

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_was_away_for_long_rejoins_by_a_snapshot() {
    let _alone = ALONE.lock().await;
    let asked = from_env("PINTLE_REJOIN_WRITES");
    let flags: &[&str] = match asked {
        None => &["--snapshot-count=200", "--snapshot-catchup-entries=50"],
        Some(_) => &["--quota-backend-bytes=8589934592"],
    };
    let quiet = match asked {
        None => Duration::from_millis(500),
        Some(_) => Duration::from_secs(20),
    };
    let mut options = ClusterOptions::new(harness::binary("etcd").unwrap(), 3);
    options = options.flags(flags.iter().copied());
    // They would take part in what is measured.
    options.links = false;
    let mut cluster = Cluster::start(options).unwrap();
    let all = [0, 1, 2];
    client::healthy(&cluster, &all).await;
    let leader = client::leader(&cluster, &all).await;
    let away = (leader + 1) % all.len();
    let others: Vec<usize> = all.into_iter().filter(|member| *member != away).collect();

    cluster.kill(away);
    let channels = load::connections(&cluster, &others);
    let begin = Instant::now();
    let writes = asked.unwrap_or(WRITES);
    load::fill(&channels, "rejoin", writes, VALUE_BYTES, CLIENTS).await;
    println!(
        "{writes} writes while a member was away: {:.1?}",
        begin.elapsed()
    );

    let pulse = Pulse::start(&channels, PULSE.0, VALUE_BYTES, PULSE.1);
    tokio::time::sleep(quiet).await;
    let before = pulse.end().await;
    let pid = cluster.pid(leader).unwrap();
    let rss_before = memory(pid, "VmRSS:");
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();

    let target = revision(&cluster, leader).await;
    let pulse = Pulse::start(&channels, PULSE.0, VALUE_BYTES, PULSE.1);
    let begin = Instant::now();
    cluster.launch(&[away]).unwrap();
    client::eventually("the member to catch up", async || {
        let status = client::status(&cluster, away).await.ok()?;
        (status.header?.revision >= target).then_some(())
    })
    .await;
    let caught_up = begin.elapsed();
    let during = pulse.end().await;
    let rss_peak = memory(pid, "VmHWM:");

    assert!(
        snapshots_received(&cluster, away) > 0,
        "there was no snapshot"
    );
    client::healthy(&cluster, &all).await;
    same_everywhere(&cluster, &all).await;
    three_members(&cluster, away).await;
    let (quiet, busy) = (load::p99(&before), load::p99(&during));
    println!("caught up after {caught_up:.1?}");
    println!(
        "put p99: {quiet:.2?} quiet ({} puts), {busy:.2?} during catch-up ({} puts), {:.2} times",
        before.len(),
        during.len(),
        busy.as_secs_f64() / quiet.as_secs_f64(),
    );
    println!(
        "memory of the leader: {} MiB before, {} MiB at most, {:.2} times",
        rss_before >> 10,
        rss_peak >> 10,
        rss_peak as f64 / rss_before as f64,
    );
}

/// The revision that a member knows.
async fn revision(cluster: &Cluster, member: usize) -> i64 {
    let status = client::status(cluster, member).await.unwrap();
    status.header.unwrap().revision
}

/// Sees that all members have the same at the newest revision.
pub(crate) async fn same_everywhere(cluster: &Cluster, members: &[usize]) {
    let mut newest = 0;
    for member in members {
        newest = newest.max(revision(cluster, *member).await);
    }
    let mut hashes = Vec::new();
    for member in members {
        let channel = load::connection(&cluster.client_url(*member));
        let mut maintenance = MaintenanceClient::new(channel);
        // A member that has not come so far yet calls it a revision of the future.
        let reply = client::eventually("a hash", async || {
            let request = pb::HashKvRequest { revision: newest };
            maintenance.hash_kv(request).await.ok()
        });
        let reply = reply.await.into_inner();
        hashes.push((reply.hash, reply.compact_revision, reply.hash_revision));
    }
    assert!(
        hashes.windows(2).all(|pair| pair[0] == pair[1]),
        "members differ at revision {newest}: {hashes:?}"
    );
}

/// Sees that the member knows all three, all of which vote and have told their addresses.
async fn three_members(cluster: &Cluster, member: usize) {
    let mut client = ClusterClient::new(load::connection(&cluster.client_url(member)));
    let request = pb::MemberListRequest { linearizable: true };
    let list = client.member_list(request).await.unwrap().into_inner();
    let mut names: Vec<&str> = list.members.iter().map(|m| m.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["m0", "m1", "m2"]);
    let complete = |m: &pb::Member| !m.is_learner && !m.client_ur_ls.is_empty();
    assert!(list.members.iter().all(complete), "{list:?}");
}

/// How many snapshots a member has had from others since it started.
pub(crate) fn snapshots_received(cluster: &Cluster, member: usize) -> u64 {
    let (_, metrics) = harness::get(&cluster.endpoint(member), "/metrics").unwrap();
    let received = metrics
        .lines()
        .filter(|line| line.starts_with("etcd_network_snapshot_receive_success"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    received.sum()
}

/// A figure of a process's status, in KiB.
fn memory(pid: u32, label: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(label));
    let number = line.and_then(|line| line.split_ascii_whitespace().next());
    number.unwrap().parse().unwrap()
}

//! What the rules and dashboards of etcd's monitoring mixin ask for is there, on every member, and moves.

use harness::{Cluster, ClusterOptions, eventually};

use crate::ALONE;
use crate::client::LIMIT;
use crate::command::etcdctl;

/// Series that rules and panels select: names, and labels where they choose by them.
const SERIES: &[(&str, &[&str])] = &[
    ("etcd_disk_backend_commit_duration_seconds_bucket", &["le"]),
    ("etcd_disk_wal_fsync_duration_seconds_bucket", &["le"]),
    ("etcd_mvcc_db_total_size_in_bytes", &[]),
    ("etcd_mvcc_db_total_size_in_use_in_bytes", &[]),
    ("etcd_network_client_grpc_received_bytes_total", &[]),
    ("etcd_network_client_grpc_sent_bytes_total", &[]),
    ("etcd_network_peer_received_bytes_total", &["From"]),
    (
        "etcd_network_peer_round_trip_time_seconds_bucket",
        &["To", "le"],
    ),
    ("etcd_network_peer_sent_bytes_total", &["To"]),
    ("etcd_network_peer_sent_failures_total", &["To"]),
    ("etcd_server_has_leader", &[]),
    ("etcd_server_is_leader", &[]),
    ("etcd_server_leader_changes_seen_total", &[]),
    ("etcd_server_proposals_applied_total", &[]),
    ("etcd_server_proposals_committed_total", &[]),
    ("etcd_server_proposals_failed_total", &[]),
    ("etcd_server_proposals_pending", &[]),
    ("etcd_server_quota_backend_bytes", &[]),
    (
        "grpc_server_handled_total",
        &["grpc_code", "grpc_method", "grpc_service", "grpc_type"],
    ),
    (
        "grpc_server_handling_seconds_bucket",
        &["grpc_method", "grpc_service", "grpc_type", "le"],
    ),
    (
        "grpc_server_started_total",
        &["grpc_method", "grpc_service", "grpc_type"],
    ),
    ("process_max_fds", &[]),
    ("process_open_fds", &[]),
    ("process_resident_memory_bytes", &[]),
];

/// Outcomes that count as failures in the rules; a rate needs the series before the first of them.
const FAILURES: [&str; 7] = [
    "Unknown",
    "FailedPrecondition",
    "ResourceExhausted",
    "Internal",
    "Unavailable",
    "DataLoss",
    "DeadlineExceeded",
];

/// Series that have moved after some traffic.
const MOVED: &[&str] = &[
    "etcd_network_client_grpc_received_bytes_total",
    "etcd_network_client_grpc_sent_bytes_total",
    "etcd_server_has_leader",
    "etcd_server_leader_changes_seen_total",
    "etcd_server_proposals_applied_total",
    "etcd_server_proposals_committed_total",
    "etcd_server_quota_backend_bytes",
    "etcd_mvcc_db_total_size_in_bytes",
    "etcd_mvcc_put_total",
    "etcd_disk_wal_fsync_duration_seconds_count",
    "process_open_fds",
    "process_resident_memory_bytes",
];

/// Name, labels and value of each line.
fn samples(text: &str) -> Vec<(&str, &str, f64)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let parsed = lines.filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        Some((name, labels, value.parse().ok()?))
    });
    parsed.collect()
}

#[test]
fn every_series_of_the_mixin_is_there() {
    let _alone = ALONE.blocking_lock();
    let etcd = harness::binary("etcd").unwrap();
    let options = ClusterOptions::new(&etcd, 3).flags(["--metrics=extensive"]);
    let cluster = Cluster::start(options).unwrap();
    for member in 0..3 {
        let at = ["--endpoints", &cluster.endpoint(member)];
        assert!(etcdctl(&[&at[..], &["put", "a", "1"]].concat()).0);
        assert!(etcdctl(&[&at[..], &["get", "a"]].concat()).0);
    }
    for member in 0..3 {
        let address = cluster.endpoint(member);
        let complains = || {
            let (_, text) = harness::get(&address, "/metrics").unwrap();
            let samples = samples(&text);
            let mut complaints = Vec::new();
            for (name, labels) in SERIES {
                let has_all = |found: &str| labels.iter().all(|l| found.contains(&format!("{l}=")));
                let mut named = samples.iter().filter(|(known, ..)| known == name);
                if !named.any(|(_, found, _)| has_all(found)) {
                    complaints.push(format!("{name} {labels:?} is missing"));
                }
            }
            for code in FAILURES {
                let label = format!("grpc_code=\"{code}\"");
                if !samples.iter().any(|(_, labels, _)| labels.contains(&label)) {
                    complaints.push(format!("{label} is missing"));
                }
            }
            for name in MOVED {
                let of_name = samples.iter().filter(|(known, ..)| known == name);
                if of_name.map(|(.., value)| value).sum::<f64>() <= 0.0 {
                    complaints.push(format!("{name} does not move"));
                }
            }
            complaints
        };
        let is_whole = eventually(LIMIT, || complains().is_empty());
        assert!(is_whole, "member {member}: {:#?}", complains());
    }
}

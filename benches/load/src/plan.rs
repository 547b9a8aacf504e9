//! The fixed plans: the tables of one node and of several that the project measures itself by, and
//! a quick look at whether the tool works.

use crate::compare::Case;
use crate::metric::Metric;
use crate::workload::Traffic;
use crate::workload::Workload;
use crate::workload::idle::Idle;
use crate::workload::lease_keepalive::LeaseKeepalive;
use crate::workload::million::Million;
use crate::workload::put::Put;
use crate::workload::range::{Consistency, Range};
use crate::workload::txn_mixed::TxnMixed;
use crate::workload::txn_put::TxnPut;
use crate::workload::watch::Watch;
use crate::workload::watch_latency::WatchLatency;

/// What the ratio of ours to etcd's has to reach: at most so much, or, where more is better, at
/// least so much.
#[derive(Debug, Clone, Copy)]
pub struct Goal {
    /// The row, by its name.
    pub row: &'static str,
    /// What is compared.
    pub metric: Metric,
    /// The least to reach before anything else is built on the store; `None`: only the goal.
    pub bar: Option<f64>,
    /// What the project is for.
    pub goal: f64,
}

impl Goal {
    /// Whether a ratio is as good as `bound`, the goal or the bar.
    pub fn reaches(&self, ratio: f64, bound: f64) -> bool {
        if self.metric.more_is_better() {
            ratio >= bound
        } else {
            ratio <= bound
        }
    }

    /// `bound` as a condition.
    pub fn condition(&self, bound: f64) -> String {
        let comparison = if self.metric.more_is_better() {
            ">="
        } else {
            "<="
        };
        format!("{comparison} {bound}")
    }
}

const PUT_1: &str = "put, 1 client";
const PUT_1000: &str = "put, 1,000 clients";
const GET_1: &str = "linearizable get, 1 client";
const GET_1000: &str = "linearizable get, 1,000 clients";
const SERIALIZABLE_1: &str = "serializable get, 1 client";
const SERIALIZABLE_1000: &str = "serializable get, 1,000 clients";
const TXN_PUT: &str = "txn-put, 1,000 clients";
const LIMIT: &str = "range limit 10 of 100,000 keys";
const COUNT: &str = "count of 100,000 keys";
const MIXED: &str = "1 put : 4 ranges with limit, 100 clients";
const PUT_16K: &str = "put 16 KiB, 100 clients";
const IDLE: &str = "idle";
const WATCHERS: &str = "1,000 watchers, one stream each";
const WATCH: &str = "1,000 watchers on 100 keys";
const WATCH_LATENCY: &str = "100 watchers, 100 puts/s";
const LEASE: &str = "keepalive of 10,000 leases";
const MILLION: &str = "1M keys";

const CLUSTER_PUT_1: &str = "put, 1 client on the leader";
const CLUSTER_PUT_1000: &str = "put, 1,000 clients on all members";
const CLUSTER_GET_1: &str = "linearizable get, 1 client on the leader";
const CLUSTER_GET_1000: &str = "linearizable get, 1,000 clients on all members";
const CLUSTER_TXN_PUT: &str = "txn-put, 1,000 clients on all members";

const fn goal(row: &'static str, metric: Metric, bar: Option<f64>, goal: f64) -> Goal {
    Goal {
        row,
        metric,
        bar,
        goal,
    }
}

/// What one node has to reach.
pub const GOALS: &[Goal] = &[
    goal(PUT_1, Metric::P50Us, None, 0.6),
    goal(PUT_1, Metric::CpuUsPerOp, None, 0.35),
    goal(PUT_1, Metric::WrittenBytesPerOp, Some(0.6), 0.3),
    goal(PUT_1000, Metric::CpuUsPerOp, Some(0.8), 0.55),
    goal(PUT_1000, Metric::P99Us, None, 0.7),
    goal(PUT_1000, Metric::WrittenBytesPerOp, Some(0.6), 0.6),
    goal(PUT_1000, Metric::RssMib, Some(0.6), 0.4),
    goal(GET_1, Metric::CpuUsPerOp, Some(0.8), 0.35),
    goal(GET_1000, Metric::CpuUsPerOp, Some(0.8), 0.6),
    goal(TXN_PUT, Metric::CpuUsPerOp, None, 0.5),
    goal(LIMIT, Metric::CpuUsPerOp, None, 0.02),
    goal(COUNT, Metric::CpuUsPerOp, None, 0.02),
    goal(MIXED, Metric::CpuUsPerOp, Some(0.1), 0.05),
    goal(PUT_16K, Metric::CpuUsPerOp, None, 0.5),
    goal(PUT_16K, Metric::RssMib, None, 0.4),
    goal(IDLE, Metric::RssMib, Some(0.6), 0.4),
    goal(IDLE, Metric::ListeningMs, None, 0.4),
    goal(WATCHERS, Metric::CpuUsPerOp, None, 0.5),
    goal(WATCHERS, Metric::P99Us, None, 0.5),
    goal(WATCHERS, Metric::RssMib, None, 0.4),
    // A store may put off writing until a short run is over; a million puts take long enough to
    // show what each of them costs in the end.
    goal("1M keys: load", Metric::WrittenBytesPerOp, Some(0.6), 0.6),
    goal("1M keys: load", Metric::CpuUsPerOp, Some(0.8), 0.55),
    goal("1M keys: restart", Metric::ReadyMs, None, 0.3),
    goal("1M keys: restart", Metric::RssMib, None, 0.3),
    goal("1M keys: first 10", Metric::CpuUsPerOp, None, 0.01),
    goal("1M keys: full range", Metric::P50Us, None, 0.5),
    goal("1M keys: full range", Metric::PeakRssMib, None, 0.5),
];

/// What three nodes have to reach.
pub const CLUSTER_GOALS: &[Goal] = &[
    goal(CLUSTER_PUT_1, Metric::CpuUsPerOp, Some(0.7), 0.35),
    goal(CLUSTER_PUT_1, Metric::OpsPerSecond, Some(1.2), 1.5),
    goal(CLUSTER_PUT_1000, Metric::CpuUsPerOp, Some(0.7), 0.45),
    goal(CLUSTER_PUT_1000, Metric::OpsPerSecond, Some(1.2), 1.5),
    goal(CLUSTER_GET_1, Metric::CpuUsPerOp, Some(0.7), 0.4),
    goal(CLUSTER_GET_1, Metric::OpsPerSecond, Some(1.2), 1.2),
    goal(CLUSTER_GET_1000, Metric::CpuUsPerOp, Some(0.7), 0.6),
    goal(CLUSTER_GET_1000, Metric::OpsPerSecond, Some(1.2), 1.2),
    goal(CLUSTER_TXN_PUT, Metric::CpuUsPerOp, Some(0.7), 0.7),
    goal(CLUSTER_TXN_PUT, Metric::OpsPerSecond, Some(1.2), 1.2),
];

fn case(name: &str, workload: Workload) -> Case {
    Case {
        name: name.to_owned(),
        workload,
    }
}

fn total(clients: usize, total: u64) -> Traffic {
    Traffic {
        clients,
        total: Some(total),
        ..Traffic::default()
    }
}

/// The same, but over after so many seconds, even if the machine is too busy for the number. Only
/// for loads whose cost for each request does not depend on how many came before.
fn total_within(clients: usize, requests: u64, seconds: f64) -> Traffic {
    Traffic {
        seconds: Some(seconds),
        ..total(clients, requests)
    }
}

fn seconds(clients: usize, seconds: f64) -> Traffic {
    Traffic {
        clients,
        seconds: Some(seconds),
        ..Traffic::default()
    }
}

fn put(traffic: Traffic) -> Workload {
    Workload::Put(Put { traffic })
}

fn txn_put(traffic: Traffic, txn_ops: u64) -> Workload {
    Workload::TxnPut(TxnPut { traffic, txn_ops })
}

fn get(consistency: Consistency, traffic: Traffic) -> Workload {
    Workload::Range(Range {
        traffic,
        consistency,
        ..Range::default()
    })
}

/// The table for clusters of so many nodes, and what they have to reach.
pub fn table(nodes: usize) -> (Vec<Case>, &'static [Goal]) {
    match nodes {
        1 => (single(), GOALS),
        3 => (cluster(), CLUSTER_GOALS),
        _ => (cluster(), &[]),
    }
}

/// The table of several nodes.
fn cluster() -> Vec<Case> {
    use Consistency::Linearizable;
    vec![
        case(CLUSTER_PUT_1, put(total_within(1, 5_000, 15.0))),
        case(CLUSTER_PUT_1000, put(total(1_000, 100_000))),
        case(
            CLUSTER_GET_1,
            get(Linearizable, total_within(1, 10_000, 15.0)),
        ),
        case(
            CLUSTER_GET_1000,
            get(Linearizable, total_within(1_000, 200_000, 20.0)),
        ),
        case(CLUSTER_TXN_PUT, txn_put(total(1_000, 100_000), 1)),
    ]
}

/// The table of one node. Slow reads are bounded in time instead of number: a server that is a hundred
/// times faster would else be done before the CPU clock ticks.
fn single() -> Vec<Case> {
    use Consistency::{Linearizable, Serializable};
    vec![
        case(IDLE, Workload::Idle(Idle { seconds: 2.0 })),
        case(PUT_1, put(total_within(1, 10_000, 15.0))),
        case(PUT_1000, put(total(1_000, 170_000))),
        case(GET_1, get(Linearizable, total_within(1, 20_000, 15.0))),
        case(
            GET_1000,
            get(Linearizable, total_within(1_000, 200_000, 20.0)),
        ),
        case(
            SERIALIZABLE_1,
            get(Serializable, total_within(1, 20_000, 15.0)),
        ),
        case(
            SERIALIZABLE_1000,
            get(Serializable, total_within(1_000, 200_000, 20.0)),
        ),
        case(TXN_PUT, txn_put(total(1_000, 100_000), 1)),
        case(
            LIMIT,
            Workload::Range(Range {
                traffic: seconds(10, 5.0),
                limit: 10,
                ..Range::default()
            }),
        ),
        case(
            COUNT,
            Workload::Range(Range {
                traffic: seconds(10, 5.0),
                count_only: true,
                ..Range::default()
            }),
        ),
        case(
            MIXED,
            Workload::TxnMixed(TxnMixed {
                traffic: seconds(100, 8.0),
                reads_per_put: 4,
                limit: 10,
            }),
        ),
        case(
            PUT_16K,
            put(Traffic {
                value_size: 16 << 10,
                key_space_size: 10_000,
                ..total(100, 20_000)
            }),
        ),
        case(WATCHERS, Workload::WatchLatency(watchers(1_000, 500, 0.0))),
        case(
            WATCH_LATENCY,
            Workload::WatchLatency(watchers(100, 500, 100.0)),
        ),
        case(WATCH, Workload::Watch(watch(20_000))),
        case(LEASE, Workload::LeaseKeepalive(leases(10_000, 200_000))),
        case(MILLION, Workload::Million(million(1_000_000, 1_000))),
    ]
}

/// Every workload for a moment. What it prints says nothing about speed.
pub fn quick() -> Vec<Case> {
    let small = |clients| Traffic {
        key_space_size: 1_000,
        ..total(clients, 2_000)
    };
    let range = |limit, count_only| {
        Workload::Range(Range {
            traffic: small(10),
            limit,
            count_only,
            ..Range::default()
        })
    };
    vec![
        case("idle", Workload::Idle(Idle { seconds: 0.2 })),
        case("put", put(small(100))),
        case("linearizable get", range(0, false)),
        case(
            "serializable get",
            get(Consistency::Serializable, small(100)),
        ),
        case("range limit 10", range(10, false)),
        case("count", range(0, true)),
        case("txn-put", txn_put(small(10), 3)),
        case(
            "txn-mixed",
            Workload::TxnMixed(TxnMixed {
                traffic: small(10),
                reads_per_put: 4,
                limit: 10,
            }),
        ),
        case(
            "watch-latency",
            Workload::WatchLatency(watchers(20, 50, 0.0)),
        ),
        case(
            "watch-latency at a rate",
            Workload::WatchLatency(watchers(20, 50, 100.0)),
        ),
        case("watch", Workload::Watch(watch(500))),
        case(
            "lease-keepalive",
            Workload::LeaseKeepalive(leases(200, 2_000)),
        ),
        case("5,000 keys", Workload::Million(million(5_000, 50))),
    ]
}

fn watchers(watchers: usize, total: u64, rate: f64) -> WatchLatency {
    WatchLatency {
        watchers,
        connections: watchers.div_ceil(10),
        total,
        rate,
        value_size: 256,
    }
}

fn watch(total: u64) -> Watch {
    Watch {
        watchers: 1_000,
        streams: 100,
        key_space_size: 100,
        clients: 10,
        connections: 10,
        total,
        value_size: 256,
    }
}

fn leases(leases: u64, total: u64) -> LeaseKeepalive {
    LeaseKeepalive {
        leases,
        clients: 100,
        connections: 10,
        total,
    }
}

fn million(keys: u64, clients: usize) -> Million {
    Million {
        keys,
        value_size: 256,
        clients,
        connections: clients.div_ceil(10),
        batch: false,
        full_ranges: 3,
    }
}

#[cfg(test)]
mod tests;

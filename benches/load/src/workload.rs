//! The workloads, one file each, and what they have in common.
//!
//! Each gets a [`Stage`] with a cluster on empty directories, prepares it, opens a window, runs, and
//! returns one row for each of its phases. Checks stand beside the load: revisions must grow, counts must
//! be exact, and after writes the store's revision must have advanced by exactly their number.

mod fill;
pub mod idle;
pub mod lease_keepalive;
pub mod million;
pub mod put;
pub mod range;
mod stage;
pub mod txn_mixed;
pub mod txn_put;
pub mod watch;
pub mod watch_latency;

use std::time::Duration;

use clap::{Args, Subcommand};

pub use self::stage::Stage;
use crate::cluster::Connect;
use crate::drive::Budget;
use crate::keys::Keys;
use crate::metric::Row;

/// How much traffic of which kind; every workload that loops over requests has these.
#[derive(Debug, Clone, Args)]
pub struct Traffic {
    /// Clients, each with one request under way at a time
    #[arg(long, default_value_t = 1)]
    pub clients: usize,
    /// TCP connections the clients share; 0: one for every ten clients
    #[arg(long, default_value_t = 0)]
    pub connections: usize,
    /// Members the clients talk to [default: the leader for one client, all for several]
    #[arg(long, value_enum)]
    pub connect: Option<Connect>,
    /// Requests to make [default: 10000 unless --seconds is given]
    #[arg(long)]
    pub total: Option<u64>,
    /// Seconds to run; with --total, whichever is over first
    #[arg(long)]
    pub seconds: Option<f64>,
    /// Bytes in each value
    #[arg(long, default_value_t = 256)]
    pub value_size: usize,
    /// Number of different keys
    #[arg(long, default_value_t = 100_000)]
    pub key_space_size: u64,
    /// Visit the keys in order instead of at random
    #[arg(long)]
    pub sequential: bool,
    /// What the keys and values are made from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Requests before the window [default: as many as clients, but at least 100]
    #[arg(long)]
    pub warmup: Option<u64>,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            clients: 1,
            connections: 0,
            connect: None,
            total: None,
            seconds: None,
            value_size: 256,
            key_space_size: 100_000,
            sequential: false,
            seed: 1,
            warmup: None,
        }
    }
}

impl Traffic {
    /// The connections to open: never more than clients, never none.
    pub fn pool_size(&self) -> usize {
        match self.connections {
            0 => self.clients.div_ceil(10),
            some => some.min(self.clients),
        }
        .max(1)
    }

    fn budget(&self) -> Budget {
        let total = match (self.total, self.seconds) {
            (None, None) => Some(10_000),
            (total, _) => total,
        };
        Budget {
            total,
            time: self
                .seconds
                .map(|seconds| Duration::from_secs_f64(seconds.max(0.0))),
        }
    }

    fn keys(&self) -> Keys {
        Keys::new(
            self.seed,
            self.key_space_size,
            self.sequential,
            self.value_size,
        )
    }
}

/// What can be measured.
#[derive(Debug, Clone, Subcommand)]
pub enum Workload {
    /// Puts of single keys
    Put(put::Put),
    /// Reads: single keys, or all of them with a limit or as a count
    Range(range::Range),
    /// Transactions that put
    TxnPut(txn_put::TxnPut),
    /// Transactions that put or read a range with a limit
    TxnMixed(txn_mixed::TxnMixed),
    /// Many watchers on keys that many clients change
    Watch(watch::Watch),
    /// Many watchers on one key: the time from a put to its event
    WatchLatency(watch_latency::WatchLatency),
    /// Keeping many leases alive
    LeaseKeepalive(lease_keepalive::LeaseKeepalive),
    /// Starting on an empty directory, then doing nothing
    Idle(idle::Idle),
    /// A million keys: load, restart, read the first ten, read all
    Million(million::Million),
}

impl Workload {
    /// Runs on a cluster whose directories are empty.
    pub async fn run(&self, stage: &mut Stage<'_>) -> anyhow::Result<Vec<Row>> {
        match self {
            Self::Put(put) => put.run(stage).await,
            Self::Range(range) => range.run(stage).await,
            Self::TxnPut(txn_put) => txn_put.run(stage).await,
            Self::TxnMixed(txn_mixed) => txn_mixed.run(stage).await,
            Self::Watch(watch) => watch.run(stage).await,
            Self::WatchLatency(latency) => latency.run(stage).await,
            Self::LeaseKeepalive(lease) => lease.run(stage).await,
            Self::Idle(idle) => idle.run(stage).await,
            Self::Million(million) => million.run(stage).await,
        }
    }

    /// What a single workload's row is called.
    pub fn name(&self) -> String {
        match self {
            Self::Put(put) => format!("put, {}", put.traffic.describe()),
            Self::Range(range) => range.name(),
            Self::TxnPut(txn_put) => format!("txn-put, {}", txn_put.traffic.describe()),
            Self::TxnMixed(txn_mixed) => format!("txn-mixed, {}", txn_mixed.traffic.describe()),
            Self::Watch(_) => "watch".into(),
            Self::WatchLatency(latency) => format!("watch-latency, {} watchers", latency.watchers),
            Self::LeaseKeepalive(lease) => format!("lease-keepalive, {} leases", lease.leases),
            Self::Idle(_) => "idle".into(),
            Self::Million(million) => format!("{} keys", million.keys),
        }
    }
}

impl Traffic {
    fn describe(&self) -> String {
        match self.clients {
            1 => "1 client".into(),
            clients => format!("{clients} clients"),
        }
    }
}

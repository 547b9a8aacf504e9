//! Many keys at once: how long they take to load, what a restart costs, and what reads of all of
//! them cost: the first ten entries, everything in one reply, everything as a stream.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::Args;
use proto::etcdserverpb::RangeRequest;

use super::fill;
use super::put::Puts;
use super::stage::Stage;
use crate::client::{CallError, Connection, Rpc, framed};
use crate::drive::{Budget, Operation, Order, Outcome, closed_loop};
use crate::keys::Keys;
use crate::metric::Row;
use crate::reply::Outline;

/// Long enough for the CPU clock, which ticks every 10 ms, to tell ten entries' cost.
const LIMIT_BUDGET: Budget = Budget {
    total: Some(20_000),
    time: Some(Duration::from_secs(4)),
};

/// The workload's settings.
#[derive(Debug, Clone, Args)]
pub struct Million {
    /// Keys
    #[arg(long, default_value_t = 1_000_000)]
    pub keys: u64,
    /// Bytes in each value
    #[arg(long, default_value_t = 256)]
    pub value_size: usize,
    /// Clients that load
    #[arg(long, default_value_t = 1_000)]
    pub clients: usize,
    /// TCP connections they share
    #[arg(long, default_value_t = 100)]
    pub connections: usize,
    /// Load in transactions of a hundred puts: faster, but another log to replay
    #[arg(long)]
    pub batch: bool,
    /// How often everything is read in each way
    #[arg(long, default_value_t = 3)]
    pub full_ranges: u64,
}

impl Million {
    pub(super) async fn run(&self, stage: &mut Stage<'_>) -> anyhow::Result<Vec<Row>> {
        let mut rows = vec![self.load(stage).await?];
        stage.cluster.restart().await?;
        // Memory now is that of the store at rest with all keys in it.
        rows.push(stage.at_rest(&stage.phase("restart"), stage.settle).await?);
        rows.push(self.read_first(stage).await?);
        // Each way of reading everything starts from a fresh process, so that the memory the
        // other one left behind does not count.
        for (phase, rpc) in [
            ("full range", Rpc::Range),
            ("full range as stream", Rpc::RangeStream),
        ] {
            stage.cluster.restart().await?;
            rows.push(self.read_all(stage, phase, rpc).await?);
        }
        Ok(rows)
    }

    async fn load(&self, stage: &Stage<'_>) -> anyhow::Result<Row> {
        let keys = Keys::new(1, self.keys, true, self.value_size);
        let pool = stage.pool(self.clients, self.connections).await?;
        let window = stage.window().await?;
        let outcome = if self.batch {
            fill::fill(&pool, &keys).await?;
            Outcome {
                done: self.keys,
                ..Outcome::empty()
            }
        } else {
            let budget = Budget::total(self.keys);
            closed_loop(&pool, self.clients.max(1), &Arc::new(Puts { keys }), budget).await
        };
        window.close(&stage.phase("load"), outcome).await
    }

    async fn read_first(&self, stage: &Stage<'_>) -> anyhow::Result<Row> {
        let reads = Arc::new(FirstTen { keys: self.keys });
        let pool = stage.pool(1, 1).await?;
        let window = stage.window().await?;
        let outcome = closed_loop(&pool, 1, &reads, LIMIT_BUDGET).await;
        window.close(&stage.phase("first 10"), outcome).await
    }

    async fn read_all(&self, stage: &Stage<'_>, phase: &str, rpc: Rpc) -> anyhow::Result<Row> {
        let mut connection = stage.pool(1, 1).await?.remove(0);
        let window = stage.window().await?;
        let mut outcome = Outcome::empty();
        for _ in 0..self.full_ranges.max(1) {
            let began = Instant::now();
            match read_once(&mut connection, rpc, self.keys).await {
                Ok(()) => outcome.record(began.elapsed()),
                Err(error) => {
                    outcome.fail(&error);
                    break;
                }
            }
        }
        window.close(&stage.phase(phase), outcome).await
    }
}

/// Reads everything once and checks that it is everything.
async fn read_once(connection: &mut Connection, rpc: Rpc, keys: u64) -> Result<(), CallError> {
    let (mut entries, mut last) = (0, Outline::default());
    connection
        .server_stream(rpc, framed(&everything(0)), |reply| {
            entries += reply.occurrences(2);
            last = reply;
        })
        .await?;
    if (entries, last.number(4)) != (keys, keys) {
        let count = last.number(4);
        return Err(CallError::Wrong(format!(
            "{entries} entries, count {count}, of {keys}"
        )));
    }
    Ok(())
}

/// `get "" --prefix --limit N`, as etcdctl sends it.
fn everything(limit: i64) -> RangeRequest {
    RangeRequest {
        key: Bytes::from_static(b"\0"),
        range_end: Bytes::from_static(b"\0"),
        limit,
        ..RangeRequest::default()
    }
}

struct FirstTen {
    keys: u64,
}

impl Operation for FirstTen {
    fn call(&self, _number: u64) -> (Rpc, Bytes) {
        (Rpc::Range, framed(&everything(10)))
    }

    fn order(&self, _number: u64) -> Order {
        Order::NotLess
    }

    fn check(&self, _number: u64, reply: &Outline) -> Result<(), String> {
        if (reply.occurrences(2), reply.number(4)) == (10.min(self.keys), self.keys) {
            return Ok(());
        }
        Err("not ten entries and the count of all".into())
    }
}

//! Reads of single keys, and of all keys with a limit or as a count.

use bytes::Bytes;
use clap::{Args, ValueEnum};
use proto::etcdserverpb::RangeRequest;

use super::Traffic;
use super::stage::Stage;
use crate::client::{Rpc, framed};
use crate::drive::{Operation, Order};
use crate::keys::{Keys, RANGE_END, range_start};
use crate::metric::Row;
use crate::reply::Outline;

/// What a read may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Consistency {
    /// Everything acknowledged before it began.
    #[default]
    #[value(alias = "l")]
    Linearizable,
    /// What the member has applied.
    #[value(alias = "s")]
    Serializable,
}

/// The workload's settings.
#[derive(Debug, Clone, Default, Args)]
pub struct Range {
    /// How much of it.
    #[command(flatten)]
    pub traffic: Traffic,
    /// What the reads may see.
    #[arg(long, value_enum, default_value_t)]
    pub consistency: Consistency,
    /// Read the whole key space, but return so many entries; 0: read single keys
    #[arg(long, default_value_t = 0)]
    pub limit: u64,
    /// Count the whole key space
    #[arg(long)]
    pub count_only: bool,
}

impl Range {
    pub(super) fn name(&self) -> String {
        let consistency = match self.consistency {
            Consistency::Linearizable => "linearizable",
            Consistency::Serializable => "serializable",
        };
        let what = match (self.count_only, self.limit) {
            (true, _) => "count".into(),
            (false, 0) => "get".into(),
            (false, limit) => format!("range limit {limit}"),
        };
        format!("{consistency} {what}, {}", self.traffic.describe())
    }

    pub(super) async fn run(&self, stage: &Stage<'_>) -> anyhow::Result<Vec<Row>> {
        let keys = self.traffic.keys();
        stage.fill(&keys).await?;
        let reads = Reads {
            keys,
            consistency: self.consistency,
            limit: self.limit,
            count_only: self.count_only,
        };
        stage.measure(&self.traffic, reads).await
    }
}

struct Reads {
    keys: Keys,
    consistency: Consistency,
    limit: u64,
    count_only: bool,
}

impl Reads {
    fn all(&self) -> bool {
        self.count_only || self.limit > 0
    }
}

impl Operation for Reads {
    fn call(&self, number: u64) -> (Rpc, Bytes) {
        let mut range = RangeRequest {
            limit: self.limit.cast_signed(),
            serializable: self.consistency == Consistency::Serializable,
            count_only: self.count_only,
            ..RangeRequest::default()
        };
        if self.all() {
            range.key = range_start();
            range.range_end = Bytes::from_static(RANGE_END);
        } else {
            range.key = self.keys.visit(number);
        }
        (Rpc::Range, framed(&range))
    }

    fn order(&self, _number: u64) -> Order {
        match self.consistency {
            Consistency::Linearizable => Order::NotLess,
            Consistency::Serializable => Order::Any,
        }
    }

    fn check(&self, _number: u64, reply: &Outline) -> Result<(), String> {
        let count = if self.all() { self.keys.space() } else { 1 };
        let entries = match (self.count_only, self.limit) {
            (true, _) => 0,
            (false, 0) => 1,
            (false, limit) => limit.min(count),
        };
        let (had, counted) = (reply.occurrences(2), reply.number(4));
        if (had, counted) == (entries, count) {
            return Ok(());
        }
        Err(format!(
            "{had} entries and count {counted} instead of {entries} and {count}"
        ))
    }
}

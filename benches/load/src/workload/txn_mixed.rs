//! Transactions of one step each: a put, or a linearizable read of all keys with a limit.

use bytes::Bytes;
use clap::Args;
use proto::etcdserverpb::{RangeRequest, RequestOp, TxnRequest, request_op::Request};

use super::stage::Stage;
use super::{Traffic, fill};
use crate::client::{Rpc, framed};
use crate::drive::{Operation, Order};
use crate::keys::{Keys, RANGE_END, range_start};
use crate::metric::Row;
use crate::reply::Outline;

/// The workload's settings.
#[derive(Debug, Clone, Args)]
pub struct TxnMixed {
    /// How much of it.
    #[command(flatten)]
    pub traffic: Traffic,
    /// Reads for each put
    #[arg(long, default_value_t = 4)]
    pub reads_per_put: u64,
    /// Entries each read returns
    #[arg(long, default_value_t = 10)]
    pub limit: u64,
}

impl TxnMixed {
    pub(super) async fn run(&self, stage: &Stage<'_>) -> anyhow::Result<Vec<Row>> {
        let keys = self.traffic.keys();
        stage.fill(&keys).await?;
        let mixed = Mixed {
            keys,
            reads_per_put: self.reads_per_put,
            limit: self.limit,
        };
        stage.measure(&self.traffic, mixed).await
    }
}

struct Mixed {
    keys: Keys,
    reads_per_put: u64,
    limit: u64,
}

impl Mixed {
    fn is_put(&self, number: u64) -> bool {
        self.keys.dice(number, self.reads_per_put + 1) == 0
    }
}

impl Operation for Mixed {
    fn call(&self, number: u64) -> (Rpc, Bytes) {
        let step = if self.is_put(number) {
            fill::put(self.keys.visit(number), self.keys.value())
        } else {
            RequestOp {
                request: Some(Request::RequestRange(RangeRequest {
                    key: range_start(),
                    range_end: Bytes::from_static(RANGE_END),
                    limit: self.limit.cast_signed(),
                    ..RangeRequest::default()
                })),
            }
        };
        let txn = TxnRequest {
            success: vec![step],
            ..TxnRequest::default()
        };
        (Rpc::Txn, framed(&txn))
    }

    fn order(&self, number: u64) -> Order {
        if self.is_put(number) {
            Order::Greater
        } else {
            Order::NotLess
        }
    }

    fn check(&self, number: u64, reply: &Outline) -> Result<(), String> {
        // A read's entries are inside the response; that they are there shows in its size.
        let entries = self.limit.min(self.keys.space()) as usize;
        let least = entries * self.keys.value().len();
        if !self.is_put(number) && reply.bytes < least {
            return Err(format!("{} bytes for {entries} entries", reply.bytes));
        }
        fill::succeeded(reply)
    }
}

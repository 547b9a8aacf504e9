//! Transactions that put.

use bytes::Bytes;
use clap::Args;
use proto::etcdserverpb::TxnRequest;

use super::stage::Stage;
use super::{Traffic, fill};
use crate::client::{Rpc, framed};
use crate::drive::{Operation, Order};
use crate::keys::Keys;
use crate::metric::Row;
use crate::reply::Outline;

/// The workload's settings.
#[derive(Debug, Clone, Args)]
pub struct TxnPut {
    /// How much of it.
    #[command(flatten)]
    pub traffic: Traffic,
    /// Puts in each transaction, each of another key
    #[arg(long, default_value_t = 1)]
    pub txn_ops: u64,
}

impl TxnPut {
    pub(super) async fn run(&self, stage: &Stage<'_>) -> anyhow::Result<Vec<Row>> {
        let transactions = Transactions {
            keys: self.traffic.keys(),
            puts: self.txn_ops.clamp(1, self.traffic.key_space_size.max(1)),
        };
        stage.measure(&self.traffic, transactions).await
    }
}

struct Transactions {
    keys: Keys,
    puts: u64,
}

impl Operation for Transactions {
    fn call(&self, number: u64) -> (Rpc, Bytes) {
        let success = match self.puts {
            1 => vec![fill::put(self.keys.visit(number), self.keys.value())],
            // One transaction must not put a key twice, so several puts go to neighbours.
            puts => {
                let first = self.keys.dice(number, self.keys.space());
                (first..first + puts)
                    .map(|index| self.keys.at(index % self.keys.space()))
                    .map(|key| fill::put(key, self.keys.value()))
                    .collect()
            }
        };
        let txn = TxnRequest {
            success,
            ..TxnRequest::default()
        };
        (Rpc::Txn, framed(&txn))
    }

    fn order(&self, _number: u64) -> Order {
        Order::Greater
    }

    fn check(&self, _number: u64, reply: &Outline) -> Result<(), String> {
        if reply.occurrences(3) != self.puts {
            return Err(format!(
                "{} responses to {} puts",
                reply.occurrences(3),
                self.puts
            ));
        }
        fill::succeeded(reply)
    }
}

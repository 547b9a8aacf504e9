//! Puts of single keys.

use bytes::Bytes;
use clap::Args;
use proto::etcdserverpb::PutRequest;

use super::Traffic;
use super::stage::Stage;
use crate::client::{Rpc, framed};
use crate::drive::{Operation, Order};
use crate::keys::Keys;
use crate::metric::Row;
use crate::reply::Outline;

/// The workload's settings.
#[derive(Debug, Clone, Default, Args)]
pub struct Put {
    /// How much of it.
    #[command(flatten)]
    pub traffic: Traffic,
}

impl Put {
    pub(super) async fn run(&self, stage: &Stage<'_>) -> anyhow::Result<Vec<Row>> {
        let puts = Puts {
            keys: self.traffic.keys(),
        };
        stage.measure(&self.traffic, puts).await
    }
}

/// The `number`th put goes to the `number`th key visited.
pub(super) struct Puts {
    pub(super) keys: Keys,
}

impl Operation for Puts {
    fn call(&self, number: u64) -> (Rpc, Bytes) {
        let put = PutRequest {
            key: self.keys.visit(number),
            value: self.keys.value(),
            ..PutRequest::default()
        };
        (Rpc::Put, framed(&put))
    }

    fn order(&self, _number: u64) -> Order {
        Order::Greater
    }

    fn check(&self, _number: u64, _reply: &Outline) -> Result<(), String> {
        Ok(())
    }
}

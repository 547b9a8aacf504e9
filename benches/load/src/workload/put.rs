//! Puts of single keys.

use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use proto::etcdserverpb::PutRequest;

use super::Traffic;
use crate::client::{Rpc, framed};
use crate::drive::{Operation, Order};
use crate::keys::Keys;
use crate::metric::Row;
use crate::reply::Outline;
use crate::server::Server;

/// The workload's settings.
#[derive(Debug, Clone, Default, Args)]
pub struct Put {
    /// How much of it.
    #[command(flatten)]
    pub traffic: Traffic,
}

impl Put {
    pub(super) async fn run(
        &self,
        name: &str,
        server: &Server,
        settle: Duration,
    ) -> anyhow::Result<Vec<Row>> {
        let puts = Puts {
            keys: self.traffic.keys(),
        };
        let row = self.traffic.measure(puts, name, server, settle).await?;
        Ok(vec![row])
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

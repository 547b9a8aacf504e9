//! Where a workload runs, and the steps that workloads have in common.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;

use super::{Traffic, fill};
use crate::client::Connection;
use crate::cluster::{Cluster, Connect};
use crate::drive::{Operation, closed_loop, warm_up};
use crate::keys::Keys;
use crate::metric::{Figures, Metric, Row};
use crate::window::Window;

/// Connections that fill a store.
const FILL_CONNECTIONS: usize = 4;

/// A cluster with empty directories, and what is to be measured on it.
#[derive(Debug)]
pub struct Stage<'a> {
    /// What the row is called, or what the names of the phases' rows start with.
    pub name: &'a str,
    /// The cluster.
    pub cluster: &'a mut Cluster,
    /// The rest between a window's end and the reading of memory and written bytes.
    pub settle: Duration,
}

impl Stage<'_> {
    /// What the row of one phase is called.
    pub(super) fn phase(&self, phase: &str) -> String {
        format!("{}: {phase}", self.name)
    }

    /// Connections for as many clients of the usual kind.
    pub(super) async fn pool(
        &self,
        clients: usize,
        connections: usize,
    ) -> anyhow::Result<Vec<Connection>> {
        self.cluster
            .pool(Connect::usual(clients), connections)
            .await
    }

    /// Puts every key once, and returns when all members have all of them.
    pub(super) async fn fill(&self, keys: &Keys) -> anyhow::Result<()> {
        let pool = self.cluster.pool(Connect::All, FILL_CONNECTIONS).await?;
        fill::fill(&pool, keys).await?;
        for connection in &pool {
            fill::revision(connection).await?;
        }
        Ok(())
    }

    /// Opens the window.
    pub(super) async fn window(&self) -> anyhow::Result<Window<'_>> {
        Window::open(self.cluster, self.settle).await
    }

    /// Rests, and takes the cluster's memory and how its last start went as the figures of a row.
    pub(super) async fn at_rest(&self, name: &str, rest: Duration) -> anyhow::Result<Row> {
        tokio::time::sleep(rest.max(self.settle)).await;
        let startup = self.cluster.startup();
        let usage = self.cluster.usage()?;
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        let figures = Figures::from([
            (Metric::ListeningMs, milliseconds(startup.listening)),
            (Metric::ReadyMs, milliseconds(startup.ready)),
            (Metric::StartCpuMs, milliseconds(startup.cpu)),
            (Metric::RssMib, usage.rss_kib as f64 / 1024.0),
            (Metric::PeakRssMib, usage.peak_kib as f64 / 1024.0),
        ]);
        Ok(Row {
            name: name.to_owned(),
            figures,
            error: None,
        })
    }

    /// Warms up, opens the window, runs the loop and closes the window.
    pub(super) async fn measure<O: Operation>(
        &self,
        traffic: &Traffic,
        operation: O,
    ) -> anyhow::Result<Vec<Row>> {
        let clients = traffic.clients.max(1);
        let connect = traffic.connect.unwrap_or(Connect::usual(clients));
        let pool = self.cluster.pool(connect, traffic.pool_size()).await?;
        let operation = Arc::new(operation);
        let warmup = traffic.warmup.unwrap_or((clients as u64).max(100));
        let warm = warm_up(&pool, clients, &operation, warmup).await;
        if let Some(error) = warm.error {
            bail!("{}: while warming up: {error}", self.name);
        }
        let before = fill::revision(&pool[0]).await?;
        let window = self.window().await?;
        let outcome = closed_loop(&pool, clients, &operation, traffic.budget()).await;
        let writes = outcome.writes;
        let mut row = window.close(self.name, outcome).await?;
        let advanced = fill::revision(&pool[0]).await? - before;
        if row.error.is_none() && u64::try_from(advanced) != Ok(writes) {
            row.error = Some(format!("{writes} writes moved the revision by {advanced}"));
        }
        Ok(vec![row])
    }
}

//! The measured window: the accounts of the cluster and of the generator at both of its ends.

use std::time::{Duration, Instant};

use crate::cluster::{Cluster, Leadership};
use crate::drive::Outcome;
use crate::metric::{Figures, Metric, Row};
use crate::server::usage::{Usage, machine_busy};

/// An open window.
#[derive(Debug)]
pub struct Window<'a> {
    cluster: &'a Cluster,
    began: Instant,
    before: Accounts,
    leadership: Leadership,
    settle: Duration,
}

/// Who has used how much up to one moment.
#[derive(Debug)]
struct Accounts {
    servers: Usage,
    own: Usage,
    machine: Duration,
}

impl Accounts {
    fn read(cluster: &Cluster) -> anyhow::Result<Self> {
        Ok(Self {
            servers: cluster.usage()?,
            own: Usage::of("self")?,
            machine: machine_busy()?,
        })
    }
}

impl<'a> Window<'a> {
    /// Opens the window on `cluster` after a rest, so that what its preparation left to do is not
    /// charged to the load. The same rest, `settle`, is taken after the window, before memory and
    /// written bytes are read.
    pub async fn open(cluster: &'a Cluster, settle: Duration) -> anyhow::Result<Self> {
        tokio::time::sleep(settle).await;
        let leadership = cluster.leadership().await?;
        cluster.reset_peak()?;
        Ok(Self {
            cluster,
            leadership,
            before: Accounts::read(cluster)?,
            began: Instant::now(),
            settle,
        })
    }

    /// Closes the window now and makes its row.
    pub async fn close(self, name: &str, outcome: Outcome) -> anyhow::Result<Row> {
        let seconds = self.began.elapsed().as_secs_f64();
        let after = Accounts::read(self.cluster)?;
        tokio::time::sleep(self.settle).await;
        let settled = self.cluster.usage()?;

        let operations = outcome.done.max(1) as f64;
        let tried = (outcome.done + outcome.failed).max(1) as f64;
        let servers = after.servers.cpu.saturating_sub(self.before.servers.cpu);
        let own = after.own.cpu.saturating_sub(self.before.own.cpu);
        let machine = after.machine.saturating_sub(self.before.machine);
        let others = machine.saturating_sub(servers + own).as_secs_f64();
        let cores = std::thread::available_parallelism()?.get() as f64;
        let written = settled.written_bytes - self.before.servers.written_bytes;
        let microseconds_each = |time: Duration| time.as_secs_f64() * 1e6 / operations;
        let mut figures = Figures::from([
            (Metric::OpsPerSecond, outcome.done as f64 / seconds),
            (Metric::CpuUsPerOp, microseconds_each(servers)),
            (Metric::GeneratorCpuUsPerOp, microseconds_each(own)),
            (
                Metric::OthersCpuPercent,
                others * 100.0 / (seconds * cores).max(1e-3),
            ),
            (Metric::WrittenBytesPerOp, written as f64 / operations),
            (Metric::RssMib, settled.rss_kib as f64 / 1024.0),
            (Metric::PeakRssMib, settled.peak_kib as f64 / 1024.0),
            (Metric::ErrorPercent, outcome.failed as f64 * 100.0 / tried),
        ]);
        if self.cluster.nodes() > 1 {
            let term = self.cluster.leadership().await?.term;
            let elections = term.saturating_sub(self.leadership.term);
            figures.insert(Metric::Elections, elections as f64);
        }
        if !outcome.latencies.is_empty() {
            let quantile = |quantile| outcome.latencies.value_at_quantile(quantile) as f64 / 1e3;
            figures.insert(Metric::P50Us, quantile(0.50));
            figures.insert(Metric::P99Us, quantile(0.99));
        }
        let error = outcome
            .error
            .or_else(|| (outcome.done == 0).then(|| "no operation completed".to_owned()));
        Ok(Row {
            name: name.to_owned(),
            figures,
            error,
        })
    }
}

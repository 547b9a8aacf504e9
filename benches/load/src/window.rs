//! The measured window: the accounts of the server and of the generator at both of its ends.

use std::time::{Duration, Instant};

use crate::drive::Outcome;
use crate::metric::{Figures, Metric, Row};
use crate::server::Server;
use crate::server::usage::Usage;

/// An open window.
#[derive(Debug)]
pub struct Window<'a> {
    server: &'a Server,
    began: Instant,
    server_before: Usage,
    own_before: Usage,
    settle: Duration,
}

impl<'a> Window<'a> {
    /// Opens the window on `server` after a rest, so that what its preparation left to do is not
    /// charged to the load. The same rest, `settle`, is taken after the window, before memory and
    /// written bytes are read.
    pub async fn open(server: &'a Server, settle: Duration) -> anyhow::Result<Self> {
        tokio::time::sleep(settle).await;
        server.reset_peak()?;
        Ok(Self {
            server,
            server_before: server.usage()?,
            own_before: Usage::of("self")?,
            began: Instant::now(),
            settle,
        })
    }

    /// Closes the window now and makes its row.
    pub async fn close(self, name: &str, outcome: Outcome) -> anyhow::Result<Row> {
        let seconds = self.began.elapsed().as_secs_f64();
        let server = self.server.usage()?;
        let own = Usage::of("self")?;
        tokio::time::sleep(self.settle).await;
        let settled = self.server.usage()?;

        let operations = outcome.done.max(1) as f64;
        let per_operation = |after: Duration, before: Duration| {
            (after.saturating_sub(before)).as_secs_f64() * 1e6 / operations
        };
        let quantile = |quantile| outcome.latencies.value_at_quantile(quantile) as f64 / 1e3;
        let tried = (outcome.done + outcome.failed).max(1) as f64;
        let written = settled.written_bytes - self.server_before.written_bytes;
        let mut figures = Figures::from([
            (Metric::OpsPerSecond, outcome.done as f64 / seconds),
            (
                Metric::CpuUsPerOp,
                per_operation(server.cpu, self.server_before.cpu),
            ),
            (
                Metric::GeneratorCpuUsPerOp,
                per_operation(own.cpu, self.own_before.cpu),
            ),
            (Metric::WrittenBytesPerOp, written as f64 / operations),
            (Metric::RssMib, settled.rss_kib as f64 / 1024.0),
            (Metric::PeakRssMib, settled.peak_kib as f64 / 1024.0),
            (Metric::ErrorPercent, outcome.failed as f64 * 100.0 / tried),
        ]);
        if !outcome.latencies.is_empty() {
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

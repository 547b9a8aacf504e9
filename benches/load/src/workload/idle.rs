//! A start on an empty directory, then rest: time to listening and ready, memory, CPU at rest.

use std::time::Duration;

use clap::Args;

use crate::metric::{Figures, Metric, Row};
use crate::server::{Server, Startup};

/// The workload's settings.
#[derive(Debug, Clone, Args)]
pub struct Idle {
    /// Seconds to rest before memory is read
    #[arg(long, default_value_t = 2.0)]
    pub seconds: f64,
}

impl Idle {
    pub(super) async fn run(
        &self,
        name: &str,
        server: &Server,
        settle: Duration,
    ) -> anyhow::Result<Vec<Row>> {
        tokio::time::sleep(Duration::from_secs_f64(self.seconds.max(0.0)).max(settle)).await;
        let mut figures = startup_figures(server.startup());
        let usage = server.usage()?;
        figures.insert(Metric::RssMib, usage.rss_kib as f64 / 1024.0);
        figures.insert(Metric::PeakRssMib, usage.peak_kib as f64 / 1024.0);
        Ok(vec![Row {
            name: name.to_owned(),
            figures,
            error: None,
        }])
    }
}

/// How the last start went, as figures.
pub(super) fn startup_figures(startup: Startup) -> Figures {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    Figures::from([
        (Metric::ListeningMs, milliseconds(startup.listening)),
        (Metric::ReadyMs, milliseconds(startup.ready)),
        (Metric::StartCpuMs, milliseconds(startup.cpu)),
    ])
}

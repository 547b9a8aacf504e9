//! A start on an empty directory, then rest: time to listening and ready, memory.

use std::time::Duration;

use clap::Args;

use super::stage::Stage;
use crate::metric::Row;

/// The workload's settings.
#[derive(Debug, Clone, Args)]
pub struct Idle {
    /// Seconds to rest before memory is read
    #[arg(long, default_value_t = 2.0)]
    pub seconds: f64,
}

impl Idle {
    pub(super) async fn run(&self, stage: &Stage<'_>) -> anyhow::Result<Vec<Row>> {
        let rest = Duration::from_secs_f64(self.seconds.max(0.0));
        Ok(vec![stage.at_rest(stage.name, rest).await?])
    }
}

//! The metrics of the thread that carries commands out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prometheus::local::LocalHistogram;

use super::{CommandKind, Tally};
use crate::clock;
use crate::metrics::Metrics;

/// See the module.
pub(super) struct Account {
    metrics: Arc<Metrics>,
    /// `--warning-apply-duration`.
    warn_after: Duration,
    /// The time of commands, by kind.
    durations: HashMap<CommandKind, LocalHistogram>,
}

impl Account {
    pub(super) fn new(metrics: Arc<Metrics>, warn_after: Duration) -> Self {
        Self {
            metrics,
            warn_after,
            durations: HashMap::new(),
        }
    }

    /// Notes a batch that took so long. Its commands share the time: they are carried out together.
    pub(super) fn note(&mut self, tally: &Tally, took: Duration) {
        let mvcc = &self.metrics.mvcc;
        mvcc.range.inc_by(tally.ranges);
        mvcc.put.inc_by(tally.puts);
        mvcc.delete.inc_by(tally.deletes);
        mvcc.txn.inc_by(tally.txns);
        mvcc.events.inc_by(tally.events);
        mvcc.put_size.add(tally.put_bytes as i64);
        let count: usize = tally.commands.iter().map(|(_, count)| count).sum();
        if count == 0 {
            return;
        }
        let share = took.as_secs_f64() / count as f64;
        for ((name, success), count) in &tally.commands {
            let durations = self.durations.entry((*name, *success)).or_insert_with(|| {
                let labels = ["v3", name, if *success { "true" } else { "false" }];
                let family = &self.metrics.server.apply_duration;
                family.with_label_values(&labels).local()
            });
            (0..*count).for_each(|_| durations.observe(share));
            durations.flush();
        }
        if took > self.warn_after {
            self.metrics.server.slow_apply.inc();
            tracing::warn!(
                took = ?took,
                "expected-duration" = ?self.warn_after,
                commands = count,
                "apply request took too long"
            );
        }
    }

    /// A slice of compacted history was removed.
    pub(super) fn slice(&self, took: Duration) {
        let milliseconds = took.as_secs_f64() * 1e3;
        self.metrics.mvcc.compaction_pause.observe(milliseconds);
        self.metrics
            .mvcc
            .index_compaction_pause
            .observe(milliseconds);
    }

    /// All of it was, since the compaction.
    pub(super) fn compacted(&self, since: Option<Instant>) {
        let Some(since) = since else { return };
        let mvcc = &self.metrics.mvcc;
        mvcc.compaction_total
            .observe(since.elapsed().as_secs_f64() * 1e3);
        let now = clock::unix().as_secs();
        mvcc.compaction_last
            .set(i64::try_from(now).unwrap_or(i64::MAX));
    }
}

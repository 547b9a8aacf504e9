//! Automatic compaction: by age (`periodic`) or by a number of revisions (`revision`).

use std::collections::VecDeque;
use std::time::Duration;

use proto::etcdserverpb as pb;

use crate::apply::Shared;
use crate::command::Command;
use crate::config::AutoCompaction;
use crate::propose::Proposer;
use crate::raft::Handle;

/// History is compacted at least this often, however long it is kept; etcd's interval.
const PERIOD_MAX: Duration = Duration::from_secs(60 * 60);
/// Revisions are noted so many times in a period.
const SAMPLES_PER_PERIOD: u32 = 10;
/// How often history is compacted in revision mode; etcd's interval.
const REVISION_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// Compacts for as long as it runs; only a leader does so.
pub(super) async fn run(mode: AutoCompaction, state: Shared, proposer: Proposer, raft: Handle) {
    match mode {
        AutoCompaction::Off => std::future::pending().await,
        AutoCompaction::Periodic(retention) => {
            let period = retention.min(PERIOD_MAX);
            let step = period / SAMPLES_PER_PERIOD;
            // One noted now, and one for each step until it is `retention` old.
            let kept = (retention.as_nanos() / step.as_nanos().max(1)) as usize + 1;
            let mut noted = VecDeque::with_capacity(kept);
            let mut last = None;
            let mut steps_since = SAMPLES_PER_PERIOD;
            loop {
                noted.push_back(state.read().store.revision());
                tokio::time::sleep(step).await;
                steps_since += 1;
                if noted.len() < kept {
                    continue;
                }
                let Some(revision) = noted.pop_front() else {
                    continue;
                };
                if steps_since < SAMPLES_PER_PERIOD || last == Some(revision) {
                    continue;
                }
                if raft.link().is_leader() && compact(revision, &proposer).await {
                    last = Some(revision);
                    steps_since = 0;
                }
            }
        }
        AutoCompaction::Revision(retention) => loop {
            tokio::time::sleep(REVISION_INTERVAL).await;
            let (revision, compacted) = {
                let state = state.read();
                (
                    state.store.revision() - retention,
                    state.store.compact_revision(),
                )
            };
            if revision > 0 && revision > compacted && raft.link().is_leader() {
                compact(revision, &proposer).await;
            }
        },
    }
}

async fn compact(revision: i64, proposer: &Proposer) -> bool {
    let request = pb::CompactionRequest {
        revision,
        physical: false,
    };
    match proposer.propose(&Command::Compact(request)).await {
        Ok(Ok(_)) => {
            tracing::info!(revision, "completed auto compaction");
            true
        }
        // Somebody compacted further.
        Ok(Err(crate::apply::Error::Mvcc(crate::mvcc::Error::Compacted))) => true,
        Ok(Err(error)) => {
            tracing::warn!(revision, %error, "failed auto compaction");
            false
        }
        Err(error) => {
            tracing::warn!(revision, %error, "failed auto compaction");
            false
        }
    }
}

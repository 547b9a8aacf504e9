//! Makes the row of steps before a difference short: plays parts of it again on fresh servers and
//! keeps the shortest part that still shows the same difference.
//!
//! Steps name revisions by number, so a play that leaves out the beginning first brings the
//! servers to the revision at which the rest began.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bytes::Bytes;
use proto::etcdserverpb::{DeleteRangeRequest, PutRequest};

use crate::difference::{Difference, cut};
use crate::pair::{Pair, Servers};
use crate::step::Step;

/// How long to try for the only difference, and for one of many. A pair of servers takes a second
/// or two to start.
pub(crate) const LONG: Duration = Duration::from_secs(120);
pub(crate) const SHORT: Duration = Duration::from_secs(30);

/// Only so many steps, the last ones, are told.
const TOLD: usize = 60;

/// The key that is written to count revisions up.
const FILLER: &[u8] = b"\xff\xff\xff\xff";

/// Tries rows of steps until its time is up.
struct Shrinker<'a> {
    servers: &'a Servers,
    group: (String, String),
    deadline: Instant,
    /// The revision at which plays begin.
    revision: i64,
}

/// A short row of steps that ends in the same difference, as text; or that it never came again.
/// The history has the revision before each step.
pub(crate) async fn shrink(
    servers: &Servers,
    history: &[(Step, i64)],
    found: &Difference,
    limit: Duration,
) -> String {
    let mut shrinker = Shrinker {
        servers,
        group: found.group(),
        deadline: Instant::now() + limit,
        revision: 1,
    };
    let Some(tail) = shrinker.shortest_tail(history).await else {
        return "did not come again when the same steps were played on fresh servers".to_owned();
    };
    let steps = shrinker.without_kinds(tail).await;
    let steps = shrinker.without_parts(steps).await;
    let mut text = format!(
        "repeats with these {} of {} steps, on fresh servers at revision {}:\n",
        steps.len(),
        history.len(),
        shrinker.revision
    );
    for step in steps.iter().skip(steps.len().saturating_sub(TOLD)) {
        text += &format!("  {}\n", cut(&format!("{step:?}"), 1200));
    }
    text
}

impl Shrinker<'_> {
    fn exhausted(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// The shortest of a few tails, cut where the difference shows.
    async fn shortest_tail(&mut self, history: &[(Step, i64)]) -> Option<Vec<Step>> {
        for length in [1, 4, 15, 60, 250, usize::MAX] {
            let tail = &history[history.len().saturating_sub(length)..];
            self.revision = tail.first()?.1;
            let steps: Vec<Step> = tail.iter().map(|(step, _)| step.clone()).collect();
            if let Some(steps) = self.play(&steps).await {
                return Some(steps);
            }
            if tail.len() == history.len() {
                break;
            }
        }
        None
    }

    /// Leaves out all reads, then all steps of each kind in turn.
    async fn without_kinds(&mut self, mut steps: Vec<Step>) -> Vec<Step> {
        let last = steps.len() - 1;
        let writes = steps.iter().enumerate();
        let writes = writes.filter(|(at, step)| *at == last || !step.only_reads());
        let writes: Vec<Step> = writes.map(|(_, step)| step.clone()).collect();
        if let Some(fewer) = self.play(&writes).await {
            steps = fewer;
        }
        let kinds: BTreeSet<&str> = steps.iter().map(Step::rpc).collect();
        for kind in kinds {
            let Some((last, before)) = steps.split_last() else {
                break;
            };
            let kept = before.iter().filter(|step| step.rpc() != kind);
            let mut fewer: Vec<Step> = kept.cloned().collect();
            fewer.push(last.clone());
            if self.exhausted() || fewer.len() == steps.len() {
                continue;
            }
            if let Some(shorter) = self.play(&fewer).await {
                steps = shorter;
            }
        }
        steps
    }

    /// Leaves out ever smaller parts.
    async fn without_parts(&mut self, mut steps: Vec<Step>) -> Vec<Step> {
        let mut part = steps.len() / 2;
        while part > 0 {
            let mut from = 0;
            while from < steps.len().saturating_sub(1) && !self.exhausted() {
                let until = (from + part).min(steps.len() - 1);
                let mut fewer = steps[..from].to_vec();
                fewer.extend_from_slice(&steps[until..]);
                match self.play(&fewer).await {
                    Some(shorter) => steps = shorter,
                    None => from = until,
                }
            }
            part /= 2;
        }
        steps
    }

    /// Plays the steps; gives them up to the difference if it is the same one.
    async fn play(&mut self, steps: &[Step]) -> Option<Vec<Step>> {
        let mut pair = Pair::start(self.servers).await.ok()?;
        for step in filler(self.revision) {
            pair.run(&step).await.ok()?;
        }
        for (at, step) in steps.iter().enumerate() {
            let Err(difference) = pair.run(step).await else {
                continue;
            };
            if difference.group() == self.group {
                return Some(steps[..=at].to_vec());
            }
            if !difference.leaves_state_alone() {
                return None;
            }
        }
        None
    }
}

/// Steps from revision 1 to this one that leave no key: puts, and a delete at the end.
fn filler(revision: i64) -> Vec<Step> {
    let put = Step::Put(PutRequest {
        key: Bytes::from_static(FILLER),
        ..PutRequest::default()
    });
    let puts = usize::try_from(revision - 2).unwrap_or_default();
    let mut steps = vec![put; puts];
    if puts > 0 {
        steps.push(Step::DeleteRange(DeleteRangeRequest {
            key: Bytes::from_static(FILLER),
            ..DeleteRangeRequest::default()
        }));
    }
    steps
}

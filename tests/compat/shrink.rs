//! Makes the row of steps before a difference short: plays parts of it again on fresh servers and
//! keeps the shortest part that still shows the same difference.

use std::time::{Duration, Instant};

use crate::difference::{Difference, cut};
use crate::pair::{Pair, Servers};
use crate::step::Step;

/// How long to try for the only difference, and for one of many. A pair of servers takes a second
/// or two to start.
pub(crate) const LONG: Duration = Duration::from_secs(120);
pub(crate) const SHORT: Duration = Duration::from_secs(25);

/// Only so many steps are told.
const TOLD: usize = 60;

/// Tries rows of steps until its time is up.
struct Shrinker<'a> {
    servers: &'a Servers,
    group: (String, String),
    deadline: Instant,
}

/// A short row of steps that ends in the same difference, as text; or that it never came again.
pub(crate) async fn shrink(
    servers: &Servers,
    history: &[Step],
    found: &Difference,
    limit: Duration,
) -> String {
    let mut shrinker = Shrinker {
        servers,
        group: found.group(),
        deadline: Instant::now() + limit,
    };
    let Some(tail) = shrinker.shortest_tail(history).await else {
        return "did not come again when the same steps were played on fresh servers".to_owned();
    };
    let steps = shrinker.without_parts(tail).await;
    let mut text = format!(
        "repeats with these {} of {} steps on fresh servers:\n",
        steps.len(),
        history.len()
    );
    for step in steps.iter().take(TOLD) {
        text += &format!("  {}\n", cut(&format!("{step:?}"), 1200));
    }
    text
}

impl Shrinker<'_> {
    fn exhausted(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// The shortest of a few tails, cut where the difference shows.
    async fn shortest_tail(&mut self, history: &[Step]) -> Option<Vec<Step>> {
        for length in [1, 4, 15, 60, 250, usize::MAX] {
            let from = history.len().saturating_sub(length);
            if let Some(steps) = self.play(&history[from..]).await {
                return Some(steps);
            }
            if from == 0 {
                break;
            }
        }
        None
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

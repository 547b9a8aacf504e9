//! Plays a generator's steps on a pair of servers.
//!
//! | Variable | Meaning | Default |
//! |---|---|---|
//! | `PINTLE_COMPAT_SEEDS` | how many seeds, counted from 1 | 3 |
//! | `PINTLE_COMPAT_SEED` | this seed only | |
//! | `PINTLE_COMPAT_REQUESTS` | requests for each seed | 1000 |
//! | `PINTLE_COMPAT_SHOW` | set: tell how often each kind of request was made and refused | |
//! | `PINTLE_COMPAT_KEEP_GOING` | 1: tell all differences by kind, not just the first | 0 |

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Instant;

use crate::difference::{Difference, Groups};
use crate::generate::Generator;
use crate::pair::{Pair, Servers};
use crate::reply::Outcome;
use crate::shrink::{LONG, SHORT, shrink};
use crate::step::Step;

/// What the environment asks for.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) seeds: Vec<u64>,
    pub(crate) requests: usize,
    pub(crate) keep_going: bool,
}

impl Plan {
    pub(crate) fn from_env() -> anyhow::Result<Plan> {
        let seeds = match number("PINTLE_COMPAT_SEED")? {
            Some(seed) => vec![seed],
            None => (1..=number("PINTLE_COMPAT_SEEDS")?.unwrap_or(3)).collect(),
        };
        let requests = number("PINTLE_COMPAT_REQUESTS")?.unwrap_or(1000);
        Ok(Plan {
            seeds,
            requests: usize::try_from(requests)?,
            keep_going: number("PINTLE_COMPAT_KEEP_GOING")?.unwrap_or(0) == 1,
        })
    }
}

fn number(name: &str) -> anyhow::Result<Option<u64>> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(text.parse().map_err(|error| {
            anyhow::anyhow!("{name}={text}: not a number: {error}")
        })?)),
        Err(_) => Ok(None),
    }
}

/// Plays all seeds.
///
/// # Errors
/// The differences, told in full.
pub(crate) async fn play(servers: &Servers, plan: &Plan) -> anyhow::Result<()> {
    let mut groups = Groups::default();
    for seed in &plan.seeds {
        let begin = Instant::now();
        let mut run = Run {
            servers,
            seed: *seed,
            keep_going: plan.keep_going,
            generator: Generator::new(*seed),
            pair: Pair::start(servers).await?,
            history: Vec::new(),
            requests: 0,
            errors: 0,
            statistics: Statistics::default(),
        };
        run.all(plan.requests, &mut groups).await?;
        if std::env::var_os("PINTLE_COMPAT_SHOW").is_some() {
            say(&run.statistics.tell());
        }
        say(&format!(
            "seed {seed}: {} requests, {} of them refused, {:.1} s",
            run.requests,
            run.errors,
            begin.elapsed().as_secs_f64()
        ));
    }
    anyhow::ensure!(groups.is_empty(), "{}", groups.tell());
    Ok(())
}

/// Progress for whoever runs the test with `--nocapture`, or reads why it failed.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

struct Run<'a> {
    servers: &'a Servers,
    seed: u64,
    keep_going: bool,
    generator: Generator,
    pair: Pair,
    /// Steps since the pair was started, each with the revision before it.
    history: Vec<(Step, i64)>,
    requests: usize,
    errors: usize,
    statistics: Statistics,
}

impl Run<'_> {
    async fn all(&mut self, requests: usize, groups: &mut Groups) -> anyhow::Result<()> {
        while self.requests < requests {
            let step = self.generator.next();
            self.one(step, groups).await?;
        }
        for step in self.generator.finish() {
            self.one(step, groups).await?;
        }
        Ok(())
    }

    async fn one(&mut self, step: Step, groups: &mut Groups) -> anyhow::Result<()> {
        self.requests += usize::from(step.is_request());
        self.history
            .push((step.clone(), self.generator.newest_revision()));
        let begin = Instant::now();
        let result = self.pair.run(&step).await;
        self.statistics.note(&step, &result, begin.elapsed());
        match result {
            Ok(outcome) => {
                self.errors += usize::from(matches!(outcome, Outcome::Error { .. }));
                self.generator.observe(&step, &outcome);
                Ok(())
            }
            Err(difference) => self.differ(&difference, groups).await,
        }
    }

    async fn differ(&mut self, found: &Difference, groups: &mut Groups) -> anyhow::Result<()> {
        let at = format!("seed {}, request {}", self.seed, self.requests);
        say(&format!("{at}: {}: {}", found.step.rpc(), found.kind));
        if !self.keep_going {
            let repeat = shrink(self.servers, &self.history, found, LONG).await;
            anyhow::bail!(
                "{at}: {}: {}\n{}{repeat}",
                found.step.rpc(),
                found.kind,
                found.tell()
            );
        }
        if !groups.contains(found) {
            let repeat = shrink(self.servers, &self.history, found, SHORT).await;
            groups.add(found, || format!("{at}\n{}{repeat}", found.tell()));
        } else {
            groups.add(found, String::new);
        }
        if !found.leaves_state_alone() {
            self.pair = Pair::start(self.servers).await?;
            self.generator.restart();
            self.history.clear();
        }
        Ok(())
    }
}

/// What a run did, for whoever asks whether the generator still reaches everything.
#[derive(Debug, Default)]
struct Statistics {
    steps: BTreeMap<&'static str, [u64; 4]>,
    errors: BTreeMap<String, u64>,
}

impl Statistics {
    fn note(
        &mut self,
        step: &Step,
        result: &Result<Outcome, Box<Difference>>,
        elapsed: std::time::Duration,
    ) {
        let row = self.steps.entry(step.rpc()).or_default();
        row[0] += 1;
        row[3] += u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        match result {
            Ok(Outcome::Error { code, message }) => {
                row[1] += 1;
                let text: String = message
                    .chars()
                    .map(|c| if c.is_ascii_digit() { '0' } else { c })
                    .collect();
                *self
                    .errors
                    .entry(format!("{}: {code:?} {text}", step.rpc()))
                    .or_default() += 1;
            }
            Ok(Outcome::Blocked) => row[2] += 1,
            _ => {}
        }
    }

    fn tell(&self) -> String {
        let mut text = String::from("   count  refused  blocked   time ms\n");
        for (rpc, [count, refused, blocked, time]) in &self.steps {
            text += &format!("{count:8} {refused:8} {blocked:8} {time:9}  {rpc}\n");
        }
        for (error, count) in &self.errors {
            text += &format!("{count:8}  {error}\n");
        }
        text
    }
}

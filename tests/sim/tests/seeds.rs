//! Runs of many seeds: none may break a promise.
//!
//! `PINTLE_SIM_SEEDS` sets how many (new ones each time), `PINTLE_SIM_SEED` repeats one with all it
//! tells, `PINTLE_SIM_FIRST` sets the first of many.
#![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]
#![allow(
    clippy::print_stdout,
    reason = "the report of a failed run goes to whoever runs it"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sim::{Report, Violation};
use store::metrics::Metrics;

/// Seeds when nobody asks for another number.
const SEEDS: u64 = 200;
/// Seeds that are run twice.
const SEEDS_TWICE: u64 = 25;
/// Lines of what happened that a report of one among many seeds shows.
const NOTES_MAX: usize = 400;

#[test]
fn no_seed_breaks_a_promise() {
    sim::quiet();
    let metrics = Arc::new(Metrics::new(false).unwrap());
    if let Some(seed) = number("PINTLE_SIM_SEED") {
        match sim::run(seed, None, true, &metrics) {
            Ok(report) => println!("seed {seed}: {report:?}"),
            Err(violation) => panic!("{}", describe(seed, &violation, usize::MAX)),
        }
        return;
    }
    let seeds = number("PINTLE_SIM_SEEDS").unwrap_or(SEEDS);
    let first = number("PINTLE_SIM_FIRST").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        now.as_nanos() as u64 & 0xffff_ffff_ffff
    });
    println!("{seeds} seeds from {first} on, commit {}", commit());
    let began = Instant::now();
    let next = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let sums = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..std::thread::available_parallelism().unwrap().get())
            .map(|_| scope.spawn(|| work(first, seeds, &next, &failed)))
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .fold(Sums::default(), Sums::plus)
    });
    let each = began.elapsed().as_millis() as f64 / seeds as f64;
    println!("{each:.1} ms a seed: {sums:?}");
    assert!(!failed.load(Ordering::Relaxed), "see above");
}

fn work(first: u64, seeds: u64, next: &AtomicU64, failed: &AtomicBool) -> Sums {
    let metrics = Arc::new(Metrics::new(false).unwrap());
    let mut sums = Sums::default();
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        if at >= seeds {
            return sums;
        }
        let seed = first + at;
        match sim::run(seed, None, false, &metrics) {
            Ok(report) => sums = sums.plus(Sums::from(report)),
            Err(_) => {
                failed.store(true, Ordering::Relaxed);
                sums.failed += 1;
                if sums.failed > 3 {
                    return sums;
                }
                let again = sim::run(seed, None, true, &metrics);
                match again {
                    Err(violation) => println!("{}", describe(seed, &violation, NOTES_MAX)),
                    Ok(_) => println!("seed {seed} failed once, and not again"),
                }
            }
        }
    }
}

#[test]
fn a_seed_replays_exactly() {
    sim::quiet();
    let metrics = Arc::new(Metrics::new(false).unwrap());
    for seed in 1..=SEEDS_TWICE {
        let run = |notes| sim::run(seed, None, notes, &metrics).map_err(|v| v.text);
        assert_eq!(run(false), run(true), "seed {seed}");
    }
}

fn describe(seed: u64, violation: &Violation, notes_max: usize) -> String {
    let from = violation.notes.len().saturating_sub(notes_max);
    format!(
        "{}\nseed {seed}, commit {}: {}\nagain: PINTLE_SIM_SEED={seed} cargo test --release -p sim --test seeds",
        violation.notes[from..].join("\n"),
        commit(),
        violation.text
    )
}

fn commit() -> String {
    let git = std::process::Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=12"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    match git {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(error) => format!("unknown ({error})"),
    }
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

/// What many runs did.
#[derive(Clone, Copy, Debug, Default)]
#[allow(dead_code, reason = "only printed")]
struct Sums {
    runs: u64,
    failed: u64,
    steps: u64,
    requests: u64,
    answered: u64,
    entries: u64,
    terms: u64,
    crashes: u64,
    snapshots: u64,
    told: u64,
    expired: u64,
    seconds: u64,
}

impl From<Report> for Sums {
    fn from(report: Report) -> Self {
        Self {
            runs: 1,
            failed: 0,
            steps: report.steps,
            requests: report.requests,
            answered: report.answered,
            entries: report.entries,
            terms: report.terms,
            crashes: report.crashes,
            snapshots: report.snapshots,
            told: report.events,
            expired: report.expired,
            seconds: report.time / 1_000_000,
        }
    }
}

impl Sums {
    fn plus(self, other: Self) -> Self {
        Self {
            runs: self.runs + other.runs,
            failed: self.failed + other.failed,
            steps: self.steps + other.steps,
            requests: self.requests + other.requests,
            answered: self.answered + other.answered,
            entries: self.entries + other.entries,
            terms: self.terms + other.terms,
            crashes: self.crashes + other.crashes,
            snapshots: self.snapshots + other.snapshots,
            told: self.told + other.told,
            expired: self.expired + other.expired,
            seconds: self.seconds + other.seconds,
        }
    }
}

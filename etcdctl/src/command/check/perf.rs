//! `check perf`: whether a cluster keeps up with a load, and how long its writes take.

use std::io::Write;
use std::time::Duration;

use indicatif::ProgressBar;

use super::load::{Pace, Shape, run as load};
use super::{chosen, compact, defragment, delete, flags, is_free};
use crate::cli::{Action, Command, Group};
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Parsed};
use crate::session::Session;

/// Writes a second, and clients, of each load.
const LOADS: [(u64, usize); 4] = [(150, 50), (1_000, 200), (8_000, 500), (15_000, 1_000)];
/// How long each lasts.
const TIME: Duration = Duration::from_secs(60);
/// What the rate must be at least, of the one that is tried.
const RATE_MIN: f64 = 0.9;
/// What the slowest write may take, and how far they may be from their mean.
const SLOWEST_MAX: f64 = 0.5;
const DEVIATION_MAX: f64 = 0.1;

pub(super) const COMMAND: Command = Command {
    name: "perf",
    usage: "[options]",
    short: "Measures throughput and latency",
    long: "\
Puts keys for a minute, at a rate that depends on --load, and tells whether the cluster keeps up.
The keys are deleted afterwards.",
    group: Group::Sub,
    flags: FLAGS,
    shared: &[],
    commands: &[],
    action: Action::Run(run),
};

const FLAGS: &[Flag] = &flags("/etcdctl-check-perf/");

fn run(session: &mut Session<'_>, mut parsed: Parsed) -> Done {
    let (rate, clients) = LOADS[chosen(&parsed)?];
    let mut context = session.connect(&mut parsed)?;
    let prefix = parsed.text("prefix").to_vec();
    is_free(&mut context, &prefix, |prefix| {
        format!("'etcdctl del --prefix {prefix}' first")
    })?;
    let shape = Shape {
        prefix: prefix.clone().into(),
        key_bytes: 256,
        value_bytes: 1024,
    };
    // Shown on a terminal only.
    let bar = ProgressBar::new(rate * TIME.as_secs());
    let shown = bar.clone();
    let pace = Pace::Rate(rate, TIME);
    let statistics = load(&mut context, clients, pace, &shape, move || shown.inc(1));
    bar.finish_and_clear();
    match delete(&mut context, &prefix) {
        Ok(revision) if parsed.switch("auto-compact") => compact(&mut context, revision)?,
        Ok(_) => {}
        Err(why) => writeln!(
            context.io.stdout,
            "FAIL: Cleanup failed during key deletion: ERROR({why})"
        )?,
    }
    if parsed.switch("auto-defrag") {
        defragment(&mut context)?;
    }
    let out = &mut context.io.stdout;
    let mut passed = statistics.errors.is_empty();
    if !passed {
        super::tell_errors(out, &statistics)?;
    }
    let writes = statistics.rate as u64 + 1;
    if statistics.rate / rate as f64 <= RATE_MIN {
        writeln!(out, "FAIL: Throughput too low: {writes} writes/s")?;
        passed = false;
    } else {
        writeln!(out, "PASS: Throughput is {writes} writes/s")?;
    }
    if statistics.slowest > SLOWEST_MAX {
        writeln!(
            out,
            "Slowest request took too long: {:.6}s",
            statistics.slowest
        )?;
        passed = false;
    } else {
        writeln!(out, "PASS: Slowest request took {:.6}s", statistics.slowest)?;
    }
    if statistics.deviation > DEVIATION_MAX {
        writeln!(out, "Stddev too high: {:.6}s", statistics.deviation)?;
        passed = false;
    } else {
        writeln!(out, "PASS: Stddev is {:.6}s", statistics.deviation)?;
    }
    writeln!(out, "{}", if passed { "PASS" } else { "FAIL" })?;
    match passed {
        true => Ok(()),
        false => Err(Failure::Silent(exit::ERROR)),
    }
}

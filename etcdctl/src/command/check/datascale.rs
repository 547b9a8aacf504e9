//! `check datascale`: how much memory a server takes for so many keys.

use std::io::Write;

use dial::Target;
use indicatif::ProgressBar;

use super::load::{Pace, Shape, run as load};
use super::{chosen, compact, defragment, delete, flags, is_free};
use crate::cli::{Action, Command, Group};
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Parsed};
use crate::session::{Context, Session};

/// Keys, and clients, of each load.
const LOADS: [(u64, usize); 4] = [
    (10_000, 50),
    (100_000, 200),
    (1_000_000, 500),
    (3_000_000, 1_000),
];
/// Bytes of a key and its value.
const PAIR_BYTES: usize = 1024;
/// The metric that tells the memory of a server.
const METRIC: &str = "process_resident_memory_bytes";

pub(super) const COMMAND: Command = Command {
    name: "datascale",
    usage: "[options]",
    short: "Measures memory under a load",
    long: "\
Puts keys, as many as --load says, and tells how much memory the first endpoint took for them. The
keys are deleted afterwards.",
    group: Group::Sub,
    flags: FLAGS,
    shared: &[],
    commands: &[],
    action: Action::Run(run),
};

const FLAGS: &[Flag] = &flags("/etcdctl-check-datascale/");

fn run(session: &mut Session<'_>, mut parsed: Parsed) -> Done {
    let (count, clients) = LOADS[chosen(&parsed)?];
    let mut context = session.connect(&mut parsed)?;
    let prefix = parsed.text("prefix").to_vec();
    is_free(&mut context, &prefix, |prefix| {
        format!("etcdctl del --prefix {prefix} first")
    })?;
    let before = memory(&mut context, "before")?;
    writeln!(
        context.io.stdout,
        "Start data scale check for work load [{count} key-value pairs, {PAIR_BYTES} bytes per key-value, {clients} concurrent clients]."
    )?;
    context.io.stdout.flush()?;
    let shape = Shape {
        prefix: prefix.clone().into(),
        key_bytes: PAIR_BYTES / 2,
        value_bytes: PAIR_BYTES / 2,
    };
    // Shown on a terminal only.
    let bar = ProgressBar::new(count);
    let shown = bar.clone();
    let pace = Pace::Count(count);
    let statistics = load(&mut context, clients, pace, &shape, move || shown.inc(1));
    bar.finish_and_clear();
    let after = memory(&mut context, "after")?;
    let deleted = delete(&mut context, &prefix);
    let revision = deleted.map_err(|why| Failure::new(exit::ERROR, why))?;
    if parsed.switch("auto-compact") {
        compact(&mut context, revision)?;
    }
    if parsed.switch("auto-defrag") {
        defragment(&mut context)?;
    }
    let out = &mut context.io.stdout;
    if !statistics.errors.is_empty() {
        super::tell_errors(out, &statistics)?;
        return Err(Failure::Silent(exit::ERROR));
    }
    let megabytes = (after - before) / (1024.0 * 1024.0);
    writeln!(
        out,
        "PASS: Approximate system memory used : {megabytes:.2} MB."
    )?;
    Ok(())
}

/// The bytes that the first endpoint holds in memory.
fn memory(context: &mut Context<'_>, when: &str) -> Result<f64, Failure> {
    let endpoint = context.globals.endpoints.first();
    let target = Target::parse(endpoint.map_or("", String::as_str));
    let tls = context.globals.tls.clone();
    let fetched = dial::http::get(&target, tls.as_ref(), "/metrics");
    let found = match context.runtime.block_on(fetched) {
        Ok(text) => {
            let text = String::from_utf8_lossy(&text).into_owned();
            let mut lines = text.lines();
            let line = lines.find_map(|line| line.strip_prefix(METRIC));
            line.and_then(|value| value.trim().parse::<f64>().ok())
                .ok_or_else(|| format!("could not find: {METRIC}"))
        }
        Err(why) => Err(format!("fetch error: {why}")),
    };
    match found {
        Ok(bytes) if bytes > 0.0 => Ok(bytes),
        outcome => {
            let out = &mut context.io.stdout;
            if let Err(why) = outcome {
                writeln!(out, "{why}")?;
            }
            writeln!(
                out,
                "FAIL: Could not read {METRIC} {when} the put operations."
            )?;
            Err(Failure::Silent(exit::ERROR))
        }
    }
}

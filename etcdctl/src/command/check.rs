//! `check`: measures a cluster under a load of writes.

mod datascale;
mod load;
mod perf;
mod statistics;

use std::io::Write;
use std::time::Duration;

use proto::etcdserverpb as pb;

use super::get::span;
use super::group;
use crate::cli::{Command, Group};
use crate::client::{method, status};
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Kind, Parsed, lossy};
use crate::go::quote::quote;
use crate::session::Context;

pub(super) const COMMAND: Command = group(
    "check",
    "Measures a cluster",
    Group::Utility,
    &[perf::COMMAND, datascale::COMMAND],
);

/// How long it may take to clear up afterwards.
const CLEAR_WITHIN: Option<Duration> = Some(Duration::from_secs(30));

/// The flags of both, which differ in what their keys begin with.
const fn flags(prefix: &'static str) -> [Flag; 4] {
    [
        Flag::new(
            "load",
            Kind::Text,
            "s",
            "the load: s(mall), m(edium), l(arge) or xl(arge)",
        ),
        Flag::new("prefix", Kind::Text, prefix, "what the keys begin with"),
        Flag::switch("auto-compact", "forget the history afterwards"),
        Flag::switch("auto-defrag", "give back the space afterwards"),
    ]
}

/// Which of four loads is asked for.
fn chosen(flags: &Parsed) -> Result<usize, Failure> {
    let name = lossy(flags.text("load"));
    match name.as_str() {
        "s" | "small" => Ok(0),
        "m" | "medium" => Ok(1),
        "l" | "large" => Ok(2),
        "xl" | "xLarge" => Ok(3),
        _ => Err(Failure::feature(format!("unknown load option {name}"))),
    }
}

/// Refuses to write where keys are.
fn is_free(context: &mut Context<'_>, prefix: &[u8], hint: impl FnOnce(&str) -> String) -> Done {
    let (key, range_end) = span(prefix, None, true, false);
    let request = pb::RangeRequest {
        key,
        range_end,
        limit: 1,
        ..Default::default()
    };
    let found = context.ask_patiently(&method::RANGE, request)?;
    if found.kvs.is_empty() {
        return Ok(());
    }
    let hint = hint(&lossy(prefix));
    let text = format!("prefix {} has keys. Delete with {hint}", quote(prefix));
    Err(Failure::new(exit::INVALID_INPUT, text))
}

/// Deletes what was written; gives the revision of that, if it could be done.
fn delete(context: &mut Context<'_>, prefix: &[u8]) -> Result<i64, String> {
    let (key, range_end) = span(prefix, None, true, false);
    let request = pb::DeleteRangeRequest {
        key,
        range_end,
        prev_kv: false,
    };
    match context.call(&method::DELETE_RANGE, request, CLEAR_WITHIN) {
        Ok(reply) => Ok(reply.header.map_or(0, |header| header.revision)),
        Err(why) => Err(status::text(&why)),
    }
}

/// Forgets the history.
fn compact(context: &mut Context<'_>, revision: i64) -> Done {
    writeln!(context.io.stdout, "Compacting with revision {revision}")?;
    let request = pb::CompactionRequest {
        revision,
        physical: true,
    };
    let compacted = context.call(&method::COMPACT, request, CLEAR_WITHIN);
    compacted.map_err(|why| Failure::new(exit::ERROR, status::text(&why)))?;
    writeln!(context.io.stdout, "Compacted with revision {revision}")?;
    Ok(())
}

/// Gives back the space at every endpoint.
fn defragment(context: &mut Context<'_>) -> Done {
    for endpoint in context.globals.endpoints.clone() {
        let shown = quote(endpoint.as_bytes());
        writeln!(context.io.stdout, "Defragmenting {shown}")?;
        context.switch_to(&endpoint)?;
        let request = pb::DefragmentRequest {};
        let done = context.call(&method::DEFRAGMENT, request, CLEAR_WITHIN);
        done.map_err(|why| Failure::new(exit::ERROR, status::text(&why)))?;
        writeln!(context.io.stdout, "Defragmented {shown}")?;
    }
    Ok(())
}

/// Tells of errors, each with its number.
fn tell_errors(out: &mut dyn Write, statistics: &statistics::Statistics) -> Done {
    writeln!(out, "FAIL: too many errors")?;
    for (text, count) in &statistics.errors {
        writeln!(out, "FAIL: ERROR({text}) -> {count}")?;
    }
    Ok(())
}

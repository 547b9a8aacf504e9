//! `del`.

use std::io::Write;
use std::time::Duration;

use proto::etcdserverpb as pb;

use super::get::span;
use crate::cli::{Action, Command, Group};
use crate::client::method;
use crate::exit::{Done, Failure};
use crate::flag::{Flag, Parsed};
use crate::go::quote::quote;
use crate::session::Session;

pub(super) const COMMAND: Command = Command {
    name: "del",
    usage: "[flags] <key> [range_end]",
    short: "Deletes a key or a range of keys",
    long: "\
Deletes a key, or the keys from <key> up to but not including <range_end>, and prints how many
there were.

  etcdctl del foo             one key
  etcdctl del a c --range     all keys from a up to, not including, c
  etcdctl del foo --prefix    all keys that start with foo",
    group: Group::KeyValue,
    flags: FLAGS,
    shared: &[],
    commands: &[],
    action: Action::Run(run),
};

pub(super) const FLAGS: &[Flag] = &[
    Flag::switch("prefix", "delete all keys that start with <key>"),
    Flag::switch("prev-kv", "print the deleted keys and values"),
    Flag::switch("from-key", "delete all keys from <key> on"),
    Flag::switch("range", "delete a range without a pause to think again"),
];

/// How long a range stays, unless `--range` says that it is meant.
const SECOND_THOUGHTS: Duration = Duration::from_secs(2);

/// The range end that means "no end".
pub(super) const OPEN_END: &[u8] = &[0];

fn run(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let request = request(&flags, &mut session.io.stderr)?;
    let mut context = session.connect(&mut flags)?;
    let reply = context.ask(&method::DELETE_RANGE, request)?;
    context.print(|printer, out| printer.del(out, &reply))
}

/// The request of a parsed command line; warns and waits before a range.
pub(super) fn request(
    flags: &Parsed,
    stderr: &mut dyn Write,
) -> Result<pb::DeleteRangeRequest, Failure> {
    let (key, end) = match flags.args.as_slice() {
        [key] => (key, None),
        [key, end] => (key, Some(end)),
        _ => {
            let text =
                "del command needs one argument as key and an optional argument as range_end";
            return Err(Failure::args(text));
        }
    };
    let (prefix, from_key) = (flags.switch("prefix"), flags.switch("from-key"));
    if prefix && from_key {
        let text = "`--prefix` and `--from-key` cannot be set at the same time, choose one";
        return Err(Failure::args(text));
    }
    if let Some(end) = end {
        if prefix || from_key {
            let text = "too many arguments, only accept one argument when `--prefix` or `--from-key` is set";
            return Err(Failure::args(text));
        }
        if !flags.switch("range") {
            let (from, to) = (quote(key), quote(end));
            writeln!(
                stderr,
                "Warning: Keys between {from} and {to} will be deleted. Please interrupt the command within next 2 seconds to cancel. You can provide `--range` flag to avoid the delay."
            )?;
            stderr.flush()?;
            std::thread::sleep(SECOND_THOUGHTS);
        }
    }
    let (key, range_end) = span(key, end, prefix, from_key);
    Ok(pb::DeleteRangeRequest {
        key,
        range_end,
        prev_kv: flags.switch("prev-kv"),
    })
}

/// The first key after all keys that start with `prefix`; [`OPEN_END`] if there is none.
pub(crate) fn prefix_end(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.last_mut() {
        if *last < 0xff {
            *last += 1;
            return end;
        }
        end.pop();
    }
    OPEN_END.to_vec()
}

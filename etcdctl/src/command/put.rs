//! `put`.

use std::io::Read;

use proto::etcdserverpb as pb;

use crate::cli::{Action, Command, Group};
use crate::client::method;
use crate::exit::{Done, Failure};
use crate::flag::{Flag, Kind, Parsed};
use crate::go::number;
use crate::session::Session;

pub(super) const COMMAND: Command = Command {
    name: "put",
    usage: "[flags] <key> [value]",
    short: "Stores a value under a key",
    long: "\
Stores a value under a key.

Without a value on the command line, standard input is the value, byte for byte:
  etcdctl put config < config.json

A key or value that starts with '-' goes after '--':
  etcdctl put -- -key- -value-",
    group: Group::KeyValue,
    flags: FLAGS,
    shared: &[],
    commands: &[],
    action: Action::Run(run),
};

pub(super) const FLAGS: &[Flag] = &[
    Flag::new(
        "lease",
        Kind::Text,
        "0",
        "lease to attach the key to, in hexadecimal",
    ),
    Flag::switch("prev-kv", "print the key and value as they were before"),
    Flag::switch("ignore-value", "keep the value, change the lease only"),
    Flag::switch("ignore-lease", "keep the lease, change the value only"),
];

fn run(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let request = request(&flags, &mut session.io.stdin)?;
    let mut context = session.connect(&mut flags)?;
    let reply = context.ask(&method::PUT, request)?;
    context.print(|printer, out| printer.put(out, &reply))
}

/// The request of a parsed command line; `stdin` gives the value if there is none.
pub(super) fn request(flags: &Parsed, stdin: &mut dyn Read) -> Result<pb::PutRequest, Failure> {
    const USAGE: &str = "put command needs 1 argument and input from stdin or 2 arguments";
    let Some(key) = flags.args.first() else {
        return Err(Failure::args(USAGE));
    };
    let ignore_value = flags.switch("ignore-value");
    if ignore_value && flags.args.len() > 1 {
        let text = "put command needs only 1 argument when 'ignore-value' is set";
        return Err(Failure::args(text));
    }
    let value = match flags.args.get(1) {
        _ if ignore_value => Vec::new(),
        Some(value) => value.clone(),
        None => {
            let mut value = Vec::new();
            let read = stdin.read_to_end(&mut value);
            if read.is_err() || value.is_empty() {
                return Err(Failure::args(USAGE));
            }
            value
        }
    };
    let lease = number::parse_int(flags.text("lease"), 16)
        .map_err(|why| Failure::args(format!("bad lease ID ({why}), expecting ID in Hex")))?;
    Ok(pb::PutRequest {
        key: key.clone().into(),
        value: value.into(),
        lease,
        prev_kv: flags.switch("prev-kv"),
        ignore_value,
        ignore_lease: flags.switch("ignore-lease"),
    })
}

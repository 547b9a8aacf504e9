//! `txn`: compares, then-requests and else-requests, one a line, each block ended by an empty line.

use std::io::{BufRead, Write};

use proto::etcdserverpb as pb;
use proto::etcdserverpb::request_op::Request;

use super::{del, get, put};
use crate::cli::{Action, Command, Found, Group};
use crate::client::{method, status};
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, HELP, Parsed, lossy};
use crate::io::Io;
use crate::session::Session;
use crate::{help, words};

mod compare;

#[cfg(test)]
mod tests;

pub(super) const COMMAND: Command = Command {
    name: "txn",
    usage: "[flags]",
    short: "Runs several requests as one, on conditions",
    long: "\
Reads three blocks from standard input, each ended by an empty line, and runs them as one
transaction:
  1. conditions, all of which must hold: mod, create, version, value or lease of a key,
     with = != < or >
  2. requests (get, put, del) if they hold
  3. requests if they do not

  mod(\"key1\") > \"0\"

  put key1 \"overwrote key1\"

  put key1 \"created key1\"
  put key2 'some extra key'
",
    group: Group::KeyValue,
    flags: &[Flag::switch("interactive", "print what is expected next").short('i')],
    shared: &[],
    commands: &[],
    action: Action::Run(run),
};

fn run(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    if !flags.args.is_empty() {
        return Err(Failure::args("txn command does not accept argument"));
    }
    let interactive = flags.switch("interactive");
    let mut context = session.connect(&mut flags)?;
    let io = &mut *context.io;
    prompt(io, interactive, "compares:")?;
    let compare = block(io, |_, line| compare::parse(line))?;
    prompt(io, interactive, "success requests (get, put, del):")?;
    let success = block(io, operation)?;
    prompt(io, interactive, "failure requests (get, put, del):")?;
    let failure = block(io, operation)?;
    let request = pb::TxnRequest {
        compare,
        success,
        failure,
    };
    let reply = context
        .call(&method::TXN, request, None)
        .map_err(|why| Failure::new(exit::ERROR, status::text(&why)))?;
    context.print(|printer, out| printer.txn(out, &reply))
}

fn prompt(io: &mut Io, interactive: bool, text: &str) -> Done {
    if interactive {
        writeln!(io.stdout, "{text}")?;
        io.stdout.flush()?;
    }
    Ok(())
}

fn block<T>(
    io: &mut Io,
    mut parse: impl FnMut(&mut Io, &[u8]) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut items = Vec::new();
    loop {
        let line = read_line(&mut *io.stdin)?;
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(items);
        }
        items.push(parse(io, line)?);
    }
}

/// A line with its end; a last line without one does not count.
fn read_line(stdin: &mut dyn BufRead) -> Result<Vec<u8>, Failure> {
    let mut line = Vec::new();
    let read = stdin.read_until(b'\n', &mut line);
    read.map_err(|why| invalid(why.to_string()))?;
    if line.last() != Some(&b'\n') {
        return Err(invalid("EOF"));
    }
    Ok(line)
}

fn operation(io: &mut Io, line: &[u8]) -> Result<pb::RequestOp, Failure> {
    let words = words::split(line).map_err(invalid)?;
    let [name, rest @ ..] = words.as_slice() else {
        return Err(invalid("invalid txn compare request: "));
    };
    if rest.is_empty() {
        return Err(invalid(format!(
            "invalid txn compare request: {}",
            lossy(line)
        )));
    }
    let bad = || invalid(format!("invalid txn request: {}", lossy(line)));
    let commands = [&put::COMMAND, &get::COMMAND, &del::COMMAND];
    let mut matches = commands
        .iter()
        .filter(|c| c.name.as_bytes().starts_with(name));
    let Some(command) = matches.next().filter(|_| !name.is_empty()) else {
        return Err(bad());
    };
    let mut flags = Parsed::new(command.flags.iter().chain([&HELP]).collect());
    if flags.parse(rest).is_err() {
        help::usage(
            &Found {
                path: vec![*command],
            },
            &mut io.stderr,
        )?;
        writeln!(io.stderr)?;
        return Err(bad());
    }
    let request = match command.name {
        // stdin holds the transaction, not a value.
        "put" => Request::RequestPut(put::request(&flags, &mut std::io::empty())?),
        "get" => Request::RequestRange(get::request(&flags)?),
        _ => Request::RequestDeleteRange(del::request(&flags, &mut io.stderr)?),
    };
    Ok(pb::RequestOp {
        request: Some(request),
    })
}

fn invalid(text: impl Into<String>) -> Failure {
    Failure::new(exit::INVALID_INPUT, text)
}

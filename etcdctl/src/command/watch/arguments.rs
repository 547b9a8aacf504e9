//! What is watched and what is run: from the command line or an interactive line, and the two
//! variables.

use std::os::unix::ffi::OsStrExt;

use crate::Env;
use crate::exit::Failure;
use crate::flag::Parsed;
use crate::go::quote::quote;

/// Too few arguments.
pub(super) const COUNT: &str = "bad number of arguments";
const CONFLICT: &str = "bad number of arguments (found conflicting environment key)";
const NO_COMMAND: &str = "bad number of arguments (found separator --, but no commands)";

/// Checked arguments.
pub(super) struct Arguments {
    /// Key, and range end if there is one.
    pub(super) range: Vec<Vec<u8>>,
    /// The command to run for each event, with its arguments; empty = none.
    pub(super) command: Vec<Vec<u8>>,
}

impl Arguments {
    /// Key and range end from `ETCDCTL_WATCH_KEY` and `ETCDCTL_WATCH_RANGE_END`.
    pub(super) fn from_env(env: &Env) -> Result<Vec<Vec<u8>>, Failure> {
        let read = |name| {
            let value = env.get(name).filter(|v| !v.is_empty());
            value.map(|v| v.as_bytes().to_vec())
        };
        match (read("ETCDCTL_WATCH_KEY"), read("ETCDCTL_WATCH_RANGE_END")) {
            (None, Some(end)) => {
                let end = quote(&end);
                Err(Failure::args(format!(
                    "ETCDCTL_WATCH_KEY is empty but got ETCDCTL_WATCH_RANGE_END={end}"
                )))
            }
            (key, end) => Ok(key.into_iter().chain(end).collect()),
        }
    }
}

/// From the command line. `argv` is all of it: whether anything follows `watch` counts, flags
/// included.
pub(super) fn of_line(
    flags: &Parsed,
    argv: &[Vec<u8>],
    of_env: Vec<Vec<u8>>,
) -> Result<Arguments, Failure> {
    let after = argv.iter().position(|arg| arg == b"watch");
    let nothing = after.is_some_and(|at| at + 1 == argv.len());
    if nothing && of_env.is_empty() {
        return Err(Failure::args(COUNT));
    }
    let arguments = split(flags)?;
    if !of_env.is_empty() && !arguments.range.is_empty() {
        return Err(Failure::args(CONFLICT));
    }
    Ok(arguments.or(of_env))
}

/// From the words after `watch` on an interactive line.
pub(super) fn of_words(
    flags: &mut Parsed,
    words: &[Vec<u8>],
    of_env: &[Vec<u8>],
) -> Result<Arguments, Failure> {
    if words.last().is_some_and(|last| last == b"--") {
        return Err(Failure::args(NO_COMMAND));
    }
    flags.parse(words).map_err(Failure::args)?;
    let arguments = split(flags)?;
    if arguments.command.is_empty() {
        if of_env.is_empty() && arguments.range.is_empty() {
            return Err(Failure::args(COUNT));
        }
        if !of_env.is_empty() && !arguments.range.is_empty() {
            return Err(Failure::args(CONFLICT));
        }
    }
    Ok(arguments.or(of_env.to_vec()))
}

fn split(flags: &Parsed) -> Result<Arguments, Failure> {
    let (range, command) = match flags.dash {
        Some(at) if at == flags.args.len() => return Err(Failure::args(NO_COMMAND)),
        Some(at) => flags.args.split_at(at),
        None => flags.args.split_at(flags.args.len()),
    };
    Ok(Arguments {
        range: range.to_vec(),
        command: command.to_vec(),
    })
}

impl Arguments {
    /// Variables stand before what was typed.
    fn or(mut self, of_env: Vec<Vec<u8>>) -> Self {
        self.range.splice(0..0, of_env);
        self
    }
}

//! The tree of commands, and the way through it.

use std::io::Write;

use crate::exit::Failure;
use crate::flag::{Flag, Kind, Parsed};

/// A command: what its usage says, and what it does if it does anything itself.
pub(super) struct Command {
    pub(super) name: &'static str,
    /// The line after `Usage:`, without the program's and parents' names.
    pub(super) synopsis: &'static str,
    pub(super) summary: &'static str,
    pub(super) flags: &'static [Flag],
    /// Flags that have to be given.
    pub(super) required: &'static [&'static str],
    /// How many arguments it takes, where that is looked at before it runs.
    pub(super) takes: Option<usize>,
    pub(super) children: &'static [Command],
    pub(super) run: Option<Run>,
}

pub(super) type Run = fn(&Parsed, &mut dyn Write, &mut dyn Write) -> Result<(), Failure>;

/// The flags that every command takes.
pub(super) static GLOBAL_FLAGS: [Flag; 2] = [
    Flag::new(
        "timeout",
        Kind::Duration,
        "10s",
        "time to wait to obtain a file lock on db file, 0 to block indefinitely",
    ),
    Flag::new(
        "write-out",
        Kind::Text,
        "simple",
        "set the output format (fields, json, protobuf, simple, table)",
    )
    .short('w'),
];

/// Commands may be shortened to any beginning that is theirs.
pub(super) fn is_prefix(typed: &[u8], name: &str) -> bool {
    !typed.is_empty() && name.as_bytes().starts_with(typed)
}

/// Follows command names from `root` as far as they go. Returns the commands below the root and
/// what is left of the arguments, flags included.
pub(super) fn find(
    root: &'static Command,
    arguments: &[Vec<u8>],
) -> (Vec<&'static Command>, Vec<Vec<u8>>) {
    let mut path = Vec::new();
    let mut rest = Vec::new();
    let mut children = root.children;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == b"--" {
            rest.push(argument.clone());
            break;
        }
        if argument.starts_with(b"-") {
            rest.push(argument.clone());
            // The value of a global flag must not be taken for a command.
            let separate = GLOBAL_FLAGS.iter().any(|flag| {
                let short = flag.short.map(|letter| format!("-{letter}"));
                let long = format!("--{}", flag.name);
                [Some(long), short]
                    .into_iter()
                    .flatten()
                    .any(|typed| typed.as_bytes() == argument)
            });
            rest.extend(arguments.next_if(separate));
            continue;
        }
        match children
            .iter()
            .find(|child| is_prefix(argument, child.name))
        {
            Some(child) => {
                path.push(child);
                children = child.children;
            }
            None => {
                rest.push(argument.clone());
                break;
            }
        }
    }
    rest.extend(arguments.cloned());
    (path, rest)
}

trait NextIf {
    fn next_if(&mut self, wanted: bool) -> Option<Vec<u8>>;
}

impl NextIf for std::slice::Iter<'_, Vec<u8>> {
    fn next_if(&mut self, wanted: bool) -> Option<Vec<u8>> {
        wanted.then(|| self.next().cloned()).flatten()
    }
}

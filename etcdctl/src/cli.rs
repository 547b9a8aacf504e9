//! The tree of commands: finding the one a command line means, and running it.
//!
//! The rules are cobra's: flags may stand before the command, an unambiguous prefix of a command's
//! name is enough, and a group without a subcommand prints its help.

use std::io::Write;

use crate::exit::{self, Done, Failure};
use crate::flag::{self, Flag, Kind, Parsed, lossy};
use crate::session::Session;
use crate::{command, globals, help};

/// Headings of the root help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    KeyValue,
    Maintenance,
    Concurrency,
    Authentication,
    Utility,
    /// A subcommand: listed by its parent only.
    Sub,
}

/// What a command does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    /// Runs with its flags and arguments.
    Run(fn(&mut Session<'_>, Parsed) -> Done),
    /// Only holds subcommands: prints its help.
    Subcommands,
    /// `help [command]`.
    Help,
    /// `options`.
    Options,
}

/// One command and all that is said about it.
#[derive(Debug)]
pub(crate) struct Command {
    /// What is typed.
    pub(crate) name: &'static str,
    /// The arguments after the name, for the usage line.
    pub(crate) usage: &'static str,
    /// One line for lists.
    pub(crate) short: &'static str,
    /// The help's text; empty = `short`.
    pub(crate) long: &'static str,
    /// The heading in the root help.
    pub(crate) group: Group,
    /// Flags of this command alone.
    pub(crate) flags: &'static [Flag],
    /// Flags of this command and its subcommands.
    pub(crate) shared: &'static [Flag],
    /// Subcommands.
    pub(crate) commands: &'static [Command],
    /// What it does.
    pub(crate) action: Action,
}

/// A command found in the tree, with its ancestors.
pub(crate) struct Found {
    /// From the root to the command itself.
    pub(crate) path: Vec<&'static Command>,
}

impl Found {
    /// The command itself.
    pub(crate) fn command(&self) -> &'static Command {
        self.path.last().copied().unwrap_or(&command::ROOT)
    }

    /// `etcdctl lease grant`.
    pub(crate) fn full_name(&self) -> String {
        let names: Vec<_> = self.path.iter().map(|c| c.name).collect();
        names.join(" ")
    }

    /// Flags the ancestors share with it: only these have `ETCDCTL_*` variables.
    pub(crate) fn inherited(&self) -> Vec<&'static Flag> {
        let above = self.path.len() - 1;
        let shared = self.path[..above].iter().flat_map(|c| c.shared);
        shared.collect()
    }

    /// Its own flags.
    pub(crate) fn own(&self) -> Vec<&'static Flag> {
        let command = self.command();
        command.flags.iter().chain(command.shared).collect()
    }

    fn flags(&self) -> Vec<&'static Flag> {
        let mut flags = self.own();
        flags.extend(self.inherited());
        flags.push(&flag::HELP);
        flags
    }
}

/// Runs the command line `args` (without the program's name).
pub(crate) fn execute(session: &mut Session<'_>, args: &[Vec<u8>]) -> Done {
    let mut found = Found {
        path: vec![&command::ROOT],
    };
    let mut rest = args.to_vec();
    while let Some((at, word)) = first_word(&rest, &found.flags()) {
        let Some(next) = subcommand(found.command(), &word) else {
            if found.path.len() == 1 {
                return unknown_command(session, &word);
            }
            break;
        };
        rest.remove(at);
        found.path.push(next);
    }
    run(session, &found, &rest)
}

fn run(session: &mut Session<'_>, found: &Found, args: &[Vec<u8>]) -> Done {
    let command = found.command();
    let mut parsed = Parsed::new(found.flags());
    if let Err(why) = parsed.parse(args) {
        let err = &mut session.io.stderr;
        writeln!(err, "Error: {why}")?;
        help::usage(found, err)?;
        writeln!(err)?;
        return Err(Failure::Silent(exit::ERROR));
    }
    if parsed.switch("help") {
        return help::full(found, &mut session.io.stdout);
    }
    session.inherited = found.inherited();
    session.is_watch = command.name == "watch";
    match command.action {
        Action::Run(run) => run(session, parsed),
        Action::Subcommands => help::full(found, &mut session.io.stdout),
        Action::Help => help_about(session, &parsed.args),
        Action::Options => Ok(help::options(&mut session.io.stdout)?),
    }
}

fn help_about(session: &mut Session<'_>, topic: &[Vec<u8>]) -> Done {
    let mut found = Found {
        path: vec![&command::ROOT],
    };
    for word in topic {
        let Some(next) = subcommand(found.command(), word) else {
            if found.path.len() > 1 {
                break;
            }
            let words: Vec<_> = topic.iter().map(|w| format!("`{}`", lossy(w))).collect();
            let err = &mut session.io.stderr;
            writeln!(err, "Unknown help topic [{}]", words.join(" "))?;
            return Ok(help::usage(&found, err)?);
        };
        found.path.push(next);
    }
    help::full(&found, &mut session.io.stdout)
}

/// The first argument that is neither a flag nor a flag's value, and where it stands.
fn first_word(args: &[Vec<u8>], flags: &[&'static Flag]) -> Option<(usize, Vec<u8>)> {
    let mut at = 0;
    while at < args.len() {
        let arg = args[at].as_slice();
        let takes_value = match arg {
            b"--" => return None,
            [b'-', b'-', name @ ..] if !name.contains(&b'=') => {
                !is_switch(flags, |flag| flag.name.as_bytes() == name)
            }
            [b'-', letter] => !is_switch(flags, |flag| flag.short == Some(char::from(*letter))),
            [b'-', _, ..] => false,
            [] => false,
            _ => return Some((at, arg.to_vec())),
        };
        at += if takes_value { 2 } else { 1 };
    }
    None
}

fn is_switch(flags: &[&'static Flag], same: impl Fn(&Flag) -> bool) -> bool {
    flags.iter().any(|f| same(f) && f.kind == Kind::Bool)
}

/// By its name, or by a prefix that only one name has.
fn subcommand(parent: &'static Command, word: &[u8]) -> Option<&'static Command> {
    let exact = parent.commands.iter().find(|c| c.name.as_bytes() == word);
    exact.or_else(|| {
        let starts = |c: &&Command| c.name.as_bytes().starts_with(word);
        let mut matches = parent.commands.iter().filter(starts);
        matches.next().filter(|_| matches.next().is_none())
    })
}

fn unknown_command(session: &mut Session<'_>, word: &[u8]) -> Done {
    let err = &mut session.io.stderr;
    let word = lossy(word);
    let shown = crate::go::quote::quote(word.as_bytes());
    writeln!(err, "Error: unknown command {shown} for \"etcdctl\"")?;
    let mut near: Vec<_> = command::ROOT.commands.iter().map(|c| c.name).collect();
    near.retain(|name| name.starts_with(&word) || distance(&word, name) <= 2);
    near.sort_unstable();
    if !near.is_empty() {
        writeln!(err, "\nDid you mean this?")?;
        for name in near {
            writeln!(err, "\t{name}")?;
        }
        writeln!(err)?;
    }
    writeln!(err, "Run 'etcdctl --help' for usage.")?;
    Err(Failure::Silent(exit::ERROR))
}

/// Levenshtein distance, without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// The global flags, for the tree's root.
pub(crate) const GLOBAL: &[Flag] = globals::FLAGS;

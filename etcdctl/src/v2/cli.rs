//! Finding the command that a command line means, and running it.
//!
//! Flags of `etcdctl` itself stand before the command, those of a command behind it; arguments may
//! stand before the command's first flag.

use std::io::Write as _;

use super::command;
use super::fault::{self, NO_TOPIC};
use super::flag::{self, Flag, Set};
use super::globals;
use super::help;
use super::session::Session;
use crate::Env;
use crate::exit::{Done, Failure};
use crate::flag::lossy;
use crate::io::Io;

/// The release of etcdctl whose second API this is.
pub(super) const VERSION: &str = "3.4.23";

/// What a command does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    /// Runs.
    Run(fn(&mut Session<'_>) -> Done),
    /// Holds other commands.
    Group(&'static [Command]),
    /// `help [command]`.
    Help,
}

/// One command, and what is said about it.
#[derive(Debug)]
pub(super) struct Command {
    /// What is typed.
    pub(super) name: &'static str,
    /// Its arguments, for the help.
    pub(super) usage: &'static str,
    /// One line for the help.
    pub(super) short: &'static str,
    /// Its flags.
    pub(super) flags: &'static [Flag],
    /// What it does.
    pub(super) action: Action,
    /// Whether `--` among its arguments means something to it.
    pub(super) keeps_dashes: bool,
}

impl Command {
    /// A command that runs.
    pub(super) const fn new(
        name: &'static str,
        usage: &'static str,
        short: &'static str,
        flags: &'static [Flag],
        run: fn(&mut Session<'_>) -> Done,
    ) -> Self {
        Self {
            name,
            usage,
            short,
            flags,
            action: Action::Run(run),
            keeps_dashes: false,
        }
    }

    /// A command that holds others.
    pub(super) const fn group(
        name: &'static str,
        short: &'static str,
        commands: &'static [Command],
    ) -> Self {
        Self {
            name,
            usage: "",
            short,
            flags: &[],
            action: Action::Group(commands),
            keeps_dashes: false,
        }
    }
}

/// Stands in every list of commands; `h` for short.
pub(super) static HELP: Command = Command {
    name: "help",
    usage: "[command]",
    short: "shows this list, or the help of one command",
    flags: &[],
    action: Action::Help,
    keeps_dashes: false,
};

/// Where a command stands: `etcdctl`, or `etcdctl member`, and the commands there.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The group, or none for `etcdctl` itself.
    pub(super) group: Option<&'static Command>,
    /// Without `help`.
    pub(super) commands: &'static [Command],
}

impl Place {
    /// `etcdctl member`.
    pub(super) fn name(self) -> String {
        let group = self.group.map(|group| format!(" {}", group.name));
        format!("etcdctl{}", group.unwrap_or_default())
    }

    fn find(self, name: &[u8]) -> Option<&'static Command> {
        if matches!(name, b"help" | b"h") {
            return Some(&HELP);
        }
        self.commands.iter().find(|c| c.name.as_bytes() == name)
    }
}

/// Runs the command line `args` (without the program's name).
pub(crate) fn execute(args: &[Vec<u8>], env: &Env, io: &mut Io) -> Done {
    let place = Place {
        group: None,
        commands: command::ALL,
    };
    let mut flags: Vec<_> = globals::FLAGS.iter().collect();
    flags.extend([&flag::HELP, &flag::VERSION]);
    let mut globals = Set::new(flags);
    let parsed = globals.parse(args);
    if let Some(why) = globals.doubled() {
        writeln!(io.stdout, "{why}")?;
        help::place(place, &mut io.stdout)?;
        return fault::plain(io, &why);
    }
    if let Err(why) = parsed {
        writeln!(io.stdout, "Incorrect Usage. {why}\n")?;
        help::place(place, &mut io.stdout)?;
        return fault::plain(io, &why);
    }
    if globals.switch("help") {
        return Ok(help::place(place, &mut io.stdout)?);
    }
    if globals.switch("version") {
        writeln!(io.stdout, "etcdctl version: {VERSION}\nAPI version: 2")?;
        return Ok(());
    }
    let args = std::mem::take(&mut globals.args);
    let mut session = Session::new(io, env, globals)?;
    enter(&mut session, place, &args)
}

/// Runs what the words at a place name; without any the place's help is shown.
fn enter(session: &mut Session<'_>, place: Place, args: &[Vec<u8>]) -> Done {
    let Some((name, rest)) = args.split_first() else {
        return Ok(help::place(place, &mut session.io.stdout)?);
    };
    match place.find(name) {
        None => no_topic(session.io, name),
        Some(command) => match command.action {
            Action::Group(commands) => {
                let place = Place {
                    group: Some(command),
                    commands,
                };
                descend(session, place, rest)
            }
            Action::Run(_) | Action::Help => run(session, place, command, rest),
        },
    }
}

fn no_topic(io: &mut Io, name: &[u8]) -> Done {
    writeln!(io.stderr, "No help topic for '{}'", lossy(name))?;
    Err(Failure::Silent(NO_TOPIC))
}

/// Goes on below a group, whose only flag asks for help.
fn descend(session: &mut Session<'_>, place: Place, args: &[Vec<u8>]) -> Done {
    let mut flags = Set::new(vec![&flag::HELP]);
    let parsed = flags.parse(args);
    if let Some(why) = flags.doubled() {
        writeln!(session.io.stdout, "{why}\n")?;
        help::place(place, &mut session.io.stdout)?;
        return fault::plain(session.io, &why);
    }
    if let Err(why) = parsed {
        writeln!(session.io.stdout, "Incorrect Usage. {why}\n")?;
        help::place(place, &mut session.io.stdout)?;
        return fault::plain(session.io, &why);
    }
    if flags.switch("help") {
        return Ok(help::place(place, &mut session.io.stdout)?);
    }
    enter(session, place, &flags.args)
}

fn run(
    session: &mut Session<'_>,
    place: Place,
    command: &'static Command,
    args: &[Vec<u8>],
) -> Done {
    let own = command.flags.iter().chain([&flag::HELP]);
    let mut flags = Set::new(own.collect());
    let parsed = flags.parse_mixed(args, command.keeps_dashes);
    if let Some(why) = parsed.err().or_else(|| flags.doubled()) {
        writeln!(session.io.stdout, "Incorrect Usage: {why}\n")?;
        help::command(place, command, &mut session.io.stdout)?;
        return fault::plain(session.io, &why);
    }
    if flags.switch("help") {
        return Ok(help::command(place, command, &mut session.io.stdout)?);
    }
    session.flags = flags;
    match command.action {
        Action::Run(run) => run(session),
        Action::Group(_) | Action::Help => help_about(session, place),
    }
}

fn help_about(session: &mut Session<'_>, place: Place) -> Done {
    let Some(name) = session.flags.args.first() else {
        return Ok(help::place(place, &mut session.io.stdout)?);
    };
    match place.find(name) {
        Some(command) => Ok(help::command(place, command, &mut session.io.stdout)?),
        None => no_topic(session.io, &name.clone()),
    }
}

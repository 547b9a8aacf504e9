//! etcdutl: looks into backups and restores them, with etcdutl 3.7's commands, texts and exit codes.
//!
//! It never changes a file it is given, and a restore that fails leaves nothing behind.

mod flags;
mod printer;
mod restore;
mod status;
mod usage;

use std::io::{self, Write};

use flags::{Flag, Kind, Parsed};

/// Exit codes, as etcd's tools give them.
mod code {
    pub(super) const SUCCESS: u8 = 0;
    pub(super) const ERROR: u8 = 1;
    /// A valid flag with a value that is not supported.
    pub(super) const BAD_FEATURE: u8 = 4;
    pub(super) const BAD_ARGUMENTS: u8 = 128;
}

/// Why a command failed: an exit code and the text after `Error: `.
#[derive(Debug)]
struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    fn new(code: u8, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(code::ERROR, printer::reason(&error))
    }
}

/// A command: what its usage says, and what it does if it does anything itself.
struct Command {
    name: &'static str,
    /// The line after `Usage:`, without the program's and parents' names.
    synopsis: &'static str,
    summary: &'static str,
    flags: &'static [Flag],
    children: &'static [Command],
    run: Option<Run>,
}

type Run = fn(&Parsed, &mut dyn Write, &mut dyn Write) -> Result<(), Failure>;

const GLOBAL_FLAGS: &[Flag] = &[
    Flag {
        name: "timeout",
        short: None,
        kind: Kind::Duration,
        default: "10s",
        help: "time to wait to obtain a file lock on db file, 0 to block indefinitely",
    },
    Flag {
        name: "write-out",
        short: Some('w'),
        kind: Kind::Text,
        default: "simple",
        help: "set the output format (fields, json, protobuf, simple, table)",
    },
];

const ROOT: Command = Command {
    name: "etcdutl",
    synopsis: "",
    summary: "An administrative command line tool for etcd3.",
    flags: GLOBAL_FLAGS,
    children: &[
        Command {
            name: "help",
            synopsis: "help [command]",
            summary: "Help about any command",
            flags: &[],
            children: &[],
            run: None,
        },
        Command {
            name: "snapshot",
            synopsis: "snapshot",
            summary: "Manages etcd node snapshots",
            flags: &[],
            children: &[restore::COMMAND, status::COMMAND],
            run: None,
        },
        Command {
            name: "version",
            synopsis: "version",
            summary: "Prints the version of etcdutl",
            flags: &[],
            children: &[],
            run: Some(version),
        },
    ],
    run: None,
};

/// Runs etcdutl with the arguments after the program's name; returns the exit code.
///
/// Results go to `out`, everything else to `err`. Failing to write to either is not reported: there
/// is nowhere left to report it.
pub fn run(arguments: &[String], out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    match dispatch(arguments, out, err) {
        Ok(()) => code::SUCCESS,
        Err(failure) => {
            // The text may end a usage that was printed before it.
            let _ = writeln!(err, "Error: {}", failure.text);
            failure.code
        }
    }
}

fn dispatch(arguments: &[String], out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    let (help, arguments) = match arguments.split_first() {
        Some((first, rest)) if is_prefix(first, "help") => (true, rest),
        _ => (false, arguments),
    };
    let (path, rest) = flags::find_command(&ROOT, arguments);
    let command = path.last().copied().unwrap_or(&ROOT);
    let parsed = match flags::parse(command.flags, GLOBAL_FLAGS, &rest) {
        Ok(parsed) => parsed,
        Err(text) => {
            writeln!(err, "Error: {text}\n{}", usage::of(&path))?;
            return Err(Failure::new(code::ERROR, text));
        }
    };
    let stray = parsed.arguments().first();
    if let (true, Some(name)) = (path.is_empty(), stray) {
        let text = format!("unknown command {name:?} for \"etcdutl\"");
        writeln!(err, "Error: {text}\nRun 'etcdutl --help' for usage.")?;
        return Err(Failure::new(code::ERROR, text));
    }
    match command.run {
        Some(run) if !help && !parsed.wants_help() => run(&parsed, out, err),
        _ => Ok(write!(out, "{}", usage::of(&path))?),
    }
}

/// Commands may be shortened to any beginning that is theirs alone.
fn is_prefix(typed: &str, name: &str) -> bool {
    !typed.is_empty() && name.starts_with(typed)
}

fn version(_: &Parsed, out: &mut dyn Write, _: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "etcdutl version: {}", printer::VERSION)?;
    writeln!(out, "API version: {}", printer::API_VERSION)?;
    Ok(())
}

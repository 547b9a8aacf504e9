//! etcdutl: looks into backups and restores them, with etcdutl 3.7's commands, texts and exit codes.
//!
//! It never changes a file it is given, and a restore that fails leaves nothing behind.

mod command;
mod completion;
mod defrag;
mod hashkv;
mod migrate;
mod moment;
mod printer;
mod restore;
mod status;
mod usage;

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::os::unix::ffi::OsStringExt;

use command::{Command, GLOBAL_FLAGS, is_prefix};

use crate::exit::{self, Done, Failure};
use crate::flag::{self, Parsed, lossy};
use crate::go::quote::quote;

static ROOT: Command = Command {
    name: "etcdutl",
    synopsis: "",
    summary: "An administrative command line tool for etcd3.",
    flags: &GLOBAL_FLAGS,
    required: &[],
    takes: None,
    children: &[
        completion::COMMAND,
        defrag::COMMAND,
        hashkv::COMMAND,
        Command {
            name: "help",
            synopsis: "help [command]",
            summary: "Help about any command",
            flags: &[],
            required: &[],
            takes: None,
            children: &[],
            run: None,
        },
        migrate::COMMAND,
        moment::COMMAND,
        Command {
            name: "snapshot",
            synopsis: "snapshot",
            summary: "Manages etcd node snapshots",
            flags: &[],
            required: &[],
            takes: None,
            children: &[restore::COMMAND, status::COMMAND],
            run: None,
        },
        Command {
            name: "version",
            synopsis: "version",
            summary: "Prints the version of etcdutl",
            flags: &[],
            required: &[],
            takes: None,
            children: &[],
            run: Some(version),
        },
    ],
    run: None,
};

/// Runs one command line (`args` without the program's name) and returns its exit code, one of
/// [`exit`]'s. Results go to `out`, everything else to `err`.
pub fn run(
    args: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let arguments: Vec<Vec<u8>> = args.into_iter().map(OsString::into_vec).collect();
    let (code, text) = match dispatch(&arguments, out, err) {
        Ok(()) => return exit::SUCCESS,
        Err(Failure::Silent(code)) => return code,
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => return exit::PIPE,
        Err(Failure::Output(error)) => (exit::ERROR, format!("cannot write output: {error}")),
        Err(Failure::Said { code, text }) => (code, text),
    };
    // When stderr cannot be written either, the code has to say it all.
    let _ = writeln!(err, "Error: {text}");
    code
}

fn dispatch(arguments: &[Vec<u8>], out: &mut dyn Write, err: &mut dyn Write) -> Done {
    let (help, arguments) = match arguments.split_first() {
        Some((first, rest)) if is_prefix(first, "help") => (true, rest),
        _ => (false, arguments),
    };
    let (path, rest) = command::find(&ROOT, arguments);
    let command = path.last().copied().unwrap_or(&ROOT);
    let own = command.flags.iter().filter(|_| !path.is_empty());
    let mut known: Vec<_> = own.chain(&GLOBAL_FLAGS).collect();
    known.push(&flag::HELP);
    let mut parsed = Parsed::new(known);
    if let Err(text) = parsed.parse(&rest) {
        writeln!(err, "Error: {text}\n{}", usage::of(&ROOT, &path))?;
        return Err(Failure::new(exit::ERROR, text));
    }
    if let (true, Some(name)) = (path.is_empty(), parsed.args.first()) {
        let text = format!("unknown command {} for \"etcdutl\"", quote(name));
        writeln!(err, "Error: {text}\nRun 'etcdutl --help' for usage.")?;
        return Err(Failure::new(exit::ERROR, text));
    }
    match command.run {
        Some(run) if !help && !parsed.switch("help") => {
            if let Err(text) = check(command, &parsed) {
                writeln!(err, "Error: {text}\n{}", usage::of(&ROOT, &path))?;
                return Err(Failure::new(exit::ERROR, text));
            }
            run(&parsed, out, err)
        }
        _ => Ok(write!(out, "{}", usage::of(&ROOT, &path))?),
    }
}

/// What a command wants before it runs, in the words of Go's library.
fn check(command: &Command, parsed: &Parsed) -> Result<(), String> {
    let missing = command.required.iter().filter(|name| !parsed.changed(name));
    let missing: Vec<String> = missing.map(|name| quote(name.as_bytes())).collect();
    let given = parsed.args.len();
    if let Some(takes) = command.takes
        && takes != given
    {
        return Err(format!("accepts {takes} arg(s), received {given}"));
    }
    if !missing.is_empty() {
        return Err(format!("required flag(s) {} not set", missing.join(", ")));
    }
    Ok(())
}

fn version(_: &Parsed, out: &mut dyn Write, _: &mut dyn Write) -> Done {
    writeln!(out, "etcdutl version: {}", crate::VERSION)?;
    writeln!(out, "API version: {}", crate::API_VERSION)?;
    Ok(())
}

/// The text of a flag.
fn text(parsed: &Parsed, name: &str) -> String {
    lossy(parsed.text(name))
}

//! `completion`: a script by which a shell completes command lines.

use std::io::Write as _;

use crate::cli::{Action, Command, Found, Group};
use crate::command::ROOT;
use crate::exit::{self, Done, Failure};
use crate::flag::Parsed;
use crate::go::quote::quote;
use crate::help;
use crate::session::Session;
use crate::shell;

pub(super) const COMMAND: Command = Command {
    name: "completion",
    usage: "[bash|zsh|fish|powershell]",
    short: "Writes a completion script",
    long: "Writes a script to stdout by which a shell completes command lines:\n\n  \
           bash:        source <(etcdctl completion bash)\n  \
           zsh:         etcdctl completion zsh > \"${fpath[1]}/_etcdctl\"\n  \
           fish:        etcdctl completion fish | source\n  \
           powershell:  etcdctl completion powershell | Out-String | Invoke-Expression",
    group: Group::Utility,
    flags: &[],
    shared: &[],
    commands: &[],
    action: Action::Run(run),
};

fn run(session: &mut Session<'_>, parsed: Parsed) -> Done {
    let shell = match parsed.args.as_slice() {
        [name] => shell::named(name).ok_or_else(|| {
            let name = quote(name);
            format!("invalid argument {name} for \"etcdctl completion\"")
        }),
        other => Err(format!("accepts 1 arg(s), received {}", other.len())),
    };
    let shell = match shell {
        Ok(shell) => shell,
        Err(why) => {
            let found = Found {
                path: vec![&ROOT, &COMMAND],
            };
            let err = &mut session.io.stderr;
            writeln!(err, "Error: {why}")?;
            help::usage(&found, err)?;
            writeln!(err)?;
            return Err(Failure::Silent(exit::ERROR));
        }
    };
    let script = shell::script(shell, tree(&ROOT));
    Ok(session.io.stdout.write_all(&script)?)
}

/// The commands as clap has them, for its scripts alone: it does not read our command lines.
fn tree(command: &'static Command) -> clap::Command {
    clap::Command::new(command.name)
        .about(command.short)
        .disable_help_subcommand(true)
        .args(
            command
                .flags
                .iter()
                .map(|flag| shell::argument(flag, false)),
        )
        .args(
            command
                .shared
                .iter()
                .map(|flag| shell::argument(flag, true)),
        )
        .subcommands(command.commands.iter().map(tree))
}

//! `completion`: a script by which a shell completes command lines.

use std::io::Write as _;

use clap_complete::Shell;

use crate::cli::{Action, Command, Found, Group};
use crate::command::ROOT;
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Kind, Parsed, lossy};
use crate::go::quote::quote;
use crate::help;
use crate::session::Session;

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
        [name] => shell(name).ok_or_else(|| {
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
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut tree(&ROOT), ROOT.name, &mut script);
    Ok(session.io.stdout.write_all(&script)?)
}

fn shell(name: &[u8]) -> Option<Shell> {
    match lossy(name).as_str() {
        "bash" => Some(Shell::Bash),
        "zsh" => Some(Shell::Zsh),
        "fish" => Some(Shell::Fish),
        "powershell" => Some(Shell::PowerShell),
        _ => None,
    }
}

/// The commands as clap has them, for its scripts alone: it does not read our command lines.
fn tree(command: &'static Command) -> clap::Command {
    clap::Command::new(command.name)
        .about(command.short)
        .disable_help_subcommand(true)
        .args(command.flags.iter().map(|flag| argument(flag, false)))
        .args(command.shared.iter().map(|flag| argument(flag, true)))
        .subcommands(command.commands.iter().map(tree))
}

fn argument(flag: &'static Flag, is_shared: bool) -> clap::Arg {
    let takes_value = flag.kind != Kind::Bool;
    let mut argument = clap::Arg::new(flag.name)
        .long(flag.name)
        .help(flag.help)
        .global(is_shared)
        .num_args(usize::from(takes_value));
    if let Some(letter) = flag.short {
        argument = argument.short(letter);
    }
    argument
}

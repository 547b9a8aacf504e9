//! `etcdutl completion`: a script by which a shell completes command lines.

use std::io::Write;

use super::command::{Command, GLOBAL_FLAGS};
use super::{ROOT, usage};
use crate::exit::{self, Done, Failure};
use crate::flag::Parsed;
use crate::go::quote::quote;
use crate::shell;

pub(super) const COMMAND: Command = Command {
    name: "completion",
    synopsis: "completion [bash|zsh|fish|powershell]",
    summary: "Generate completion script",
    flags: &[],
    required: &[],
    takes: Some(1),
    children: &[],
    run: Some(run),
};

fn run(parsed: &Parsed, out: &mut dyn Write, err: &mut dyn Write) -> Done {
    let name = parsed.args.first().map_or(&[][..], Vec::as_slice);
    let Some(shell) = shell::named(name) else {
        let text = format!(
            "invalid argument {} for \"etcdutl completion\"",
            quote(name)
        );
        writeln!(err, "Error: {text}\n{}", usage::of(&ROOT, &[&COMMAND]))?;
        return Err(Failure::new(exit::ERROR, text));
    };
    let global = GLOBAL_FLAGS.iter().map(|flag| shell::argument(flag, true));
    let tree = tree(&ROOT).args(global);
    Ok(out.write_all(&shell::script(shell, tree))?)
}

/// The commands as clap has them, for its scripts alone: it does not read our command lines.
fn tree(command: &'static Command) -> clap::Command {
    let own = match command.name == ROOT.name {
        true => &[][..],
        false => command.flags,
    };
    clap::Command::new(command.name)
        .about(command.summary)
        .disable_help_subcommand(true)
        .args(own.iter().map(|flag| shell::argument(flag, false)))
        .subcommands(
            command
                .children
                .iter()
                .filter(|child| child.name != "help")
                .map(tree),
        )
}

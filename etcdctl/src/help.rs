//! Help and usage texts, drawn from the command tree.

use std::io::{self, Write};

use crate::cli::{Action, Command, Found, GLOBAL, Group};
use crate::command;
use crate::exit::Done;
use crate::flag::{self, table};

/// The whole help of a command, on stdout.
pub(crate) fn full(found: &Found, out: &mut dyn Write) -> Done {
    let command = found.command();
    let text = if command.long.is_empty() {
        command.short
    } else {
        command.long
    };
    writeln!(out, "{}\n", text.trim())?;
    usage(found, out)?;
    if !matches!(command.action, Action::Options) {
        writeln!(
            out,
            "\n`etcdctl options` lists the flags that every command takes."
        )?;
    }
    Ok(())
}

/// Usage line, subcommands and flags.
pub(crate) fn usage(found: &Found, out: &mut dyn Write) -> io::Result<()> {
    let command = found.command();
    writeln!(out, "Usage:")?;
    let name = found.full_name();
    match command.action {
        Action::Subcommands => writeln!(out, "  {name} <command>")?,
        _ => writeln!(out, "  {name} {}", command.usage)?,
    }
    if std::ptr::eq(command, &command::ROOT) {
        return root_commands(out);
    }
    if !command.commands.is_empty() {
        writeln!(out, "\nCommands:")?;
        list(command.commands.iter(), out)?;
    }
    let mut own = found.own();
    own.push(&flag::HELP);
    writeln!(out, "\nFlags:")?;
    out.write_all(table(own, None).as_bytes())?;
    let above = found.path.split_last().map_or(&[][..], |(_, above)| above);
    let groups = above.iter().skip(1);
    let shared: Vec<_> = groups.flat_map(|c| c.shared).collect();
    if !shared.is_empty() {
        writeln!(out, "\nFlags of all `{}` commands:", above[1].name)?;
        out.write_all(table(shared, None).as_bytes())?;
    }
    Ok(())
}

fn root_commands(out: &mut dyn Write) -> io::Result<()> {
    let groups = [
        (Group::KeyValue, "Keys and values"),
        (Group::Maintenance, "Cluster and maintenance"),
        (Group::Concurrency, "Locks and elections"),
        (Group::Authentication, "Users and roles"),
        (Group::Utility, "Utilities"),
    ];
    for (group, title) in groups {
        writeln!(out, "\n{title}:")?;
        let members = command::ROOT.commands.iter().filter(|c| c.group == group);
        list(members, out)?;
    }
    writeln!(
        out,
        "\n`etcdctl <command> --help` tells more about a command."
    )
}

fn list<'a>(commands: impl Iterator<Item = &'a Command>, out: &mut dyn Write) -> io::Result<()> {
    let mut commands: Vec<_> = commands.collect();
    commands.sort_unstable_by_key(|c| c.name);
    let width = commands.iter().map(|c| c.name.len()).max().unwrap_or(0);
    for command in commands {
        writeln!(out, "  {:width$}  {}", command.name, command.short)?;
    }
    Ok(())
}

/// What `etcdctl options` prints.
pub(crate) fn options(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "Flags that every command takes. Each can also be set by a variable: ETCDCTL_ and the flag's name"
    )?;
    writeln!(out, "in capitals, with _ for -, as in ETCDCTL_ENDPOINTS.\n")?;
    out.write_all(table(GLOBAL.iter(), None).as_bytes())
}

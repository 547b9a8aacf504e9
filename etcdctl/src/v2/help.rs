//! Help texts, drawn from the tables of commands and flags.

use std::io::{self, Write};

use super::cli::{Action, Command, HELP, Place};
use super::flag::{self, Flag, Kind};
use super::globals;

/// The help of `etcdctl` itself, or of a group of commands.
pub(super) fn place(place: Place, out: &mut dyn Write) -> io::Result<()> {
    let name = place.name();
    let Some(group) = place.group else {
        writeln!(out, "Usage:")?;
        writeln!(
            out,
            "  {name} [global flags] <command> [flags] [arguments]\n"
        )?;
        writeln!(
            out,
            "Works with the keys, members, users and roles of etcd's second API.\n"
        )?;
        commands(place.commands, out)?;
        let flags = globals::FLAGS.iter();
        return flag_list(
            "Global flags",
            flags.chain([&flag::HELP, &flag::VERSION]),
            out,
        );
    };
    group_help(&name, group, place.commands, out)
}

/// The help of one command.
pub(super) fn command(place: Place, command: &Command, out: &mut dyn Write) -> io::Result<()> {
    let name = format!("{} {}", place.name(), command.name);
    if let Action::Group(commands) = command.action {
        return group_help(&name, command, commands, out);
    }
    let usage = format!("{name} [flags] {}", command.usage);
    writeln!(out, "Usage:\n  {}\n\n{}\n", usage.trim(), command.short)?;
    flag_list("Flags", command.flags.iter().chain([&flag::HELP]), out)
}

fn group_help(
    name: &str,
    group: &Command,
    list: &'static [Command],
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        "Usage:\n  {name} <command> [flags] [arguments]\n\n{}\n",
        group.short
    )?;
    commands(list, out)?;
    flag_list("Flags", [&flag::HELP], out)
}

fn commands(list: &'static [Command], out: &mut dyn Write) -> io::Result<()> {
    let list = list.iter().chain([&HELP]);
    let rows = list.map(|command| {
        let name = match command.action {
            Action::Help => format!("{}, h", command.name),
            Action::Run(_) | Action::Group(_) => command.name.to_owned(),
        };
        (name, command.short.to_owned())
    });
    writeln!(out, "Commands:")?;
    columns(rows.collect(), out)?;
    writeln!(out)
}

fn flag_list(
    title: &str,
    flags: impl IntoIterator<Item = &'static Flag>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let rows = flags.into_iter().map(|flag| {
        let names = flag.names.iter().map(|name| match name.len() {
            1 => format!("-{name}"),
            _ => format!("--{name}"),
        });
        let names = names.collect::<Vec<_>>().join(", ");
        let value = match flag.kind {
            Kind::Switch => "",
            Kind::Int => " <number>",
            Kind::Text | Kind::Texts => " <text>",
            Kind::Duration => " <duration>",
        };
        let default = match (flag.kind, flag.default) {
            (Kind::Switch | Kind::Int, _) | (_, "") => String::new(),
            (_, default) => format!(" (default {default})"),
        };
        (format!("{names}{value}"), format!("{}{default}", flag.help))
    });
    writeln!(out, "{title}:")?;
    columns(rows.collect(), out)
}

fn columns(rows: Vec<(String, String)>, out: &mut dyn Write) -> io::Result<()> {
    let width = rows.iter().map(|(left, _)| left.len()).max().unwrap_or(0);
    for (left, right) in rows {
        writeln!(out, "  {left:width$}  {right}")?;
    }
    Ok(())
}

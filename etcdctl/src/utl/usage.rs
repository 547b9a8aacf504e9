//! The text of `--help`, laid out as etcd's tools lay it out.

use std::fmt::Write;

use super::command::{Command, GLOBAL_FLAGS};
use crate::flag::{Flag, Kind};

/// The usage of the command at the end of `path`; of `root` if that is empty.
pub(super) fn of(root: &'static Command, path: &[&'static Command]) -> String {
    let command = path.last().copied().unwrap_or(root);
    let parents = path.split_last().map_or(&[][..], |(_, parents)| parents);
    let mut name = root.name.to_owned();
    for parent in parents {
        name = format!("{name} {}", parent.name);
    }
    if !command.synopsis.is_empty() {
        name = format!("{name} {}", command.synopsis);
    }
    let suffix = if command.children.is_empty() {
        "[flags]"
    } else {
        "[command]"
    };
    let mut text = format!("Usage:\n  {name} {suffix}\n");
    if !command.children.is_empty() {
        text.push_str("\nAvailable Commands:\n");
        for child in command.children {
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(text, "  {:<11} {}", child.name, child.summary);
        }
    }
    text.push_str("\nFlags:\n");
    text.push_str(&table(command.flags, Some(command.name)));
    if !path.is_empty() {
        text.push_str("\nGlobal Flags:\n");
        text.push_str(&table(&GLOBAL_FLAGS, None));
    }
    if !command.children.is_empty() {
        let _ = writeln!(
            text,
            "\nUse \"{name} [command] --help\" for more information about a command."
        );
    }
    text
}

/// One line per flag, by name, the texts in one column. `help_of` adds the line for `--help`.
fn table(flags: &'static [Flag], help_of: Option<&str>) -> String {
    let mut lines: Vec<(&str, String, String)> = flags
        .iter()
        .map(|flag| {
            let help = format!("{}{}", flag.help, default(flag));
            (flag.name, left(flag), help)
        })
        .collect();
    if let Some(command) = help_of {
        lines.push(("help", "  -h, --help".into(), format!("help for {command}")));
    }
    lines.sort_unstable();
    let width = lines.iter().map(|(_, left, _)| left.len()).max();
    let width = width.unwrap_or(0);
    lines
        .iter()
        .fold(String::new(), |mut text, (_, left, help)| {
            let _ = writeln!(text, "{left:<width$}   {help}");
            text
        })
}

fn left(flag: &Flag) -> String {
    let short = match flag.short {
        Some(short) => format!("  -{short}, --"),
        None => "      --".to_owned(),
    };
    let kind = match flag.kind {
        Kind::Bool => "",
        Kind::Int => " int",
        Kind::Unsigned => " uint",
        Kind::Text => " string",
        Kind::Duration => " duration",
        Kind::List => " strings",
    };
    format!("{short}{}{kind}", flag.name)
}

fn default(flag: &Flag) -> String {
    match (flag.kind, flag.default) {
        (_, "" | "0" | "false") => String::new(),
        (Kind::Text, value) => format!(" (default {value:?})"),
        (_, value) => format!(" (default {value})"),
    }
}

//! The text of `--help`, laid out as etcd's tools lay it out.

use std::fmt::Write;

use super::flags::{Flag, Kind};
use super::{Command, GLOBAL_FLAGS, ROOT};

/// The usage of the command at the end of `path`; of etcdutl itself if that is empty.
pub(super) fn of(path: &[&'static Command]) -> String {
    let command = path.last().copied().unwrap_or(&ROOT);
    let parents = path.split_last().map_or(&[][..], |(_, parents)| parents);
    let mut name = ROOT.name.to_owned();
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
            let _ = writeln!(text, "  {:<11} {}", child.name, child.summary);
        }
    }
    text.push_str("\nFlags:\n");
    text.push_str(&table(command.flags.iter(), Some(command.name)));
    if !path.is_empty() {
        text.push_str("\nGlobal Flags:\n");
        text.push_str(&table(GLOBAL_FLAGS.iter(), None));
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
fn table(flags: impl Iterator<Item = &'static Flag>, help_of: Option<&str>) -> String {
    let mut lines: Vec<(&str, String, String)> = flags
        .map(|flag| {
            (
                flag.name,
                left(flag),
                format!("{}{}", flag.help, default(flag)),
            )
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
        Kind::Text => " string",
        Kind::Unsigned => " uint",
        Kind::Duration => " duration",
    };
    format!("{short}{}{kind}", flag.name)
}

fn default(flag: &Flag) -> String {
    match (flag.kind, flag.default) {
        (_, "") => String::new(),
        (Kind::Text, value) => format!(" (default {value:?})"),
        (_, value) => format!(" (default {value})"),
    }
}

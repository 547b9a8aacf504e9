//! The text of `--help`, laid out as etcd's tools lay it out.

use std::fmt::Write;

use super::command::{Command, GLOBAL_FLAGS};
use crate::flag::table;

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
    let suffix = if command.name == "completion" {
        ""
    } else if command.children.is_empty() {
        " [flags]"
    } else {
        " [command]"
    };
    let mut text = format!("Usage:\n  {name}{suffix}\n");
    if !command.children.is_empty() {
        text.push_str("\nAvailable Commands:\n");
        for child in command.children {
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(text, "  {:<11} {}", child.name, child.summary);
        }
    }
    text.push_str("\nFlags:\n");
    let help = format!("help for {}", command.name);
    text.push_str(&table(command.flags, Some(&help)));
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

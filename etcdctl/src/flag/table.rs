//! Flags as help texts show them.

use std::fmt::Write;

use super::{Flag, Kind};

/// One line per flag, by name, the texts in one column. `help` is the text of a line for `--help`,
/// where none of the flags is that.
pub(crate) fn table<'a>(flags: impl IntoIterator<Item = &'a Flag>, help: Option<&str>) -> String {
    let mut lines: Vec<(&str, String, String)> = flags
        .into_iter()
        .map(|flag| {
            let text = format!("{}{}", flag.help, default(flag));
            (flag.name, spelled(flag), text)
        })
        .collect();
    if let Some(text) = help {
        lines.push(("help", "  -h, --help".into(), text.into()));
    }
    lines.sort_unstable();
    let width = lines.iter().map(|(_, left, _)| left.len()).max();
    let width = width.unwrap_or(0);
    lines
        .iter()
        .fold(String::new(), |mut table, (_, left, text)| {
            // Writing to a String cannot fail.
            let _ = writeln!(table, "{left:width$}   {text}");
            table
        })
}

fn spelled(flag: &Flag) -> String {
    let short = match flag.short {
        Some(letter) => format!("  -{letter}, "),
        None => "      ".into(),
    };
    let kind = match flag.kind {
        Kind::Bool => "",
        Kind::Int => " int",
        Kind::Unsigned => " uint",
        Kind::Text => " string",
        Kind::Duration => " duration",
        Kind::List => " strings",
    };
    format!("{short}--{}{kind}", flag.name)
}

fn default(flag: &Flag) -> String {
    match (flag.kind, flag.default) {
        (Kind::Bool, "false") | (Kind::Int | Kind::Unsigned, "0") | (_, "") => String::new(),
        (Kind::Text, text) => format!(" (default \"{text}\")"),
        (Kind::List, text) => format!(" (default [{text}])"),
        (_, text) => format!(" (default {text})"),
    }
}

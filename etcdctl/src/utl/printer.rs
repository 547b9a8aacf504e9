//! The forms in which a result is printed.

use std::io::{self, Write};

use serde::Serialize;
use store::snapshot::Status;

use super::{Failure, code};

/// The version of etcd whose behaviour this is.
pub(super) const VERSION: &str = "3.7.1";
/// The version of its API.
pub(super) const API_VERSION: &str = "3.7";

/// What `--write-out` chooses from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Fields,
    Json,
    Protobuf,
    Simple,
    Table,
}

impl Format {
    pub(super) fn parse(name: &str) -> Result<Self, Failure> {
        Ok(match name {
            "fields" => Self::Fields,
            "json" => Self::Json,
            "protobuf" => Self::Protobuf,
            "simple" => Self::Simple,
            "table" => Self::Table,
            _ => {
                return Err(Failure::new(code::BAD_FEATURE, "unsupported output format"));
            }
        })
    }
}

/// The JSON of a status; names and order are etcdutl's.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusJson<'a> {
    hash: u32,
    revision: i64,
    total_key: usize,
    total_size: u64,
    version: &'a str,
}

/// Prints a status.
pub(super) fn status(status: &Status, format: Format, out: &mut dyn Write) -> Result<(), Failure> {
    match format {
        Format::Fields => {
            writeln!(out, "\"Hash\" : {}", status.hash)?;
            writeln!(out, "\"Revision\" : {}", status.revision)?;
            writeln!(out, "\"Keys\" : {}", status.total_key)?;
            writeln!(out, "\"Size\" : {}", status.total_size)?;
            writeln!(out, "\"Version\" : {}", status.version)?;
        }
        Format::Json => {
            let json = StatusJson {
                hash: status.hash,
                revision: status.revision,
                total_key: status.total_key,
                total_size: status.total_size,
                version: &status.version,
            };
            let text = serde_json::to_string(&json).map_err(io::Error::from)?;
            writeln!(out, "{text}")?;
        }
        Format::Protobuf => {
            let text = "protobuf not supported as output format";
            return Err(Failure::new(code::BAD_FEATURE, text));
        }
        Format::Simple => writeln!(out, "{}", cells(status).join(", "))?,
        Format::Table => {
            let head = ["HASH", "REVISION", "TOTAL KEYS", "TOTAL SIZE", "VERSION"];
            table(&head, &cells(status), out)?;
        }
    }
    Ok(())
}

fn cells(status: &Status) -> [String; 5] {
    [
        format!("{:x}", status.hash),
        status.revision.to_string(),
        status.total_key.to_string(),
        human_bytes(status.total_size),
        status.version.clone(),
    ]
}

/// A table of one row: the head centred, the row to the right.
fn table(head: &[&str; 5], row: &[String; 5], out: &mut dyn Write) -> io::Result<()> {
    let widths: Vec<usize> = head
        .iter()
        .zip(row)
        .map(|(head, cell)| head.chars().count().max(cell.chars().count()))
        .collect();
    let rule = |left: &str, middle: &str, right: &str| {
        let dashes: Vec<String> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
        format!("{left}{}{right}", dashes.join(middle))
    };
    let line = |cells: Vec<String>| format!("│ {} │", cells.join(" │ "));
    let head = head.iter().zip(&widths);
    let row = row.iter().zip(&widths);
    writeln!(out, "{}", rule("┌", "┬", "┐"))?;
    let head = head.map(|(cell, width)| format!("{cell:^width$}"));
    writeln!(out, "{}", line(head.collect()))?;
    writeln!(out, "{}", rule("├", "┼", "┤"))?;
    let row = row.map(|(cell, width)| format!("{cell:>width$}"));
    writeln!(out, "{}", line(row.collect()))?;
    writeln!(out, "{}", rule("└", "┴", "┘"))
}

/// Bytes in powers of 1000 with two digits, as in "25 kB" and "1.2 MB".
fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 10 {
        return format!("{bytes} B");
    }
    let (mut unit, mut divisor) = (0, 1u64);
    while bytes / divisor >= 1000 {
        divisor *= 1000;
        unit += 1;
    }
    let tenths = (bytes as f64 / divisor as f64 * 10.0 + 0.5).floor();
    match tenths {
        below if below < 100.0 => format!("{:.1} {}", below / 10.0, UNITS[unit]),
        _ => format!("{:.0} {}", tenths / 10.0, UNITS[unit]),
    }
}

/// What the operating system said, in the words Go's tools use.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

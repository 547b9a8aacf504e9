//! The forms in which a result is printed.

use std::io::{self, Write};

use serde::Serialize;
use store::snapshot::Status;

use crate::exit::{Done, Failure};
use crate::go::bytes::human;
use crate::print::draw;

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
            _ => return Err(Failure::feature("unsupported output format")),
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
pub(super) fn status(status: &Status, format: Format, out: &mut dyn Write) -> Done {
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
            return Err(Failure::feature("protobuf not supported as output format"));
        }
        Format::Simple => writeln!(out, "{}", cells(status).join(", "))?,
        Format::Table => {
            let head = ["hash", "revision", "total keys", "total size", "version"];
            draw(out, &head, &[cells(status).into()])?;
        }
    }
    Ok(())
}

fn cells(status: &Status) -> [String; 5] {
    [
        format!("{:x}", status.hash),
        status.revision.to_string(),
        status.total_key.to_string(),
        human(status.total_size),
        status.version.clone(),
    ]
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

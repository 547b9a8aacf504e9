//! The forms in which a result is printed.

use std::io::{self, Write};

use serde::Serialize;
use store::mvcc::HashKv;
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

/// The JSON of a hash; names and order are etcdutl's.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HashJson {
    hash: u32,
    hash_revision: i64,
    compact_revision: i64,
}

/// Prints a hash.
pub(super) fn hash(hash: &HashKv, format: Format, out: &mut dyn Write) -> Done {
    let cells = [
        hash.hash.to_string(),
        hash.hash_revision.to_string(),
        hash.compact_revision.to_string(),
    ];
    match format {
        Format::Fields => {
            writeln!(out, "\"Hash\" : {}", hash.hash)?;
            writeln!(out, "\"Hash revision\" : {}", hash.hash_revision)?;
            writeln!(out, "\"Compact revision\" : {}", hash.compact_revision)?;
        }
        Format::Json => {
            let json = HashJson {
                hash: hash.hash,
                hash_revision: hash.hash_revision,
                compact_revision: hash.compact_revision,
            };
            let text = serde_json::to_string(&json).map_err(io::Error::from)?;
            writeln!(out, "{text}")?;
        }
        Format::Protobuf => {
            return Err(Failure::feature("protobuf not supported as output format"));
        }
        Format::Simple => writeln!(out, "{}", cells.join(", "))?,
        Format::Table => {
            let head = ["hash", "hash revision", "compact revision"];
            draw(out, &head, &[cells.into()])?;
        }
    }
    Ok(())
}

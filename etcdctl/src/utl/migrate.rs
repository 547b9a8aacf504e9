//! `etcdutl migrate`: makes a data directory fit for another version of etcd.
//!
//! Directories of ours have one form, which is that of the present version: for another one there is the
//! way by a backup.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use store::datadir::DataDir;
use store::version;

use super::command::Command;
use super::{status, text};
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Kind, Parsed};
use crate::go::quote::quote;

/// The oldest version that may be asked for.
const OLDEST: (u64, u64) = (3, 5);

pub(super) const COMMAND: Command = Command {
    name: "migrate",
    synopsis: "migrate",
    summary: "Migrates schema of etcd data dir files to make them compatible with different etcd version",
    flags: &FLAGS,
    required: &["data-dir", "target-version"],
    takes: None,
    children: &[],
    run: Some(run),
};

static FLAGS: [Flag; 3] = [
    Flag::new("data-dir", Kind::Text, "", "Path to the etcd data dir"),
    Flag::new(
        "target-version",
        Kind::Text,
        "",
        "Target etcd version to migrate contents of data dir. Minimal value 3.5. Format \"X.Y\" for \
         example 3.6.",
    ),
    Flag::switch(
        "force",
        "Ignore migration failure and forcefully override storage version. Not recommended.",
    ),
];

fn run(parsed: &Parsed, _: &mut dyn Write, err: &mut dyn Write) -> Done {
    let target = text(parsed, "target-version");
    let version = parse(&target).map_err(Failure::args)?;
    let dir = Path::new(OsStr::from_bytes(parsed.text("data-dir")));
    if !DataDir::is_ours(dir) {
        status::is_there(&dir.join("member").join("snap").join("db"))?;
        let said = "this is the data of another etcd: use that one's etcdutl";
        return Err(Failure::new(exit::ERROR, said));
    }
    let _locked =
        DataDir::open(dir, None).map_err(|why| Failure::new(exit::ERROR, why.to_string()))?;
    let current = version::major_minor(version::STORAGE);
    if format!("{}.{}", version.0, version.1) == current {
        writeln!(
            err,
            "info\tstorage version up-to-date\t{{\"storage-version\": \"{current}\"}}"
        )?;
        return Ok(());
    }
    let said = format!(
        "cannot migrate storage from \"{current}\" to \"{}.{}\": take a snapshot and restore it there",
        version.0, version.1
    );
    Err(Failure::new(exit::ERROR, said))
}

/// Reads `X.Y`.
fn parse(target: &str) -> Result<(u64, u64), String> {
    let shown = quote(target.as_bytes());
    let wrong = || format!("wrong target version format, expected \"X.Y\", got {shown}");
    if target.matches('.').count() != 1 {
        return Err(wrong());
    }
    let (major, minor) = target.split_once('.').ok_or_else(wrong)?;
    let number = |part: &str| {
        let text = format!("failed to parse target version: {part:?} is no number");
        part.parse::<u64>().map_err(|_| text)
    };
    let version = (number(major)?, number(minor)?);
    if version < OLDEST {
        return Err(format!(
            "target version \"{}.{}\" not supported. Minimal \"3.5\"",
            version.0, version.1
        ));
    }
    Ok(version)
}

//! `etcdutl defrag`: gives back the space of a data directory that nobody uses.
//!
//! A directory of ours gives space back as it becomes free, so there is nothing to do but to see that it
//! is one. The database of a Go etcd is written anew, without its free pages.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use store::bolt::{Reader, Value, Writer};
use store::datadir::DataDir;

use super::command::Command;
use super::status;
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Kind, Parsed};

pub(super) const COMMAND: Command = Command {
    name: "defrag",
    synopsis: "defrag",
    summary: "Defragments the storage of the etcd",
    flags: &FLAGS,
    required: &["data-dir"],
    takes: None,
    children: &[],
    run: Some(run),
};

static FLAGS: [Flag; 1] = [Flag::new(
    "data-dir",
    Kind::Text,
    "",
    "Required. Defragments a data directory not in use by etcd.",
)];

fn run(parsed: &Parsed, _: &mut dyn Write, err: &mut dyn Write) -> Done {
    let dir = Path::new(OsStr::from_bytes(parsed.text("data-dir")));
    let database = dir.join("member").join("snap").join("db");
    let outcome = match DataDir::is_ours(dir) {
        true => DataDir::open(dir, None)
            .map(drop)
            .map_err(|why| why.to_string()),
        false => foreign(&database, parsed),
    };
    outcome.map_err(|why| {
        let text = format!("Failed to defragment etcd data[{}] ({why})", dir.display());
        Failure::new(exit::ERROR, text)
    })?;
    let path = dir.display().to_string();
    writeln!(
        err,
        "info\tfinished defragmenting directory\t{{\"path\": {path:?}}}"
    )?;
    Ok(())
}

/// Writes a database anew beside itself, and puts the copy in its place.
fn foreign(database: &Path, parsed: &Parsed) -> Result<(), String> {
    let said = |failure: Failure| match failure {
        Failure::Said { text, .. } => text,
        _ => String::new(),
    };
    status::is_there(database).map_err(said)?;
    let _lock = status::lock_alone(database, parsed.duration("timeout")).map_err(said)?;
    let words = |why: std::io::Error| dial::os_error(&why);
    let place = database.parent().unwrap_or(Path::new("."));
    let copy = tempfile::Builder::new()
        .prefix("db.tmp.")
        .tempfile_in(place)
        .map_err(words)?;
    let reader = Reader::open(database).map_err(|why| why.to_string())?;
    reader.check().map_err(|why| why.to_string())?;
    let mode = fs::metadata(database).map_err(words)?.permissions();
    write(&reader, copy.as_file()).map_err(|why| why.to_string())?;
    copy.as_file().set_permissions(mode).map_err(words)?;
    copy.as_file().sync_all().map_err(words)?;
    copy.persist(database).map_err(|why| words(why.error))?;
    File::open(place)
        .and_then(|dir| dir.sync_all())
        .map_err(words)
}

fn write(reader: &Reader, copy: &File) -> Result<(), store::bolt::Error> {
    let mut writer = Writer::new(copy)?;
    for (name, bucket) in reader.buckets()? {
        writer.bucket(&name, |filled| {
            for entry in reader.cursor(&bucket) {
                let entry = entry?;
                // etcd has no buckets within buckets.
                if let Value::Data(value) = entry.value {
                    filled.put(&entry.key, &value)?;
                }
            }
            Ok::<_, store::bolt::Error>(())
        })?;
    }
    writer.finish().map(drop)
}

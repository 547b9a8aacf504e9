//! `etcdutl hashkv`: the hash that members compare, of a backup. Unlike etcd's it only reads the file.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use store::snapshot;

use super::command::Command;
use super::printer::{self, Format};
use super::{status, text};
use crate::exit::{Done, Failure};
use crate::flag::{Flag, Parsed};

pub(super) const COMMAND: Command = Command {
    name: "hashkv",
    synopsis: "hashkv <filename>",
    summary: "Prints the KV history hash of a given file",
    flags: &FLAGS,
    required: &[],
    takes: Some(1),
    children: &[],
    run: Some(run),
};

static FLAGS: [Flag; 1] = [Flag::int(
    "rev",
    "maximum revision to hash (default: latest revision)",
)];

fn run(parsed: &Parsed, out: &mut dyn Write, _: &mut dyn Write) -> Done {
    let [file] = parsed.args.as_slice() else {
        return Err(Failure::args("accepts 1 arg(s)"));
    };
    let format = Format::parse(&text(parsed, "write-out"))?;
    let path = Path::new(OsStr::from_bytes(file));
    status::is_there(path)?;
    let _lock = status::lock(path, parsed.duration("timeout"))?;
    let hash = snapshot::hash_kv(path, parsed.int("rev"));
    printer::hash(&hash.map_err(|error| status::failure(&error))?, format, out)
}

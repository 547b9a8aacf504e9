//! `etcdutl restore`: makes a data directory of the state that a cluster had at some moment, from the
//! archive of a member (`--archive-dir` of the server), and a backup to begin with if there is one. etcd
//! has nothing like it.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use store::snapshot::{Digest, Moment, rebuild};

use super::command::Command;
use super::{restore, status, text};
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Kind, Parsed};
use crate::go::quote::quote;

pub(super) const COMMAND: Command = Command {
    name: "restore",
    synopsis: "restore [<filename>] --archive-dir {directory} --data-dir {output dir} [options]",
    summary: "Restores the state of a moment from an archive",
    flags: &FLAGS,
    required: &["archive-dir"],
    takes: None,
    children: &[],
    run: Some(run),
};

static FLAGS: [Flag; 13] = {
    let [a, b, c, d, e, f, g, h, i, j] = restore::FLAGS;
    let archive = Flag::new(
        "archive-dir",
        Kind::List,
        "",
        "Required. Directories that members were given by --archive-dir",
    );
    let revision = Flag::int("to-revision", "Revision to restore (default: the last one)");
    let time = Flag::new(
        "to-time",
        Kind::Text,
        "",
        "Time to restore, as 2006-01-02T15:04:05Z (default: the last moment)",
    );
    [archive, revision, time, a, b, c, d, e, f, g, h, i, j]
};

fn run(parsed: &Parsed, _: &mut dyn Write, err: &mut dyn Write) -> Done {
    let base = match parsed.args.as_slice() {
        [] => None,
        [file] => Some(Path::new(OsStr::from_bytes(file))),
        _ => return Err(Failure::args("restore takes one backup at most")),
    };
    restore::check(parsed)?;
    let moment = moment(parsed)?;
    let directories = parsed.list("archive-dir").iter();
    let directories: Vec<PathBuf> = directories
        .map(|directory| PathBuf::from(OsStr::from_bytes(directory)))
        .collect();
    if let Some(base) = base {
        status::is_there(base)?;
    }
    let failed = |why: std::io::Error| Failure::new(exit::ERROR, dial::os_error(&why));
    let scratch = tempfile::tempdir().map_err(failed)?;
    let file = scratch.path().join("moment.db");
    let rebuilt = rebuild(base, &directories, moment, &file);
    let rebuilt = rebuilt.map_err(|error| status::failure(&error))?;
    writeln!(
        err,
        "info\trebuilt the state from the archive\t{{\"revision\": {}, \"index\": {}}}",
        rebuilt.revision, rebuilt.index
    )?;
    restore::restore(parsed, &file, Digest::Required, err)
}

fn moment(parsed: &Parsed) -> Result<Moment, Failure> {
    let time = text(parsed, "to-time");
    match (parsed.changed("to-revision"), time.as_str()) {
        (false, "") => Ok(Moment::Last),
        (true, "") => match parsed.int("to-revision") {
            revision if revision > 0 => Ok(Moment::Revision(revision)),
            revision => Err(Failure::args(format!(
                "--to-revision={revision} is no revision"
            ))),
        },
        (true, _) => Err(Failure::args(
            "--to-revision and --to-time are mutually exclusive",
        )),
        (false, time) => match time.parse::<Timestamp>() {
            Ok(time) => Ok(Moment::Time(time.as_millisecond())),
            Err(why) => {
                let shown = quote(time.as_bytes());
                Err(Failure::args(format!(
                    "--to-time={shown} is no time: {why}"
                )))
            }
        },
    }
}

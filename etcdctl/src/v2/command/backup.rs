//! `backup`: copies a member's data directory into one that `etcd --force-new-cluster` starts from.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use store::member::Copy;

use crate::exit::Done;
use crate::v2::cli::Command;
use crate::v2::fault;
use crate::v2::flag::Flag;
use crate::v2::session::Session;

pub(super) const COMMAND: Command = Command::new(
    "backup",
    "",
    "copies a data directory",
    &[
        Flag::text(&["data-dir"], "the data directory"),
        Flag::text(&["wal-dir"], "the directory of its log, if apart"),
        Flag::text(&["backup-dir"], "where the copy goes"),
        Flag::text(
            &["backup-wal-dir"],
            "where the log of the copy goes, if apart",
        ),
        Flag::switch(&["with-v3"], "copy the keys of the third API, too"),
    ],
    run,
);

fn run(session: &mut Session<'_>) -> Done {
    let path = |name| PathBuf::from(OsStr::from_bytes(&session.flags.text(name)));
    let apart = |name| Some(path(name)).filter(|path| !path.as_os_str().is_empty());
    let (data_dir, backup_dir) = (path("data-dir"), path("backup-dir"));
    let (wal_dir, backup_wal_dir) = (apart("wal-dir"), apart("backup-wal-dir"));
    let copy = Copy {
        data_dir: &data_dir,
        wal_dir: wal_dir.as_deref(),
        backup_dir: &backup_dir,
        backup_wal_dir: backup_wal_dir.as_deref(),
        with_v3: session.flags.switch("with-v3"),
    };
    match copy.run() {
        Ok(()) => Ok(()),
        Err(why) => fault::plain(session.io, &why.to_string()),
    }
}

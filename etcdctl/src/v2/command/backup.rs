//! `backup`: refused, as it copies files that this server does not write.

use crate::exit::Done;
use crate::v2::cli::Command;
use crate::v2::fault;
use crate::v2::flag::Flag;
use crate::v2::session::Session;

pub(super) const COMMAND: Command = Command::new(
    "backup",
    "",
    "copies a data directory (not available: see `etcdctl snapshot save`)",
    &[
        Flag::text(&["data-dir"], "the data directory"),
        Flag::text(&["wal-dir"], "the directory of its log"),
        Flag::text(&["backup-dir"], "where the copy goes"),
        Flag::text(&["backup-wal-dir"], "where the copy of the log goes"),
        Flag::switch(&["with-v3"], "copy the keys of the third API, too"),
    ],
    run,
);

fn run(session: &mut Session<'_>) -> Done {
    let text = "backup of a data directory is not available: save a running member with \
                `ETCDCTL_API=3 etcdctl snapshot save`, and restore that with `etcdutl snapshot restore`";
    fault::arguments(session.io, text)
}

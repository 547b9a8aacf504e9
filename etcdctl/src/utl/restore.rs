//! `etcdutl snapshot restore`: makes a data directory from a backup.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use store::cluster::Initial;
use store::config::Url;
use store::snapshot::{Digest, Restore};

use super::command::Command;
use super::{status, text};
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Kind, Parsed};

pub(super) const COMMAND: Command = Command {
    name: "restore",
    synopsis: "restore <filename> --data-dir {output dir} [options]",
    summary: "Restores an etcd member snapshot to an etcd directory",
    flags: &FLAGS,
    required: &[],
    takes: None,
    children: &[],
    run: Some(run),
};

/// Flags of everything that makes a data directory.
pub(super) const FLAGS: [Flag; 10] = [
    Flag::new(
        "data-dir",
        Kind::Text,
        "",
        "Path to the output data directory",
    ),
    Flag::new(
        "wal-dir",
        Kind::Text,
        "",
        "Path to the WAL directory (use --data-dir if none given)",
    ),
    Flag::new(
        "initial-cluster",
        Kind::Text,
        "default=http://localhost:2380",
        "Initial cluster configuration for restore bootstrap",
    ),
    Flag::new(
        "initial-cluster-token",
        Kind::Text,
        "etcd-cluster",
        "Initial cluster token for the etcd cluster during restore bootstrap",
    ),
    Flag::new(
        "initial-advertise-peer-urls",
        Kind::Text,
        "http://localhost:2380",
        "List of this member's peer URLs to advertise to the rest of the cluster",
    ),
    Flag::new(
        "name",
        Kind::Text,
        "default",
        "Human-readable name for this member",
    ),
    Flag::switch(
        "skip-hash-check",
        "Ignore snapshot integrity hash value (required if copied from data directory)",
    ),
    Flag::new(
        "initial-memory-map-size",
        Kind::Unsigned,
        "10737418240",
        "Initial memory map size of the database in bytes. It uses the default value if not \
         defined or defined to 0",
    ),
    Flag::new(
        "bump-revision",
        Kind::Unsigned,
        "0",
        "How much to increase the latest revision after restore",
    ),
    Flag::switch(
        "mark-compacted",
        "Mark the latest revision after restore as the point of scheduled compaction (required \
         if --bump-revision > 0, disallowed otherwise)",
    ),
];

fn run(parsed: &Parsed, _: &mut dyn Write, err: &mut dyn Write) -> Done {
    let [file] = parsed.args.as_slice() else {
        return Err(Failure::args(
            "snapshot restore requires exactly one argument",
        ));
    };
    check(parsed)?;
    let file = Path::new(OsStr::from_bytes(file));
    let digest = match parsed.switch("skip-hash-check") {
        true => Digest::Ignored,
        false => Digest::Required,
    };
    restore(parsed, file, digest, err)
}

/// Refuses flags that do not go together.
pub(super) fn check(parsed: &Parsed) -> Done {
    if (parsed.unsigned("bump-revision") > 0) != parsed.switch("mark-compacted") {
        return Err(Failure::args(
            "--mark-compacted required if --revision-bump > 0",
        ));
    }
    Ok(())
}

/// Makes a data directory as the flags say.
pub(super) fn restore(parsed: &Parsed, file: &Path, digest: Digest, err: &mut dyn Write) -> Done {
    let data_dir = match parsed.text("data-dir") {
        [] => PathBuf::from(format!("{}.etcd", text(parsed, "name"))),
        given => PathBuf::from(OsStr::from_bytes(given)),
    };
    let initial = initial(parsed)?;
    let wal_dir = log_directory(parsed, &data_dir)?;
    let restore = Restore {
        file,
        digest,
        data_dir: &data_dir,
        wal_dir,
        initial: &initial,
        bump_revision: parsed.unsigned("bump-revision"),
    };
    restore
        .check_target()
        .map_err(|error| status::failure(&error))?;
    let places = format!(
        "{{\"path\": {:?}, \"data-dir\": {:?}}}",
        file.display().to_string(),
        data_dir.display().to_string()
    );
    writeln!(err, "info\trestoring snapshot\t{places}")?;
    let _lock = status::lock(restore.file, parsed.duration("timeout"))?;
    restore.run().map_err(|error| status::failure(&error))?;
    for member in &initial.members {
        writeln!(
            err,
            "info\tadded member\t{{\"cluster-id\": \"{:x}\", \"local-member-id\": \"0\", \"added-peer-id\": \"{:x}\", \"added-peer-peer-urls\": {:?}, \"added-peer-is-learner\": {}}}",
            initial.cluster_id, member.id, member.peer_urls, member.is_learner
        )?;
    }
    writeln!(err, "info\trestored snapshot\t{places}")?;
    Ok(())
}

/// The cluster that the flags describe.
fn initial(parsed: &Parsed) -> Result<Initial, Failure> {
    let refuse = |said: String| Failure::new(exit::ERROR, said);
    let advertised = Url::parse_list(&text(parsed, "initial-advertise-peer-urls"));
    let initial = Initial::new(
        &text(parsed, "name"),
        &text(parsed, "initial-cluster"),
        &text(parsed, "initial-cluster-token"),
        &advertised.map_err(refuse)?,
    );
    initial.map_err(|error| refuse(error.to_string()))
}

/// Where the log is to lie, if apart.
fn log_directory<'a>(parsed: &'a Parsed, data_dir: &Path) -> Result<Option<&'a Path>, Failure> {
    let log = Path::new(OsStr::from_bytes(parsed.text("wal-dir")));
    if log.as_os_str().is_empty() || log == data_dir.join("member").join("wal") {
        return Ok(None);
    }
    if log.exists() {
        let said = format!("wal-dir {:?} exists", log.display().to_string());
        return Err(Failure::new(exit::ERROR, said));
    }
    Ok(Some(log))
}

//! `etcdutl snapshot restore`: makes a data directory from a backup.

use std::io::Write;
use std::path::{Path, PathBuf};

use store::cluster::Initial;
use store::config::Url;
use store::snapshot::{Digest, Restore};

use super::flags::{Flag, Kind, Parsed};
use super::{Command, Failure, code, status};

pub(super) const COMMAND: Command = Command {
    name: "restore",
    synopsis: "restore <filename> --data-dir {output dir} [options]",
    summary: "Restores an etcd member snapshot to an etcd directory",
    flags: FLAGS,
    children: &[],
    run: Some(run),
};

const FLAGS: &[Flag] = &[
    Flag {
        name: "data-dir",
        short: None,
        kind: Kind::Text,
        default: "",
        help: "Path to the output data directory",
    },
    Flag {
        name: "wal-dir",
        short: None,
        kind: Kind::Text,
        default: "",
        help: "Path to the WAL directory (use --data-dir if none given)",
    },
    Flag {
        name: "initial-cluster",
        short: None,
        kind: Kind::Text,
        default: "default=http://localhost:2380",
        help: "Initial cluster configuration for restore bootstrap",
    },
    Flag {
        name: "initial-cluster-token",
        short: None,
        kind: Kind::Text,
        default: "etcd-cluster",
        help: "Initial cluster token for the etcd cluster during restore bootstrap",
    },
    Flag {
        name: "initial-advertise-peer-urls",
        short: None,
        kind: Kind::Text,
        default: "http://localhost:2380",
        help: "List of this member's peer URLs to advertise to the rest of the cluster",
    },
    Flag {
        name: "name",
        short: None,
        kind: Kind::Text,
        default: "default",
        help: "Human-readable name for this member",
    },
    Flag {
        name: "skip-hash-check",
        short: None,
        kind: Kind::Bool,
        default: "",
        help: "Ignore snapshot integrity hash value (required if copied from data directory)",
    },
    Flag {
        name: "initial-memory-map-size",
        short: None,
        kind: Kind::Unsigned,
        default: "10737418240",
        help: "Initial memory map size of the database in bytes. It uses the default value if \
               not defined or defined to 0",
    },
    Flag {
        name: "bump-revision",
        short: None,
        kind: Kind::Unsigned,
        default: "",
        help: "How much to increase the latest revision after restore",
    },
    Flag {
        name: "mark-compacted",
        short: None,
        kind: Kind::Bool,
        default: "",
        help: "Mark the latest revision after restore as the point of scheduled compaction \
               (required if --bump-revision > 0, disallowed otherwise)",
    },
];

fn run(parsed: &Parsed, _: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    let [file] = parsed.arguments() else {
        let text = "snapshot restore requires exactly one argument";
        return Err(Failure::new(code::BAD_ARGUMENTS, text));
    };
    if (parsed.unsigned("bump-revision") > 0) != parsed.bool("mark-compacted") {
        let text = "--mark-compacted required if --revision-bump > 0";
        return Err(Failure::new(code::BAD_ARGUMENTS, text));
    }
    let data_dir = match parsed.text("data-dir") {
        "" => PathBuf::from(format!("{}.etcd", parsed.text("name"))),
        given => PathBuf::from(given),
    };
    let initial = initial(parsed)?;
    check_log_directory(parsed.text("wal-dir"), &data_dir)?;
    let restore = Restore {
        file: Path::new(file),
        digest: if parsed.bool("skip-hash-check") {
            Digest::Ignored
        } else {
            Digest::Required
        },
        data_dir: &data_dir,
        initial: &initial,
        bump_revision: parsed.unsigned("bump-revision"),
    };
    restore
        .check_target()
        .map_err(|error| status::failure(&error))?;
    let places = format!(
        "{{\"path\": {file:?}, \"data-dir\": {:?}}}",
        data_dir.display().to_string()
    );
    writeln!(err, "info\trestoring snapshot\t{places}")?;
    let _lock = status::lock(restore.file, parsed.duration("timeout"))?;
    let restored = restore.run().map_err(|error| status::failure(&error))?;
    if restored.dropped_auth > 0 {
        let count = restored.dropped_auth;
        writeln!(
            err,
            "warn\tusers and roles were left out, which are not supported yet\t{{\"count\": {count}}}"
        )?;
    }
    writeln!(err, "info\trestored snapshot\t{places}")?;
    Ok(())
}

/// The cluster that the flags describe.
fn initial(parsed: &Parsed) -> Result<Initial, Failure> {
    let refuse = |text: String| Failure::new(code::ERROR, text);
    let advertised = Url::parse_list(parsed.text("initial-advertise-peer-urls"));
    let initial = Initial::new(
        parsed.text("name"),
        parsed.text("initial-cluster"),
        parsed.text("initial-cluster-token"),
        &advertised.map_err(refuse)?,
    );
    let initial = initial.map_err(|error| refuse(error.to_string()))?;
    if initial.members.len() > 1 {
        let text = "--initial-cluster asks for a cluster of several members, \
                    which is not supported yet";
        return Err(refuse(text.to_owned()));
    }
    Ok(initial)
}

/// The server keeps its log in the data directory only.
fn check_log_directory(log: &str, data_dir: &Path) -> Result<(), Failure> {
    let log = Path::new(log);
    if log.as_os_str().is_empty() || log == data_dir.join("member").join("wal") {
        return Ok(());
    }
    let text = if log.exists() {
        format!("wal-dir {:?} exists", log.display().to_string())
    } else {
        "--wal-dir asks for a directory of its own for the log, which is not supported yet"
            .to_owned()
    };
    Err(Failure::new(code::ERROR, text))
}

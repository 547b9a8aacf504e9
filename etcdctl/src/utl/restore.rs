//! `etcdutl snapshot restore`: makes a data directory from a backup.

use std::io::Write;

use super::flags::{Flag, Kind, Parsed};
use super::{Command, Failure, code};

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

fn run(parsed: &Parsed, _: &mut dyn Write, _: &mut dyn Write) -> Result<(), Failure> {
    let [_file] = parsed.arguments() else {
        let text = "snapshot restore requires exactly one argument";
        return Err(Failure::new(code::BAD_ARGUMENTS, text));
    };
    if (parsed.unsigned("bump-revision") > 0) != parsed.bool("mark-compacted") {
        let text = "--mark-compacted required if --revision-bump > 0";
        return Err(Failure::new(code::BAD_ARGUMENTS, text));
    }
    Err(Failure::new(code::ERROR, "not connected yet"))
}

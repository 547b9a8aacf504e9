//! `--help`: the usage and the table of settings under its headings.

use super::flags::{ALL, Status};
use super::gates::KNOWN;
use super::value::Kind;
use std::fmt::Write as _;

/// The short usage, shown with every flag that cannot be read.
pub const USAGE: &str = "Usage:

  etcd [flags]
    Starts a server.

  etcd --version
    Prints the version and ends.

  etcd -h | --help
    Prints this help and ends.

  etcd --config-file FILE
    Starts a server by a YAML or JSON file; all other flags and the environment are then ignored.
    Durations in the file are whole numbers of nanoseconds (600000000000 for 10m).
";

/// A line that tells where the flags of the help come from.
pub const FLAGS: &str = "Every flag can be given as a variable too: --data-dir is ETCD_DATA_DIR.";

/// The list of all settings.
#[must_use]
pub fn full() -> String {
    let mut text = String::from("\n");
    let mut title = "";
    for flag in ALL.iter().filter(|flag| !flag.help.is_empty()) {
        if flag.group.title() != title {
            let gap = if title.is_empty() { "" } else { "\n" };
            title = flag.group.title();
            let _ = writeln!(text, "{gap}{title}:");
        }
        let _ = writeln!(text, "  --{} '{}'", flag.name, flag.default);
        let _ = match flag.status {
            Status::Works => writeln!(text, "    {}", flag.help),
            Status::NoEffect(why) => writeln!(text, "    {} Without effect: {why}.", flag.help),
        };
        if flag.kind == Kind::Gates {
            for (name, stage, default) in KNOWN {
                let stage = stage.name();
                let _ = writeln!(text, "    {name}=true|false ({stage} - default={default})");
            }
        }
    }
    let _ = writeln!(text, "\n{FLAGS}");
    text
}

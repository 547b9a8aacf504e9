//! Commands of etcdctl that this release answers with one sentence.

use super::group;
use crate::cli::{Action, Command, Group};

const fn later(name: &'static str, short: &'static str, group: Group) -> Command {
    Command {
        name,
        usage: "",
        short,
        long: "",
        group,
        flags: &[],
        shared: &[],
        commands: &[],
        action: Action::Later,
    }
}

const fn sub(name: &'static str, short: &'static str) -> Command {
    later(name, short, Group::Sub)
}

pub(super) const CHECK: Command = group(
    "check",
    "Measures a cluster",
    Group::Utility,
    &[
        sub("perf", "Measures throughput and latency"),
        sub("datascale", "Measures memory under a load"),
    ],
);

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

pub(super) const DOWNGRADE: Command = group(
    "downgrade",
    "Prepares the cluster for an older version",
    Group::Maintenance,
    &[
        sub("validate", "Checks that a downgrade is possible"),
        sub("enable", "Starts a downgrade"),
        sub("cancel", "Ends a downgrade"),
    ],
);

pub(super) const AUTH: Command = group(
    "auth",
    "Switches authentication on and off",
    Group::Authentication,
    &[
        sub("enable", "Requires a login from now on"),
        sub("disable", "Requires no login from now on"),
        sub("status", "Tells whether a login is required"),
    ],
);

pub(super) const USER: Command = group(
    "user",
    "Manages users",
    Group::Authentication,
    &[
        sub("add", "Adds a user"),
        sub("delete", "Deletes a user"),
        sub("get", "Shows a user"),
        sub("list", "Lists all users"),
        sub("passwd", "Changes a user's password"),
        sub("grant-role", "Gives a role to a user"),
        sub("revoke-role", "Takes a role from a user"),
    ],
);

pub(super) const ROLE: Command = group(
    "role",
    "Manages roles",
    Group::Authentication,
    &[
        sub("add", "Adds a role"),
        sub("delete", "Deletes a role"),
        sub("get", "Shows a role"),
        sub("list", "Lists all roles"),
        sub("grant-permission", "Lets a role read or write keys"),
        sub("revoke-permission", "Takes a permission from a role"),
    ],
);

pub(super) const CHECK: Command = group(
    "check",
    "Measures a cluster",
    Group::Utility,
    &[
        sub("perf", "Measures throughput and latency"),
        sub("datascale", "Measures memory under a load"),
    ],
);

pub(super) const MAKE_MIRROR: Command = later(
    "make-mirror",
    "Copies keys to another cluster, and keeps copying",
    Group::Utility,
);

pub(super) const COMPLETION: Command =
    later("completion", "Writes a completion script", Group::Utility);

//! The command tree: one file per command, each with its entry in the tree, its function, and its
//! request.

use crate::cli::{Action, Command, GLOBAL, Group};

mod alarm;
mod child;
mod compaction;
mod defrag;
mod del;
mod elect;
mod endpoint;
mod get;
mod later;
mod lease;
mod lock;
mod member;
mod move_leader;
mod put;
mod snapshot;
mod txn;
mod version;
pub(crate) mod watch;

/// `etcdctl` itself.
pub(crate) static ROOT: Command = Command {
    name: "etcdctl",
    usage: "<command> [flags]",
    short: "Reads and changes the keys of an etcd cluster, and looks after the cluster.",
    long: "",
    group: Group::Utility,
    flags: &[],
    shared: GLOBAL,
    commands: &[
        get::COMMAND,
        put::COMMAND,
        del::COMMAND,
        txn::COMMAND,
        watch::COMMAND,
        lease::COMMAND,
        compaction::COMMAND,
        alarm::COMMAND,
        defrag::COMMAND,
        endpoint::COMMAND,
        member::COMMAND,
        snapshot::COMMAND,
        move_leader::COMMAND,
        later::DOWNGRADE,
        lock::COMMAND,
        elect::COMMAND,
        later::AUTH,
        later::USER,
        later::ROLE,
        later::CHECK,
        later::MAKE_MIRROR,
        later::COMPLETION,
        version::COMMAND,
        OPTIONS,
        HELP,
    ],
    action: Action::Subcommands,
};

const OPTIONS: Command = Command {
    name: "options",
    usage: "",
    short: "Lists the flags that every command takes",
    long: "",
    group: Group::Utility,
    flags: &[],
    shared: &[],
    commands: &[],
    action: Action::Options,
};

const HELP: Command = Command {
    name: "help",
    usage: "[command]",
    short: "Shows the help of a command",
    long: "",
    group: Group::Utility,
    flags: &[],
    shared: &[],
    commands: &[],
    action: Action::Help,
};

/// A command that only groups others.
const fn group(
    name: &'static str,
    short: &'static str,
    group: Group,
    commands: &'static [Command],
) -> Command {
    Command {
        name,
        usage: "",
        short,
        long: "",
        group,
        flags: &[],
        shared: &[],
        commands,
        action: Action::Subcommands,
    }
}

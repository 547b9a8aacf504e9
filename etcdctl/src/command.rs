//! The command tree: one file per command, each with its entry in the tree, its function, and its
//! request.

use crate::cli::{Action, Command, GLOBAL, Group};
use proto::etcdserverpb as pb;

use crate::client::Method;
use crate::exit::{Done, Failure};
use crate::flag::{Flag, Parsed};
use crate::print::access::Reply;
use crate::session::Session;

mod alarm;
mod auth;
mod check;
pub(crate) mod child;
mod compaction;
mod completion;
mod defrag;
mod del;
mod downgrade;
mod elect;
mod endpoint;
mod get;
mod lease;
mod lock;
mod make_mirror;
mod member;
mod move_leader;
mod put;
mod role;
mod snapshot;
mod txn;
mod user;
mod version;
pub(crate) mod watch;

pub(crate) use self::del::prefix_end;

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
        downgrade::COMMAND,
        lock::COMMAND,
        elect::COMMAND,
        auth::COMMAND,
        user::COMMAND,
        role::COMMAND,
        check::COMMAND,
        make_mirror::COMMAND,
        completion::COMMAND,
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

/// A command below another one, without flags of its own.
const fn sub(
    name: &'static str,
    usage: &'static str,
    short: &'static str,
    run: fn(&mut Session<'_>, Parsed) -> Done,
) -> Command {
    sub_with(name, usage, short, &[], run)
}

/// A command below another one.
const fn sub_with(
    name: &'static str,
    usage: &'static str,
    short: &'static str,
    flags: &'static [Flag],
    run: fn(&mut Session<'_>, Parsed) -> Done,
) -> Command {
    Command {
        name,
        usage,
        short,
        long: "",
        group: Group::Sub,
        flags,
        shared: &[],
        commands: &[],
        action: Action::Run(run),
    }
}

/// Exactly so many arguments, or `text`.
fn arguments<const N: usize>(flags: &Parsed, text: &str) -> Result<[Vec<u8>; N], Failure> {
    let given = flags.args.clone();
    given.try_into().map_err(|_| Failure::args(text))
}

/// Has a user or a role changed, and says so.
fn change<Q, R>(
    session: &mut Session<'_>,
    mut flags: Parsed,
    method: &Method<Q, R>,
    request: Q,
    said: impl Into<Vec<u8>>,
    header: impl FnOnce(R) -> Option<pb::ResponseHeader>,
) -> Done
where
    Q: prost::Message + Clone + 'static,
    R: prost::Message + Default + 'static,
{
    let mut context = session.connect(&mut flags)?;
    let header = header(context.ask_patiently(method, request)?);
    let reply = Reply::Done(said.into(), header.as_ref());
    context.print(|printer, out| printer.access(out, &reply))
}

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

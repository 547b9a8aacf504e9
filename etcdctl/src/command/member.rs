//! `member add`, `remove`, `update`, `list`, `promote`.

use std::io::Write;

use proto::etcdserverpb as pb;
use store::config::Url;

use super::get::serializable;
use super::group;
use crate::cli::{Action, Command, Group};
use crate::client::method;
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Kind, Parsed, lossy};
use crate::go::{number, quote::quote};
use crate::session::Session;

pub(super) const COMMAND: Command = group(
    "member",
    "Shows and changes the members of the cluster",
    Group::Maintenance,
    &[ADD, REMOVE, UPDATE, LIST, PROMOTE],
);

const ADD: Command = Command {
    name: "add",
    usage: "<name> --peer-urls <urls> [flags]",
    short: "Adds a member to the cluster",
    long: "\
Adds a member to the cluster, and shows with which settings it is to be started. The cluster knows
the new member by its peer addresses; its name is only for those settings.",
    group: Group::Sub,
    flags: &[
        PEER_URLS,
        Flag::switch("learner", "the new member has no vote until it is promoted"),
    ],
    shared: &[],
    commands: &[],
    action: Action::Run(add),
};

const REMOVE: Command = Command {
    name: "remove",
    usage: "<member id>",
    short: "Removes a member from the cluster, for good",
    long: "",
    group: Group::Sub,
    flags: &[],
    shared: &[],
    commands: &[],
    action: Action::Run(remove),
};

const UPDATE: Command = Command {
    name: "update",
    usage: "<member id> --peer-urls <urls>",
    short: "Changes a member's peer addresses",
    long: "",
    group: Group::Sub,
    flags: &[PEER_URLS],
    shared: &[],
    commands: &[],
    action: Action::Run(update),
};

const LIST: Command = Command {
    name: "list",
    usage: "[flags]",
    short: "Lists all members",
    long: "\
Lists all members. The simple format has one line each, with these columns:
ID, status, name, peer addresses, client addresses, is learner.",
    group: Group::Sub,
    flags: &[Flag::new(
        "consistency",
        Kind::Text,
        "l",
        "l: the newest list; s: what the asked member has",
    )],
    shared: &[],
    commands: &[],
    action: Action::Run(list),
};

const PROMOTE: Command = Command {
    name: "promote",
    usage: "<member id>",
    short: "Gives a learner a vote",
    long: "Gives a learner a vote, once it holds nearly all of the leader's log.",
    group: Group::Sub,
    flags: &[],
    shared: &[],
    commands: &[],
    action: Action::Run(promote),
};

const PEER_URLS: Flag = Flag::new(
    "peer-urls",
    Kind::Text,
    "",
    "where other members reach it, separated by commas",
);

fn add(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let name = match flags.args.as_slice() {
        [] => return Err(Failure::args("member name not provided")),
        [name] => name.clone(),
        all => return Err(Failure::args(too_many(all))),
    };
    let given = peer_urls(&flags)?;
    let is_learner = flags.switch("learner");
    let mut context = session.connect(&mut flags)?;
    let request = pb::MemberAddRequest {
        peer_ur_ls: check(&given)?,
        is_learner,
    };
    let reply = context.ask(&method::MEMBER_ADD, request)?;
    context.print(|printer, out| printer.member_add(out, &reply))?;
    if !context.printer.is_simple() {
        return Ok(());
    }
    let new = reply.member.as_ref().map_or(0, |member| member.id);
    let mut cluster: Vec<Vec<u8>> = Vec::new();
    for member in &reply.members {
        let known = match member.id == new {
            true => name.as_slice(),
            false => member.name.as_bytes(),
        };
        let pairs = member.peer_ur_ls.iter();
        cluster.extend(pairs.map(|url| [known, b"=", url.as_bytes()].concat()));
    }
    let out = &mut context.io.stdout;
    writeln!(out, "\nETCD_NAME={}", quote(&name))?;
    let cluster = quote(cluster.join(&b','));
    writeln!(out, "ETCD_INITIAL_CLUSTER={cluster}")?;
    let given = quote(given.as_bytes());
    writeln!(out, "ETCD_INITIAL_ADVERTISE_PEER_URLS={given}")?;
    Ok(writeln!(out, "ETCD_INITIAL_CLUSTER_STATE=\"existing\"")?)
}

fn remove(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let id = member_id(&flags)?;
    let mut context = session.connect(&mut flags)?;
    let reply = context.ask(&method::MEMBER_REMOVE, pb::MemberRemoveRequest { id })?;
    context.print(|printer, out| printer.member_remove(out, id, &reply))
}

fn update(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let id = member_id(&flags)?;
    let given = peer_urls(&flags)?;
    let mut context = session.connect(&mut flags)?;
    let request = pb::MemberUpdateRequest {
        id,
        peer_ur_ls: check(&given)?,
    };
    let reply = context.ask(&method::MEMBER_UPDATE, request)?;
    context.print(|printer, out| printer.member_update(out, id, &reply))
}

fn list(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let request = pb::MemberListRequest {
        linearizable: !serializable(&flags)?,
    };
    let mut context = session.connect(&mut flags)?;
    let reply = context.ask(&method::MEMBER_LIST, request)?;
    context.print(|printer, out| printer.member_list(out, &reply))
}

fn promote(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let id = member_id(&flags)?;
    let mut context = session.connect(&mut flags)?;
    let reply = context.ask(&method::MEMBER_PROMOTE, pb::MemberPromoteRequest { id })?;
    context.print(|printer, out| printer.member_promote(out, id, &reply))
}

/// Addresses stand where the name should be the only argument.
fn too_many(args: &[Vec<u8>]) -> String {
    let mut text = "too many arguments".to_owned();
    for arg in args.iter().map(|arg| lossy(arg)) {
        if arg.to_lowercase().starts_with("http") {
            text += &format!(", did you mean --peer-urls={arg}");
        }
    }
    text
}

fn member_id(flags: &Parsed) -> Result<u64, Failure> {
    let [id] = flags.args.as_slice() else {
        return Err(Failure::args("member ID is not provided"));
    };
    number::parse_uint(id, 16)
        .map_err(|why| Failure::args(format!("bad member ID arg ({why}), expecting ID in Hex")))
}

fn peer_urls(flags: &Parsed) -> Result<String, Failure> {
    match flags.text("peer-urls") {
        b"" => Err(Failure::args("member peer urls not provided")),
        given => Ok(lossy(given)),
    }
}

/// The client looks at the addresses before the server does; they are sent as they were typed.
fn check(given: &str) -> Result<Vec<String>, Failure> {
    let urls: Vec<String> = given.split(',').map(str::to_owned).collect();
    for url in &urls {
        Url::parse(url).map_err(|why| Failure::new(exit::ERROR, why))?;
    }
    Ok(urls)
}

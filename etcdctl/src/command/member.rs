//! `member list`; the other `member` commands come later.

use proto::etcdserverpb as pb;

use super::get::serializable;
use super::{group, later};
use crate::cli::{Action, Command, Group};
use crate::client::method;
use crate::exit::Done;
use crate::flag::{Flag, Kind, Parsed};
use crate::session::Session;

pub(super) const COMMAND: Command = group(
    "member",
    "Shows and changes the members of the cluster",
    Group::Maintenance,
    &[
        later::MEMBER_ADD,
        later::MEMBER_REMOVE,
        later::MEMBER_UPDATE,
        LIST,
        later::MEMBER_PROMOTE,
    ],
);

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

fn list(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let request = pb::MemberListRequest {
        linearizable: !serializable(&flags)?,
    };
    let mut context = session.connect(&mut flags)?;
    let reply = context.ask(&method::MEMBER_LIST, request)?;
    context.print(|printer, out| printer.member_list(out, &reply))
}

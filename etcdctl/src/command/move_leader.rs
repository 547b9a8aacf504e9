//! `move-leader`.

use proto::etcdserverpb as pb;

use crate::cli::{Action, Command, Group};
use crate::client::{method, status};
use crate::exit::{self, Done, Failure};
use crate::flag::Parsed;
use crate::go::number;
use crate::session::Session;

pub(super) const COMMAND: Command = Command {
    name: "move-leader",
    usage: "<member id>",
    short: "Hands the leadership to another member",
    long: "Hands the leadership to another member. The present leader must be among --endpoints.",
    group: Group::Maintenance,
    flags: &[],
    shared: &[],
    commands: &[],
    action: Action::Run(run),
};

fn run(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let [target] = flags.args.as_slice() else {
        return Err(Failure::args("move-leader command needs 1 argument"));
    };
    let target = number::parse_uint(target, 16).map_err(Failure::args)?;
    let mut context = session.connect(&mut flags)?;
    let endpoints = context.globals.endpoints.clone();
    for endpoint in &endpoints {
        context.switch_to(endpoint)?;
        let asked = context.call(&method::STATUS, pb::StatusRequest {}, context.timeout());
        let reply = asked.map_err(|why| Failure::new(exit::ERROR, status::text(&why)))?;
        let own = reply.header.as_ref().map_or(0, |header| header.member_id);
        if own != reply.leader {
            continue;
        }
        let request = pb::MoveLeaderRequest { target_id: target };
        let done = context.ask(&method::MOVE_LEADER, request)?;
        return context.print(|printer, out| printer.move_leader(out, own, target, &done));
    }
    let endpoints = endpoints.join(" ");
    Err(Failure::args(format!(
        "no leader endpoint given at [{endpoints}]"
    )))
}

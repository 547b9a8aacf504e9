//! `alarm list`, `alarm disarm`.

use proto::etcdserverpb as pb;
use proto::etcdserverpb::alarm_request::AlarmAction;

use super::group;
use crate::cli::{Action, Command, Group};
use crate::client::method;
use crate::exit::{Done, Failure};
use crate::flag::Parsed;
use crate::session::Session;

pub(super) const COMMAND: Command = group(
    "alarm",
    "Shows and clears alarms",
    Group::Maintenance,
    &[
        Command {
            name: "disarm",
            usage: "",
            short: "Clears all alarms",
            long: "",
            group: Group::Sub,
            flags: &[],
            shared: &[],
            commands: &[],
            action: Action::Run(disarm),
        },
        Command {
            name: "list",
            usage: "",
            short: "Lists all alarms",
            long: "",
            group: Group::Sub,
            flags: &[],
            shared: &[],
            commands: &[],
            action: Action::Run(list),
        },
    ],
);

fn no_arguments(flags: &Parsed, name: &str) -> Done {
    if flags.args.is_empty() {
        return Ok(());
    }
    Err(Failure::args(format!(
        "alarm {name} command accepts no arguments"
    )))
}

fn list(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    no_arguments(&flags, "list")?;
    let mut context = session.connect(&mut flags)?;
    let reply = context.ask(&method::ALARM, pb::AlarmRequest::default())?;
    context.print(|printer, out| printer.alarm(out, &reply))
}

/// Each alarm is cleared by a request of its own; the printed reply has the cleared alarms and no
/// header.
fn disarm(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    no_arguments(&flags, "disarm")?;
    let mut context = session.connect(&mut flags)?;
    let active = context.ask(&method::ALARM, pb::AlarmRequest::default())?;
    let mut cleared = pb::AlarmResponse::default();
    for alarm in active.alarms {
        let request = pb::AlarmRequest {
            action: AlarmAction::Deactivate.into(),
            member_id: alarm.member_id,
            alarm: alarm.alarm,
        };
        let reply = context.ask(&method::ALARM, request)?;
        cleared.alarms.extend(reply.alarms);
    }
    context.print(|printer, out| printer.alarm(out, &cleared))
}

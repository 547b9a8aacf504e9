//! `downgrade validate`, `enable`, `cancel`.

use proto::etcdserverpb as pb;
use proto::etcdserverpb::downgrade_request::DowngradeAction;

use super::{group, sub};
use crate::cli::{Command, Group};
use crate::client::method;
use crate::exit::{Done, Failure};
use crate::flag::{Parsed, lossy};
use crate::session::Session;

pub(super) const COMMAND: Command = group(
    "downgrade",
    "Prepares the cluster for an older version",
    Group::Maintenance,
    &[
        sub(
            "validate",
            "<version>",
            "Checks that a downgrade is possible",
            validate,
        ),
        sub("enable", "<version>", "Starts a downgrade", enable),
        sub("cancel", "", "Ends a downgrade", cancel),
    ],
);

fn validate(session: &mut Session<'_>, flags: Parsed) -> Done {
    let version = version(&flags)?;
    ask(
        session,
        flags,
        "validate",
        DowngradeAction::Validate,
        version,
    )
}

fn enable(session: &mut Session<'_>, flags: Parsed) -> Done {
    let version = version(&flags)?;
    ask(session, flags, "enable", DowngradeAction::Enable, version)
}

fn cancel(session: &mut Session<'_>, flags: Parsed) -> Done {
    let none = String::new();
    ask(session, flags, "cancel", DowngradeAction::Cancel, none)
}

fn version(flags: &Parsed) -> Result<String, Failure> {
    match flags.args.as_slice() {
        [] => Err(Failure::args("TARGET_VERSION not provided")),
        [version] if version.is_empty() => Err(Failure::args("target version not provided")),
        [version] => Ok(lossy(version)),
        _ => Err(Failure::args("too many arguments")),
    }
}

fn ask(
    session: &mut Session<'_>,
    mut flags: Parsed,
    name: &'static str,
    action: DowngradeAction,
    version: String,
) -> Done {
    let mut context = session.connect(&mut flags)?;
    let request = pb::DowngradeRequest {
        action: action.into(),
        version,
    };
    let reply = context.ask(&method::DOWNGRADE, request)?;
    context.print(|printer, out| printer.downgrade(out, name, &reply))
}

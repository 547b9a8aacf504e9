//! `auth enable`, `disable`, `status`.

use std::io::Write as _;

use proto::etcdserverpb as pb;
use tonic::Status;

use super::{group, sub};
use crate::cli::{Command, Group};
use crate::client::method;
use crate::exit::{Done, Failure};
use crate::flag::Parsed;
use crate::print::access::Reply;
use crate::session::{Context, Session, refused};

pub(super) const COMMAND: Command = group(
    "auth",
    "Switches authentication on and off",
    Group::Authentication,
    &[
        sub("enable", "", "Requires a login from now on", enable),
        sub("disable", "", "Requires no login from now on", disable),
        sub("status", "", "Tells whether a login is required", state),
    ],
);

/// The role that the user root needs.
const ROOT: &str = "root";

fn enable(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    no_arguments(&flags, "enable")?;
    let mut context = session.connect(&mut flags)?;
    loop {
        let timeout = context.timeout();
        let outcome = context.call(&method::AUTH_ENABLE, pb::AuthEnableRequest {}, timeout);
        let Err(why) = outcome else { break };
        if why.message() != "etcdserver: root user does not have root role" {
            return Err(refused(why));
        }
        give_root_its_role(&mut context).map_err(refused)?;
    }
    Ok(writeln!(context.io.stdout, "Authentication Enabled")?)
}

fn give_root_its_role(context: &mut Context<'_>) -> Result<(), Status> {
    let timeout = context.timeout();
    let role = pb::AuthRoleAddRequest { name: ROOT.into() };
    context.call(&method::ROLE_ADD, role, timeout)?;
    let grant = pb::AuthUserGrantRoleRequest {
        user: ROOT.into(),
        role: ROOT.into(),
    };
    context.call(&method::USER_GRANT_ROLE, grant, timeout)?;
    Ok(())
}

fn disable(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    no_arguments(&flags, "disable")?;
    let mut context = session.connect(&mut flags)?;
    context.ask(&method::AUTH_DISABLE, pb::AuthDisableRequest {})?;
    Ok(writeln!(context.io.stdout, "Authentication Disabled")?)
}

fn state(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    no_arguments(&flags, "status")?;
    let mut context = session.connect(&mut flags)?;
    let reply = context.ask(&method::AUTH_STATUS, pb::AuthStatusRequest {})?;
    context.print(|printer, out| printer.access(out, &Reply::Status(&reply)))
}

fn no_arguments(flags: &Parsed, command: &str) -> Done {
    match flags.args.is_empty() {
        true => Ok(()),
        false => Err(Failure::args(format!(
            "auth {command} command does not accept any arguments"
        ))),
    }
}

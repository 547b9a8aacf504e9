//! `user add`, `delete`, `get`, `list`, `passwd`, `grant-role`, `revoke-role`.

use std::io::Write as _;

use proto::authpb::UserAddOptions;
use proto::etcdserverpb as pb;

use super::{arguments, change, group, sub, sub_with};
use crate::cli::{Command, Group};
use crate::client::method;
use crate::exit::{Done, Failure};
use crate::flag::{Flag, Kind, Parsed, lossy};
use crate::password;
use crate::print::access::Reply;
use crate::session::Session;

pub(super) const COMMAND: Command = group(
    "user",
    "Manages users",
    Group::Authentication,
    &[
        sub_with(
            "add",
            "<user name or user:password> [flags]",
            "Adds a user",
            &[
                INTERACTIVE,
                Flag::new("new-user-password", Kind::Text, "", "the password"),
                Flag::switch(
                    "no-password",
                    "the user has no password: it logs in by its certificate",
                ),
            ],
            add,
        ),
        sub("delete", "<user name>", "Deletes a user", delete),
        sub_with(
            "get",
            "<user name> [flags]",
            "Shows a user",
            &[Flag::switch("detail", "shows what the user's roles allow")],
            get,
        ),
        sub("list", "", "Lists all users", list),
        sub_with(
            "passwd",
            "<user name> [flags]",
            "Changes a user's password",
            &[INTERACTIVE],
            passwd,
        ),
        sub(
            "grant-role",
            "<user name> <role name>",
            "Gives a role to a user",
            grant_role,
        ),
        sub(
            "revoke-role",
            "<user name> <role name>",
            "Takes a role from a user",
            revoke_role,
        ),
    ],
);

const INTERACTIVE: Flag = Flag::new(
    "interactive",
    Kind::Bool,
    "true",
    "asks for the password; otherwise it is the first word on stdin",
);

fn add(session: &mut Session<'_>, flags: Parsed) -> Done {
    let [given] = arguments(
        &flags,
        "user add command requires user name as its argument",
    )?;
    let given = lossy(&given);
    let no_password = flags.switch("no-password");
    let flag = lossy(flags.text("new-user-password"));
    let (name, password) = match given.split_once(':') {
        _ if no_password => (given, String::new()),
        _ if !flag.is_empty() => (given, flag),
        Some(("", _)) => return Err(Failure::args("empty user name is not allowed")),
        Some((name, password)) => (name.to_owned(), password.to_owned()),
        None => {
            let password = ask(session, &flags, &given)?;
            (given, password)
        }
    };
    let request = pb::AuthUserAddRequest {
        name: name.clone(),
        password,
        options: Some(UserAddOptions { no_password }),
        ..Default::default()
    };
    let said = format!("User {name} created");
    change(session, flags, &method::USER_ADD, request, said, |reply| {
        reply.header
    })
}

fn ask(session: &mut Session<'_>, flags: &Parsed, name: &str) -> Result<String, Failure> {
    match flags.switch("interactive") {
        true => password::new(session.io, name),
        false => Ok(password::piped(session.io)),
    }
}

fn delete(session: &mut Session<'_>, flags: Parsed) -> Done {
    let [name] = arguments(
        &flags,
        "user delete command requires user name as its argument",
    )?;
    let name = lossy(&name);
    let request = pb::AuthUserDeleteRequest { name: name.clone() };
    let said = format!("User {name} deleted");
    change(
        session,
        flags,
        &method::USER_DELETE,
        request,
        said,
        |reply| reply.header,
    )
}

fn get(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let [name] = arguments(
        &flags,
        "user get command requires user name as its argument",
    )?;
    let is_detailed = flags.switch("detail");
    let mut context = session.connect(&mut flags)?;
    let request = pb::AuthUserGetRequest { name: lossy(&name) };
    let user = context.ask_patiently(&method::USER_GET, request)?;
    if !is_detailed {
        return context.print(|printer, out| printer.access(out, &Reply::User(&name, &user)));
    }
    writeln!(context.io.stdout, "User: {}", lossy(&name))?;
    for role in user.roles {
        context.io.stdout.write_all(b"\n")?;
        let request = pb::AuthRoleGetRequest { role: role.clone() };
        let reply = context.ask_patiently(&method::ROLE_GET, request)?;
        let shown = Reply::Role(role.as_bytes(), &reply);
        context.print(|printer, out| printer.access(out, &shown))?;
    }
    Ok(())
}

fn list(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let [] = arguments(&flags, "user list command requires no arguments")?;
    let mut context = session.connect(&mut flags)?;
    let reply = context.ask_patiently(&method::USER_LIST, pb::AuthUserListRequest {})?;
    context.print(|printer, out| printer.access(out, &Reply::Users(&reply)))
}

fn passwd(session: &mut Session<'_>, flags: Parsed) -> Done {
    let [name] = arguments(
        &flags,
        "user passwd command requires user name as its argument",
    )?;
    let name = lossy(&name);
    let password = ask(session, &flags, &name)?;
    let request = pb::AuthUserChangePasswordRequest {
        name,
        password,
        ..Default::default()
    };
    let said = "Password updated";
    change(
        session,
        flags,
        &method::USER_CHANGE_PASSWORD,
        request,
        said,
        |reply| reply.header,
    )
}

fn grant_role(session: &mut Session<'_>, flags: Parsed) -> Done {
    let [user, role] = arguments(
        &flags,
        "user grant command requires user name and role name as its argument",
    )?;
    let (user, role) = (lossy(&user), lossy(&role));
    let said = format!("Role {role} is granted to user {user}");
    let request = pb::AuthUserGrantRoleRequest { user, role };
    change(
        session,
        flags,
        &method::USER_GRANT_ROLE,
        request,
        said,
        |reply| reply.header,
    )
}

fn revoke_role(session: &mut Session<'_>, flags: Parsed) -> Done {
    let [name, role] = arguments(
        &flags,
        "user revoke-role requires user name and role name as its argument",
    )?;
    let (name, role) = (lossy(&name), lossy(&role));
    let said = format!("Role {role} is revoked from user {name}");
    let request = pb::AuthUserRevokeRoleRequest { name, role };
    change(
        session,
        flags,
        &method::USER_REVOKE_ROLE,
        request,
        said,
        |reply| reply.header,
    )
}

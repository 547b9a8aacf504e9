//! `user …`: who may log in, and by which roles.

use std::io::Write as _;

use http::Method;

use crate::exit::{Done, Failure};
use crate::v2::cli::Command;
use crate::v2::client::auth::{self, UserChange};
use crate::v2::client::{Action, Answer, Client, Error};
use crate::v2::fault;
use crate::v2::flag::{Flag, Kind};
use crate::v2::globals::{asked, user_and_password};
use crate::v2::session::Session;

const ROLES: Flag = Flag::new(
    &["roles"],
    Kind::Texts,
    "",
    "the role; given again for each more",
);
const PROMPT: &str = "New password: ";

pub(super) const COMMAND: Command = Command::group(
    "user",
    "users and the roles they have",
    &[
        Command::new(
            "add",
            "<name>[:<password>]",
            "makes a user, asking for its password if that is not given",
            &[],
            add,
        ),
        Command::new("get", "<name>", "shows the roles of a user", &[], get),
        Command::new("list", "", "lists all users", &[], list),
        Command::new("remove", "<name>", "removes a user", &[], remove),
        Command::new(
            "grant",
            "<name>",
            "gives a user roles",
            &[ROLES],
            |session| change_roles(session, auth::Change::Grant),
        ),
        Command::new(
            "revoke",
            "<name>",
            "takes roles from a user",
            &[ROLES],
            |session| change_roles(session, auth::Change::Revoke),
        ),
        Command::new(
            "passwd",
            "<name>",
            "changes the password of a user",
            &[],
            passwd,
        ),
    ],
);

/// A client and the only argument.
fn client_and_name(session: &mut Session<'_>) -> Result<(Client, Vec<u8>), Failure> {
    let [name] = session.flags.args.as_slice() else {
        return fault::plain(session.io, "Please provide a username");
    };
    let name = name.clone();
    Ok((session.connect_for_auth()?, name))
}

/// Sends what could be made, and reads what comes back.
fn send<T>(
    session: &mut Session<'_>,
    client: &mut Client,
    action: Result<Action, Error>,
    read: impl FnOnce(&Answer) -> Result<T, Error>,
) -> Result<T, Failure> {
    let deadline = session.deadline();
    let outcome = session.exchange(client, deadline, action, read);
    session.accept(outcome)
}

/// A name between two texts, on a line of its own.
fn say(session: &mut Session<'_>, before: &str, name: &[u8], after: &str) -> Done {
    let line = [before.as_bytes(), name, after.as_bytes(), b"\n"].concat();
    Ok(session.io.stdout.write_all(&line)?)
}

fn list(session: &mut Session<'_>) -> Done {
    if !session.flags.args.is_empty() {
        return fault::plain(session.io, "No arguments accepted");
    }
    let mut client = session.connect_for_auth()?;
    let names = send(session, &mut client, Ok(auth::users()), auth::user_names)?;
    for name in names {
        writeln!(session.io.stdout, "{name}")?;
    }
    Ok(())
}

fn add(session: &mut Session<'_>) -> Done {
    let (mut client, given) = client_and_name(session)?;
    let (name, password) = match user_and_password(&given, PROMPT, session.io) {
        Ok(both) => both,
        Err(why) => return unread(session, &why),
    };
    let change = UserChange {
        password: &password,
        ..UserChange::default()
    };
    let action = auth::put_user(&name, &change);
    send(session, &mut client, action, auth::done)?;
    say(session, "User ", &name, " created")
}

fn unread(session: &mut Session<'_>, why: &str) -> Done {
    fault::plain(session.io, &format!("Error reading password: {why}"))
}

fn remove(session: &mut Session<'_>) -> Done {
    let (mut client, name) = client_and_name(session)?;
    let action = auth::one(Method::DELETE, "users", &name);
    send(session, &mut client, Ok(action), auth::done)?;
    say(session, "User ", &name, " removed")
}

fn passwd(session: &mut Session<'_>) -> Done {
    let (mut client, name) = client_and_name(session)?;
    let password = match asked(PROMPT, session.io) {
        Ok(password) => password,
        Err(why) => return unread(session, &why),
    };
    let change = UserChange {
        password: &password,
        ..UserChange::default()
    };
    let action = auth::put_user(&name, &change);
    send(session, &mut client, action, auth::user)?;
    Ok(writeln!(session.io.stdout, "Password updated")?)
}

fn change_roles(session: &mut Session<'_>, change: auth::Change) -> Done {
    let roles = session.flags.texts("roles");
    if roles.is_empty() {
        return fault::plain(session.io, "No roles specified; please use `--roles`");
    }
    let (mut client, name) = client_and_name(session)?;
    let change = match change {
        auth::Change::Grant => UserChange {
            grant: &roles,
            ..UserChange::default()
        },
        auth::Change::Revoke => UserChange {
            revoke: &roles,
            ..UserChange::default()
        },
    };
    let action = auth::put_user(&name, &change);
    send(session, &mut client, action, auth::user)?;
    say(session, "User ", &name, " updated")
}

fn get(session: &mut Session<'_>) -> Done {
    let (mut client, name) = client_and_name(session)?;
    let action = auth::one(Method::GET, "users", &name);
    let user = send(session, &mut client, Ok(action), auth::user)?;
    let out = &mut session.io.stdout;
    writeln!(out, "User: {}", user.name)?;
    Ok(writeln!(out, "Roles: {}", user.roles.join(" "))?)
}

//! `role …`: which keys the users of a role may read and write.

use std::io::Write as _;

use crate::exit::{Done, Failure};
use crate::flag::lossy;
use crate::v2::cli::Command;
use crate::v2::client::auth::{self, Change, RoleChange};
use crate::v2::client::url::canonical;
use crate::v2::client::{Action, Client, Error};
use crate::v2::fault;
use crate::v2::flag::Flag;
use crate::v2::session::Session;
use http::Method;

const RIGHTS: &[Flag] = &[
    Flag::text(
        &["path"],
        "the key, or the beginning of all keys up to a `*` at the end",
    ),
    Flag::switch(&["read"], "to read"),
    Flag::switch(&["write"], "to write"),
    Flag::switch(&["readwrite", "rw"], "to read and to write"),
];

pub(super) const COMMAND: Command = Command::group(
    "role",
    "roles and what they allow",
    &[
        Command::new("add", "<role>", "makes a role", &[], add),
        Command::new("get", "<role>", "shows what a role allows", &[], get),
        Command::new("list", "", "lists all roles", &[], list),
        Command::new("remove", "<role>", "removes a role", &[], remove),
        Command::new(
            "grant",
            "<role>",
            "lets a role read or write keys",
            RIGHTS,
            |session| change(session, Change::Grant),
        ),
        Command::new(
            "revoke",
            "<role>",
            "no longer lets a role read or write keys",
            RIGHTS,
            |session| change(session, Change::Revoke),
        ),
    ],
);

/// A client and the only argument.
fn client_and_name(session: &mut Session<'_>) -> Result<(Client, Vec<u8>), Failure> {
    let [name] = session.flags.args.as_slice() else {
        return fault::plain(session.io, "Please provide a role name");
    };
    let name = name.clone();
    Ok((session.connect_for_auth()?, name))
}

fn say(session: &mut Session<'_>, name: &[u8], what: &str) -> Done {
    let line = [b"Role ", name, b" ", what.as_bytes(), b"\n"].concat();
    Ok(session.io.stdout.write_all(&line)?)
}

fn list(session: &mut Session<'_>) -> Done {
    if !session.flags.args.is_empty() {
        return fault::plain(session.io, "No arguments accepted");
    }
    let mut client = session.connect_for_auth()?;
    let deadline = session.deadline();
    let names = session.exchange(&mut client, deadline, Ok(auth::roles()), auth::role_names);
    for name in session.accept(names)? {
        writeln!(session.io.stdout, "{name}")?;
    }
    Ok(())
}

fn read_role(name: &[u8]) -> Result<Action, Error> {
    Ok(auth::one(Method::GET, "roles", name))
}

fn add(session: &mut Session<'_>) -> Done {
    let (mut client, name) = client_and_name(session)?;
    let deadline = session.deadline();
    let before = session.exchange(&mut client, deadline, read_role(&name), auth::role);
    if before.is_ok() {
        say_exists(session, &name)?;
    }
    let action = auth::put_role(&name, None);
    let outcome = session.exchange(&mut client, deadline, action, auth::done);
    session.accept(outcome)?;
    say(session, &name, "created")
}

fn say_exists(session: &mut Session<'_>, name: &[u8]) -> Done {
    let name = lossy(name);
    fault::plain(session.io, &format!("Role {name} already exists"))
}

fn remove(session: &mut Session<'_>) -> Done {
    let (mut client, name) = client_and_name(session)?;
    let deadline = session.deadline();
    let action = Ok(auth::one(Method::DELETE, "roles", &name));
    let outcome = session.exchange(&mut client, deadline, action, auth::done);
    session.accept(outcome)?;
    say(session, &name, "removed")
}

fn change(session: &mut Session<'_>, change: Change) -> Done {
    let path = session.flags.text("path");
    if path.is_empty() {
        return fault::plain(session.io, "No path specified; please use `--path`");
    }
    let better = canonical(&path);
    if better != path {
        let better = lossy(&better);
        let text = format!("Not canonical path; please use `--path={better}`");
        return fault::plain(session.io, &text);
    }
    let rights = ["read", "write", "readwrite"].map(|right| session.flags.switch(right));
    let (read, write) = match rights {
        [true, false, false] => (true, false),
        [false, true, false] => (false, true),
        [false, false, true] => (true, true),
        _ => {
            let text = "Please specify exactly one of --read, --write or --readwrite";
            return fault::plain(session.io, text);
        }
    };
    let (mut client, name) = client_and_name(session)?;
    let deadline = session.deadline();
    let before = session.exchange(&mut client, deadline, read_role(&name), auth::role);
    let before = session.accept(before)?;
    let action = auth::put_role(
        &name,
        Some(RoleChange {
            change,
            path: &path,
            read,
            write,
        }),
    );
    let after = session.exchange(&mut client, deadline, action, auth::role);
    if session.accept(after)? == before {
        let done = match change {
            Change::Grant => "granted",
            Change::Revoke => "revoked",
        };
        write!(session.io.stdout, "Role unchanged; already {done}")?;
    }
    say(session, &name, "updated")
}

fn get(session: &mut Session<'_>) -> Done {
    let (mut client, name) = client_and_name(session)?;
    let deadline = session.deadline();
    let role = session.exchange(&mut client, deadline, read_role(&name), auth::role);
    let role = session.accept(role)?;
    let out = &mut session.io.stdout;
    writeln!(out, "Role: {}", role.name)?;
    let keys = role.keys();
    for (title, paths) in [("KV Read:", &keys.read), ("KV Write:", &keys.write)] {
        writeln!(out, "{title}")?;
        for path in paths.iter().flatten() {
            writeln!(out, "\t{path}")?;
        }
    }
    Ok(())
}

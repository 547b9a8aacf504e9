//! Users, roles, and whether they count.

use std::io;

use http::{Method, StatusCode};
use serde::Deserialize;

use super::json::or_default;
use super::{Action, Answer, Error, members};
use crate::flag::lossy;
use crate::print::Out;
use crate::print::json_text::{Object, string};

const AUTH: &[u8] = b"v2/auth";

/// What is changed of a user.
#[derive(Debug, Default)]
pub(crate) struct UserChange<'a> {
    /// A new password; none if empty.
    pub(crate) password: &'a [u8],
    /// Roles that it gets.
    pub(crate) grant: &'a [Vec<u8>],
    /// Roles that it loses.
    pub(crate) revoke: &'a [Vec<u8>],
}

/// A user, with the names of its roles.
#[derive(Debug, Default)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) roles: Vec<String>,
}

/// Which keys may be read and written.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Keys {
    pub(crate) read: Option<Vec<String>>,
    pub(crate) write: Option<Vec<String>>,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Permissions {
    #[serde(deserialize_with = "or_default")]
    kv: Keys,
}

/// A role.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Role {
    #[serde(rename = "role", deserialize_with = "or_default")]
    pub(crate) name: String,
    #[serde(deserialize_with = "or_default")]
    permissions: Permissions,
}

impl Role {
    /// Which keys it allows.
    pub(crate) fn keys(&self) -> &Keys {
        &self.permissions.kv
    }
}

/// Whether a change of a role gives or takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Grant,
    Revoke,
}

/// What a role may do, or not any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoleChange<'a> {
    pub(crate) change: Change,
    pub(crate) path: &'a [u8],
    pub(crate) read: bool,
    pub(crate) write: bool,
}

/// Makes users and roles count, or not any more.
pub(crate) fn switch(on: bool) -> Action {
    let method = if on { Method::PUT } else { Method::DELETE };
    Action::below(method, &[AUTH, b"enable"])
}

/// All users.
pub(crate) fn users() -> Action {
    Action::below(Method::GET, &[AUTH, b"users"]).json(None)
}

/// All roles.
pub(crate) fn roles() -> Action {
    Action::below(Method::GET, &[AUTH, b"roles"]).json(None)
}

/// One user or role, read or removed. `kind` is `users` or `roles`.
pub(crate) fn one(method: Method, kind: &str, name: &[u8]) -> Action {
    Action::below(method, &[AUTH, kind.as_bytes(), name])
}

/// Makes or changes a user.
pub(crate) fn put_user(name: &[u8], change: &UserChange<'_>) -> Result<Action, Error> {
    let mut body = Vec::new();
    let written = user_json(&mut body, name, change);
    written.map_err(|why| Error::Other(why.to_string()))?;
    Ok(one(Method::PUT, "users", name).json(Some(body)))
}

fn user_json(out: Out<'_>, name: &[u8], change: &UserChange<'_>) -> io::Result<()> {
    let mut object = Object::begin(out)?;
    object.text("user", &lossy(name))?;
    object.non_empty_text("password", &lossy(change.password))?;
    object.key("roles")?.write_all(b"null")?;
    let texts = |out: Out<'_>, text: &Vec<u8>| string(out, &lossy(text));
    object.list("grant", change.grant, texts)?;
    object.list("revoke", change.revoke, texts)?;
    object.end()
}

/// Makes a role, or changes one.
pub(crate) fn put_role(name: &[u8], change: Option<RoleChange<'_>>) -> Result<Action, Error> {
    let mut body = Vec::new();
    let written = role_json(&mut body, name, change);
    written.map_err(|why| Error::Other(why.to_string()))?;
    Ok(one(Method::PUT, "roles", name).json(Some(body)))
}

fn role_json(out: Out<'_>, name: &[u8], change: Option<RoleChange<'_>>) -> io::Result<()> {
    let mut object = Object::begin(out)?;
    object.text("role", &lossy(name))?;
    permissions_json(object.key("permissions")?, &[], &[])?;
    if let Some(change) = change {
        let key = match change.change {
            Change::Grant => "grant",
            Change::Revoke => "revoke",
        };
        let path = [change.path];
        let paths = |is_meant: bool| if is_meant { &path[..] } else { &[] };
        permissions_json(object.key(key)?, paths(change.read), paths(change.write))?;
    }
    object.end()
}

fn permissions_json(out: Out<'_>, read: &[&[u8]], write: &[&[u8]]) -> io::Result<()> {
    let mut object = Object::begin(out)?;
    let mut keys = Object::begin(object.key("kv")?)?;
    let texts = |out: Out<'_>, text: &&[u8]| string(out, &lossy(text));
    keys.list_or_null("read", read, texts)?;
    keys.list_or_null("write", write, texts)?;
    keys.end()?;
    object.end()
}

/// An answer that only says whether something was done.
pub(crate) fn done(answer: &Answer) -> Result<(), Error> {
    check(answer, &[StatusCode::OK, StatusCode::CREATED])
}

fn check(answer: &Answer, wanted: &[StatusCode]) -> Result<(), Error> {
    let outcome = answer.expect(wanted);
    outcome.map_err(|_| members::refused(answer))
}

/// The names of all users.
pub(crate) fn user_names(answer: &Answer) -> Result<Vec<String>, Error> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Entry {
        #[serde(deserialize_with = "or_default")]
        user: String,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Users {
        #[serde(deserialize_with = "or_default")]
        users: Vec<Entry>,
    }
    check(answer, &[StatusCode::OK])?;
    let users: Users = answer.json()?;
    Ok(users.users.into_iter().map(|entry| entry.user).collect())
}

/// The names of all roles.
pub(crate) fn role_names(answer: &Answer) -> Result<Vec<String>, Error> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Roles {
        #[serde(deserialize_with = "or_default")]
        roles: Vec<Role>,
    }
    answer.expect(&[StatusCode::OK])?;
    let roles: Roles = answer.json()?;
    Ok(roles.roles.into_iter().map(|role| role.name).collect())
}

/// A user: its roles come by name, or as they are.
pub(crate) fn user(answer: &Answer) -> Result<User, Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Name(String),
        Whole(Role),
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Whole {
        #[serde(deserialize_with = "or_default")]
        user: String,
        #[serde(deserialize_with = "or_default")]
        roles: Vec<Either>,
    }
    check(answer, &[StatusCode::OK])?;
    let whole: Whole = answer.json()?;
    let mut roles = Vec::new();
    let mut wholes = Vec::new();
    for role in whole.roles {
        match role {
            Either::Name(name) => roles.push(name),
            Either::Whole(role) => {
                // etcdctl first takes it for a name, and keeps what it made of that.
                roles.push(String::new());
                wholes.push(role.name);
            }
        }
    }
    roles.extend(wholes);
    Ok(User {
        name: whole.user,
        roles,
    })
}

/// A role.
pub(crate) fn role(answer: &Answer) -> Result<Role, Error> {
    check(answer, &[StatusCode::OK])?;
    answer.json()
}

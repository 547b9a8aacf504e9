//! Replies about users, roles and authentication, in the formats that have a form for them.

use std::io;

use prost::Message as _;
use proto::authpb::Permission;
use proto::authpb::permission::Type;
use proto::etcdserverpb as pb;

use super::Out;
use super::json_text::{Object, string};
use crate::command::prefix_end;
use crate::go::quote::quote;

/// Up to the end of all keys.
const OPEN_END: &[u8] = &[0];

/// A reply, with what people are told beside it.
pub(crate) enum Reply<'a> {
    /// A change that was made: the line that says so.
    Done(Vec<u8>, Option<&'a pb::ResponseHeader>),
    /// A role: its name as it was asked for.
    Role(&'a [u8], &'a pb::AuthRoleGetResponse),
    Roles(&'a pb::AuthRoleListResponse),
    /// A user: its name as it was asked for.
    User(&'a [u8], &'a pb::AuthUserGetResponse),
    Users(&'a pb::AuthUserListResponse),
    Status(&'a pb::AuthStatusResponse),
}

impl Reply<'_> {
    pub(super) fn header(&self) -> Option<&pb::ResponseHeader> {
        match self {
            Self::Done(_, header) => *header,
            Self::Role(_, reply) => reply.header.as_ref(),
            Self::Roles(reply) => reply.header.as_ref(),
            Self::User(_, reply) => reply.header.as_ref(),
            Self::Users(reply) => reply.header.as_ref(),
            Self::Status(reply) => reply.header.as_ref(),
        }
    }
}

/// For people.
pub(super) fn simple(out: Out<'_>, reply: &Reply<'_>) -> io::Result<()> {
    match reply {
        Reply::Done(said, _) => {
            out.write_all(said)?;
            out.write_all(b"\n")
        }
        Reply::Role(name, reply) => role(out, name, &reply.perm),
        Reply::Roles(reply) => lines(out, &reply.roles),
        Reply::User(name, reply) => {
            out.write_all(b"User: ")?;
            out.write_all(name)?;
            out.write_all(b"\nRoles:")?;
            for role in &reply.roles {
                write!(out, " {role}")?;
            }
            out.write_all(b"\n")
        }
        Reply::Users(reply) => lines(out, &reply.users),
        Reply::Status(reply) => {
            writeln!(out, "Authentication Status: {}", reply.enabled)?;
            writeln!(out, "AuthRevision: {}", reply.auth_revision)
        }
    }
}

fn lines(out: Out<'_>, names: &[String]) -> io::Result<()> {
    names.iter().try_for_each(|name| writeln!(out, "{name}"))
}

fn role(out: Out<'_>, name: &[u8], permissions: &[Permission]) -> io::Result<()> {
    out.write_all(b"Role ")?;
    out.write_all(name)?;
    out.write_all(b"\n")?;
    for (title, kind) in [("Read", Type::Read), ("Write", Type::Write)] {
        writeln!(out, "KV {title}:")?;
        // Root may do all; no permission says so.
        if name == b"root" && permissions.is_empty() {
            out.write_all(b"\t[, <open ended>\n")?;
        }
        for permission in permissions {
            if [kind, Type::Readwrite].contains(&permission.perm_type()) {
                range(out, &permission.key, &permission.range_end)?;
            }
        }
    }
    Ok(())
}

fn range(out: Out<'_>, key: &[u8], end: &[u8]) -> io::Result<()> {
    let pieces: &[&[u8]] = match end {
        b"" => &[b"\t", key],
        OPEN_END => &[b"\t[", key, b", <open ended>"],
        _ => &[b"\t[", key, b", ", end, b")"],
    };
    out.write_all(&pieces.concat())?;
    if !end.is_empty() && !key.is_empty() && prefix_end(key) == end {
        out.write_all(&[b" (prefix ", key, b")"].concat())?;
    }
    out.write_all(b"\n")
}

/// What follows the header in `fields`.
pub(super) fn fields(out: Out<'_>, reply: &Reply<'_>) -> io::Result<()> {
    match reply {
        Reply::Role(_, reply) => {
            for permission in &reply.perm {
                // Go prints a space between the two.
                writeln!(out, "\"PermType\" :  {}", kind(permission))?;
                writeln!(out, "\"Key\" : {}", quote(&permission.key))?;
                writeln!(out, "\"RangeEnd\" : {}", quote(&permission.range_end))?;
            }
            Ok(())
        }
        Reply::Roles(reply) => {
            out.write_all(b"\"Roles\" :")?;
            for role in &reply.roles {
                write!(out, " {}", quote(role.as_bytes()))?;
            }
            out.write_all(b"\n")
        }
        _ => Ok(()),
    }
}

/// Whether `fields` has a form for it.
pub(super) fn has_fields(reply: &Reply<'_>) -> bool {
    matches!(reply, Reply::Done(..) | Reply::Role(..) | Reply::Roles(_))
}

fn kind(permission: &Permission) -> String {
    Type::try_from(permission.perm_type).map_or_else(
        |_| permission.perm_type.to_string(),
        |kind| kind.as_str_name().to_owned(),
    )
}

/// The reply as it was on the wire.
pub(super) fn protobuf(reply: &Reply<'_>) -> Vec<u8> {
    match reply {
        // These replies have nothing but the header, all in the same place.
        Reply::Done(_, header) => pb::AuthRoleAddResponse {
            header: header.copied(),
        }
        .encode_to_vec(),
        Reply::Role(_, reply) => reply.encode_to_vec(),
        Reply::Roles(reply) => reply.encode_to_vec(),
        Reply::User(_, reply) => reply.encode_to_vec(),
        Reply::Users(reply) => reply.encode_to_vec(),
        Reply::Status(reply) => reply.encode_to_vec(),
    }
}

/// What follows the header in JSON.
pub(super) fn json(object: &mut Object<'_>, reply: &Reply<'_>) -> io::Result<()> {
    let names = |object: &mut Object<'_>, key: &str, names: &[String]| {
        object.list(key, names, |out, name| string(out, name))
    };
    match reply {
        Reply::Done(..) => Ok(()),
        Reply::Role(_, reply) => object.list("perm", &reply.perm, |out, permission| {
            let mut inner = Object::begin(out)?;
            inner.non_zero("permType", permission.perm_type)?;
            inner.bytes("key", &permission.key)?;
            inner.bytes("range_end", &permission.range_end)?;
            inner.end()
        }),
        Reply::Roles(reply) => names(object, "roles", &reply.roles),
        Reply::User(_, reply) => names(object, "roles", &reply.roles),
        Reply::Users(reply) => names(object, "users", &reply.users),
        Reply::Status(reply) => {
            object.non_zero("enabled", reply.enabled)?;
            object.non_zero("authRevision", reply.auth_revision)
        }
    }
}

//! `role add`, `delete`, `get`, `list`, `grant-permission`, `revoke-permission`.

use proto::authpb::Permission;
use proto::authpb::permission::Type;
use proto::etcdserverpb as pb;

use super::del::{OPEN_END, prefix_end};
use super::{arguments, change, group, sub, sub_with};
use crate::cli::{Command, Group};
use crate::client::method;
use crate::exit::{Done, Failure};
use crate::flag::{Flag, Parsed, lossy};
use crate::print::access::Reply;
use crate::session::Session;

pub(super) const COMMAND: Command = group(
    "role",
    "Manages roles",
    Group::Authentication,
    &[
        sub("add", "<role name>", "Adds a role", add),
        sub("delete", "<role name>", "Deletes a role", delete),
        sub("get", "<role name>", "Shows a role", get),
        sub("list", "", "Lists all roles", list),
        sub_with(
            "grant-permission",
            "[flags] <role name> <permission type> <key> [endkey]",
            "Lets a role read or write keys",
            &[PREFIX, FROM_KEY],
            grant,
        ),
        sub_with(
            "revoke-permission",
            "<role name> <key> [endkey]",
            "Takes a permission from a role",
            &[PREFIX, FROM_KEY],
            revoke,
        ),
    ],
);

const PREFIX: Flag = Flag::switch("prefix", "all keys that start with the key");
const FROM_KEY: Flag = Flag::switch("from-key", "the key and all that come behind it");

fn add(session: &mut Session<'_>, flags: Parsed) -> Done {
    let [name] = arguments(
        &flags,
        "role add command requires role name as its argument",
    )?;
    let name = lossy(&name);
    let said = format!("Role {name} created");
    change(
        session,
        flags,
        &method::ROLE_ADD,
        pb::AuthRoleAddRequest { name },
        said,
        |reply| reply.header,
    )
}

fn delete(session: &mut Session<'_>, flags: Parsed) -> Done {
    let [role] = arguments(
        &flags,
        "role delete command requires role name as its argument",
    )?;
    let role = lossy(&role);
    let said = format!("Role {role} deleted");
    change(
        session,
        flags,
        &method::ROLE_DELETE,
        pb::AuthRoleDeleteRequest { role },
        said,
        |reply| reply.header,
    )
}

fn get(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let [name] = arguments(
        &flags,
        "role get command requires role name as its argument",
    )?;
    let mut context = session.connect(&mut flags)?;
    let request = pb::AuthRoleGetRequest { role: lossy(&name) };
    let reply = context.ask_patiently(&method::ROLE_GET, request)?;
    context.print(|printer, out| printer.access(out, &Reply::Role(&name, &reply)))
}

fn list(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let [] = arguments(&flags, "role list command requires no arguments")?;
    let mut context = session.connect(&mut flags)?;
    let reply = context.ask_patiently(&method::ROLE_LIST, pb::AuthRoleListRequest {})?;
    context.print(|printer, out| printer.access(out, &Reply::Roles(&reply)))
}

fn grant(session: &mut Session<'_>, flags: Parsed) -> Done {
    let [name, kind, keys @ ..] = flags.args.as_slice() else {
        return Err(too_few_to_grant());
    };
    if keys.is_empty() {
        return Err(too_few_to_grant());
    }
    let name = lossy(name);
    let kind = lossy(kind);
    let Some(perm_type) = Type::from_str_name(&kind.to_uppercase()) else {
        return Err(Failure::args(format!("invalid permission type: {kind}")));
    };
    let (key, range_end) = range(&flags, keys)?;
    let said = format!("Role {name} updated");
    let perm = Permission {
        perm_type: perm_type.into(),
        key: key.into(),
        range_end: range_end.into(),
    };
    let request = pb::AuthRoleGrantPermissionRequest {
        name,
        perm: Some(perm),
    };
    change(
        session,
        flags,
        &method::ROLE_GRANT_PERMISSION,
        request,
        said,
        |reply| reply.header,
    )
}

fn too_few_to_grant() -> Failure {
    Failure::args(
        "role grant command requires role name, permission type, and key [endkey] as its argument",
    )
}

fn revoke(session: &mut Session<'_>, flags: Parsed) -> Done {
    let too_few =
        "role revoke-permission command requires role name and key [endkey] as its argument";
    let [role, keys @ ..] = flags.args.as_slice() else {
        return Err(Failure::args(too_few));
    };
    let Some(given) = keys.first().cloned() else {
        return Err(Failure::args(too_few));
    };
    let role = lossy(role);
    let (key, range_end) = range(&flags, keys)?;
    let what: &[&[u8]] = match range_end.as_slice() {
        [] => &[b"key ", &given],
        end if end == OPEN_END => &[b"range [", &given, b", <open ended>"],
        end => &[b"range [", &given, b", ", end, b")"],
    };
    let said = [
        b"Permission of ",
        what.concat().as_slice(),
        b" is revoked from role ",
        role.as_bytes(),
    ]
    .concat();
    let request = pb::AuthRoleRevokePermissionRequest {
        role,
        key: key.into(),
        range_end: range_end.into(),
    };
    change(
        session,
        flags,
        &method::ROLE_REVOKE_PERMISSION,
        request,
        said,
        |reply| reply.header,
    )
}

/// The key and the end of the range. An empty key stands for the first of all: ranges of
/// permissions have no empty ones.
fn range(flags: &Parsed, keys: &[Vec<u8>]) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    let (prefix, from_key) = (flags.switch("prefix"), flags.switch("from-key"));
    let exclusive = "--from-key and --prefix flags are mutually exclusive";
    let end = match keys {
        [key, ..] if key.is_empty() => {
            if prefix && from_key {
                return Err(Failure::args(exclusive));
            }
            let end = match prefix || from_key {
                true => OPEN_END.to_vec(),
                false => Vec::new(),
            };
            return Ok((vec![0], end));
        }
        [_, _, ..] if prefix => {
            return Err(Failure::args(
                "unexpected endkey argument with --prefix flag",
            ));
        }
        [_, _, ..] if from_key => {
            return Err(Failure::args(
                "unexpected endkey argument with --from-key flag",
            ));
        }
        [_, end, ..] => end.clone(),
        _ if prefix && from_key => return Err(Failure::args(exclusive)),
        [key] if prefix => prefix_end(key),
        _ if from_key => OPEN_END.to_vec(),
        _ => Vec::new(),
    };
    let key = keys.first().cloned().unwrap_or_default();
    Ok((key, end))
}

//! Changes of who may do what.

use super::{Effect, Effects, Error, Place, Reply, State};
use crate::auth::{self, Notice, Tables};
use crate::command::{Assign, Auth, AuthChange};

/// Carries out a change. Whoever asks for one has to be in charge, but for a token, which is asked
/// for with a password.
pub(super) fn change(
    state: &mut State,
    place: Place<'_>,
    request: &Auth,
    effects: &mut Effects,
) -> Result<Reply, Error> {
    let revision = state.store.revision();
    let tables = &mut state.auth;
    match request.change.as_ref() {
        Some(AuthChange::Assign(request)) => {
            let token = assign(tables, place.index, request)?;
            let (user, told) = (request.user.clone(), token.clone());
            effects.push(Effect::Auth(Notice::Assigned { user, token }));
            return Ok(Reply::Token(revision, told));
        }
        Some(change) => {
            tables.may_administer(place.caller)?;
            if let Some(notice) = carry_out(tables, change)? {
                effects.push(Effect::Auth(notice));
            }
        }
        // Such a command is not decoded.
        None => {}
    }
    Ok(Reply::Auth(revision))
}

fn assign(tables: &Tables, index: u64, request: &Assign) -> Result<String, auth::Error> {
    tables.may_have_token(&request.user)?;
    Ok(auth::simple(&request.letters, index))
}

fn carry_out(tables: &mut Tables, change: &AuthChange) -> Result<Option<Notice>, auth::Error> {
    let mut notice = None;
    match change {
        AuthChange::Enable(_) => {
            let was_enabled = tables.is_enabled();
            tables.enable()?;
            // Tokens stay where nothing has changed.
            notice = (!was_enabled).then_some(Notice::Enabled(true));
        }
        AuthChange::Disable(_) => {
            notice = tables.disable().then_some(Notice::Enabled(false));
        }
        AuthChange::UserAdd(request) => tables.add_user(request)?,
        AuthChange::UserDelete(request) => {
            tables.delete_user(&request.name)?;
            notice = Some(Notice::Ended(request.name.clone()));
        }
        AuthChange::UserChangePassword(request) => {
            tables.change_password(request)?;
            notice = Some(Notice::Ended(request.name.clone()));
        }
        AuthChange::UserGrantRole(request) => tables.grant_role(&request.user, &request.role)?,
        AuthChange::UserRevokeRole(request) => tables.revoke_role(&request.name, &request.role)?,
        AuthChange::RoleAdd(request) => tables.add_role(&request.name)?,
        AuthChange::RoleDelete(request) => tables.delete_role(&request.role)?,
        AuthChange::RoleGrantPermission(request) => tables.grant_permission(request)?,
        AuthChange::RoleRevokePermission(request) => tables.revoke_permission(request)?,
        AuthChange::Assign(_) => {}
    }
    Ok(notice)
}

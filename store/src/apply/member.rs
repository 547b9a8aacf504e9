//! Changes of the membership.

use proto::etcdserverpb as pb;

use super::{Effect, Effects, Error, State};
use crate::cluster::{self, ConfError};
use crate::command::Membership;

/// Carries out changes, all or none, and answers with the members. raft, and whoever connects the
/// members, learn of it by the effect; of what is refused they learn nothing.
pub(super) fn change(
    state: &mut State,
    command: &Membership,
    effects: &mut Effects,
) -> Result<Vec<pb::Member>, Error> {
    let changed = cluster::change(
        &state.members,
        &state.conf,
        &command.changes(),
        command.learners_max,
    )?;
    state.members = changed.members;
    state.conf = changed.conf;
    effects.push(Effect::Membership(changed.raft));
    Ok(state.members.iter().map(pb::Member::from).collect())
}

/// Leaves a joint configuration; the leader asks for it by an entry without a command.
///
/// # Errors
/// The configuration is not joint.
pub fn leave_joint(state: &mut State) -> Result<(), ConfError> {
    state.conf = state.conf.leave()?;
    Ok(())
}

//! LeaseGrant, LeaseRevoke, expiry and checkpoints.

use proto::etcdserverpb as pb;

use super::{Effect, Effects, Error, Outcome, Reply, State, header, kv};
use crate::command::LeaseExpire;

/// Grants a lease; the proposer has chosen its id and raised too small a TTL.
pub(super) fn grant(
    state: &mut State,
    request: &pb::LeaseGrantRequest,
    effects: &mut Effects,
) -> Result<pb::LeaseGrantResponse, Error> {
    state.leases.grant(request.id, request.ttl)?;
    effects.push(Effect::LeaseGranted(request.id, request.ttl));
    Ok(pb::LeaseGrantResponse {
        header: header(state.store.revision()),
        id: request.id,
        ttl: request.ttl,
        error: String::new(),
    })
}

/// Takes a lease back: its keys go in one revision, in the order of the keys.
pub(super) fn revoke(
    state: &mut State,
    id: i64,
    effects: &mut Effects,
) -> Result<pb::LeaseRevokeResponse, Error> {
    let keys = state.leases.revoke(id)?;
    let mut txn = state.store.begin();
    for key in &keys {
        txn.delete_range(key, &[], false)?;
    }
    let revision = kv::finish(txn, &mut state.leases, effects);
    effects.push(Effect::LeaseGone(id));
    Ok(pb::LeaseRevokeResponse {
        header: header(revision),
    })
}

/// Ends a lease that ran out, unless its leader has been replaced since it said so.
pub(super) fn expire(
    state: &mut State,
    term: u64,
    request: &LeaseExpire,
    effects: &mut Effects,
) -> Outcome {
    if request.term == term {
        revoke(state, request.id, effects)?;
    }
    Ok(Reply::Done)
}

/// Notes how long leases have left.
pub(super) fn checkpoint(state: &mut State, request: &pb::LeaseCheckpointRequest) -> Reply {
    for checkpoint in &request.checkpoints {
        state
            .leases
            .checkpoint(checkpoint.id, checkpoint.remaining_ttl);
    }
    Reply::Done
}

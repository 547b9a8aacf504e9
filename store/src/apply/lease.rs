//! LeaseGrant, LeaseRevoke, expiry and checkpoints.

use proto::etcdserverpb as pb;

use super::{Effect, Effects, Error, Outcome, Reply, State, header, kv};
use crate::command::{LeaseCheckpoint, LeaseExpire};
use crate::lease;

/// Grants a lease by the entry at `index`; the proposer has chosen its id and raised too small a
/// TTL.
pub(super) fn grant(
    state: &mut State,
    index: u64,
    request: &pb::LeaseGrantRequest,
    effects: &mut Effects,
) -> Result<pb::LeaseGrantResponse, Error> {
    state.leases.grant(request.id, index, request.ttl)?;
    let lease = lease::Which {
        id: request.id,
        granted: index,
    };
    effects.push(Effect::LeaseGranted(lease, request.ttl));
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

/// Ends a lease that ran out, unless its leader has been replaced since it said so, or the lease by
/// another of the same id.
pub(super) fn expire(
    state: &mut State,
    term: u64,
    request: &LeaseExpire,
    effects: &mut Effects,
) -> Outcome {
    if request.term != term {
        return Ok(Reply::Fenced);
    }
    let lease = state.leases.get(request.id);
    if lease.is_none_or(|lease| lease.granted != request.granted) {
        return Err(lease::Error::NotFound.into());
    }
    revoke(state, request.id, effects)?;
    Ok(Reply::Done)
}

/// Notes how long leases have left, unless another leader has begun to reckon since.
pub(super) fn checkpoint(state: &mut State, term: u64, request: &LeaseCheckpoint) -> Reply {
    if request.term != term {
        return Reply::Fenced;
    }
    for left in &request.leases {
        state.leases.checkpoint(left.id, left.granted, left.seconds);
    }
    Reply::Done
}

//! What a caller may do with keys and leases, looked at where it is carried out.

use proto::etcdserverpb as pb;
use proto::etcdserverpb::request_op::Request;

use super::State;
use crate::auth::{Caller, Error};
use crate::command::Command;

/// Whether the tables let the command through. What members tell each other asks nobody.
pub(super) fn check(state: &State, caller: &Caller, command: &Command) -> Result<(), Error> {
    if !state.auth.is_enabled() {
        return Ok(());
    }
    match command {
        Command::Put(request) => put(state, caller, request),
        Command::DeleteRange(request) => delete(state, caller, request),
        Command::Txn(request) => txn(state, caller, request),
        Command::LeaseRevoke(request) => may_write_keys(state, caller, request.id),
        // Whether a client may ask for these is known before they are proposed, or, of the tables
        // themselves, with the change.
        Command::Compact(_)
        | Command::LeaseGrant(_)
        | Command::LeaseExpire(_)
        | Command::LeaseCheckpoint(_)
        | Command::Alarm(_)
        | Command::Publish(_)
        | Command::Membership(_)
        | Command::Auth(_)
        | Command::V2(_)
        | Command::Version(_) => Ok(()),
    }
}

/// Whether a caller may do all that a transaction could, whichever branch it takes.
///
/// # Errors
/// It may not.
pub fn txn(state: &State, caller: &Caller, request: &pb::TxnRequest) -> Result<(), Error> {
    if !state.auth.is_enabled() {
        return Ok(());
    }
    for compare in &request.compare {
        state
            .auth
            .may_read(caller, &compare.key, &compare.range_end)?;
    }
    for op in request.success.iter().chain(&request.failure) {
        match &op.request {
            Some(Request::RequestRange(range)) => {
                state.auth.may_read(caller, &range.key, &range.range_end)?;
            }
            Some(Request::RequestPut(request)) => put(state, caller, request)?,
            Some(Request::RequestDeleteRange(request)) => delete(state, caller, request)?,
            Some(Request::RequestTxn(request)) => txn(state, caller, request)?,
            None => {}
        }
    }
    Ok(())
}

fn put(state: &State, caller: &Caller, request: &pb::PutRequest) -> Result<(), Error> {
    state.auth.may_write(caller, &request.key, &[])?;
    // Whoever hangs a key on a lease must be able to take that back, with all that hangs on it.
    may_write_keys(state, caller, request.lease)?;
    match request.prev_kv {
        true => state.auth.may_read(caller, &request.key, &[]),
        false => Ok(()),
    }
}

fn delete(state: &State, caller: &Caller, request: &pb::DeleteRangeRequest) -> Result<(), Error> {
    let (key, range_end) = (&request.key, &request.range_end);
    state.auth.may_write(caller, key, range_end)?;
    match request.prev_kv {
        true => state.auth.may_read(caller, key, range_end),
        false => Ok(()),
    }
}

/// Whether a caller may write all keys that hang on a lease.
///
/// # Errors
/// It may not.
pub fn may_write_keys(state: &State, caller: &Caller, lease: i64) -> Result<(), Error> {
    keys(state, caller, lease, |key| {
        state.auth.may_write(caller, key, &[])
    })
}

/// Whether a caller may read all keys that hang on a lease.
///
/// # Errors
/// It may not.
pub fn may_read_keys(state: &State, caller: &Caller, lease: i64) -> Result<(), Error> {
    keys(state, caller, lease, |key| {
        state.auth.may_read(caller, key, &[])
    })
}

fn keys(
    state: &State,
    caller: &Caller,
    lease: i64,
    may: impl Fn(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let Some(lease) = state.leases.get(lease) else {
        return Ok(());
    };
    // Who is in charge need not be asked for each key.
    if state.auth.may_administer(caller).is_ok() {
        return Ok(());
    }
    lease.keys().try_for_each(|key| may(key))
}

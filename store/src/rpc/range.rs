//! Range reads beside writers: short ones under one hold of the state's lock, long ones in steps.

use tonic::Status;

use crate::apply::Shared;
use crate::auth::Caller;
use crate::mvcc::{LongRange, RangeQuery, RangeResult};

/// The answer, and the store's revision that it was read at. Between the steps of a long range
/// the lock is free, and the thread serves others; a compaction that goes beyond the revision
/// meanwhile ends it as one that came too late, and so does a change of who may do what.
pub(super) async fn read(
    state: &Shared,
    caller: &Caller,
    query: &RangeQuery,
) -> Result<(RangeResult, i64), Status> {
    let mut long = {
        let state = state.read();
        state.auth.may_read(caller, &query.key, &query.range_end)?;
        if !state.store.is_long(query) {
            let result = state.store.range(query)?;
            return Ok((result, state.store.revision()));
        }
        state.store.begin_long(query)?
    };
    while !select(state, &mut long)? {
        tokio::task::yield_now().await;
    }
    long.arrange();
    while !load(state, &mut long)? {
        tokio::task::yield_now().await;
    }
    state.read().auth.is_current(caller)?;
    Ok(long.finish())
}

fn select(state: &Shared, long: &mut LongRange) -> Result<bool, Status> {
    Ok(long.select(&state.read().store)?)
}

fn load(state: &Shared, long: &mut LongRange) -> Result<bool, Status> {
    Ok(long.load(&state.read().store)?)
}

#[cfg(test)]
mod tests;

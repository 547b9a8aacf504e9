//! Range reads beside writers: short ones under one hold of the state's lock, long ones in steps.

use tonic::Status;

use crate::apply::Shared;
use crate::mvcc::{LongRange, RangeQuery, RangeResult};

/// The answer, and the store's revision that it was read at. Between the steps of a long range
/// the lock is free, and the thread serves others; a compaction that goes beyond the revision
/// meanwhile ends it as one that came too late.
pub(super) async fn read(state: &Shared, query: &RangeQuery) -> Result<(RangeResult, i64), Status> {
    let mut long = {
        let state = state.read();
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

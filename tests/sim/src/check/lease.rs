//! Leases, by the client's own clock: a grant or renewal that was acknowledged promises the lease's
//! time from the moment it was asked for. Until then only a revocation may end it; once it has
//! ended nobody renews it; and in the end it does end.

use crate::agenda::{SECOND, Time};
use crate::history::{Answer, History, Op, Request};
use store::apply::Reply;

use super::replay::Replayed;

/// A lease that nobody renews ends so much later than promised at most, once all is well: a
/// change of leader gives it its whole time again, and ends are looked for twice a second.
const LATE_MAX: Time = 10 * SECOND;

/// Checks all leases; `end` is the time of a settled end of the run.
///
/// # Errors
/// What is wrong.
pub fn leases(history: &History, replayed: &Replayed, end: Option<Time>) -> Result<(), String> {
    for op in &history.ops {
        let Some((returned, answer)) = &op.returned else {
            continue;
        };
        match (&op.request, answer) {
            (Request::Grant(request), Answer::Ordered(Ok(Reply::LeaseGrant(granted)))) => {
                promised(request.id, granted.ttl, op, replayed, end)?;
            }
            (Request::KeepAlive(id), Answer::Renewed(0)) => {
                let gone = replayed.gone.get(id).is_some_and(|at| at <= returned);
                let known = replayed.granted.get(id).is_some_and(|at| *at <= op.called);
                if known && !gone {
                    return Err(format!("told that a lease is gone which is not: {op:?}"));
                }
            }
            (Request::KeepAlive(id), Answer::Renewed(ttl)) => {
                if !replayed.granted.contains_key(id) {
                    return Err(format!("renewed a lease that never was: {op:?}"));
                }
                if replayed.gone.get(id).is_some_and(|at| *at < op.called) {
                    return Err(format!("renewed a lease that had ended: {op:?}"));
                }
                promised(*id, *ttl, op, replayed, end)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn promised(
    id: i64,
    ttl: i64,
    op: &Op,
    replayed: &Replayed,
    end: Option<Time>,
) -> Result<(), String> {
    let until = op.called + ttl as Time * SECOND;
    if let Some(at) = replayed.expired.get(&id)
        && *at < until
    {
        return Err(format!(
            "lease {id:x} ended at {at} µs, but was promised until {until} µs by {op:?}"
        ));
    }
    // A change of leader may double its time.
    let late = until + ttl as Time * SECOND + LATE_MAX;
    if end.is_some_and(|end| end > late) && !replayed.gone.contains_key(&id) {
        return Err(format!("lease {id:x} did not end by {late} µs: {op:?}"));
    }
    Ok(())
}

//! Linearizability. Writes are ordered by their places in the log; a read stands behind the write
//! that made the revision it saw, and before the next one. What is left to check is that this
//! order agrees with time: whatever ended before a request began comes before it.
//!
//! ```text
//! called      floor: the highest place of all that has ended
//! write       its place must lie behind the floor
//! read        takes the first place it may have that is not before the floor; there must be one
//! ```
//! Since the order is known but for the freedom of reads, one pass over the history decides
//! (n log n), where a search would be needed otherwise. What reads saw is compared with the model.

use crate::agenda::Time;
use crate::history::{Answer, History, Op, Refusal, Request};

use super::replay::Replayed;

/// Checks all requests but those about time (see `lease`).
///
/// # Errors
/// What is wrong.
pub fn order(history: &History, replayed: &Replayed) -> Result<(), String> {
    let mut moments: Vec<(Time, bool, &Op)> = Vec::with_capacity(2 * history.ops.len());
    for op in &history.ops {
        moments.push((op.called, true, op));
        if let Some((at, _)) = &op.returned {
            moments.push((*at, false, op));
        }
    }
    // Of what happens at the same time, calls come first: they overlap.
    moments.sort_by_key(|(at, is_call, op)| (*at, !is_call, op.id));
    let mut floor = 0;
    let mut places = vec![0; history.ops.len() + 1];
    for (_, is_call, op) in moments {
        let place = &mut places[op.id as usize];
        if is_call {
            *place = place_of(op, floor, replayed)?;
        } else {
            floor = floor.max(*place);
        }
    }
    Ok(())
}

/// The first place an op may have; 0 for one that binds nobody.
fn place_of(op: &Op, floor: u64, replayed: &Replayed) -> Result<u64, String> {
    if let Some(&index) = replayed.index_of_op.get(&op.id) {
        if index <= floor {
            return Err(format!(
                "carried out by entry {index} before it was asked for, since entry {floor} was seen by then: {op:?}"
            ));
        }
        return match &op.returned {
            Some((_, Answer::Ordered(_))) => Ok(index),
            _ => Ok(0),
        };
    }
    match (&op.request, &op.returned) {
        (Request::Range(request), Some((returned, Answer::Range(answer)))) => {
            let revision = match answer {
                Ok(range) => range.header.as_ref().map_or(0, |header| header.revision),
                Err(Refusal::Compacted) => {
                    let wanted = request.revision;
                    let excuse = replayed
                        .compactions
                        .iter()
                        .any(|(_, at, when)| *at > wanted && when <= returned);
                    return match excuse {
                        true => Ok(0),
                        false => Err(format!("nobody compacted what was refused: {op:?}")),
                    };
                }
                // The asker was ahead of a member that is behind.
                Err(Refusal::Future) if request.serializable => return Ok(0),
                Err(_) => return Err(format!("refused without a reason: {op:?}")),
            };
            let expected = replayed.model.range(request, revision, -1);
            if answer != &expected {
                return Err(format!("should have read {expected:?}: {op:?}"));
            }
            place_of_read(op, revision, request.serializable, floor, replayed)
        }
        (Request::Txn(request), Some((_, Answer::Read(Ok(answer))))) => {
            let revision = answer.header.as_ref().map_or(0, |header| header.revision);
            let expected = replayed.model.read(request, revision);
            if answer != &expected {
                return Err(format!("should have read {expected:?}: {op:?}"));
            }
            let serializable = store::apply::is_serializable(request);
            place_of_read(op, revision, serializable, floor, replayed)
        }
        _ => Ok(0),
    }
}

fn place_of_read(
    op: &Op,
    revision: i64,
    serializable: bool,
    floor: u64,
    replayed: &Replayed,
) -> Result<u64, String> {
    let Some((first, last)) = replayed.positions(revision) else {
        return Err(format!("read a revision that never was: {op:?}"));
    };
    if serializable {
        return Ok(0);
    }
    if last < floor {
        return Err(format!(
            "stale read: it saw nothing behind entry {last}, but entry {floor} was seen before it was asked for: {op:?}"
        ));
    }
    Ok(first.max(floor))
}

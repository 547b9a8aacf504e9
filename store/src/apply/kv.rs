//! Put, DeleteRange and Compact.

use bytes::Bytes;
use proto::etcdserverpb as pb;
use proto::mvccpb::event::EventType;

use super::{Effect, Effects, Error, Place, State, header};
use crate::lease::{self, Table};
use crate::mvcc::{LogRef, PutOptions, WriteTxn};
use crate::wal::Position;

/// Puts one key.
pub(super) fn put(
    state: &mut State,
    place: Place<'_>,
    request: &pb::PutRequest,
    effects: &mut Effects,
) -> Result<pb::PutResponse, Error> {
    check_put(state, request)?;
    let mut txn = state.store.begin();
    let mut response = put_in(&mut txn, place, request)?;
    response.header = header(finish(txn, &mut state.leases, effects));
    Ok(response)
}

/// Deletes a key or a range.
pub(super) fn delete_range(
    state: &mut State,
    request: &pb::DeleteRangeRequest,
    effects: &mut Effects,
) -> Result<pb::DeleteRangeResponse, Error> {
    let mut txn = state.store.begin();
    let mut response = delete_in(&mut txn, request)?;
    response.header = header(finish(txn, &mut state.leases, effects));
    Ok(response)
}

/// Forgets history.
pub(super) fn compact(
    state: &mut State,
    request: &pb::CompactionRequest,
    effects: &mut Effects,
) -> Result<pb::CompactionResponse, Error> {
    let previous = state.store.compact_revision();
    let revision = request.revision;
    state.store.compact(revision)?;
    effects.push(Effect::Compacted { previous, revision });
    Ok(pb::CompactionResponse {
        header: header(state.store.revision()),
    })
}

/// Whether a put can be carried out: its lease exists, and so does the key it wants to keep the
/// value or the lease of.
pub(super) fn check_put(state: &State, request: &pb::PutRequest) -> Result<(), Error> {
    if request.lease != 0 && state.leases.get(request.lease).is_none() {
        return Err(lease::Error::NotFound.into());
    }
    let keeps = request.ignore_value || request.ignore_lease;
    if keeps && state.store.meta(&request.key).is_none() {
        return Err(Error::KeyNotFound);
    }
    Ok(())
}

/// Puts within a transaction.
pub(super) fn put_in(
    txn: &mut WriteTxn<'_>,
    place: Place<'_>,
    request: &pb::PutRequest,
) -> Result<pb::PutResponse, Error> {
    let options = PutOptions {
        prev_kv: request.prev_kv,
        ignore_value: request.ignore_value,
        ignore_lease: request.ignore_lease,
        log: log_ref(place, &request.value),
    };
    let (key, value) = (request.key.clone(), request.value.clone());
    let previous = txn.put(key, value, request.lease, options)?;
    Ok(pb::PutResponse {
        header: None,
        prev_kv: previous.filter(|_| request.prev_kv),
    })
}

/// Deletes within a transaction.
pub(super) fn delete_in(
    txn: &mut WriteTxn<'_>,
    request: &pb::DeleteRangeRequest,
) -> Result<pb::DeleteRangeResponse, Error> {
    let deleted = txn.delete_range(&request.key, &request.range_end, request.prev_kv)?;
    Ok(pb::DeleteRangeResponse {
        header: None,
        deleted: deleted.count,
        prev_kvs: deleted.previous,
    })
}

/// Ends a transaction: its keys are hung on their leases, its events go to who watches. Returns
/// the revision at which it left the store.
pub(super) fn finish(txn: WriteTxn<'_>, leases: &mut Table, effects: &mut Effects) -> i64 {
    let committed = txn.commit();
    for event in &committed.events {
        if let Some(kv) = &event.kv {
            match event.r#type() {
                EventType::Put => leases.attach(&kv.key, kv.lease),
                EventType::Delete => leases.detach(&kv.key),
            }
        }
    }
    if !committed.events.is_empty() {
        effects.push(Effect::Events(committed.revision, committed.events));
    }
    committed.revision
}

/// Where the WAL holds a value that is a slice of the entry at `place`.
fn log_ref(place: Place<'_>, value: &Bytes) -> Option<LogRef> {
    let entry = place.position?;
    let start = (value.as_ptr() as usize).checked_sub(place.entry.as_ptr() as usize)?;
    if start + value.len() > place.entry.len() {
        return None;
    }
    let Position {
        segment,
        offset,
        len,
    } = entry.slice(start as u32, value.len() as u32);
    Some(LogRef {
        segment,
        offset,
        len,
    })
}

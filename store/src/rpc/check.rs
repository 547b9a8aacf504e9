//! Checks that need nothing but the request, in the order in which etcd makes them.

use std::collections::HashSet;

use bytes::Bytes;
use proto::etcdserverpb as pb;
use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use proto::etcdserverpb::request_op::Request;
use tonic::Status;

use super::status;

type Checked = Result<(), Status>;

pub(super) fn range(request: &pb::RangeRequest) -> Checked {
    if request.key.is_empty() {
        return Err(status::empty_key());
    }
    if SortOrder::try_from(request.sort_order).is_err()
        || SortTarget::try_from(request.sort_target).is_err()
    {
        return Err(status::invalid_sort_option());
    }
    Ok(())
}

pub(super) fn range_stream(request: &pb::RangeRequest) -> Checked {
    range(request)?;
    let is_by_key = request.sort_target() == SortTarget::Key;
    let is_default = match request.sort_order() {
        SortOrder::None => true,
        SortOrder::Ascend => is_by_key,
        SortOrder::Descend => false,
    };
    if !is_default {
        return Err(status::range_stream_sort());
    }
    let bounds = [
        request.min_mod_revision,
        request.max_mod_revision,
        request.min_create_revision,
        request.max_create_revision,
    ];
    if bounds.iter().any(|bound| *bound != 0) {
        return Err(status::range_stream_filter());
    }
    Ok(())
}

pub(super) fn put(request: &pb::PutRequest) -> Checked {
    if request.key.is_empty() {
        return Err(status::empty_key());
    }
    if request.ignore_value && !request.value.is_empty() {
        return Err(status::value_provided());
    }
    if request.ignore_lease && request.lease != 0 {
        return Err(status::lease_provided());
    }
    Ok(())
}

pub(super) fn delete_range(request: &pb::DeleteRangeRequest) -> Checked {
    if request.key.is_empty() {
        Err(status::empty_key())
    } else {
        Ok(())
    }
}

/// `ops_max` is `--max-txn-ops`; a nested transaction may use what the outer one leaves of it.
pub(super) fn txn(request: &pb::TxnRequest, ops_max: usize) -> Checked {
    txn_ops(request, ops_max)?;
    overlaps(&request.success)?;
    overlaps(&request.failure)?;
    Ok(())
}

fn txn_ops(request: &pb::TxnRequest, ops_max: usize) -> Checked {
    let count = request
        .compare
        .len()
        .max(request.success.len())
        .max(request.failure.len());
    let Some(left) = ops_max.checked_sub(count) else {
        return Err(status::too_many_ops());
    };
    if request.compare.iter().any(|compare| compare.key.is_empty()) {
        return Err(status::empty_key());
    }
    for op in request.success.iter().chain(&request.failure) {
        match &op.request {
            Some(Request::RequestRange(request)) => range(request)?,
            Some(Request::RequestPut(request)) => put(request)?,
            Some(Request::RequestDeleteRange(request)) => delete_range(request)?,
            Some(Request::RequestTxn(request)) => txn_ops(request, left)?,
            None => return Err(status::key_not_found()),
        }
    }
    Ok(())
}

/// What a branch, with all that is nested in it, puts and deletes.
#[derive(Default)]
struct Touched {
    puts: HashSet<Bytes>,
    deletes: Vec<(Bytes, Bytes)>,
}

impl Touched {
    fn deletes_key(&self, key: &Bytes) -> bool {
        self.deletes.iter().any(|(start, end)| match end.as_ref() {
            b"" => key == start,
            end => key >= start && key.as_ref() < end,
        })
    }

    /// Adds a put that must not meet another, nor a deletion. Puts in `exclusive` are in a branch
    /// that is never taken together with this one.
    fn put(&mut self, key: &Bytes, exclusive: Option<&HashSet<Bytes>>) -> Checked {
        let is_taken = self.puts.contains(key) && !exclusive.is_some_and(|e| e.contains(key));
        if is_taken || self.deletes_key(key) {
            return Err(status::duplicate_key());
        }
        self.puts.insert(key.clone());
        Ok(())
    }
}

/// Two puts of a key, or a put of a deleted one, cannot stand in one transaction.
fn overlaps(ops: &[pb::RequestOp]) -> Result<Touched, Status> {
    let mut touched = Touched::default();
    for op in ops {
        if let Some(Request::RequestDeleteRange(delete)) = &op.request {
            touched
                .deletes
                .push((delete.key.clone(), delete.range_end.clone()));
        }
    }
    for op in ops {
        if let Some(Request::RequestTxn(txn)) = &op.request {
            let success = overlaps(&txn.success)?;
            let failure = overlaps(&txn.failure)?;
            for key in &success.puts {
                touched.put(key, None)?;
            }
            for key in &failure.puts {
                touched.put(key, Some(&success.puts))?;
            }
            touched.deletes.extend(success.deletes);
            touched.deletes.extend(failure.deletes);
        }
    }
    for op in ops {
        if let Some(Request::RequestPut(put)) = &op.request {
            touched.put(&put.key, None)?;
        }
    }
    Ok(touched)
}

#[cfg(test)]
mod tests;

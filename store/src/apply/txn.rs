//! Transactions: compare, choose a branch, check it, carry it out.
//!
//! All compares, those of nested transactions included, are answered by the state before the
//! first write; the branches they choose are checked as a whole before anything is written, so a
//! transaction either does all it says or nothing.

use std::cmp::Ordering;

use proto::etcdserverpb as pb;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::response_op::Response;
use proto::mvccpb::KeyValue;

use super::{Effects, Error, Place, State, header, kv};
use crate::mvcc::{self, RangeQuery, Store, WriteTxn};

/// Whether no branch writes. Nested transactions count as writing, as in etcd.
pub fn is_readonly(txn: &pb::TxnRequest) -> bool {
    all_ops(txn, |op| {
        matches!(op.request, Some(Request::RequestRange(_)))
    })
}

/// Whether every operation is a serializable range. It holds for a transaction without any.
pub fn is_serializable(txn: &pb::TxnRequest) -> bool {
    all_ops(
        txn,
        |op| matches!(&op.request, Some(Request::RequestRange(r)) if r.serializable),
    )
}

fn all_ops(txn: &pb::TxnRequest, test: impl Fn(&pb::RequestOp) -> bool) -> bool {
    txn.success.iter().chain(&txn.failure).all(test)
}

/// Carries out a transaction that writes.
pub(super) fn apply(
    state: &mut State,
    place: Place<'_>,
    request: &pb::TxnRequest,
    effects: &mut Effects,
) -> Result<pb::TxnResponse, Error> {
    let plan = plan(&state.store, request)?;
    check(state, &plan)?;
    let mut txn = state.store.begin();
    let mut response = execute(&mut txn, place, &plan)?;
    response.header = header(kv::finish(txn, &mut state.leases, effects));
    Ok(response)
}

/// Carries out a transaction of ranges only, without a place in the log.
///
/// # Errors
/// A revision that is gone or not there yet.
pub fn execute_readonly(state: &State, request: &pb::TxnRequest) -> Result<pb::TxnResponse, Error> {
    let plan = plan(&state.store, request)?;
    check(state, &plan)?;
    let mut responses = Vec::with_capacity(plan.steps.len());
    for step in &plan.steps {
        if let Step::Range(range) = step {
            let result = state.store.range(&RangeQuery::from(*range))?;
            responses.push(response(Response::ResponseRange(range_response(
                result,
                state.store.revision(),
            ))));
        }
    }
    Ok(pb::TxnResponse {
        header: header(state.store.revision()),
        succeeded: plan.succeeded,
        responses,
    })
}

/// The branch that a transaction takes, with those of the transactions in it.
struct Plan<'a> {
    succeeded: bool,
    steps: Vec<Step<'a>>,
}

enum Step<'a> {
    Range(&'a pb::RangeRequest),
    Put(&'a pb::PutRequest),
    Delete(&'a pb::DeleteRangeRequest),
    Txn(Plan<'a>),
}

fn plan<'a>(store: &Store, request: &'a pb::TxnRequest) -> Result<Plan<'a>, Error> {
    let mut succeeded = true;
    for compare in &request.compare {
        if !holds(store, compare)? {
            succeeded = false;
            break;
        }
    }
    let branch = if succeeded {
        &request.success
    } else {
        &request.failure
    };
    let mut steps = Vec::with_capacity(branch.len());
    for op in branch {
        match &op.request {
            Some(Request::RequestRange(range)) => steps.push(Step::Range(range)),
            Some(Request::RequestPut(put)) => steps.push(Step::Put(put)),
            Some(Request::RequestDeleteRange(delete)) => steps.push(Step::Delete(delete)),
            Some(Request::RequestTxn(txn)) => steps.push(Step::Txn(plan(store, txn)?)),
            // The request checks have refused operations that say nothing.
            None => {}
        }
    }
    Ok(Plan { succeeded, steps })
}

fn check(state: &State, plan: &Plan<'_>) -> Result<(), Error> {
    for step in &plan.steps {
        match step {
            Step::Range(range) => {
                // Unlike a range of its own, one in a transaction takes a negative revision for a
                // compacted one.
                state
                    .store
                    .check_revision(range.revision, state.store.revision())?;
            }
            Step::Put(put) => kv::check_put(state, put)?,
            Step::Delete(_) => {}
            Step::Txn(plan) => check(state, plan)?,
        }
    }
    Ok(())
}

fn execute(
    txn: &mut WriteTxn<'_>,
    place: Place<'_>,
    plan: &Plan<'_>,
) -> Result<pb::TxnResponse, Error> {
    let mut responses = Vec::with_capacity(plan.steps.len());
    for step in &plan.steps {
        responses.push(response(match step {
            Step::Range(range) => {
                let result = txn.range(&RangeQuery::from(*range))?;
                Response::ResponseRange(range_response(result, txn.revision()))
            }
            Step::Put(put) => {
                let mut response = kv::put_in(txn, place, put)?;
                response.header = header(txn.revision());
                Response::ResponsePut(response)
            }
            Step::Delete(delete) => {
                let mut response = kv::delete_in(txn, delete)?;
                response.header = header(txn.revision());
                Response::ResponseDeleteRange(response)
            }
            Step::Txn(plan) => {
                let mut response = execute(txn, place, plan)?;
                response.header = Some(pb::ResponseHeader::default());
                Response::ResponseTxn(response)
            }
        }));
    }
    Ok(pb::TxnResponse {
        header: None,
        succeeded: plan.succeeded,
        responses,
    })
}

fn response(response: Response) -> pb::ResponseOp {
    pb::ResponseOp {
        response: Some(response),
    }
}

fn range_response(result: mvcc::RangeResult, revision: i64) -> pb::RangeResponse {
    pb::RangeResponse {
        header: header(revision),
        kvs: result.kvs,
        more: result.more,
        count: result.count,
    }
}

/// Whether a compare holds for every key it names. A key that does not exist compares as zeros,
/// except that no value can be compared with one that is missing.
fn holds(store: &Store, compare: &pb::Compare) -> Result<bool, Error> {
    let target = CompareTarget::try_from(compare.target);
    let query = RangeQuery {
        key: compare.key.clone(),
        range_end: compare.range_end.clone(),
        // The index alone answers what is not about values and leases.
        keys_only: !matches!(target, Ok(CompareTarget::Value | CompareTarget::Lease)),
        ..Default::default()
    };
    let kvs = store.range(&query)?.kvs;
    if kvs.is_empty() {
        return Ok(target != Ok(CompareTarget::Value) && holds_for(compare, &KeyValue::default()));
    }
    Ok(kvs.iter().all(|kv| holds_for(compare, kv)))
}

fn holds_for(compare: &pb::Compare, kv: &KeyValue) -> bool {
    let number = |of_union: fn(&TargetUnion) -> Option<i64>| {
        compare
            .target_union
            .as_ref()
            .and_then(of_union)
            .unwrap_or(0)
    };
    let order = match CompareTarget::try_from(compare.target) {
        Ok(CompareTarget::Value) => {
            let wanted: &[u8] = match &compare.target_union {
                Some(TargetUnion::Value(value)) => value,
                _ => b"",
            };
            kv.value.as_ref().cmp(wanted)
        }
        Ok(CompareTarget::Create) => kv.create_revision.cmp(&number(|u| match u {
            TargetUnion::CreateRevision(n) => Some(*n),
            _ => None,
        })),
        Ok(CompareTarget::Mod) => kv.mod_revision.cmp(&number(|u| match u {
            TargetUnion::ModRevision(n) => Some(*n),
            _ => None,
        })),
        Ok(CompareTarget::Version) => kv.version.cmp(&number(|u| match u {
            TargetUnion::Version(n) => Some(*n),
            _ => None,
        })),
        Ok(CompareTarget::Lease) => kv.lease.cmp(&number(|u| match u {
            TargetUnion::Lease(n) => Some(*n),
            _ => None,
        })),
        // etcd leaves the comparison at "equal" for a target it does not know.
        Err(_) => Ordering::Equal,
    };
    match CompareResult::try_from(compare.result) {
        Ok(CompareResult::Equal) => order == Ordering::Equal,
        Ok(CompareResult::NotEqual) => order != Ordering::Equal,
        Ok(CompareResult::Greater) => order == Ordering::Greater,
        Ok(CompareResult::Less) => order == Ordering::Less,
        Err(_) => true,
    }
}

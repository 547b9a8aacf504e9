//! What a request costs of the space for data, as etcd reckons it (server/storage/quota.go).

use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::{PutRequest, RequestOp, TxnRequest};

use crate::command::Command;

/// Bytes a key costs beside itself and its value.
const KEY_OVERHEAD: u64 = 256;
/// Bytes a lease costs.
const LEASE_OVERHEAD: u64 = 64;
/// The quota when `--quota-backend-bytes` is 0.
pub const DEFAULT_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Bytes the command may add; 0 for those that add nothing and are never refused for space.
pub fn cost(command: &Command) -> u64 {
    match command {
        Command::Put(put) => cost_put(put),
        Command::Txn(txn) => cost_txn(txn),
        Command::LeaseGrant(_) => LEASE_OVERHEAD,
        _ => 0,
    }
}

/// The dearer of the two branches; nested transactions count.
pub fn cost_txn(txn: &TxnRequest) -> u64 {
    let branch = |ops: &[RequestOp]| ops.iter().map(cost_op).sum::<u64>();
    branch(&txn.success).max(branch(&txn.failure))
}

fn cost_put(put: &PutRequest) -> u64 {
    KEY_OVERHEAD + put.key.len() as u64 + put.value.len() as u64
}

fn cost_op(op: &RequestOp) -> u64 {
    match &op.request {
        Some(Request::RequestPut(put)) => cost_put(put),
        Some(Request::RequestTxn(txn)) => cost_txn(txn),
        _ => 0,
    }
}

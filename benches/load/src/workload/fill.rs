//! Fills an empty store, and asks it for its revision.

use std::sync::Arc;

use anyhow::bail;
use bytes::Bytes;
use proto::etcdserverpb::{PutRequest, RangeRequest, RequestOp, TxnRequest, request_op::Request};

use crate::client::{CallError, Connection, Rpc, framed};
use crate::drive::{Budget, Operation, Order, closed_loop};
use crate::keys::Keys;
use crate::reply::Outline;

/// Puts in one transaction; etcd allows 128.
const BATCH: u64 = 100;
/// Transactions under way at a time.
const CLIENTS: usize = 16;

/// Puts every key of `keys` once, in transactions of [`BATCH`].
pub(super) async fn fill(pool: &[Connection], keys: &Keys) -> anyhow::Result<()> {
    let operation = Arc::new(Fill { keys: keys.clone() });
    let budget = Budget::total(keys.space().div_ceil(BATCH));
    let outcome = closed_loop(pool, CLIENTS, &operation, budget).await;
    if let Some(error) = outcome.error {
        bail!("while filling the store: {error}");
    }
    Ok(())
}

struct Fill {
    keys: Keys,
}

impl Operation for Fill {
    fn call(&self, number: u64) -> (Rpc, Bytes) {
        let indices = number * BATCH..((number + 1) * BATCH).min(self.keys.space());
        let success = indices
            .map(|index| put(self.keys.at(index), self.keys.value()))
            .collect();
        let txn = TxnRequest {
            success,
            ..TxnRequest::default()
        };
        (Rpc::Txn, framed(&txn))
    }

    fn order(&self, _number: u64) -> Order {
        Order::Greater
    }

    fn check(&self, _number: u64, reply: &Outline) -> Result<(), String> {
        succeeded(reply)
    }
}

/// A put as a step of a transaction.
pub(super) fn put(key: Bytes, value: Bytes) -> RequestOp {
    RequestOp {
        request: Some(Request::RequestPut(PutRequest {
            key,
            value,
            ..PutRequest::default()
        })),
    }
}

/// Checks `TxnResponse.succeeded`.
pub(super) fn succeeded(reply: &Outline) -> Result<(), String> {
    if reply.number(2) == 1 {
        return Ok(());
    }
    Err("a transaction without conditions did not succeed".into())
}

/// The store's revision now, by a linearizable read of a key that does not exist.
pub(super) async fn revision(connection: &Connection) -> Result<i64, CallError> {
    let range = RangeRequest {
        key: Bytes::from_static(b"nothing"),
        ..RangeRequest::default()
    };
    let reply = connection.clone().unary(Rpc::Range, framed(&range)).await?;
    Ok(reply.revision)
}

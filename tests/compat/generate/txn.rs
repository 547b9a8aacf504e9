//! Transactions with compares of every kind and branches within branches.
//!
//! In a plain transaction no two operations of one branch touch the same key in a forbidden way;
//! a nasty one does not care.

use bytes::Bytes;
use proto::etcdserverpb::compare::TargetUnion;
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::response_op::Response;
use proto::etcdserverpb::{
    Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest, TxnResponse,
};
use rand::Rng;

use super::Generator;

/// What the branch so far puts and deletes.
#[derive(Clone, Debug, Default)]
struct Used {
    puts: Vec<Bytes>,
    deletes: Vec<(Bytes, Bytes)>,
}

/// True when `key` lies in the range.
fn covers((from, end): &(Bytes, Bytes), key: &Bytes) -> bool {
    match &end[..] {
        [] => key == from,
        [0] => key >= from,
        end => key >= from && &key[..] < end,
    }
}

/// True when a delete in the transaction ends in a zero byte, which etcd's look for overlaps takes
/// for an empty range.
fn deletes_unseen(request: &TxnRequest) -> bool {
    let mut ops = request.success.iter().chain(&request.failure);
    ops.any(|op| match &op.request {
        Some(Request::RequestDeleteRange(delete)) => delete.range_end == b"\0"[..],
        Some(Request::RequestTxn(inner)) => deletes_unseen(inner),
        _ => false,
    })
}

/// Makes plain puts of those that need a key to be there. After a delete that went unseen, etcd
/// 3.7.1 dies of them, and again at each start.
fn forget_ignores(request: &mut TxnRequest) {
    for op in request.success.iter_mut().chain(&mut request.failure) {
        match &mut op.request {
            Some(Request::RequestPut(put)) => {
                put.ignore_value = false;
                put.ignore_lease = false;
            }
            Some(Request::RequestTxn(inner)) => forget_ignores(inner),
            _ => {}
        }
    }
}

/// True when the transaction, as carried out, put a key after it had deleted it, which only a delete
/// that etcd's look for overlaps did not see allows.
pub(super) fn put_what_it_deleted(request: &TxnRequest, reply: &TxnResponse) -> bool {
    fn walk(request: &TxnRequest, reply: &TxnResponse, gone: &mut Vec<(Bytes, Bytes)>) -> bool {
        let ops = if reply.succeeded {
            &request.success
        } else {
            &request.failure
        };
        let replies = reply.responses.iter().map(|op| op.response.as_ref());
        ops.iter()
            .zip(replies)
            .any(|(op, reply)| match (&op.request, reply) {
                (
                    Some(Request::RequestDeleteRange(delete)),
                    Some(Response::ResponseDeleteRange(reply)),
                ) => {
                    if reply.deleted > 0 {
                        gone.push((delete.key.clone(), delete.range_end.clone()));
                    }
                    false
                }
                (Some(Request::RequestPut(put)), _) => {
                    gone.iter().any(|range| covers(range, &put.key))
                }
                (Some(Request::RequestTxn(inner)), Some(Response::ResponseTxn(reply))) => {
                    walk(inner, reply, gone)
                }
                _ => false,
            })
    }
    walk(request, reply, &mut Vec::new())
}

impl Generator {
    /// A transaction with at most `depth` levels.
    pub(super) fn txn(&mut self, depth: usize) -> TxnRequest {
        let nasty = self.nasty();
        if nasty && self.rng.random_bool(0.06) {
            return self.too_many();
        }
        let mut request = self.level(depth, nasty, &mut Used::default(), &mut Used::default());
        if deletes_unseen(&request) {
            forget_ignores(&mut request);
        }
        request
    }

    fn level(
        &mut self,
        depth: usize,
        nasty: bool,
        success: &mut Used,
        failure: &mut Used,
    ) -> TxnRequest {
        let compares = self.rng.random_range(0..4);
        TxnRequest {
            compare: (0..compares).map(|_| self.compare(nasty)).collect(),
            success: self.branch(depth, nasty, success),
            failure: self.branch(depth, nasty, failure),
        }
    }

    fn branch(&mut self, depth: usize, nasty: bool, used: &mut Used) -> Vec<RequestOp> {
        let length = self.rng.random_range(0..5);
        let ops = (0..length).map(|_| self.op(depth, nasty, used));
        ops.collect()
    }

    fn op(&mut self, depth: usize, nasty: bool, used: &mut Used) -> RequestOp {
        if nasty && self.rng.random_bool(0.05) {
            return RequestOp { request: None };
        }
        let request = match self.rng.random_range(0..10) {
            0..4 => self.txn_put(nasty, used),
            4..7 => Request::RequestRange(self.txn_range(nasty)),
            7..9 => self.txn_delete(nasty, used),
            _ if depth > 1 => {
                // Both branches of an inner transaction may touch one key, but neither may touch
                // one that the outer branch touches before or after.
                let (mut success, mut failure) = (used.clone(), used.clone());
                let inner = self.level(depth - 1, nasty, &mut success, &mut failure);
                for branch in [success, failure] {
                    used.puts.extend(branch.puts);
                    used.deletes.extend(branch.deletes);
                }
                Request::RequestTxn(inner)
            }
            _ => Request::RequestRange(self.txn_range(nasty)),
        };
        RequestOp {
            request: Some(request),
        }
    }

    fn txn_range(&mut self, nasty: bool) -> RangeRequest {
        let mut request = self.range();
        if !nasty {
            // A failing read would fail the whole transaction.
            request.revision = if request.revision > self.model.compacted {
                request.revision.min(self.model.revision)
            } else {
                0
            };
            request.sort_order = request.sort_order.clamp(0, 2);
            request.sort_target = request.sort_target.clamp(0, 4);
            if request.key.is_empty() {
                request.key = self.key();
            }
        }
        request
    }

    fn txn_put(&mut self, nasty: bool, used: &mut Used) -> Request {
        let mut request = self.put();
        if nasty {
            return Request::RequestPut(request);
        }
        let key = self.key();
        let taken =
            used.puts.contains(&key) || used.deletes.iter().any(|range| covers(range, &key));
        if taken {
            return Request::RequestRange(self.txn_range(false));
        }
        used.puts.push(key.clone());
        request = PutRequest {
            key,
            value: if request.value.len() > 100_000 {
                Bytes::new()
            } else {
                request.value
            },
            lease: if self.rng.random_bool(0.3) {
                self.lease_to_attach()
            } else {
                0
            },
            prev_kv: request.prev_kv,
            ..PutRequest::default()
        };
        Request::RequestPut(request)
    }

    fn txn_delete(&mut self, nasty: bool, used: &mut Used) -> Request {
        let mut request = self.delete();
        if nasty {
            return Request::RequestDeleteRange(request);
        }
        if request.key.is_empty() {
            request.key = self.key();
        }
        let range = (request.key.clone(), request.range_end.clone());
        if used.puts.iter().any(|key| covers(&range, key)) {
            let key = request.key;
            return Request::RequestRange(RangeRequest {
                key,
                ..RangeRequest::default()
            });
        }
        used.deletes.push(range);
        let DeleteRangeRequest {
            key,
            range_end,
            prev_kv,
        } = request;
        Request::RequestDeleteRange(DeleteRangeRequest {
            key,
            range_end,
            prev_kv,
        })
    }

    fn compare(&mut self, nasty: bool) -> Compare {
        let target = self.choice(5, nasty);
        let key = if nasty && self.rng.random_bool(0.1) {
            Bytes::new()
        } else {
            self.key()
        };
        let number = if self.rng.random_bool(0.5) {
            self.rng.random_range(0..4)
        } else {
            self.rng.random_range(0..=self.model.revision)
        };
        let number = if nasty { self.nasty_number() } else { number };
        // A target and another target's union is for the nasty.
        let union = if nasty && self.rng.random_bool(0.3) {
            self.rng.random_range(0..6)
        } else {
            target
        };
        let target_union = match union {
            0 => Some(TargetUnion::Version(number)),
            1 => Some(TargetUnion::CreateRevision(number)),
            2 => Some(TargetUnion::ModRevision(number)),
            3 => Some(TargetUnion::Value(self.value())),
            // The order of ids that servers picked differs.
            4 => Some(TargetUnion::Lease(self.rng.random_range(-4..8))),
            _ => None,
        };
        let mut compare = Compare {
            result: self.choice(4, nasty),
            target,
            key,
            target_union,
            range_end: Bytes::new(),
        };
        if self.rng.random_bool(0.15) {
            (compare.key, compare.range_end) = if nasty {
                self.nasty_range()
            } else {
                self.key_range()
            };
        }
        compare
    }

    /// Many keys under one prefix, so that ranges have more than a few; now and then with values
    /// of which a stream takes only some at a time.
    pub(super) fn many_puts(&mut self) -> TxnRequest {
        let count = self.rng.random_range(10..60);
        let size = if self.rng.random_bool(0.2) { 20_000 } else { 3 };
        let value = self.rng.random_range(b'a'..b'd');
        let put = |n: i32| RequestOp {
            request: Some(Request::RequestPut(PutRequest {
                key: Bytes::from(format!("b/{n:02}")),
                value: Bytes::from(vec![value; size]),
                ..PutRequest::default()
            })),
        };
        TxnRequest {
            success: (0..count).map(put).collect(),
            ..TxnRequest::default()
        }
    }

    /// More than 128 operations, or just as many, on this level or by an inner one.
    fn too_many(&mut self) -> TxnRequest {
        let length = self.rng.random_range(126..131);
        let get = RequestOp {
            request: Some(Request::RequestRange(RangeRequest {
                key: self.key(),
                ..RangeRequest::default()
            })),
        };
        let mut request = TxnRequest::default();
        match self.rng.random_range(0..4) {
            0 => request.success = vec![get; length],
            1 => request.failure = vec![get; length],
            2 => request.compare = (0..length).map(|_| self.compare(false)).collect(),
            _ => {
                let inner = TxnRequest {
                    success: vec![get.clone(); length - 64],
                    ..TxnRequest::default()
                };
                request.success = vec![get; 63];
                request.success.push(RequestOp {
                    request: Some(Request::RequestTxn(inner)),
                });
            }
        }
        request
    }
}

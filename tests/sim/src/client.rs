//! Clients: each asks for one thing at a time, of one member and then of another.

use std::collections::BTreeMap;

use bytes::Bytes;
use proto::etcdserverpb as pb;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::request_op::Request as Asked;
use proto::mvccpb::KeyValue;
use store::apply::Reply;

use crate::agenda::{MS, SECOND, Time};
use crate::history::{Answer, Request};
use crate::plan::Plan;
use crate::random::Random;

/// Leases that a client holds at most.
const LEASES_MAX: usize = 3;

/// See the module.
#[derive(Debug)]
pub struct Client {
    number: usize,
    /// The request under way.
    pub asked: Option<u64>,
    /// Whom it asks.
    pub member: u64,
    /// The newest revision it has seen.
    revision: i64,
    /// What it knows of keys.
    known: BTreeMap<Bytes, KeyValue>,
    /// Its leases, and when it last renewed them.
    leases: Vec<(i64, Time)>,
    requests: u64,
    random: Random,
}

impl Client {
    /// A client that knows nothing.
    pub fn new(number: usize, member: u64, random: Random) -> Self {
        Self {
            number,
            asked: None,
            member,
            revision: 1,
            known: BTreeMap::new(),
            leases: Vec::new(),
            requests: 0,
            random,
        }
    }

    /// How long it thinks.
    pub fn thinks(&mut self, plan: &Plan) -> Time {
        MS + self.random.around(plan.think)
    }

    /// How long it waits for an answer.
    pub fn patience(&mut self) -> Time {
        self.random.between(1, 6) * SECOND
    }

    /// How long a request is under way.
    pub fn way(&mut self) -> Time {
        100 + self.random.around(MS)
    }

    /// Goes to another member now and then, and always after `trouble`.
    pub fn turn(&mut self, members: &[u64], trouble: bool) {
        let is_gone = !members.contains(&self.member);
        if (trouble || is_gone || self.random.chance(100))
            && let Some(member) = self.random.pick(members)
        {
            self.member = *member;
        }
    }

    /// What it wants next.
    pub fn wants(&mut self, plan: &Plan, now: Time) -> Request {
        self.requests += 1;
        let stale = self.leases.iter_mut().find(|(_, at)| *at + 700 * MS < now);
        if let Some((lease, at)) = stale
            && self.random.chance(500)
        {
            *at = now;
            return Request::KeepAlive(*lease);
        }
        match self.random.below(100) {
            0..=33 => Request::Put(self.put(plan)),
            34..=41 => Request::Delete(self.delete(plan)),
            42..=59 => Request::Txn(self.txn(plan)),
            60..=84 => Request::Range(self.range(plan)),
            85..=88 => Request::Txn(self.reading_txn(plan)),
            89..=90 => Request::Compact(pb::CompactionRequest {
                revision: self.revision - self.random.below(30) as i64,
                physical: false,
            }),
            91..=95 if self.leases.len() < LEASES_MAX => Request::Grant(self.grant(now)),
            96 if !self.leases.is_empty() => {
                let (id, _) = self.leases.swap_remove(0);
                Request::Revoke(pb::LeaseRevokeRequest { id })
            }
            _ => Request::Put(self.put(plan)),
        }
    }

    /// Learns from an answer.
    pub fn learns(&mut self, request: &Request, answer: &Answer) {
        match answer {
            Answer::Range(Ok(range)) => {
                self.sees(range.header.as_ref());
                for kv in &range.kvs {
                    self.known.insert(kv.key.clone(), kv.clone());
                }
            }
            Answer::Ordered(Ok(Reply::Put(put))) => {
                self.sees(put.header.as_ref());
                if let Request::Put(request) = request {
                    let before = self.known.get(&request.key);
                    let kv = KeyValue {
                        key: request.key.clone(),
                        value: request.value.clone(),
                        mod_revision: self.revision,
                        version: before.map_or(1, |kv| kv.version + 1),
                        create_revision: before.map_or(self.revision, |kv| kv.create_revision),
                        lease: request.lease,
                    };
                    self.known.insert(request.key.clone(), kv);
                }
            }
            Answer::Ordered(Ok(Reply::Txn(txn))) => self.sees(txn.header.as_ref()),
            Answer::Ordered(Ok(Reply::DeleteRange(gone))) => self.sees(gone.header.as_ref()),
            Answer::Renewed(0) => self.forgets(request),
            _ => {}
        }
    }

    fn forgets(&mut self, request: &Request) {
        if let Request::KeepAlive(id) = request {
            self.leases.retain(|(lease, _)| lease != id);
        }
    }

    fn sees(&mut self, header: Option<&pb::ResponseHeader>) {
        self.revision = self.revision.max(header.map_or(0, |h| h.revision));
    }

    fn key(&mut self, plan: &Plan) -> Bytes {
        format!("k{}", self.random.below(plan.keys)).into()
    }

    /// Unique, so that a read tells which write it saw.
    fn value(&mut self, plan: &Plan) -> Bytes {
        let mut value = format!(
            "{}.{}.{}",
            self.number,
            self.requests,
            self.random.below(1000)
        );
        let length = self.random.below(plan.value_bytes) as usize;
        while value.len() < length {
            value.push('.');
        }
        value.into()
    }

    fn put(&mut self, plan: &Plan) -> pb::PutRequest {
        let lease = match self.random.chance(250) {
            true => self.random.pick(&self.leases).map_or(0, |(id, _)| *id),
            false => 0,
        };
        pb::PutRequest {
            key: self.key(plan),
            value: self.value(plan),
            lease,
            prev_kv: self.random.chance(300),
            ..Default::default()
        }
    }

    fn keys(&mut self, plan: &Plan) -> (Bytes, Bytes) {
        let key = self.key(plan);
        match self.random.below(3) {
            0 => (Bytes::from_static(b"k"), Bytes::from_static(b"l")),
            1 => (key, Bytes::from_static(b"\0")),
            _ => (key, Bytes::new()),
        }
    }

    fn delete(&mut self, plan: &Plan) -> pb::DeleteRangeRequest {
        let (key, range_end) = match self.random.chance(200) {
            true => self.keys(plan),
            false => (self.key(plan), Bytes::new()),
        };
        pb::DeleteRangeRequest {
            key,
            range_end,
            prev_kv: self.random.chance(300),
        }
    }

    fn range(&mut self, plan: &Plan) -> pb::RangeRequest {
        let (key, range_end) = self.keys(plan);
        let revision = match self.random.chance(120) {
            true => (self.revision - self.random.below(20) as i64).max(0),
            false => 0,
        };
        pb::RangeRequest {
            key,
            range_end,
            revision,
            limit: if self.random.chance(150) { 2 } else { 0 },
            serializable: self.random.chance(150),
            count_only: self.random.chance(60),
            ..Default::default()
        }
    }

    fn compare(&mut self, plan: &Plan) -> pb::Compare {
        let key = self.key(plan);
        let known = self.known.get(&key).cloned().unwrap_or_default();
        let (target, union) = match self.random.below(4) {
            0 => (
                CompareTarget::Mod,
                TargetUnion::ModRevision(known.mod_revision),
            ),
            1 => (CompareTarget::Version, TargetUnion::Version(known.version)),
            2 => (
                CompareTarget::Create,
                TargetUnion::CreateRevision(known.create_revision),
            ),
            _ => (CompareTarget::Value, TargetUnion::Value(known.value)),
        };
        let result = match self.random.below(6) {
            0 => CompareResult::NotEqual,
            1 => CompareResult::Greater,
            2 => CompareResult::Less,
            _ => CompareResult::Equal,
        };
        pb::Compare {
            key,
            target: target as i32,
            result: result as i32,
            target_union: Some(union),
            ..Default::default()
        }
    }

    fn txn(&mut self, plan: &Plan) -> pb::TxnRequest {
        let compare = match self.random.chance(850) {
            true => vec![self.compare(plan)],
            false => Vec::new(),
        };
        pb::TxnRequest {
            compare,
            success: self.ops(plan),
            failure: self.ops(plan),
        }
    }

    /// No key is written twice, which the front door would refuse.
    fn ops(&mut self, plan: &Plan) -> Vec<pb::RequestOp> {
        let mut written = Vec::new();
        let mut ops = Vec::new();
        for _ in 0..self.random.between(1, 3) {
            let asked = match self.random.below(4) {
                0 => Asked::RequestRange(pb::RangeRequest {
                    revision: 0,
                    ..self.range(plan)
                }),
                1 => {
                    let mut delete = self.delete(plan);
                    delete.range_end = Bytes::new();
                    Asked::RequestDeleteRange(delete)
                }
                _ => Asked::RequestPut(self.put(plan)),
            };
            let key = match &asked {
                Asked::RequestPut(put) => Some(put.key.clone()),
                Asked::RequestDeleteRange(delete) => Some(delete.key.clone()),
                _ => None,
            };
            if key.as_ref().is_some_and(|key| written.contains(key)) {
                continue;
            }
            written.extend(key);
            ops.push(pb::RequestOp {
                request: Some(asked),
            });
        }
        ops
    }

    fn reading_txn(&mut self, plan: &Plan) -> pb::TxnRequest {
        let range = |range: pb::RangeRequest| pb::RequestOp {
            request: Some(Asked::RequestRange(pb::RangeRequest {
                serializable: false,
                revision: 0,
                ..range
            })),
        };
        pb::TxnRequest {
            compare: vec![self.compare(plan)],
            success: vec![range(self.range(plan)), range(self.range(plan))],
            failure: vec![range(self.range(plan))],
        }
    }

    fn grant(&mut self, now: Time) -> pb::LeaseGrantRequest {
        let id = ((self.number as i64 + 1) << 32) + self.requests as i64;
        self.leases.push((id, now));
        pb::LeaseGrantRequest {
            id,
            ttl: self.random.between(2, 6) as i64,
        }
    }
}

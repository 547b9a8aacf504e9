//! What the store should do, said as plainly as possible and sharing no code with it: every version
//! of every key in one map. Checks compare what members answered with what this answers.

use std::collections::BTreeMap;

use bytes::Bytes;
use proto::etcdserverpb as pb;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::request_op::Request as Asked;
use proto::etcdserverpb::response_op::Response;
use proto::mvccpb::event::EventType;
use proto::mvccpb::{Event, KeyValue};
use store::apply::Reply;
use store::command::Command;

use crate::history::Refusal;

/// See the module.
#[derive(Clone, Debug)]
pub struct Model {
    /// The newest revision.
    pub revision: i64,
    /// The last compaction, -1 before the first.
    pub compacted: i64,
    /// Each key's states with the revision that made them; deletions leave nothing.
    keys: BTreeMap<Bytes, Vec<(i64, Option<KeyValue>)>>,
    /// Seconds granted, by lease.
    leases: BTreeMap<i64, i64>,
    /// Events of the command being carried out.
    events: Vec<Event>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            revision: 1,
            compacted: -1,
            keys: BTreeMap::new(),
            leases: BTreeMap::new(),
            events: Vec::new(),
        }
    }
}

/// What a command should bring about.
#[derive(Debug)]
pub struct Expected {
    /// The answer.
    pub outcome: Result<Reply, Refusal>,
    /// The events, without the pairs before.
    pub events: Vec<Event>,
    /// Leases that are gone.
    pub gone: Vec<i64>,
}

impl Model {
    /// Carries out a command that committed in `term`.
    pub fn apply(&mut self, command: &Command, term: u64) -> Expected {
        let mut gone = Vec::new();
        let outcome = match command {
            Command::Put(request) => self.put(request).map(Reply::Put),
            Command::DeleteRange(request) => Ok(Reply::DeleteRange(self.delete(request))),
            Command::Txn(request) => self.txn(request).map(Reply::Txn),
            Command::Compact(request) => self.compact(request).map(Reply::Compact),
            Command::LeaseGrant(request) => self.grant(request).map(Reply::LeaseGrant),
            Command::LeaseRevoke(request) => self.revoke(request.id).map(|header| {
                gone.push(request.id);
                Reply::LeaseRevoke(pb::LeaseRevokeResponse { header })
            }),
            Command::LeaseExpire(request) if request.term == term => {
                self.revoke(request.id).map(|_| {
                    gone.push(request.id);
                    Reply::Done
                })
            }
            Command::LeaseExpire(_) => Ok(Reply::Fenced),
            Command::LeaseCheckpoint(request) if request.term != term => Ok(Reply::Fenced),
            _ => Ok(Reply::Done),
        };
        Expected {
            outcome,
            events: std::mem::take(&mut self.events),
            gone,
        }
    }

    /// Whether there is such a lease.
    pub fn has_lease(&self, id: i64) -> bool {
        self.leases.contains_key(&id)
    }

    /// The pair of a key at a revision.
    pub fn at(&self, key: &[u8], revision: i64) -> Option<&KeyValue> {
        let states = self.keys.get(key)?;
        let later = states.partition_point(|(made, _)| *made <= revision);
        states.get(later.checked_sub(1)?)?.1.as_ref()
    }

    /// Keys that have a lease which is gone.
    pub fn orphans(&self) -> Vec<Bytes> {
        let now = self.keys.keys().filter(|key| {
            self.at(key, self.revision)
                .is_some_and(|kv| kv.lease != 0 && !self.leases.contains_key(&kv.lease))
        });
        now.cloned().collect()
    }

    /// A range as of revision `newest`, when the last compaction was at `compacted`.
    pub fn range(
        &self,
        request: &pb::RangeRequest,
        newest: i64,
        compacted: i64,
    ) -> Result<pb::RangeResponse, Refusal> {
        let revision = match request.revision {
            wanted if wanted > newest => return Err(Refusal::Future),
            wanted if wanted > 0 && wanted < compacted => return Err(Refusal::Compacted),
            wanted if wanted > 0 => wanted,
            _ => newest,
        };
        let found: Vec<&KeyValue> = self
            .keys_in(&request.key, &request.range_end)
            .filter_map(|key| self.at(key, revision))
            .collect();
        let count = found.len() as i64;
        let limit = match request.limit {
            limit if limit > 0 => limit,
            _ => count,
        };
        let mut kvs = Vec::new();
        if !request.count_only {
            kvs.extend(found.into_iter().take(limit as usize).cloned());
        }
        Ok(pb::RangeResponse {
            header: header(newest),
            more: !request.count_only && count > limit,
            kvs,
            count,
        })
    }

    /// A transaction of ranges only, as of revision `newest`.
    pub fn read(&self, request: &pb::TxnRequest, newest: i64) -> pb::TxnResponse {
        let succeeded = request
            .compare
            .iter()
            .all(|compare| self.holds(compare, newest));
        let branch = match succeeded {
            true => &request.success,
            false => &request.failure,
        };
        let ranges = branch.iter().filter_map(|op| match &op.request {
            Some(Asked::RequestRange(range)) => self.range(range, newest, -1).ok(),
            _ => None,
        });
        pb::TxnResponse {
            header: header(newest),
            succeeded,
            responses: ranges
                .map(|range| response(Response::ResponseRange(range)))
                .collect(),
        }
    }

    fn keys_in<'a>(&'a self, key: &'a Bytes, end: &'a Bytes) -> impl Iterator<Item = &'a Bytes> {
        self.keys.keys().filter(move |other| match end.as_ref() {
            b"" => *other == key,
            b"\0" => *other >= key,
            end => *other >= key && other.as_ref() < end,
        })
    }

    /// Where a write of this command stands; makes the new revision at the first one.
    fn advance(&mut self) -> i64 {
        if self.events.is_empty() {
            self.revision += 1;
        }
        self.revision
    }

    fn put(&mut self, request: &pb::PutRequest) -> Result<pb::PutResponse, Refusal> {
        if request.lease != 0 && !self.has_lease(request.lease) {
            return Err(Refusal::LeaseNotFound);
        }
        let mut answer = self.write(request);
        answer.header = header(self.revision);
        Ok(answer)
    }

    fn write(&mut self, request: &pb::PutRequest) -> pb::PutResponse {
        let before = self.at(&request.key, self.revision).cloned();
        let revision = self.advance();
        let kv = KeyValue {
            key: request.key.clone(),
            create_revision: before.as_ref().map_or(revision, |kv| kv.create_revision),
            mod_revision: revision,
            version: before.as_ref().map_or(1, |kv| kv.version + 1),
            value: request.value.clone(),
            lease: request.lease,
        };
        self.set(&request.key, Some(kv.clone()));
        self.events.push(Event {
            r#type: EventType::Put as i32,
            kv: Some(kv),
            prev_kv: None,
        });
        pb::PutResponse {
            header: None,
            prev_kv: before.filter(|_| request.prev_kv),
        }
    }

    fn set(&mut self, key: &Bytes, state: Option<KeyValue>) {
        let states = self.keys.entry(key.clone()).or_default();
        states.retain(|(made, _)| *made != self.revision);
        states.push((self.revision, state));
    }

    fn remove(&mut self, key: &Bytes) {
        let revision = self.advance();
        self.set(key, None);
        self.events.push(Event {
            r#type: EventType::Delete as i32,
            kv: Some(KeyValue {
                key: key.clone(),
                mod_revision: revision,
                ..Default::default()
            }),
            prev_kv: None,
        });
    }

    fn erase(&mut self, request: &pb::DeleteRangeRequest) -> pb::DeleteRangeResponse {
        let now = self.revision;
        let found: Vec<KeyValue> = self
            .keys_in(&request.key, &request.range_end)
            .filter_map(|key| self.at(key, now).cloned())
            .collect();
        for kv in &found {
            self.remove(&kv.key);
        }
        pb::DeleteRangeResponse {
            header: None,
            deleted: found.len() as i64,
            prev_kvs: match request.prev_kv {
                true => found,
                false => Vec::new(),
            },
        }
    }

    fn delete(&mut self, request: &pb::DeleteRangeRequest) -> pb::DeleteRangeResponse {
        let mut answer = self.erase(request);
        answer.header = header(self.revision);
        answer
    }

    fn txn(&mut self, request: &pb::TxnRequest) -> Result<pb::TxnResponse, Refusal> {
        let begin = self.revision;
        let succeeded = request
            .compare
            .iter()
            .all(|compare| self.holds(compare, begin));
        let branch = match succeeded {
            true => &request.success,
            false => &request.failure,
        };
        for op in branch {
            if let Some(Asked::RequestPut(put)) = &op.request
                && put.lease != 0
                && !self.has_lease(put.lease)
            {
                return Err(Refusal::LeaseNotFound);
            }
        }
        let mut responses = Vec::new();
        for op in branch {
            responses.extend(match &op.request {
                Some(Asked::RequestPut(put)) => {
                    let mut answer = self.write(put);
                    answer.header = header(self.revision);
                    Some(response(Response::ResponsePut(answer)))
                }
                Some(Asked::RequestDeleteRange(delete)) => {
                    let answer = self.delete(delete);
                    Some(response(Response::ResponseDeleteRange(answer)))
                }
                Some(Asked::RequestRange(range)) => {
                    let newest = self.revision;
                    let answer = self.range(range, newest, self.compacted)?;
                    Some(response(Response::ResponseRange(answer)))
                }
                // None of the clients nests transactions.
                _ => None,
            });
        }
        Ok(pb::TxnResponse {
            header: header(self.revision),
            succeeded,
            responses,
        })
    }

    fn holds(&self, compare: &pb::Compare, revision: i64) -> bool {
        let kv = self.at(&compare.key, revision);
        let none = KeyValue::default();
        let number = |found: i64, wanted: Option<i64>| found.cmp(&wanted.unwrap_or(0));
        let some = kv.unwrap_or(&none);
        let order = match (compare.target(), &compare.target_union) {
            (CompareTarget::Value, Some(TargetUnion::Value(value))) => match kv {
                None => return false,
                Some(kv) => kv.value.cmp(value),
            },
            (CompareTarget::Version, Some(TargetUnion::Version(n))) => {
                number(some.version, Some(*n))
            }
            (CompareTarget::Create, Some(TargetUnion::CreateRevision(n))) => {
                number(some.create_revision, Some(*n))
            }
            (CompareTarget::Mod, Some(TargetUnion::ModRevision(n))) => {
                number(some.mod_revision, Some(*n))
            }
            (CompareTarget::Lease, Some(TargetUnion::Lease(n))) => number(some.lease, Some(*n)),
            _ => number(0, None),
        };
        match compare.result() {
            CompareResult::Equal => order.is_eq(),
            CompareResult::NotEqual => order.is_ne(),
            CompareResult::Greater => order.is_gt(),
            CompareResult::Less => order.is_lt(),
        }
    }

    fn compact(
        &mut self,
        request: &pb::CompactionRequest,
    ) -> Result<pb::CompactionResponse, Refusal> {
        if request.revision <= self.compacted {
            return Err(Refusal::Compacted);
        }
        if request.revision > self.revision {
            return Err(Refusal::Future);
        }
        self.compacted = request.revision;
        Ok(pb::CompactionResponse {
            header: header(self.revision),
        })
    }

    fn grant(
        &mut self,
        request: &pb::LeaseGrantRequest,
    ) -> Result<pb::LeaseGrantResponse, Refusal> {
        if self.has_lease(request.id) {
            return Err(Refusal::LeaseExists);
        }
        self.leases.insert(request.id, request.ttl);
        Ok(pb::LeaseGrantResponse {
            header: header(self.revision),
            id: request.id,
            ttl: request.ttl,
            error: String::new(),
        })
    }

    fn revoke(&mut self, id: i64) -> Result<Option<pb::ResponseHeader>, Refusal> {
        self.leases.remove(&id).ok_or(Refusal::LeaseNotFound)?;
        let now = self.revision;
        let attached: Vec<Bytes> = self
            .keys
            .keys()
            .filter(|key| self.at(key, now).is_some_and(|kv| kv.lease == id))
            .cloned()
            .collect();
        for key in &attached {
            self.remove(key);
        }
        Ok(header(self.revision))
    }
}

fn header(revision: i64) -> Option<pb::ResponseHeader> {
    Some(pb::ResponseHeader {
        revision,
        ..Default::default()
    })
}

fn response(response: Response) -> pb::ResponseOp {
    pb::ResponseOp {
        response: Some(response),
    }
}

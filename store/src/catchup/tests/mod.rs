//! The whole way, from one member's state to another's.

mod ends;
mod folder;
mod protocol;

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;
use proto::etcdserverpb as pb;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::*;
use crate::apply::{self, Meta, Place, State};
use crate::backend::MemoryBackend;
use crate::command::Command;
use crate::mvcc::{self, Store};

const CLUSTER: u64 = 0xc1;
const TERM: u64 = 5;

/// A member that carries out the common history, as far as it has got. It is at the index of the
/// last command it carried out.
#[derive(Clone)]
struct Member {
    state: Arc<RwLock<State>>,
}

impl Member {
    fn new(chunk_bytes: usize) -> Self {
        let options = mvcc::Options {
            chunk_bytes,
            inline_bytes_max: 2_000,
            ..mvcc::Options::default()
        };
        let store = Store::open(Arc::new(MemoryBackend::new()), options).unwrap();
        let members = vec![pb::Member {
            id: 1,
            peer_ur_ls: vec!["http://127.0.0.1:2380".into()],
            ..Default::default()
        }];
        let meta = Meta {
            members,
            ..Default::default()
        };
        Self {
            state: Arc::new(RwLock::new(meta.restore(store).unwrap())),
        }
    }

    fn source(&self) -> Arc<dyn ViewSource> {
        self.state.clone()
    }

    /// Carries out the first commands of the history.
    fn catch_up(&self, history: &[Command]) {
        let state = &mut *self.state.write();
        while let Some(command) = history.get(state.applied.0 as usize) {
            let entry = Bytes::new();
            let place = Place {
                index: state.applied.0 + 1,
                term: TERM,
                entry: &entry,
                position: None,
                caller: &crate::auth::Caller::default(),
            };
            // What is refused is refused by all.
            let _ = apply::apply(state, place, command.clone(), &mut Vec::new());
            state.applied = (state.applied.0 + 1, TERM);
        }
    }

    fn checkpoint(&self) -> bool {
        let store = &mut self.state.write().store;
        if store.is_exporting() {
            return false;
        }
        let done = store.begin_checkpoint(Vec::new()).run().unwrap();
        store.finish_checkpoint(done);
        true
    }

    fn clean(&self, rng: &mut StdRng) {
        if rng.random_bool(0.5) {
            let keys = rng.random_range(1..20);
            self.state.write().store.compact_step(keys);
        }
        if rng.random_bool(0.2) {
            while !self.state.write().store.compact_step(100) {}
        }
        if rng.random_bool(0.3) {
            self.checkpoint();
        }
    }
}

fn key(number: u32) -> Bytes {
    format!("key-{number:03}").into()
}

fn put(number: u32, length: usize, lease: i64) -> pb::PutRequest {
    pb::PutRequest {
        key: key(number),
        value: vec![number as u8; length].into(),
        lease,
        ..Default::default()
    }
}

fn random_command(rng: &mut StdRng, revision: i64) -> Command {
    let number = rng.random_range(0..30);
    let lease = rng.random_range(1..5);
    match rng.random_range(0..24) {
        0..11 => {
            let length = *[0, 5, 40, 300].choose(rng).unwrap();
            let lease = if rng.random_bool(0.3) { lease } else { 0 };
            Command::Put(put(number, length, lease))
        }
        11..13 => {
            let op = |request| pb::RequestOp {
                request: Some(request),
            };
            let success = vec![
                op(pb::request_op::Request::RequestPut(put(number, 20, 0))),
                op(pb::request_op::Request::RequestPut(put(number + 1, 20, 0))),
            ];
            Command::Txn(pb::TxnRequest {
                success,
                ..Default::default()
            })
        }
        13..17 => Command::DeleteRange(pb::DeleteRangeRequest {
            key: key(number),
            range_end: key(number + rng.random_range(1..4)),
            ..Default::default()
        }),
        17..19 => Command::LeaseGrant(pb::LeaseGrantRequest {
            id: lease,
            ttl: rng.random_range(10..100),
        }),
        19 => Command::LeaseRevoke(pb::LeaseRevokeRequest { id: lease }),
        20 => {
            let name = format!("name-{number}");
            Command::Publish(pb::Member {
                id: 1,
                name,
                ..Default::default()
            })
        }
        _ => Command::Compact(pb::CompactionRequest {
            revision: revision - rng.random_range(0..10),
            ..Default::default()
        }),
    }
}

/// Raises or clears the alarm that stops puts.
fn alarm(is_raised: bool) -> Command {
    let action = match is_raised {
        true => pb::alarm_request::AlarmAction::Activate,
        false => pb::alarm_request::AlarmAction::Deactivate,
    };
    Command::Alarm(crate::command::Alarm {
        request: pb::AlarmRequest {
            action: action.into(),
            member_id: 1,
            alarm: pb::AlarmType::Nospace.into(),
        },
        automatic: true,
    })
}

/// Two states are equal, now, after history was removed, and after a restart.
fn assert_same(ours: State, theirs: State, what: &str) {
    let (mut ours, mut theirs) = (ours, theirs);
    let picture = |state: &State| {
        let store = &state.store;
        let (first, last) = (store.compact_revision().max(1), store.revision());
        // Each costs a walk over all records, so of many only some are looked at.
        let step = 1 + (last - first) as usize / 400 * 4;
        let some = (first..last).step_by(step).chain([last]);
        let hashes: Vec<_> = some.map(|rev| store.hash_kv(rev).unwrap()).collect();
        let meta = Meta::of(state);
        let keys = |id| {
            let mut keys: Vec<Bytes> = state.leases.get(id).unwrap().keys().cloned().collect();
            keys.sort();
            keys
        };
        let leased: Vec<_> = meta.leases.iter().map(|l| (l.id, keys(l.id))).collect();
        (store.revision(), store.key_count(), hashes, meta, leased)
    };
    assert_eq!(picture(&ours), picture(&theirs), "{what}");
    for state in [&mut ours, &mut theirs] {
        while !state.store.compact_step(100) {}
    }
    assert_eq!(picture(&ours), picture(&theirs), "{what}, cleaned");
    assert_eq!(ours.store.live_bytes(), theirs.store.live_bytes(), "{what}");
}

/// The state that a fresh member has after the first `count` commands.
fn replayed(history: &[Command], count: usize) -> State {
    let member = Member::new(32 << 10);
    member.catch_up(&history[..count]);
    owned(member)
}

fn owned(member: Member) -> State {
    let state = Arc::into_inner(member.state).expect("nobody else has the state");
    state.into_inner()
}

fn open(site: &MemorySite, received: &Received) -> State {
    let backend = site.backend(&received.path).unwrap();
    let store = Store::open(backend, mvcc::Options::default()).unwrap();
    received.meta.clone().restore(store).unwrap()
}

fn greeting() -> Greeting {
    Greeting {
        cluster_id: CLUSTER,
        message: Bytes::from_static(b"raft's"),
    }
}

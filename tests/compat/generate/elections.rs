//! Locks and elections.
//!
//! A name for contention gets leases with ids of our own only: ids that a server picks stand in
//! the keys, and would sort differently on the two sides.

use bytes::Bytes;
use proto::etcdserverpb::LeaseRevokeRequest;
use proto::v3electionpb::{
    CampaignRequest, LeaderKey, LeaderRequest, ProclaimRequest, ResignRequest,
};
use proto::v3lockpb::{LockRequest, UnlockRequest};
use rand::Rng;
use rand::seq::IndexedRandom;

use super::Generator;
use crate::ids::is_picked;
use crate::pair::go_hex;
use crate::step::Step;

const LOCKS: [&str; 3] = ["lock", "l", "c/1"];
const ELECTIONS: [&str; 3] = ["elect", "e", "c/2"];

impl Generator {
    /// A lease of our own that lives; 4242 never does.
    fn own_lease(&mut self) -> i64 {
        let own = self.model.leases.iter().copied();
        let own: Vec<i64> = own.filter(|lease| !is_picked(*lease)).collect();
        if self.rng.random_bool(0.08) {
            return 4242;
        }
        own.choose(&mut self.rng).copied().unwrap_or(4242)
    }

    pub(super) fn lock_steps(&mut self) -> Vec<Step> {
        if self.rng.random_bool(0.4) {
            return vec![self.unlock()];
        }
        if self.model.may_store_picked && self.rng.random_bool(0.3) {
            return self.session_lock();
        }
        let lease = self.own_lease();
        let name = *LOCKS.choose(&mut self.rng).expect("there are names");
        let held = |lock: &super::model::Holder| lock.name == name && lock.lease != lease;
        let waits = self.model.locks.iter().any(held);
        if waits && self.rng.random_bool(0.85) {
            return vec![self.unlock()];
        }
        let request = LockRequest {
            name: Bytes::from_static(name.as_bytes()),
            lease,
        };
        vec![Step::Lock { request, waits }]
    }

    fn unlock(&mut self) -> Step {
        let held = self.model.locks.choose(&mut self.rng);
        let key = match held.map(|lock| lock.key.clone()) {
            Some(key) if self.rng.random_bool(0.9) => key,
            _ if self.nasty() => Bytes::new(),
            _ => self.key(),
        };
        Step::Unlock(UnlockRequest { key })
    }

    /// A lock under a lease that the server makes, which would end by itself after 60 s.
    fn session_lock(&mut self) -> Vec<Step> {
        let lease = self.model.pick();
        self.model.picked_stored = true;
        self.model.names += 1;
        let name = Bytes::from(format!("session{}", self.model.names));
        let key = Bytes::from(format!("session{}/{}", self.model.names, go_hex(lease)));
        vec![
            Step::Lock {
                request: LockRequest { name, lease },
                waits: false,
            },
            Step::Range(proto::etcdserverpb::RangeRequest {
                key,
                ..Default::default()
            }),
            Step::Revoke(LeaseRevokeRequest { id: lease }),
        ]
    }

    pub(super) fn election_steps(&mut self) -> Vec<Step> {
        let step = match self.rng.random_range(0..10) {
            0..3 => {
                let campaign = self.campaign();
                let Step::Campaign { request, .. } = &campaign else {
                    return vec![campaign];
                };
                let leader = LeaderRequest {
                    name: request.name.clone(),
                };
                return vec![campaign, Step::Leader(leader)];
            }
            3..5 => Step::Proclaim(ProclaimRequest {
                leader: self.leader_key(),
                value: self.value(),
            }),
            5..7 => Step::Leader(self.leader_request()),
            7 => {
                let request = self.leader_request();
                let led = |leader: &LeaderKey| leader.name == request.name;
                let waits = !self.model.leaders.iter().any(led);
                if waits && self.rng.random_bool(0.9) {
                    return vec![Step::Leader(request)];
                }
                Step::Observe(request)
            }
            _ => Step::Resign(ResignRequest {
                leader: self.leader_key(),
            }),
        };
        vec![step]
    }

    fn leader_request(&mut self) -> LeaderRequest {
        let name = *ELECTIONS.choose(&mut self.rng).expect("there are names");
        let name = if self.rng.random_bool(0.05) { "" } else { name };
        LeaderRequest {
            name: Bytes::from_static(name.as_bytes()),
        }
    }

    fn campaign(&mut self) -> Step {
        let lease = self.own_lease();
        let name = *ELECTIONS.choose(&mut self.rng).expect("there are names");
        let led = |leader: &LeaderKey| leader.name == name && leader.lease != lease;
        let waits = self.model.leaders.iter().any(led);
        if waits && self.rng.random_bool(0.85) {
            return Step::Resign(ResignRequest {
                leader: self.leader_key(),
            });
        }
        let request = CampaignRequest {
            name: Bytes::from_static(name.as_bytes()),
            lease,
            value: self.value(),
        };
        Step::Campaign { request, waits }
    }

    /// What a new leader does with its key, sometimes.
    pub(super) fn reign(&mut self, leader: &LeaderKey) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.rng.random_bool(0.5) {
            steps.push(Step::Proclaim(ProclaimRequest {
                leader: Some(leader.clone()),
                value: self.value(),
            }));
        }
        if self.rng.random_bool(0.3) {
            steps.push(Step::Observe(LeaderRequest {
                name: leader.name.clone(),
            }));
        }
        if self.rng.random_bool(0.4) {
            steps.push(Step::Resign(ResignRequest {
                leader: Some(leader.clone()),
            }));
        }
        steps
    }

    fn leader_key(&mut self) -> Option<LeaderKey> {
        if self.rng.random_bool(0.05) {
            return None;
        }
        let leader = self.model.leaders.choose(&mut self.rng).cloned();
        let mut leader = leader.unwrap_or_else(|| LeaderKey {
            name: Bytes::from_static(b"elect"),
            key: Bytes::from_static(b"elect/1"),
            rev: 3,
            lease: 1,
        });
        if self.nasty() {
            match self.rng.random_range(0..4) {
                0 => leader.rev += 1,
                1 => leader.lease = 4242,
                2 => leader.key = Bytes::new(),
                _ => leader.name = Bytes::new(),
            }
        }
        Some(leader)
    }
}

//! Leases: granted under ids of our own or picked ones, kept alive, looked at, revoked.

use proto::etcdserverpb::{LeaseGrantRequest, LeaseRevokeRequest, LeaseTimeToLiveRequest};
use rand::Rng;
use rand::seq::IndexedRandom;

use super::Generator;
use crate::step::Step;

/// Ids that the client chooses: few, so that they are used again.
const IDS: [i64; 10] = [1, 2, 3, 4, 5, 0x1234, -3, -77, i64::MAX, i64::MIN];

/// The longest TTL there is, in seconds.
const MAX_TTL: i64 = 9_000_000_000;

impl Generator {
    pub(super) fn lease_steps(&mut self) -> Vec<Step> {
        match self.rng.random_range(0..10) {
            0..4 => self.grant_steps(),
            4..6 => {
                let id = self.some_lease();
                vec![Step::Revoke(LeaseRevokeRequest { id })]
            }
            6..8 => {
                let count = self.rng.random_range(1..5);
                vec![Step::KeepAlive(
                    (0..count).map(|_| self.some_lease()).collect(),
                )]
            }
            8 => vec![Step::TimeToLive(LeaseTimeToLiveRequest {
                id: self.some_lease(),
                keys: self.rng.random_bool(0.7),
            })],
            _ => vec![Step::Leases],
        }
    }

    fn grant_steps(&mut self) -> Vec<Step> {
        let picked = self.rng.random_bool(0.25);
        let id = if picked {
            self.model.pick()
        } else {
            self.own_id()
        };
        if self.nasty() {
            let over = [MAX_TTL + 1, i64::MAX, MAX_TTL];
            let short = [0, -1, 1, 2, i64::MIN];
            if self.rng.random_bool(0.5) {
                let ttl = *over.choose(&mut self.rng).expect("there are choices");
                return vec![Step::Grant(LeaseGrantRequest { ttl, id })];
            }
            // It would end by itself soon; it must not while anything else is compared.
            let ttl = *short.choose(&mut self.rng).expect("there are choices");
            if self.model.leases.contains(&id) {
                return vec![Step::Grant(LeaseGrantRequest { ttl, id })];
            }
            return vec![
                Step::Grant(LeaseGrantRequest { ttl, id }),
                Step::Revoke(LeaseRevokeRequest { id }),
            ];
        }
        let ttl = self.rng.random_range(1000..100_000);
        vec![Step::Grant(LeaseGrantRequest { ttl, id })]
    }

    /// An id of our own, as a rule one that is free.
    fn own_id(&mut self) -> i64 {
        let lives = &self.model.leases;
        let free: Vec<i64> = IDS
            .iter()
            .copied()
            .filter(|id| !lives.contains(id))
            .collect();
        if free.is_empty() || self.rng.random_bool(0.2) {
            return *IDS.choose(&mut self.rng).expect("there are ids");
        }
        *free.choose(&mut self.rng).expect("one is free")
    }

    /// One that lives as a rule.
    fn some_lease(&mut self) -> i64 {
        if self.nasty() {
            return self.nasty_lease();
        }
        let lease = self.model.leases.choose(&mut self.rng).copied();
        lease.unwrap_or(1)
    }

    /// One that may or may not live, or cannot.
    pub(super) fn nasty_lease(&mut self) -> i64 {
        let choices = [0, -1, 4242, 1, 2, 3, i64::MIN, i64::MAX];
        *choices.choose(&mut self.rng).expect("there are choices")
    }
}

//! Range, RangeStream, Put, DeleteRange and Compact.

use bytes::Bytes;
use proto::etcdserverpb::{CompactionRequest, DeleteRangeRequest, PutRequest, RangeRequest};
use rand::Rng;
use rand::seq::IndexedRandom;

use super::Generator;

impl Generator {
    pub(super) fn range(&mut self) -> RangeRequest {
        let nasty = self.nasty();
        let (key, range_end) = if nasty && self.rng.random_bool(0.4) {
            self.nasty_range()
        } else {
            self.key_range()
        };
        let revision = if nasty && self.rng.random_bool(0.4) {
            self.nasty_revision()
        } else {
            self.revision()
        };
        let mut request = RangeRequest {
            key,
            range_end,
            revision,
            serializable: self.rng.random_bool(0.3),
            keys_only: self.rng.random_bool(0.15),
            count_only: self.rng.random_bool(0.1),
            ..RangeRequest::default()
        };
        if self.rng.random_bool(0.4) {
            request.limit = self.rng.random_range(1..6);
        }
        if nasty && self.rng.random_bool(0.3) {
            request.limit = self.nasty_number();
        }
        if self.rng.random_bool(0.35) {
            request.sort_order = self.choice(3, nasty);
            request.sort_target = self.choice(5, nasty);
        }
        if self.rng.random_bool(0.2) {
            self.filter_revisions(&mut request, nasty);
        }
        request
    }

    fn filter_revisions(&mut self, request: &mut RangeRequest, nasty: bool) {
        let filters = [
            &mut request.min_mod_revision,
            &mut request.max_mod_revision,
            &mut request.min_create_revision,
            &mut request.max_create_revision,
        ];
        for filter in filters {
            if self.rng.random_bool(0.4) {
                *filter = if nasty {
                    self.nasty_number()
                } else {
                    self.rng.random_range(1..=self.model.revision.max(1))
                };
            }
        }
    }

    pub(super) fn range_stream(&mut self) -> RangeRequest {
        let mut request = self.range();
        if request.sort_order == 0 {
            // Not refused, but etcd then goes on after the last pair of a sorted chunk, and leaves
            // out what lies between.
            request.sort_target = 0;
        }
        if self.rng.random_bool(0.8) {
            request.sort_order = self.choice(2, false);
            request.sort_target = 0;
            request.min_mod_revision = 0;
            request.max_mod_revision = 0;
            request.min_create_revision = 0;
            request.max_create_revision = 0;
        }
        request
    }

    pub(super) fn put(&mut self) -> PutRequest {
        let nasty = self.nasty();
        let mut request = PutRequest {
            key: self.key(),
            value: self.value(),
            prev_kv: self.rng.random_bool(0.3),
            ..PutRequest::default()
        };
        if self.rng.random_bool(0.25) {
            request.lease = self.lease_to_attach();
        }
        if self.rng.random_bool(0.05) {
            request.ignore_value = true;
            request.value = Bytes::new();
        }
        if self.rng.random_bool(0.05) {
            request.ignore_lease = true;
            request.lease = 0;
        }
        if nasty {
            match self.rng.random_range(0..60) {
                0..10 => request.key = Bytes::new(),
                10..25 => request.lease = self.nasty_lease(),
                25..35 => request.ignore_value = true,
                35..45 => {
                    request.ignore_lease = true;
                    request.lease = self.nasty_lease();
                }
                45..46 => request.value = self.huge_value(),
                46..52 => request.key = self.long_key(),
                _ => {}
            }
        }
        request
    }

    fn long_key(&mut self) -> Bytes {
        let mut key = self.key().to_vec();
        key.resize(self.rng.random_range(200..2000), b'k');
        key.into()
    }

    /// A lease that lives, if there is one that may be stored.
    pub(super) fn lease_to_attach(&mut self) -> i64 {
        let stored = self.model.may_store_picked;
        let leases = self.model.leases.iter().copied();
        let leases: Vec<i64> = leases
            .filter(|lease| stored || !crate::ids::is_picked(*lease))
            .collect();
        let lease = leases.choose(&mut self.rng).copied().unwrap_or_default();
        self.model.picked_stored |= crate::ids::is_picked(lease);
        lease
    }

    pub(super) fn delete(&mut self) -> DeleteRangeRequest {
        let nasty = self.nasty();
        let (key, range_end) = if nasty {
            self.nasty_range()
        } else if self.rng.random_bool(0.5) {
            (self.key(), Bytes::new())
        } else {
            self.key_range()
        };
        DeleteRangeRequest {
            key,
            range_end,
            prev_kv: self.rng.random_bool(0.4),
        }
    }

    pub(super) fn compaction(&mut self) -> CompactionRequest {
        let mut revision = if self.nasty() {
            self.nasty_revision()
        } else {
            let first = self.model.compacted + 1;
            self.rng
                .random_range(first..=self.model.revision.max(first))
        };
        while self.model.uncompactable.contains(&revision) {
            revision -= 1;
        }
        CompactionRequest {
            revision,
            physical: self.rng.random_bool(0.5),
        }
    }
}

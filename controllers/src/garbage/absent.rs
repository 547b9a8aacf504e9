//! Owners that are known not to exist, so that each is asked for once and not for each dependent.

use std::num::NonZeroUsize;

use lru::LruCache;
use parking_lot::Mutex;

use super::identity::Identity;

/// How many are remembered; as upstream.
const SIZE: NonZeroUsize = NonZeroUsize::new(500).expect("500 is not zero");

/// The owners. What is absent stays so: its UID is not given again.
pub(super) struct AbsentOwners(Mutex<LruCache<Identity, ()>>);

impl Default for AbsentOwners {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(SIZE)))
    }
}

impl AbsentOwners {
    /// Remembers one, in place of the one that was asked for longest ago.
    pub(super) fn add(&self, identity: Identity) {
        self.0.lock().put(identity, ());
    }

    /// Whether it is one.
    pub(super) fn has(&self, identity: &Identity) -> bool {
        self.0.lock().get(identity).is_some()
    }
}

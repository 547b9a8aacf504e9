//! Which leases exist, and which keys hang on them: a pure table, the same on every member.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;

/// Seconds a lease may live at most; etcd's limit.
pub const TTL_MAX: i64 = 9_000_000_000;

/// A granted lease.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    /// Index of the log entry that granted it; 0 for one that came with a backup. Ids are used
    /// again, this never: it tells a lease from another that had its id.
    pub granted: u64,
    /// Seconds granted.
    pub ttl: i64,
    /// Seconds left when the leader last noted it; 0 when it has its whole time.
    pub remaining: i64,
    keys: BTreeSet<Bytes>,
}

impl Lease {
    /// Keys attached, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Bytes> {
        self.keys.iter()
    }

    /// Seconds to live from now on when nothing else is known: after a start, or on a new leader.
    pub fn seconds_left(&self) -> i64 {
        if self.remaining > 0 {
            self.remaining
        } else {
            self.ttl
        }
    }
}

/// Why a lease command has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No lease of that id.
    #[error("requested lease not found")]
    NotFound,
    /// A lease of that id exists.
    #[error("lease already exists")]
    Exists,
    /// More than [`TTL_MAX`].
    #[error("too large lease TTL")]
    TtlTooLarge,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Table {
    leases: HashMap<i64, Lease>,
    lease_of_key: HashMap<Bytes, i64>,
}

impl Table {
    /// Notes which entry granted a lease that came with a backup; one that is known stays as it is.
    pub fn know(&mut self, id: i64, granted: u64) {
        if let Some(lease) = self.leases.get_mut(&id)
            && lease.granted == 0
        {
            lease.granted = granted;
        }
    }

    /// Adds a lease of `ttl` seconds, granted by the log entry at index `granted`.
    ///
    /// # Errors
    /// The id is taken (or 0, which means "no lease"), or the TTL is over [`TTL_MAX`].
    pub fn grant(&mut self, id: i64, granted: u64, ttl: i64) -> Result<(), Error> {
        if id == 0 {
            return Err(Error::NotFound);
        }
        if ttl > TTL_MAX {
            return Err(Error::TtlTooLarge);
        }
        if self.leases.contains_key(&id) {
            return Err(Error::Exists);
        }
        self.leases.insert(
            id,
            Lease {
                granted,
                ttl,
                ..Default::default()
            },
        );
        Ok(())
    }

    /// Removes a lease; its keys, in order, are the caller's to delete.
    ///
    /// # Errors
    /// There is no such lease.
    pub fn revoke(&mut self, id: i64) -> Result<Vec<Bytes>, Error> {
        let lease = self.leases.remove(&id).ok_or(Error::NotFound)?;
        for key in &lease.keys {
            self.lease_of_key.remove(key);
        }
        Ok(lease.keys.into_iter().collect())
    }

    /// Notes how many seconds the lease has left that this entry granted; 0 gives it its whole time
    /// back. Passed over if there is none: it was revoked meanwhile.
    pub fn checkpoint(&mut self, id: i64, granted: u64, remaining: i64) {
        let lease = self.leases.get_mut(&id);
        if let Some(lease) = lease.filter(|lease| lease.granted == granted) {
            lease.remaining = remaining;
        }
    }

    /// Hangs a key on a lease, taking it off the one it hung on. Lease 0 only takes it off.
    ///
    /// # Panics
    /// The lease does not exist: who calls has checked that it does.
    pub fn attach(&mut self, key: &Bytes, id: i64) {
        let before = self.lease_of_key.get(key).copied().unwrap_or(0);
        if before == id {
            return;
        }
        if before != 0 {
            self.detach(key);
        }
        if id != 0 {
            let lease = self
                .leases
                .get_mut(&id)
                .expect("a key is attached to a lease that exists");
            // The key alone is copied: a slice of an entry would keep the entry's value alive.
            let key = Bytes::copy_from_slice(key);
            lease.keys.insert(key.clone());
            self.lease_of_key.insert(key, id);
        }
    }

    /// Takes a key off its lease, if it hangs on one.
    pub fn detach(&mut self, key: &Bytes) {
        if let Some(lease) = self
            .lease_of_key
            .remove(key)
            .and_then(|id| self.leases.get_mut(&id))
        {
            lease.keys.remove(key);
        }
    }

    /// The lease of that id.
    pub fn get(&self, id: i64) -> Option<&Lease> {
        self.leases.get(&id)
    }

    /// All leases, in no particular order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (i64, &Lease)> {
        self.leases.iter().map(|(id, lease)| (*id, lease))
    }
}

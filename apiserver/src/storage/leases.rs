//! Leases for objects that go by themselves (events): one for all objects of a minute or so, as upstream
//! does, so that a busy cluster does not have one for each.

use parking_lot::Mutex;
use tokio::time::{Duration, Instant};

use super::{Store, StoreError};

/// How long a lease is given to new objects; it lasts by as much longer than it has to.
const REUSED_FOR: Duration = Duration::from_secs(60);
/// The most objects of one lease.
const OBJECTS_MAX: usize = 1000;

/// The lease that is given out now.
#[derive(Debug, Default)]
pub struct Leases(Mutex<Option<Current>>);

#[derive(Debug)]
struct Current {
    lease: i64,
    seconds: i64,
    until: Instant,
    objects: usize,
}

impl Leases {
    /// A lease by which an object lasts for at least so many seconds.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn of(&self, store: &Store, seconds: i64) -> Result<i64, StoreError> {
        let now = Instant::now();
        if let Some(current) = &mut *self.0.lock()
            && current.seconds == seconds
            && now < current.until
            && current.objects < OBJECTS_MAX
        {
            current.objects += 1;
            return Ok(current.lease);
        }
        let longer = i64::try_from(REUSED_FOR.as_secs()).unwrap_or(0);
        let lease = store.grant(seconds.saturating_add(longer)).await?;
        *self.0.lock() = Some(Current {
            lease,
            seconds,
            until: now + REUSED_FOR,
            objects: 1,
        });
        Ok(lease)
    }
}

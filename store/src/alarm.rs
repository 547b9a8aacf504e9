//! The quota: what is let in, and its own care for the NOSPACE alarm, which is raised when hardly
//! anything fits any more and cleared when there is room again (docs/adr/0005).
//!
//! ```text
//! 0 ───────────────── live ──────────────────┬──────────┬─ quota
//!        all goes in, what is under way counts│ 10 % free│ 1 % free: a refusal raises the alarm
//!                                             └──────────┴ at 10 % a raised one is cleared
//! ```

use std::sync::atomic::{AtomicU64, Ordering};

use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::{AlarmRequest, AlarmType};
use tokio::sync::Notify;

use crate::apply::{Alarms, Shared};
use crate::command::{Alarm, Command};
use crate::propose::Proposer;

/// With less than one part in so many of the quota left, the store counts as full.
const FULL_PART: u64 = 100;
/// And with less than so many bytes of it, about what an empty database of etcd takes: a quota that
/// small is full with its first refusal.
const FULL_BYTES: u64 = 16 * 1024;
/// With at least one part in so many of the quota free again, the alarm is cleared.
const FREE_PART: u64 = 10;
/// How often a raised alarm is looked at.
const INTERVAL: std::time::Duration = std::time::Duration::from_secs(1);

/// The space of a member. Asked on the way of every write, so it takes no lock.
pub struct Space {
    /// `u64::MAX` when it is switched off.
    quota: u64,
    /// Bytes of the data, as the apply thread last told them.
    live: AtomicU64,
    /// Bytes that commands under way may add. A command is counted here until its outcome is
    /// known, so there is a moment when it counts twice, but none when it does not count.
    under_way: AtomicU64,
    /// Told of refusals by a full store.
    full: Notify,
}

/// A command's share of the space, given back when dropped.
#[derive(Debug)]
pub struct Reserved<'a> {
    space: &'a Space,
    bytes: u64,
}

/// It does not fit.
#[derive(Debug, PartialEq, Eq)]
pub struct NoSpace;

impl Space {
    /// `quota` is `--quota-backend-bytes`, with 0 replaced; `None` lets everything in.
    pub fn new(quota: Option<u64>, live: u64) -> Self {
        Self {
            quota: quota.unwrap_or(u64::MAX),
            live: AtomicU64::new(live),
            under_way: AtomicU64::new(0),
            full: Notify::new(),
        }
    }

    /// Tells how many bytes the data has now; before anybody is told what came of a command.
    pub fn set_live(&self, bytes: u64) {
        self.live.store(bytes, Ordering::Release);
    }

    /// Lets `bytes` in, if they fit beside the data and all that is under way. Only a store that
    /// is full raises the alarm: a single oversized request fails alone.
    ///
    /// # Errors
    /// They do not fit.
    pub fn reserve(&self, bytes: u64) -> Result<Reserved<'_>, NoSpace> {
        // In this order: what has left the sum of those under way is seen in the data.
        let others = self.under_way.fetch_add(bytes, Ordering::AcqRel);
        let reserved = Reserved { space: self, bytes };
        let live = self.live.load(Ordering::Acquire);
        if bytes == 0 || live.saturating_add(others).saturating_add(bytes) < self.quota {
            return Ok(reserved);
        }
        if self.is_full() {
            self.full.notify_one();
        }
        Err(NoSpace)
    }

    fn free(&self) -> u64 {
        self.quota.saturating_sub(self.live.load(Ordering::Acquire))
    }

    fn is_full(&self) -> bool {
        self.free() <= (self.quota / FULL_PART).max(FULL_BYTES)
    }

    fn has_room(&self) -> bool {
        self.free() >= (self.quota / FREE_PART).max(2 * FULL_BYTES)
    }

    /// What is to be done about this member's alarm. Never about one that an operator raised.
    fn due(&self, alarms: &Alarms, member: u64) -> Option<AlarmAction> {
        match alarms.no_space(member) {
            Some(true) if self.has_room() => Some(AlarmAction::Deactivate),
            None if self.is_full() => Some(AlarmAction::Activate),
            _ => None,
        }
    }

    /// Raises and clears this member's alarm. Never ends by itself.
    pub async fn run(&self, member: u64, state: Shared, proposer: Proposer) {
        loop {
            let is_raised = state.read().alarms.no_space(member) == Some(true);
            if is_raised {
                tokio::time::sleep(INTERVAL).await;
            } else {
                self.full.notified().await;
            }
            // A notice may be older than what has made room since.
            let due = self.due(&state.read().alarms, member);
            let Some(action) = due else { continue };
            let request = AlarmRequest {
                action: action as i32,
                member_id: member,
                alarm: AlarmType::Nospace as i32,
            };
            let command = Command::Alarm(Alarm {
                request,
                automatic: true,
            });
            match proposer.propose(&command).await {
                Ok(_) => tracing::warn!(?action, "alarm NOSPACE by the quota"),
                Err(error) => tracing::warn!(%error, ?action, "alarm NOSPACE was not changed"),
            }
        }
    }
}

impl std::fmt::Debug for Space {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Space")
            .field("quota", &self.quota)
            .field("live", &self.live)
            .field("under_way", &self.under_way)
            .finish_non_exhaustive()
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.space.under_way.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests;

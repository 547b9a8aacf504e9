//! The quota's own care for the NOSPACE alarm: raised when hardly anything fits any more, and
//! cleared when there is room again.

use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::{AlarmRequest, AlarmType};
use tokio::sync::Notify;

use crate::apply::Shared;
use crate::command::{Alarm, Command};
use crate::propose::Proposer;

/// With less than one part in so many of the quota left, the store counts as full.
const FULL_PART: u64 = 100;
/// With at least one part in so many of the quota free again, the alarm is cleared.
const FREE_PART: u64 = 10;
/// How often a raised alarm is looked at.
const INTERVAL: std::time::Duration = std::time::Duration::from_secs(1);

/// Where the services tell of refusals.
#[derive(Default)]
pub struct Space {
    full: Notify,
}

impl Space {
    /// Something did not fit beside `live` bytes into `quota`. Only a store that is full raises
    /// the alarm: a single oversized request fails alone.
    pub fn refused(&self, live: u64, quota: u64) {
        if quota.saturating_sub(live) <= quota / FULL_PART {
            self.full.notify_one();
        }
    }

    /// Raises and clears this member's alarm. Never ends by itself.
    pub async fn run(&self, member: u64, quota: u64, state: Shared, proposer: Proposer) {
        loop {
            let is_raised = state.read().alarms.is_automatic(member);
            let action = if is_raised {
                tokio::time::sleep(INTERVAL).await;
                let state = state.read();
                let free = quota.saturating_sub(state.store.live_bytes());
                let is_free = free >= quota / FREE_PART && state.alarms.is_automatic(member);
                is_free.then_some(AlarmAction::Deactivate)
            } else {
                self.full.notified().await;
                Some(AlarmAction::Activate)
            };
            let Some(action) = action else { continue };
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

//! The alarms that are on: a replicated table.

use std::collections::BTreeMap;

use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::{AlarmMember, AlarmRequest, AlarmResponse, AlarmType};

use crate::command::Alarm;

/// Which member has which alarm on, and whether the quota raised it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alarms {
    raised: BTreeMap<(i32, u64), bool>,
}

impl Alarms {
    /// Whether none is on.
    pub fn is_empty(&self) -> bool {
        self.raised.is_empty()
    }

    /// Whether any member has this one on.
    pub fn is_raised(&self, alarm: AlarmType) -> bool {
        self.raised.keys().any(|(kind, _)| *kind == alarm as i32)
    }

    /// Whether NOSPACE is on for that member, and if so, whether the quota raised it.
    pub fn no_space(&self, member: u64) -> Option<bool> {
        self.raised
            .get(&(AlarmType::Nospace as i32, member))
            .copied()
    }

    /// All that are on, with whether the quota raised them.
    pub fn iter(&self) -> impl Iterator<Item = (AlarmMember, bool)> + '_ {
        self.raised.iter().map(|((alarm, member_id), automatic)| {
            (
                AlarmMember {
                    member_id: *member_id,
                    alarm: *alarm,
                },
                *automatic,
            )
        })
    }

    /// Puts an alarm on as it was.
    pub fn restore(&mut self, alarm: AlarmMember, automatic: bool) {
        self.raised
            .insert((alarm.alarm, alarm.member_id), automatic);
    }

    /// Answers a request that changes nothing.
    pub fn get(&self, request: &AlarmRequest) -> AlarmResponse {
        AlarmResponse {
            header: None,
            alarms: self
                .iter()
                .map(|(alarm, _)| alarm)
                .filter(|a| request.alarm == AlarmType::None as i32 || a.alarm == request.alarm)
                .collect(),
        }
    }

    /// Raises or clears one; the answer names it if it is (or was) on.
    pub(super) fn apply(&mut self, command: &Alarm) -> AlarmResponse {
        let request = &command.request;
        let alarm = AlarmMember {
            member_id: request.member_id,
            alarm: request.alarm,
        };
        let key = (alarm.alarm, alarm.member_id);
        let alarms = match AlarmAction::try_from(request.action) {
            Ok(AlarmAction::Activate) if request.alarm == AlarmType::None as i32 => Vec::new(),
            Ok(AlarmAction::Activate) => {
                // An operator's alarm stays an operator's, even if the quota would raise it too.
                self.raised
                    .entry(key)
                    .and_modify(|a| *a &= command.automatic)
                    .or_insert(command.automatic);
                vec![alarm]
            }
            // The quota may have decided before the operator did.
            Ok(AlarmAction::Deactivate)
                if command.automatic && self.raised.get(&key) == Some(&false) =>
            {
                Vec::new()
            }
            Ok(AlarmAction::Deactivate) => self
                .raised
                .remove(&key)
                .map(|_| alarm)
                .into_iter()
                .collect(),
            _ => return self.get(request),
        };
        AlarmResponse {
            header: None,
            alarms,
        }
    }
}

//! Maintenance, cluster, auth status and health.

use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::{AlarmRequest, AlarmType, HashKvRequest, MemberListRequest};
use rand::Rng;

use super::Generator;
use crate::ids::THIS_MEMBER;
use crate::step::Step;

impl Generator {
    pub(super) fn maintenance(&mut self) -> Step {
        match self.rng.random_range(0..40) {
            0..9 => Step::Status,
            9..18 => Step::MemberList(MemberListRequest {
                linearizable: self.rng.random_bool(0.5),
            }),
            18..22 => Step::AuthStatus,
            22..27 => Step::Health(self.service()),
            27..30 => Step::HealthWatch(self.service()),
            30..32 => Step::Hash,
            32 => Step::Defragment,
            33 => Step::Snapshot,
            _ => Step::Alarm(self.alarm()),
        }
    }

    fn service(&mut self) -> String {
        let known = self.rng.random_bool(0.7);
        if known { "" } else { "etcdserverpb.KV" }.to_owned()
    }

    fn alarm(&mut self) -> AlarmRequest {
        let nasty = self.nasty();
        let member_id = if nasty {
            // An id as long as a real one, so that texts which hold it are told apart.
            [0, 0x0123_4567_89ab_cdef][self.rng.random_range(0..2)]
        } else {
            THIS_MEMBER
        };
        AlarmRequest {
            // etcd 3.7.1 dies of an action that does not exist.
            action: self.choice(3, false),
            member_id,
            alarm: self.choice(3, nasty),
        }
    }

    /// Takes the oldest alarm away again: some hold writes up.
    pub(super) fn disarm(&mut self) -> Step {
        let alarm = self.model.alarms.first().copied();
        let (member_id, alarm) = alarm.unwrap_or((THIS_MEMBER, AlarmType::Nospace as i32));
        Step::Alarm(AlarmRequest {
            action: AlarmAction::Deactivate as i32,
            member_id,
            alarm,
        })
    }

    pub(super) fn hash_kv(&mut self) -> Step {
        let revision = if self.nasty() {
            self.nasty_revision()
        } else {
            self.revision()
        };
        let revision = if self.model.lazy.contains(&revision) {
            0
        } else {
            revision
        };
        Step::HashKv {
            request: HashKvRequest { revision },
            comparable: !self.model.picked_stored,
        }
    }
}

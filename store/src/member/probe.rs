//! What the HTTP paths learn of the member.

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::apply::State;
use crate::cluster::Members;
use crate::http::{Alarm, Probe};
use crate::metrics::Metrics;
use crate::mvcc::RangeQuery;
use crate::rpc::Member;
use crate::{quota, read};

impl Probe for Member {
    fn alarms(&self) -> Vec<Alarm> {
        let state = self.state.read();
        let raised = state.alarms.iter().map(|(alarm, _)| match alarm.alarm {
            1 => Alarm::NoSpace,
            2 => Alarm::Corrupt,
            _ => Alarm::Unknown,
        });
        raised.collect()
    }

    fn has_leader(&self) -> bool {
        self.raft.link().leader() != 0
    }

    fn is_learner(&self) -> bool {
        self.is_learner_of(&self.state.read())
    }

    fn cluster_version(&self) -> Option<String> {
        Some(self.state.read().versions.cluster.to_string())
    }

    fn storage_version(&self) -> Option<String> {
        // It follows as soon as the cluster's has changed.
        self.cluster_version()
    }

    fn is_downgrading(&self) -> bool {
        self.state.read().versions.target.is_some()
    }

    fn cluster_id(&self) -> u64 {
        self.identity.cluster_id
    }

    fn members(&self) -> Vec<crate::cluster::Member> {
        self.state.read().members.iter().cloned().collect()
    }

    fn read(&self, serializable: bool) -> BoxFuture<'_, Result<(), String>> {
        async move {
            if !serializable {
                read::linearizable(&self.raft, self.limits.request_timeout)
                    .await
                    .map_err(|error| format!("etcdserver: {error}"))?;
            }
            let query = RangeQuery {
                key: "health".into(),
                ..Default::default()
            };
            let state = self.state.read();
            state.store.range(&query).map_err(|e| e.to_string())?;
            Ok(())
        }
        .boxed()
    }

    fn raft_status(&self) -> serde_json::Value {
        let link = self.raft.link();
        let state = if link.is_leader() {
            "StateLeader"
        } else {
            "StateFollower"
        };
        serde_json::json!({
            "id": format!("{:x}", self.identity.member_id),
            "term": link.term(),
            "lead": format!("{:x}", link.leader()),
            "raftState": state,
            "commit": link.committed_index(),
            "applied": link.applied_index(),
        })
    }

    fn refresh(&self, metrics: &Metrics) {
        let link = self.raft.link();
        let state = self.state.read();
        metrics.server.has_leader.set((link.leader() != 0).into());
        metrics.server.is_leader.set(link.is_leader().into());
        let cluster = state.versions.cluster.short();
        metrics.server.set_cluster_version(&cluster);
        let quota = self.limits.quota_bytes.unwrap_or(quota::DEFAULT_BYTES);
        metrics.server.quota_backend_bytes.set(quota as i64);
        metrics.mvcc.keys.set(state.store.key_count() as i64);
        metrics.mvcc.current_revision.set(state.store.revision());
        metrics
            .server
            .is_learner
            .set(self.is_learner_of(&state).into());
        let seen = &metrics.server.leader_changes_seen;
        seen.inc_by(link.leader_changes().saturating_sub(seen.get()));
        let removed = &metrics.mvcc.compaction_keys;
        removed.inc_by(state.store.removed().saturating_sub(removed.get()));
        self.show_peers(metrics, &state.members);
        metrics
            .mvcc
            .compact_revision
            .set(state.store.compact_revision());
        metrics.mvcc.db_size.set(self.db_size(&state) as i64);
        metrics
            .mvcc
            .db_size_in_use
            .set(self.db_size_in_use(&state) as i64);
    }
}

impl Member {
    fn is_learner_of(&self, state: &State) -> bool {
        let own = state.members.get(self.identity.member_id);
        own.is_some_and(|member| member.is_learner)
    }

    fn show_peers(&self, metrics: &Metrics, members: &Members) {
        let known = &metrics.network.known_peers;
        known.reset();
        let own = format!("{:x}", self.identity.member_id);
        // As in etcd a member knows itself, too.
        for other in members.iter() {
            let labels = [own.as_str(), &format!("{:x}", other.id)];
            known.with_label_values(&labels).set(1);
        }
    }
}

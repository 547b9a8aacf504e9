//! The state besides keys, as it stands in a checkpoint and at the head of the log.

use prost::Message;
use proto::authpb::{Role, User};
use proto::etcdserverpb as pb;

use super::{Alarms, State};
use crate::auth::Tables;
use crate::cluster::{Conf, Member, Members, Version, Versions};
use crate::lease::Table;
use crate::{mvcc, v2};

/// The key in the backend under which a checkpoint keeps [`Meta`].
pub const META_KEY: &[u8] = b"meta/state";

/// Who this member is: the first thing in its log.
#[derive(Clone, PartialEq, Message)]
pub struct Identity {
    /// The cluster's id.
    #[prost(fixed64, tag = "1")]
    pub cluster_id: u64,
    /// This member's id.
    #[prost(fixed64, tag = "2")]
    pub member_id: u64,
    /// The members that the cluster began with.
    #[prost(message, repeated, tag = "3")]
    pub members: Vec<pb::Member>,
}

/// All replicated state but the keys, written with them in one batch.
#[derive(Clone, PartialEq, Message)]
pub struct Meta {
    /// Index of the last command in the checkpoint.
    #[prost(uint64, tag = "1")]
    pub applied_index: u64,
    /// Its term.
    #[prost(uint64, tag = "2")]
    pub applied_term: u64,
    /// Ids of the voters; in a joint configuration of the new ones. See [`Meta::conf`].
    #[prost(fixed64, repeated, tag = "3")]
    pub voters: Vec<u64>,
    /// The members.
    #[prost(message, repeated, tag = "4")]
    pub members: Vec<pb::Member>,
    /// The leases.
    #[prost(message, repeated, tag = "5")]
    pub leases: Vec<LeaseMeta>,
    /// The alarms.
    #[prost(message, repeated, tag = "6")]
    pub alarms: Vec<AlarmMeta>,
    /// Ids of the learners.
    #[prost(fixed64, repeated, tag = "7")]
    pub learners: Vec<u64>,
    /// Ids of the old voters of a joint configuration.
    #[prost(fixed64, repeated, tag = "8")]
    pub voters_outgoing: Vec<u64>,
    /// Ids of old voters that become learners when it is left.
    #[prost(fixed64, repeated, tag = "9")]
    pub learners_next: Vec<u64>,
    /// The leader leaves it by itself.
    #[prost(bool, tag = "10")]
    pub auto_leave: bool,
    /// Ids of removed members.
    #[prost(fixed64, repeated, tag = "11")]
    pub removed: Vec<u64>,
    /// Users and roles; nothing where there never were any.
    #[prost(message, optional, tag = "12")]
    pub auth: Option<AuthMeta>,
    /// The key space of API 2; nothing where it was never written.
    #[prost(message, optional, tag = "13")]
    pub v2: Option<v2::Kept>,
    /// The version of the cluster, if it is not this release's.
    #[prost(message, optional, tag = "14")]
    pub versions: Option<VersionsMeta>,
}

/// The version of the cluster in a checkpoint.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct VersionsMeta {
    /// What all members speak, as `3.6.0`.
    #[prost(string, tag = "1")]
    pub cluster: String,
    /// What the cluster is on its way down to; empty for nothing.
    #[prost(string, tag = "2")]
    pub target: String,
}

impl VersionsMeta {
    fn of(versions: &Versions) -> Option<Self> {
        (*versions != Versions::default()).then(|| Self {
            cluster: versions.cluster.to_string(),
            target: versions.target.map_or_else(String::new, |t| t.to_string()),
        })
    }

    fn restore(&self) -> Versions {
        let own = Version::own();
        Versions {
            cluster: Version::parse(&self.cluster).unwrap_or(own),
            target: Version::parse(&self.target),
        }
    }
}

/// Users and roles in a checkpoint.
#[derive(Clone, PartialEq, Message)]
pub struct AuthMeta {
    /// Whether requests must say who they come from.
    #[prost(bool, tag = "1")]
    pub is_enabled: bool,
    /// Grows with every change.
    #[prost(uint64, tag = "2")]
    pub revision: u64,
    /// The users.
    #[prost(message, repeated, tag = "3")]
    pub users: Vec<User>,
    /// The roles.
    #[prost(message, repeated, tag = "4")]
    pub roles: Vec<Role>,
}

impl AuthMeta {
    /// What has to be remembered of the tables.
    pub fn of(tables: &Tables) -> Self {
        Self {
            is_enabled: tables.is_enabled(),
            revision: tables.revision(),
            users: tables.users().cloned().collect(),
            roles: tables.roles().cloned().collect(),
        }
    }
}

/// A lease in a checkpoint; its keys are found by their records.
#[derive(Clone, PartialEq, Message)]
pub struct LeaseMeta {
    /// Its id.
    #[prost(sfixed64, tag = "1")]
    pub id: i64,
    /// Seconds granted.
    #[prost(int64, tag = "2")]
    pub ttl: i64,
    /// Seconds left when last noted, 0 for all.
    #[prost(int64, tag = "3")]
    pub remaining: i64,
    /// See [`crate::lease::Lease::granted`].
    #[prost(uint64, tag = "4")]
    pub granted: u64,
}

/// An alarm in a checkpoint.
#[derive(Clone, PartialEq, Message)]
pub struct AlarmMeta {
    /// The alarm.
    #[prost(message, required, tag = "1")]
    pub alarm: pb::AlarmMember,
    /// The quota raised it.
    #[prost(bool, tag = "2")]
    pub automatic: bool,
}

/// Why a checkpoint's state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MetaError {
    /// The bytes are not what [`Meta`] writes.
    #[error("checkpoint state cannot be decoded")]
    Decode(#[from] prost::DecodeError),
    /// A lease stands twice, or is beyond the limits.
    #[error("lease {id:x} in the checkpoint is not valid")]
    Lease {
        /// The lease.
        id: i64,
        /// Why.
        source: crate::lease::Error,
    },
}

impl Meta {
    /// The state of a cluster that has done nothing yet.
    pub fn first(identity: &Identity) -> Self {
        let members = identity.members.iter().cloned().map(Member::from);
        let conf = Conf::of(&Members::new(members, []));
        Self {
            members: identity.members.clone(),
            ..Self::default().with_conf(&conf)
        }
    }

    /// Who votes.
    pub fn conf(&self) -> Conf {
        Conf {
            voters: self.voters.clone(),
            learners: self.learners.clone(),
            voters_outgoing: self.voters_outgoing.clone(),
            learners_next: self.learners_next.clone(),
            auto_leave: self.auto_leave,
        }
    }

    fn with_conf(self, conf: &Conf) -> Self {
        let conf = conf.clone();
        Self {
            voters: conf.voters,
            learners: conf.learners,
            voters_outgoing: conf.voters_outgoing,
            learners_next: conf.learners_next,
            auto_leave: conf.auto_leave,
            ..self
        }
    }

    /// What has to be remembered of `state`.
    pub fn of(state: &State) -> Self {
        let mut leases: Vec<LeaseMeta> = state
            .leases
            .iter()
            .map(|(id, lease)| LeaseMeta {
                id,
                ttl: lease.ttl,
                remaining: lease.remaining,
                granted: lease.granted,
            })
            .collect();
        leases.sort_unstable_by_key(|lease| lease.id);
        Self {
            applied_index: state.applied.0,
            applied_term: state.applied.1,
            members: state.members.iter().map(pb::Member::from).collect(),
            removed: state.members.removed().collect(),
            leases,
            alarms: state
                .alarms
                .iter()
                .map(|(alarm, automatic)| AlarmMeta { alarm, automatic })
                .collect(),
            auth: (state.auth.revision() > 1).then(|| AuthMeta::of(&state.auth)),
            v2: v2::Kept::of(&state.v2),
            versions: VersionsMeta::of(&state.versions),
            ..Self::default().with_conf(&state.conf)
        }
    }

    /// The state again, with the keys that the store kept.
    ///
    /// # Errors
    /// A lease is not valid.
    pub fn restore(self, mut store: mvcc::Store) -> Result<State, MetaError> {
        let conf = self.conf();
        let mut leases = Table::default();
        for LeaseMeta {
            id,
            ttl,
            remaining,
            granted,
        } in self.leases
        {
            leases
                .grant(id, granted, ttl)
                .map_err(|source| MetaError::Lease { id, source })?;
            leases.checkpoint(id, granted, remaining);
        }
        for (key, lease) in store.take_leased_keys() {
            // A key may outlive its lease in a backup taken from etcd (issue 10686 there).
            if leases.get(lease).is_some() {
                leases.attach(&key, lease);
            }
        }
        let members = Members::new(self.members.into_iter().map(Member::from), self.removed);
        let mut alarms = Alarms::default();
        self.alarms
            .into_iter()
            .for_each(|a| alarms.restore(a.alarm, a.automatic));
        let auth = self.auth.unwrap_or_default();
        let auth = Tables::new(auth.is_enabled, auth.revision, auth.users, auth.roles);
        let applied = (self.applied_index, self.applied_term);
        Ok(State {
            store,
            leases,
            members,
            conf,
            alarms,
            auth,
            versions: self
                .versions
                .map(|versions| versions.restore())
                .unwrap_or_default(),
            v2: self.v2.map(v2::Kept::restore).unwrap_or_default(),
            applied,
        })
    }
}

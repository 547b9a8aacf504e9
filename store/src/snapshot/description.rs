//! The state of a store apart from its keys, free of any file format.

use proto::authpb::{Role, User};
use proto::etcdserverpb::AlarmMember;
use serde::{Deserialize, Serialize};

use crate::cluster::Member;
use crate::v2::Kept;

/// Everything a backup holds besides the records of keys.
///
/// The order of the lists does not matter; [`super::export()`] sorts. What is `None` was never set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Description {
    /// The log index that this state is the result of; 0 if unknown.
    pub consistent_index: u64,
    /// The term of that index; 0 if unknown.
    pub term: u64,
    /// Who votes.
    pub configuration: Option<ConfState>,
    /// The version of the storage schema, e.g. "3.7.0"; etcd has one since 3.6.
    pub storage_version: Option<String>,
    /// The main revision that compaction was last asked for.
    pub scheduled_compaction: Option<i64>,
    /// The main revision that compaction last reached.
    pub finished_compaction: Option<i64>,
    /// The version all members agreed on, e.g. "3.7.0".
    pub cluster_version: Option<String>,
    /// The downgrade under way or last cancelled.
    pub downgrade: Option<Downgrade>,
    /// The members.
    pub members: Vec<Member>,
    /// The ids of members that were removed and may not return.
    pub removed_members: Vec<u64>,
    /// The leases; which keys hang on them is told by the keys.
    pub leases: Vec<Lease>,
    /// The alarms that are raised.
    pub alarms: Vec<AlarmMember>,
    /// Users, roles, and whether they count.
    pub auth: Auth,
    /// The keys of API 2, if there ever were any.
    pub v2: Option<Kept>,
}

/// Who takes part in raft. Its JSON is what etcd keeps under `confState`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfState {
    /// Members with a vote.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub voters: Vec<u64>,
    /// Members without.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub learners: Vec<u64>,
    /// Members with a vote in the outgoing half of a joint configuration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub voters_outgoing: Vec<u64>,
    /// Members that become learners when the joint configuration is left.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub learners_next: Vec<u64>,
    /// Whether the joint configuration is left by itself.
    pub auto_leave: bool,
}

/// A downgrade of the cluster. Its JSON is what etcd keeps under `downgrade`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Downgrade {
    /// The version to go down to, e.g. "3.6.0".
    #[serde(rename = "target-version")]
    pub target_version: String,
    /// Whether it is under way.
    pub enabled: bool,
}

/// A lease.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lease {
    /// The lease's id; may be negative.
    pub id: i64,
    /// The granted time to live in seconds.
    pub ttl: i64,
    /// What was left of it at the last checkpoint, in seconds; 0 means all of it.
    pub remaining: i64,
}

/// Users, roles, and whether they count.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Auth {
    /// Whether requests must be authenticated.
    pub enabled: bool,
    /// The revision of this table; 1 in a fresh store.
    pub revision: u64,
    /// The users.
    pub users: Vec<User>,
    /// The roles.
    pub roles: Vec<Role>,
}

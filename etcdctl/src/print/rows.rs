//! What endpoints answered, and the columns that the simple and the table format share.

use proto::etcdserverpb as pb;

use crate::go::bytes::human;

/// What `endpoint health` found.
pub(crate) struct Health {
    pub(crate) endpoint: String,
    pub(crate) healthy: bool,
    /// A Go duration; empty if no request could be made.
    pub(crate) took: String,
    pub(crate) error: Option<String>,
}

/// What `endpoint status` found.
pub(crate) struct Status {
    pub(crate) endpoint: String,
    pub(crate) reply: pb::StatusResponse,
}

/// What `endpoint hashkv` found.
pub(crate) struct Hash {
    pub(crate) endpoint: String,
    pub(crate) reply: pb::HashKvResponse,
}

pub(super) const MEMBER_HEADER: &[&str] = &[
    "ID",
    "Status",
    "Name",
    "Peer Addrs",
    "Client Addrs",
    "Is Learner",
];

pub(super) fn members(reply: &pb::MemberListResponse) -> Vec<Vec<String>> {
    let row = |member: &pb::Member| {
        let started = if member.name.is_empty() {
            "unstarted"
        } else {
            "started"
        };
        vec![
            format!("{:x}", member.id),
            started.to_owned(),
            member.name.clone(),
            member.peer_ur_ls.join(","),
            member.client_ur_ls.join(","),
            member.is_learner.to_string(),
        ]
    };
    reply.members.iter().map(row).collect()
}

pub(super) const HEALTH_HEADER: &[&str] = &["endpoint", "health", "took", "error"];

pub(super) fn healths(list: &[Health]) -> Vec<Vec<String>> {
    let row = |health: &Health| {
        vec![
            health.endpoint.clone(),
            health.healthy.to_string(),
            health.took.clone(),
            health.error.clone().unwrap_or_default(),
        ]
    };
    list.iter().map(row).collect()
}

pub(super) const STATUS_HEADER: &[&str] = &[
    "endpoint",
    "ID",
    "version",
    "storage version",
    "db size",
    "in use",
    "percentage not in use",
    "quota",
    "is leader",
    "is learner",
    "raft term",
    "raft index",
    "raft applied index",
    "errors",
    "downgrade target version",
    "downgrade enabled",
];

pub(super) fn statuses(list: &[Status]) -> Vec<Vec<String>> {
    list.iter().map(status).collect()
}

fn status(status: &Status) -> Vec<String> {
    let reply = &status.reply;
    let member = reply.header.as_ref().map_or(0, |h| h.member_id);
    let downgrade = reply.downgrade_info.clone().unwrap_or_default();
    let used = reply
        .db_size_in_use
        .saturating_mul(100)
        .checked_div(reply.db_size);
    vec![
        status.endpoint.clone(),
        format!("{member:x}"),
        reply.version.clone(),
        reply.storage_version.clone(),
        human(reply.db_size as u64),
        human(reply.db_size_in_use as u64),
        // An empty database is all in use.
        format!("{}%", 100 - used.unwrap_or(100)),
        human(reply.db_size_quota as u64),
        (reply.leader == member).to_string(),
        reply.is_learner.to_string(),
        reply.raft_term.to_string(),
        reply.raft_index.to_string(),
        reply.raft_applied_index.to_string(),
        reply.errors.join(", "),
        downgrade.target_version,
        downgrade.enabled.to_string(),
    ]
}

pub(super) const HASH_HEADER: &[&str] = &["endpoint", "hash", "hash_revision"];

pub(super) fn hashes(list: &[Hash]) -> Vec<Vec<String>> {
    let row = |hash: &Hash| {
        vec![
            hash.endpoint.clone(),
            hash.reply.hash.to_string(),
            hash.reply.hash_revision.to_string(),
        ]
    };
    list.iter().map(row).collect()
}

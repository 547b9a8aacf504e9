//! A member without data meets the cluster it is to belong to: a new member of a running cluster
//! takes its id from there, and a member of a new one must not have been in it before.
//!
//! Nothing here asks anybody: what the others say is handed in. The texts are etcd's
//! (server/etcdserver/bootstrap.go).

use std::fmt;

use proto::etcdserverpb as pb;
use proto::peer::MembersResponse;

use super::initial::difference;
use super::{Initial, Member, Members, check_learners};
use crate::config::{Url, quote};

/// A running cluster, as one of its members describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remote {
    /// The cluster's id.
    pub cluster_id: u64,
    /// Its members.
    pub members: Vec<Member>,
    /// The members that it began with: the log of a new member begins there too.
    pub founders: Vec<Member>,
}

/// Who a new member of a running cluster is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The cluster's id.
    pub cluster_id: u64,
    /// The member's id.
    pub member_id: u64,
    /// The members that the cluster began with.
    pub founders: Vec<Member>,
}

/// Why a member cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// Nobody of those it knows answers.
    #[error(
        "cannot fetch cluster info from peer urls: \
         could not retrieve cluster information from the given URLs"
    )]
    NoAnswer,
    /// Who answers has no members.
    #[error(
        "cannot fetch cluster info from peer urls: \
         failed to get raft cluster member(s) from the given URLs"
    )]
    NoMembers,
    /// The cluster is not the one that the flags describe.
    #[error("error validating peerURLs {cluster}: {why}")]
    Other {
        /// The cluster.
        cluster: String,
        /// The difference.
        why: String,
    },
    /// The cluster has more learners than `--max-learners` allows.
    #[error("membership: too many learner members in cluster")]
    TooManyLearners,
    /// The member was in the cluster before, and its data is gone.
    #[error("member {0:x} has already been bootstrapped")]
    Bootstrapped(u64),
}

impl From<MembersResponse> for Remote {
    fn from(answer: MembersResponse) -> Self {
        let members = |members: Vec<pb::Member>| members.into_iter().map(Member::from).collect();
        Self {
            cluster_id: answer.cluster_id,
            members: members(answer.members),
            founders: members(answer.founders),
        }
    }
}

/// Whether a member may be one of the first of a new cluster. `remote` is what another of them
/// says.
///
/// # Errors
/// The cluster runs already, and has seen this member start.
pub fn check_new(initial: &Initial, remote: &Remote) -> Result<(), JoinError> {
    let own = |member: &&Member| member.id == initial.member_id;
    let known = remote.members.iter().find(own);
    match known.is_some_and(|member| !member.client_urls.is_empty()) {
        true => Err(JoinError::Bootstrapped(initial.member_id)),
        false => Ok(()),
    }
}

/// Finds the member in the cluster it was added to, by the URLs of all members.
///
/// # Errors
/// The cluster is another one.
pub fn join(initial: &Initial, remote: &Remote, learners_max: i64) -> Result<Joined, JoinError> {
    if remote.members.is_empty() {
        return Err(JoinError::NoMembers);
    }
    let members = Members::new(remote.members.iter().cloned(), []);
    let other = |why: String| JoinError::Other {
        cluster: Described(remote.cluster_id, &members).to_string(),
        why,
    };
    if members.iter().len() != initial.members.len() {
        return Err(other("member count is unequal".into()));
    }
    let mut own = None;
    for existing in members.iter() {
        let named = find(existing, &initial.members).map_err(|why| {
            let (id, urls) = (existing.id, existing.peer_urls.join(" "));
            let text = "PeerURLs: no match found for existing member";
            other(format!(
                "{text} ({id:x}, [{urls}]), last resolver error ({why})"
            ))
        })?;
        if named.id == initial.member_id {
            own = Some(existing.id);
        }
    }
    let Some(member_id) = own else {
        return Err(other("it does not have this member".into()));
    };
    check_learners(&members, learners_max, 0).map_err(|_| JoinError::TooManyLearners)?;
    Ok(Joined {
        cluster_id: remote.cluster_id,
        member_id,
        founders: remote.founders.clone(),
    })
}

/// The member of the flags that is reached where `existing` is, or why the last of them is not.
fn find<'a>(existing: &Member, named: &'a [Member]) -> Result<&'a Member, String> {
    let mut last = String::new();
    for member in named {
        match same_urls(&existing.peer_urls, &member.peer_urls) {
            Ok(()) => return Ok(member),
            Err(why) => last = why,
        }
    }
    Err(last)
}

fn same_urls(a: &[String], b: &[String]) -> Result<(), String> {
    let parse = |urls: &[String]| {
        let urls = urls.iter().map(|url| {
            Url::parse(url).map_err(|_| format!("failed to parse string to URL: {}", quote(url)))
        });
        let mut urls = urls.collect::<Result<Vec<Url>, String>>()?;
        urls.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        Ok::<_, String>(urls)
    };
    difference(&parse(a)?, &parse(b)?).map_or(Ok(()), Err)
}

/// A cluster as etcd prints it.
struct Described<'a>(u64, &'a Members);

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.1.iter().map(|m| {
            let (id, name, is_learner) = (m.id, &m.name, m.is_learner);
            let (peers, clients) = (m.peer_urls.join(" "), m.client_urls.join(" "));
            let raft = format!("RaftAttributes:{{PeerURLs:[{peers}] IsLearner:{is_learner}}}");
            let other = format!("Attributes:{{Name:{name} ClientURLs:[{clients}]}}");
            format!("&{{ID:{id:x} {raft} {other}}}")
        });
        let members = members.collect::<Vec<_>>().join(" ");
        let id = self.0;
        write!(
            f,
            "{{ClusterID:{id:x} Members:[{members}] RemovedMemberIDs:[]}}"
        )
    }
}

#[cfg(test)]
mod tests;

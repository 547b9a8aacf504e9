//! Who the members are: a replicated table.

use std::collections::{BTreeMap, BTreeSet};

use proto::etcdserverpb as pb;

use super::Member;

impl From<&Member> for pb::Member {
    fn from(member: &Member) -> Self {
        Self {
            id: member.id,
            name: member.name.clone(),
            peer_ur_ls: member.peer_urls.clone(),
            client_ur_ls: member.client_urls.clone(),
            is_learner: member.is_learner,
        }
    }
}

impl From<pb::Member> for Member {
    fn from(member: pb::Member) -> Self {
        Self {
            id: member.id,
            name: member.name,
            peer_urls: member.peer_ur_ls,
            client_urls: member.client_ur_ls,
            is_learner: member.is_learner,
        }
    }
}

/// All members, by id, and the ids of those that were removed: an id is never used again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    members: BTreeMap<u64, Member>,
    removed: BTreeSet<u64>,
}

impl Members {
    /// The table that a checkpoint holds.
    pub fn new(
        members: impl IntoIterator<Item = Member>,
        removed: impl IntoIterator<Item = u64>,
    ) -> Self {
        let members = members.into_iter().map(|member| (member.id, member));
        Self {
            members: members.collect(),
            removed: removed.into_iter().collect(),
        }
    }

    /// Adds a member, or replaces it.
    pub fn insert(&mut self, member: Member) {
        self.members.insert(member.id, member);
    }

    /// A member goes; its id is remembered.
    pub fn remove(&mut self, id: u64) {
        self.members.remove(&id);
        self.removed.insert(id);
    }

    /// A learner gets a vote. Unknown ids are passed over.
    pub fn promote(&mut self, id: u64) {
        if let Some(member) = self.members.get_mut(&id) {
            member.is_learner = false;
        }
    }

    /// A member is reached elsewhere. Unknown ids are passed over.
    pub fn set_peer_urls(&mut self, id: u64, urls: Vec<String>) {
        if let Some(member) = self.members.get_mut(&id) {
            member.peer_urls = urls;
        }
    }

    /// A member tells what it is called and where clients reach it. Unknown ids are passed over.
    pub fn publish(&mut self, id: u64, name: String, client_urls: Vec<String>) {
        if let Some(member) = self.members.get_mut(&id) {
            member.name = name;
            member.client_urls = client_urls;
        }
    }

    /// The member of that id.
    pub fn get(&self, id: u64) -> Option<&Member> {
        self.members.get(&id)
    }

    /// Whether a member of that id was removed.
    pub fn is_removed(&self, id: u64) -> bool {
        self.removed.contains(&id)
    }

    /// All members in the order of their ids, as etcd lists them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Member> {
        self.members.values()
    }

    /// The members with a vote, in the order of their ids.
    pub fn voters(&self) -> impl Iterator<Item = &Member> {
        self.iter().filter(|member| !member.is_learner)
    }

    /// The ids of removed members, in order.
    pub fn removed(&self) -> impl ExactSizeIterator<Item = u64> {
        self.removed.iter().copied()
    }
}

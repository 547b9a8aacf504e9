//! Who the members are: a replicated table.

use std::collections::BTreeMap;

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

/// All members, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    members: BTreeMap<u64, Member>,
}

impl Members {
    /// Adds a member, or replaces it.
    pub fn insert(&mut self, member: Member) {
        self.members.insert(member.id, member);
    }

    /// The member of that id.
    pub fn get(&self, id: u64) -> Option<&Member> {
        self.members.get(&id)
    }

    /// A member tells what it is called and where clients reach it. Unknown ids are passed over.
    pub fn publish(&mut self, id: u64, name: String, client_urls: Vec<String>) {
        if let Some(member) = self.members.get_mut(&id) {
            member.name = name;
            member.client_urls = client_urls;
        }
    }

    /// All members in the order of their ids, as etcd lists them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Member> {
        self.members.values()
    }
}

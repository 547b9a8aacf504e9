//! A change of the membership as it is replicated.
//!
//! ```text
//! 1: repeated   changes, carried out in order, all or none; each is one of
//!      1: Member          add
//!      2: fixed64         remove
//!      3: Member          other peer URLs for the member of that id
//!      4: fixed64         promote
//! 2: int64      --max-learners of the proposer, so that all members decide by the same number
//! ```

use prost::{Message, Oneof};
use proto::etcdserverpb as pb;

use super::DecodeError;
use crate::cluster::{Member, MemberChange};

/// See the module.
#[derive(Clone, PartialEq, Message)]
pub struct Membership {
    /// The changes.
    #[prost(message, repeated, tag = "1")]
    changes: Vec<Change>,
    /// The proposer's limit.
    #[prost(int64, tag = "2")]
    pub learners_max: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Change {
    #[prost(oneof = "Kind", tags = "1, 2, 3, 4")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Kind {
    #[prost(message, tag = "1")]
    Add(pb::Member),
    #[prost(fixed64, tag = "2")]
    Remove(u64),
    #[prost(message, tag = "3")]
    Update(pb::Member),
    #[prost(fixed64, tag = "4")]
    Promote(u64),
}

impl Membership {
    /// What is to be replicated of these changes.
    pub fn new(changes: &[MemberChange], learners_max: i64) -> Self {
        let wrap = |change: &MemberChange| Change {
            kind: Some(match change {
                MemberChange::Add(member) => Kind::Add(member.into()),
                MemberChange::Remove(id) => Kind::Remove(*id),
                MemberChange::UpdatePeerUrls { id, peer_urls } => Kind::Update(pb::Member {
                    id: *id,
                    peer_ur_ls: peer_urls.clone(),
                    ..Default::default()
                }),
                MemberChange::Promote(id) => Kind::Promote(*id),
            }),
        };
        Self {
            changes: changes.iter().map(wrap).collect(),
            learners_max,
        }
    }

    /// The changes again.
    pub fn changes(&self) -> Vec<MemberChange> {
        let kinds = self.changes.iter().filter_map(|change| change.kind.clone());
        let unwrap = |kind| match kind {
            Kind::Add(member) => MemberChange::Add(Member::from(member)),
            Kind::Remove(id) => MemberChange::Remove(id),
            Kind::Update(member) => MemberChange::UpdatePeerUrls {
                id: member.id,
                peer_urls: member.peer_ur_ls,
            },
            Kind::Promote(id) => MemberChange::Promote(id),
        };
        kinds.map(unwrap).collect()
    }

    /// protobuf passes over what it does not know; a member must not.
    pub(super) fn check(&self) -> Result<(), DecodeError> {
        let unknown = self.changes.iter().position(|change| change.kind.is_none());
        unknown.map_or(Ok(()), |at| Err(DecodeError::Change(at)))
    }
}

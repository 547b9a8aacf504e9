//! Changes of the membership, checked by etcd's rules (server/etcdserver/api/membership, its
//! ValidateConfigurationChange), and what they make of the members and of raft's configuration.
//!
//! Everything here is pure, and is done when a change is applied: every member decides alike. What
//! only the proposer can know, who is connected and how far a learner has come, is in
//! [`super::strict`].

use super::{Conf, ConfError, Error, Member, Members};
use crate::raft::Change;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// A new member, with a vote or as a learner.
    Add(Member),
    /// A member goes for good.
    Remove(u64),
    /// A member is reached elsewhere.
    UpdatePeerUrls {
        /// Which.
        id: u64,
        /// Where.
        peer_urls: Vec<String>,
    },
    /// A learner gets a vote.
    Promote(u64),
}

impl MemberChange {
    /// What raft is told of it; it does not care where members are reached.
    pub fn for_raft(&self) -> Option<Change> {
        match self {
            Self::Add(member) if member.is_learner => Some(Change::AddLearner(member.id)),
            Self::Add(member) => Some(Change::AddVoter(member.id)),
            Self::Remove(id) => Some(Change::Remove(*id)),
            Self::UpdatePeerUrls { .. } => None,
            Self::Promote(id) => Some(Change::AddVoter(*id)),
        }
    }
}

/// The cluster after an accepted change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The members.
    pub members: Members,
    /// Who votes.
    pub conf: Conf,
    /// What raft is told; nothing when only URLs changed.
    pub raft: Vec<Change>,
}

/// Carries out `changes`, one after the other and all or none. `learners_max` is `--max-learners`
/// of whoever asked for them.
///
/// # Errors
/// The first change that is refused, and why.
pub fn change(
    members: &Members,
    conf: &Conf,
    changes: &[MemberChange],
    learners_max: i64,
) -> Result<Changed, Error> {
    let mut next = members.clone();
    for change in changes {
        check(&next, change, learners_max)?;
        match change.clone() {
            MemberChange::Add(member) => next.insert(member),
            MemberChange::Remove(id) => next.remove(id),
            MemberChange::UpdatePeerUrls { id, peer_urls } => next.set_peer_urls(id, peer_urls),
            MemberChange::Promote(id) => next.promote(id),
        }
    }
    let raft: Vec<Change> = changes.iter().filter_map(MemberChange::for_raft).collect();
    let conf = match raft.is_empty() {
        true => conf.clone(),
        false => conf.change(&raft).map_err(|error| match error {
            ConfError::Joint | ConfError::NotJoint => Error::Pending,
            // etcd says so by its strict check, and without that check does not survive it.
            ConfError::NoVoters => Error::NotEnoughStarted,
        })?,
    };
    Ok(Changed {
        members: next,
        conf,
        raft,
    })
}

/// Whether one change is possible, in the order in which etcd looks at it.
fn check(members: &Members, change: &MemberChange, learners_max: i64) -> Result<(), Error> {
    let id = match change {
        MemberChange::Add(member) => member.id,
        MemberChange::Remove(id)
        | MemberChange::Promote(id)
        | MemberChange::UpdatePeerUrls { id, .. } => *id,
    };
    if members.is_removed(id) {
        return Err(Error::NotFound);
    }
    let known = members.get(id);
    match change {
        MemberChange::Add(member) => {
            if known.is_some() {
                return Err(Error::Exists);
            }
            check_urls(members, id, &member.peer_urls)?;
            if member.is_learner {
                check_learners(members, learners_max, 1)?;
            }
            Ok(())
        }
        MemberChange::Remove(_) => known.map(|_| ()).ok_or(Error::NotFound),
        MemberChange::UpdatePeerUrls { peer_urls, .. } => {
            known.ok_or(Error::NotFound)?;
            check_urls(members, id, peer_urls)
        }
        MemberChange::Promote(_) => match known {
            None => Err(Error::NotFound),
            Some(member) if !member.is_learner => Err(Error::NotLearner),
            Some(_) => Ok(()),
        },
    }
}

/// No two members may be reached at the same URL.
fn check_urls(members: &Members, id: u64, urls: &[String]) -> Result<(), Error> {
    let others = members.iter().filter(|member| member.id != id);
    let mut taken = others.flat_map(|member| &member.peer_urls);
    match taken.any(|url| urls.contains(url)) {
        true => Err(Error::PeerUrlExists),
        false => Ok(()),
    }
}

/// Whether there are at most `max` learners once `more` have come.
///
/// # Errors
/// There are more.
pub fn check_learners(members: &Members, max: i64, more: usize) -> Result<(), Error> {
    let learners = members.iter().filter(|member| member.is_learner).count() + more;
    match i64::try_from(learners).is_ok_and(|learners| learners <= max) {
        true => Ok(()),
        false => Err(Error::TooManyLearners),
    }
}

#[cfg(test)]
mod tests;

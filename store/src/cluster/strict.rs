//! What `--strict-reconfig-check` asks before the membership changes: that enough members have
//! started, and that enough are connected (etcd's server/etcdserver, mayAddMember and its kin).
//!
//! Only the member that is asked looks at this, before it proposes. Pure: who is connected is
//! handed in.

use std::time::Duration;

use super::{Error, Members};

/// A member counts as connected when it has been for longer than this (etcd's HealthInterval).
const CONNECTED_MIN: Duration = Duration::from_secs(5);

/// The cluster as the member that is asked sees it.
pub struct View<'a> {
    /// That member.
    pub own: u64,
    /// All members.
    pub members: &'a Members,
    /// For how long another member has been connected without a break; nothing if it is not.
    pub connected_for: &'a dyn Fn(u64) -> Option<Duration>,
}

impl View<'_> {
    /// Whether a member may come.
    ///
    /// # Errors
    /// With the new one too few members would have started, or be connected.
    pub fn may_add(&self, is_learner: bool) -> Result<(), Error> {
        if !is_learner {
            let (started, all) = (self.started_but(None), self.members.voters().count() + 1);
            // A sole member may always get a second one.
            if (started, all) != (1, 2) && started < quorum(all) {
                return Err(Error::NotEnoughStarted);
            }
        }
        let voters = self.members.voters().count();
        if voters != 1 && self.connected() < quorum(voters + 1) {
            return Err(Error::Unhealthy);
        }
        Ok(())
    }

    /// Whether a member may go. Learners may, and so may who is not connected, if the others
    /// have started.
    ///
    /// # Errors
    /// Too few of the remaining members have started, or are connected.
    pub fn may_remove(&self, id: u64) -> Result<(), Error> {
        let known = self.members.get(id);
        if known.is_some_and(|member| member.is_learner) {
            return Ok(());
        }
        let left = self.members.voters().filter(|m| m.id != id).count();
        if self.started_but(Some(id)) < quorum(left) {
            return Err(Error::NotEnoughStarted);
        }
        if id != self.own && (self.connected_for)(id).is_none() {
            return Ok(());
        }
        let voters = self.members.voters().count();
        if self.connected() < 2 + voters.saturating_sub(1) / 2 {
            return Err(Error::Unhealthy);
        }
        Ok(())
    }

    /// Whether a learner, which counts as started, may be promoted.
    ///
    /// # Errors
    /// With it too few members would have started.
    pub fn may_promote(&self) -> Result<(), Error> {
        let all = self.members.voters().count() + 1;
        if self.started_but(None) + 1 < quorum(all) {
            return Err(Error::NotEnoughStarted);
        }
        Ok(())
    }

    /// Voters that have told their name, without one of them.
    fn started_but(&self, id: Option<u64>) -> usize {
        let others = self.members.voters().filter(|m| Some(m.id) != id);
        others.filter(|member| !member.name.is_empty()).count()
    }

    /// Voters that are connected, this member among them.
    fn connected(&self) -> usize {
        let long = |id| (self.connected_for)(id).is_some_and(|time| time > CONNECTED_MIN);
        let connected = self.members.voters().map(|m| m.id);
        connected.filter(|id| *id == self.own || long(*id)).count()
    }
}

fn quorum(members: usize) -> usize {
    members / 2 + 1
}

/// Whether a learner holds enough of the log to be promoted: nine tenths of what the leader does.
///
/// # Errors
/// It does not.
pub fn check_in_sync(learner: u64, leader: u64) -> Result<(), Error> {
    match u128::from(learner) * 10 >= u128::from(leader) * 9 {
        true => Ok(()),
        false => Err(Error::LearnerNotReady),
    }
}

#[cfg(test)]
mod tests;

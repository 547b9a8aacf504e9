//! From one configuration to the next, as raft goes there.
//!
//! ```text
//!              one change                        several changes
//! (1 2 3) ────────────────▶ (1 2 3 4)   (1 2 3) ────────────────▶ (1 2 4)&&(1 2 3)   joint
//!                                                                        │ leave
//!                                                                        ▼
//!                                                                     (1 2 4)
//! ```
//!
//! A voter that is to become a learner waits in `learners_next` while it is among the old voters.

use super::{Conf, Members};
use crate::raft::Change;

/// Why a configuration cannot be changed so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfError {
    /// A joint configuration has to be left first.
    #[error("the configuration is joint")]
    Joint,
    /// Only a joint configuration can be left.
    #[error("the configuration is not joint")]
    NotJoint,
    /// Nobody would be left to vote.
    #[error("no voter would be left")]
    NoVoters,
}

impl Conf {
    /// The configuration of a cluster in which nothing is under way.
    pub fn of(members: &Members) -> Self {
        let ids = |is_learner| {
            let chosen = members.iter().filter(move |m| m.is_learner == is_learner);
            chosen.map(|m| m.id).collect()
        };
        Self {
            voters: ids(false),
            learners: ids(true),
            ..Self::default()
        }
    }

    /// Carries out changes: one at once, several by a joint configuration that the leader leaves.
    ///
    /// # Errors
    /// The configuration is joint, or nobody would be left to vote.
    pub fn change(&self, changes: &[Change]) -> Result<Self, ConfError> {
        if self.is_joint() {
            return Err(ConfError::Joint);
        }
        let mut next = self.clone();
        if changes.len() > 1 {
            if self.voters.is_empty() {
                return Err(ConfError::NoVoters);
            }
            next.voters_outgoing = self.voters.clone();
            next.auto_leave = true;
        }
        for change in changes {
            next.carry_out(*change);
        }
        if next.voters.is_empty() {
            return Err(ConfError::NoVoters);
        }
        Ok(next)
    }

    /// Ends a joint configuration: from now on the new voters decide alone.
    ///
    /// # Errors
    /// The configuration is not joint.
    pub fn leave(&self) -> Result<Self, ConfError> {
        if !self.is_joint() {
            return Err(ConfError::NotJoint);
        }
        let mut next = Self {
            voters: self.voters.clone(),
            learners: self.learners.clone(),
            ..Self::default()
        };
        for id in &self.learners_next {
            insert(&mut next.learners, *id);
        }
        Ok(next)
    }

    fn carry_out(&mut self, change: Change) {
        match change {
            Change::AddVoter(id) => {
                self.forget(id);
                insert(&mut self.voters, id);
            }
            Change::AddLearner(id) if self.learners.contains(&id) => {}
            Change::AddLearner(id) => {
                self.forget(id);
                match self.voters_outgoing.contains(&id) {
                    true => insert(&mut self.learners_next, id),
                    false => insert(&mut self.learners, id),
                }
            }
            Change::Remove(id) => self.forget(id),
        }
    }

    fn forget(&mut self, id: u64) {
        for list in [
            &mut self.voters,
            &mut self.learners,
            &mut self.learners_next,
        ] {
            list.retain(|other| *other != id);
        }
    }
}

fn insert(sorted: &mut Vec<u64>, id: u64) {
    if let Err(at) = sorted.binary_search(&id) {
        sorted.insert(at, id);
    }
}

#[cfg(test)]
mod tests;

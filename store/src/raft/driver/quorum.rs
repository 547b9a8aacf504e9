//! Whom a leader asks whether it still leads: as few as are enough, those who answered first the
//! last time. If one of them does not answer, the next regular heartbeat asks everybody.

use crate::cluster::Conf;

/// See the module.
#[derive(Default)]
pub(super) struct Quorum {
    /// Members, the one that answered last first.
    quick: Vec<u64>,
}

impl Quorum {
    /// A member has answered.
    pub(super) fn answered(&mut self, id: u64) {
        if self.quick.first() == Some(&id) {
            return;
        }
        self.quick.retain(|other| *other != id);
        self.quick.insert(0, id);
    }

    /// Whom to ask besides oneself; nothing if everybody has to be. `asker` is the follower that
    /// wants to know, if it is one: its own answer counts, and it learns along with the question
    /// what is committed.
    pub(super) fn of(&self, conf: &Conf, own: u64, asker: Option<u64>) -> Option<Vec<u64>> {
        if conf.is_joint() {
            return None;
        }
        let enough = conf.voters.len() / 2;
        let is_voter = |id: &u64| *id != own && conf.voters.contains(id);
        let mut asked: Vec<u64> = asker.into_iter().collect();
        let quick = self.quick.iter().copied().filter(|id| asker != Some(*id));
        let mut voters = asked.iter().filter(|id| is_voter(id)).count();
        for id in quick.filter(is_voter) {
            if voters >= enough {
                break;
            }
            asked.push(id);
            voters += 1;
        }
        (voters >= enough).then_some(asked)
    }
}

#[cfg(test)]
mod tests;

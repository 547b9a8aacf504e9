//! Who holds other data than the rest: what follows from the members' hashes, as in etcd
//! (server/etcdserver/corrupt.go). Nothing here asks or tells anybody.
//!
//! - [`initial`]: a member that starts compares itself with all others.
//! - [`periodic`]: the leader compares the others with itself.
//! - [`compaction`]: the leader compares what all have compacted; here the majority is right.

use std::collections::BTreeMap;

use crate::mvcc::HashKv;

/// What another member said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its revision when it answered.
    pub revision: i64,
    /// Its hash of the revision it was asked about.
    pub hash: u32,
    /// The compact revision that the hash was computed with.
    pub compact_revision: i64,
}

/// Another member, and what it said, if it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its id.
    pub id: u64,
    /// Nothing if it is not reached, or cannot hash that revision (any more, or yet).
    pub answer: Option<Answer>,
}

/// The others whose data differs from that of a member that starts. A hash with another compact
/// revision cannot be compared.
pub fn initial(own: &HashKv, peers: &[Peer]) -> Vec<(u64, Answer)> {
    let answers = peers
        .iter()
        .filter_map(|peer| Some((peer.id, peer.answer?)));
    answers
        .filter(|(_, answer)| {
            answer.hash != own.hash && answer.compact_revision == own.compact_revision
        })
        .collect()
}

/// Why a member counts as corrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The leader's own hash is another one at the second time.
    Unsteady,
    /// The other member is ahead of the leader.
    Ahead,
    /// It compacted what the leader did not.
    CompactedAhead,
    /// Its hash differs.
    Differs,
}

/// The leader's view: its hash of the newest revision before it asked, the answers, and its hash
/// after it has waited until all that others may have known is carried out here too.
pub fn periodic(own: u64, before: &HashKv, after: &HashKv, peers: &[Peer]) -> Vec<(u64, Fault)> {
    let mut found = Vec::new();
    let is_same_data = after.hash_revision == before.hash_revision
        && after.compact_revision == before.compact_revision;
    if is_same_data && after.hash != before.hash {
        found.push((own, Fault::Unsteady));
    }
    for peer in peers {
        let Some(answer) = peer.answer else { continue };
        if answer.revision > after.hash_revision {
            found.push((peer.id, Fault::Ahead));
        }
        if answer.compact_revision > after.compact_revision {
            found.push((peer.id, Fault::CompactedAhead));
        }
        if answer.compact_revision == before.compact_revision && answer.hash != before.hash {
            found.push((peer.id, Fault::Differs));
        }
    }
    found
}

/// What the hashes of one compaction say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All members have the same.
    Agreed,
    /// All that could be compared have the same.
    Incomplete {
        /// How many others were compared.
        checked: usize,
    },
    /// Somebody differs.
    Corrupt {
        /// Who differs from the majority; 0 alone, for the whole cluster, if there is none.
        members: Vec<u64>,
        /// Who has which hash, without the majority's.
        hashes: BTreeMap<u32, Vec<u64>>,
    },
}

/// What the hashes of a compaction say: the leader's own, and those of all other members.
pub fn compaction(own: u64, hash: &HashKv, peers: &[Peer]) -> Verdict {
    let mut hashes = BTreeMap::from([(hash.hash, vec![own])]);
    let mut checked = 0;
    for peer in peers {
        if let Some(answer) = comparable(hash, peer) {
            checked += 1;
            hashes.entry(answer.hash).or_default().push(peer.id);
        }
    }
    if hashes.len() == 1 {
        return match checked == peers.len() {
            true => Verdict::Agreed,
            false => Verdict::Incomplete { checked },
        };
    }
    let quorum = peers.len().div_ceil(2) + 1;
    let majority = hashes
        .iter()
        .find(|(_, members)| members.len() >= quorum)
        .map(|(hash, _)| *hash);
    let members = match majority {
        Some(majority) => {
            hashes.remove(&majority);
            hashes.values().flatten().copied().collect()
        }
        None => vec![0],
    };
    Verdict::Corrupt { members, hashes }
}

/// A member's answer, if it is about the same data.
pub fn comparable(hash: &HashKv, peer: &Peer) -> Option<Answer> {
    peer.answer
        .filter(|answer| answer.compact_revision == hash.compact_revision)
}

/// The hashes that were not found equal on all members yet, the newest first.
pub fn unchecked(mut hashes: Vec<HashKv>, checked: i64) -> Vec<HashKv> {
    hashes.retain(|hash| hash.hash_revision > checked);
    hashes.sort_unstable_by_key(|hash| std::cmp::Reverse(hash.hash_revision));
    hashes
}

#[cfg(test)]
mod tests;

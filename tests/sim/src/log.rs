//! What members carried out: one log, on which all of them have to agree.

use std::collections::BTreeMap;

use bytes::Bytes;
use proto::mvccpb::Event;
use store::apply::Reply;

use crate::agenda::Time;
use crate::history::Refusal;

/// An entry as a member carried it out.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// Its place.
    pub index: u64,
    /// Its term.
    pub term: u64,
    /// The encoded command; empty for none.
    pub data: Bytes,
    /// The answer; none for an entry without a command.
    pub outcome: Option<Result<Reply, Refusal>>,
    /// The events, as members told watchers.
    pub events: Vec<Event>,
    /// The revision after it.
    pub revision: i64,
}

/// An entry of the common log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// As the first member carried it out.
    pub applied: Applied,
    /// When the first member did.
    pub at: Time,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Log {
    entries: BTreeMap<u64, Entry>,
    /// Digests of the state by applied index.
    states: BTreeMap<u64, (u64, String)>,
    /// Who led in which term.
    leaders: BTreeMap<u64, u64>,
}

impl Log {
    /// A member carried out an entry.
    ///
    /// # Errors
    /// Another member, or this one before a restart, carried out something else there.
    pub fn record(&mut self, member: u64, applied: Applied, at: Time) -> Result<(), String> {
        let index = applied.index;
        if let Some(known) = self.entries.get(&index) {
            if known.applied != applied {
                return Err(format!(
                    "member {member:x} carried out entry {index} differently:\n  it did {applied:?}\n  before {:?}",
                    known.applied
                ));
            }
            return Ok(());
        }
        self.entries.insert(index, Entry { applied, at });
        Ok(())
    }

    /// A member's whole state after an entry, in short.
    ///
    /// # Errors
    /// Another member had another one.
    pub fn state(&mut self, member: u64, index: u64, digest: String) -> Result<(), String> {
        let (other, known) = self
            .states
            .entry(index)
            .or_insert_with(|| (member, digest.clone()));
        if *known != digest {
            return Err(format!(
                "after entry {index} members {other:x} and {member:x} have different states:\n  {known}\n  {digest}"
            ));
        }
        Ok(())
    }

    /// A member says that it leads.
    ///
    /// # Errors
    /// Another one led in that term.
    pub fn leads(&mut self, member: u64, term: u64) -> Result<(), String> {
        let known = *self.leaders.entry(term).or_insert(member);
        if known != member {
            return Err(format!("both {known:x} and {member:x} lead in term {term}"));
        }
        Ok(())
    }

    /// The entries in order.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.values()
    }

    /// Whether the state after this entry has been compared.
    pub fn has_state(&self, index: u64) -> bool {
        self.states.contains_key(&index)
    }

    /// The last index.
    pub fn last(&self) -> u64 {
        self.entries.last_key_value().map_or(0, |(index, _)| *index)
    }

    /// How many terms had a leader.
    pub fn terms(&self) -> usize {
        self.leaders.len()
    }
}

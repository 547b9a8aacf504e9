//! What the store must hold, and every change that led there.

use std::collections::{BTreeMap, BTreeSet};

use proto::mvccpb::event::EventType;
use proto::mvccpb::{Event, KeyValue};

use super::value::Op;

/// One key changed: put by a write, or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) key: String,
    pub(crate) put: Option<Op>,
}

/// Changes by revision. A revision's changes stand in the order in which they were made.
pub(crate) type History = BTreeMap<i64, Vec<Change>>;

/// A key as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) op: Op,
    pub(crate) create: i64,
    pub(crate) modified: i64,
    pub(crate) version: i64,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Model {
    /// The newest revision that was checked.
    pub(crate) revision: i64,
    /// The compact revision, 0 when nothing was compacted.
    pub(crate) compacted: i64,
    pub(crate) pairs: BTreeMap<String, Pair>,
    pub(crate) leases: BTreeSet<i64>,
    /// What was checked, from the compact revision on.
    pub(crate) history: History,
}

impl Model {
    /// A store that nobody has written to.
    pub(crate) fn new() -> Model {
        Model {
            revision: 1,
            ..Model::default()
        }
    }

    /// Makes the next revision's changes.
    ///
    /// # Errors
    /// They cannot follow on what is there.
    pub(crate) fn apply(&mut self, revision: i64, changes: &[Change]) -> Result<(), String> {
        if revision != self.revision + 1 {
            return Err(format!("revision {revision} follows on {}", self.revision));
        }
        for Change { key, put } in changes {
            let before = self.pairs.remove(key);
            let Some(op) = *put else {
                match before {
                    Some(_) => continue,
                    None => {
                        return Err(format!(
                            "revision {revision} deletes {key}, which is not there"
                        ));
                    }
                }
            };
            let last = before.as_ref().map_or(0, |pair| pair.op.count);
            if op.count != 0 && op.count != last + 1 {
                return Err(format!(
                    "revision {revision} counts {last}, then {}",
                    op.count
                ));
            }
            let pair = Pair {
                op,
                create: before.as_ref().map_or(revision, |pair| pair.create),
                modified: revision,
                version: before.map_or(1, |pair| pair.version + 1),
            };
            self.pairs.insert(key.clone(), pair);
        }
        self.revision = revision;
        self.history.insert(revision, changes.to_vec());
        Ok(())
    }

    /// Forgets history as a compaction does.
    pub(crate) fn compact(&mut self, revision: i64) {
        self.compacted = revision;
        self.history = self.history.split_off(&revision);
    }

    /// Compares the pairs with what a range over all keys gave.
    ///
    /// # Errors
    /// The first difference.
    pub(crate) fn check_pairs(&self, found: &[KeyValue]) -> Result<(), String> {
        for (kv, (key, pair)) in found.iter().zip(&self.pairs) {
            let seen = Pair {
                op: Op::parse(&kv.value)?,
                create: kv.create_revision,
                modified: kv.mod_revision,
                version: kv.version,
            };
            if kv.key != key.as_bytes() || seen != *pair || kv.lease != pair.op.lease {
                let name = kv.key.escape_ascii();
                return Err(format!(
                    "{key} must be {pair:?}, found {name} as {seen:?} with lease {}",
                    kv.lease
                ));
            }
        }
        match found.len() == self.pairs.len() {
            true => Ok(()),
            false => Err(format!(
                "{} keys instead of {}",
                found.len(),
                self.pairs.len()
            )),
        }
    }

    /// The keys that are attached to a lease, in order.
    pub(crate) fn keys_of(&self, lease: i64) -> impl Iterator<Item = &String> {
        let attached = move |(_, pair): &(&String, &Pair)| pair.op.lease == lease;
        self.pairs.iter().filter(attached).map(|(key, _)| key)
    }
}

/// Events as changes, by revision.
///
/// # Errors
/// A value is damaged, or the events are not in order.
pub(crate) fn changes(events: &[Event]) -> Result<History, String> {
    let mut history = History::new();
    let mut last = 0;
    for event in events {
        let kv = event.kv.as_ref().ok_or("an event without a pair")?;
        let key = String::from_utf8_lossy(&kv.key).into_owned();
        let put = match event.r#type() {
            EventType::Put => Some(Op::parse(&kv.value).map_err(|text| format!("{key}: {text}"))?),
            EventType::Delete => None,
        };
        if put.is_some_and(|op| op.lease != kv.lease) {
            return Err(format!(
                "{key} at {} has lease {}",
                kv.mod_revision, kv.lease
            ));
        }
        if kv.mod_revision < last {
            return Err(format!("revision {} is told after {last}", kv.mod_revision));
        }
        last = kv.mod_revision;
        history.entry(last).or_default().push(Change { key, put });
    }
    Ok(history)
}

//! The common log against the model: every entry does what it should, revisions grow one by one,
//! every acknowledged request stands in the log just once, and was answered rightly.

use std::collections::BTreeMap;

use proto::mvccpb::{Event, KeyValue};
use store::command::Command;

use crate::agenda::Time;
use crate::history::{Answer, History, Op, Request};
use crate::log::{Entry, Log};
use crate::model::Model;

/// The log as the other checks look at it.
#[derive(Debug, Default)]
pub struct Replayed {
    /// All states.
    pub model: Model,
    /// Where each client's request stands.
    pub index_of_op: BTreeMap<u64, u64>,
    /// The entry that made each revision.
    pub index_of_revision: BTreeMap<i64, u64>,
    /// The last entry.
    pub last: u64,
    /// Events by revision.
    pub events: BTreeMap<i64, Vec<Event>>,
    /// Compactions: index, revision and when first carried out.
    pub compactions: Vec<(u64, i64, Time)>,
    /// When each lease began and ended: the time of the first member that saw so.
    pub granted: BTreeMap<i64, Time>,
    /// See above.
    pub gone: BTreeMap<i64, Time>,
    /// Leases that ended because their time ran out.
    pub expired: BTreeMap<i64, Time>,
}

/// Carries out the log.
///
/// # Errors
/// What is wrong.
pub fn replay(history: &History, log: &Log) -> Result<Replayed, String> {
    let mut replayed = Replayed::default();
    for entry in log.entries() {
        if entry.applied.index != replayed.last + 1 {
            return Err(format!("nobody carried out entry {}", replayed.last + 1));
        }
        replayed.last += 1;
        replayed.entry(history, entry)?;
    }
    replayed.check_answers(history)?;
    let orphans = replayed.model.orphans();
    match orphans.is_empty() {
        true => Ok(replayed),
        false => Err(format!("keys outlived their lease: {orphans:?}")),
    }
}

impl Replayed {
    fn entry(&mut self, history: &History, entry: &Entry) -> Result<(), String> {
        let applied = &entry.applied;
        let index = applied.index;
        if applied.data.is_empty() {
            return Ok(());
        }
        let (id, command) = Command::decode(&applied.data).map_err(|e| e.to_string())?;
        if let Some(op) = history.get(id) {
            if let Some(before) = self.index_of_op.insert(id, index) {
                return Err(format!(
                    "request {id} was carried out twice, by entries {before} and {index}: {op:?}"
                ));
            }
            if encoded(op).as_ref() != Some(&applied.data) {
                return Err(format!("entry {index} is not what was asked for by {op:?}"));
            }
        }
        let expected = self.model.apply(&command, applied.term);
        if let Some(op) = history.get(id)
            && let Some((_, Answer::Ordered(told))) = &op.returned
            && *told != expected.outcome
        {
            return Err(format!(
                "entry {index} came to {:?}, but its client was told {op:?}",
                expected.outcome
            ));
        }
        // Of members the model knows nothing: that all do the same is seen elsewhere.
        let is_known = !matches!(command, Command::Membership(_));
        if is_known && Some(&expected.outcome) != applied.outcome.as_ref() {
            return Err(format!(
                "entry {index} ({command:?}) came to {:?}, not to {:?}",
                applied.outcome, expected.outcome
            ));
        }
        let events: Vec<Event> = applied.events.iter().map(without_previous).collect();
        if events != expected.events || applied.revision != self.model.revision {
            return Err(format!(
                "entry {index} ({command:?}) made revision {} of {events:?}, not {} of {:?}",
                applied.revision, self.model.revision, expected.events
            ));
        }
        if !events.is_empty() {
            self.index_of_revision.insert(applied.revision, index);
            self.events.insert(applied.revision, events);
        }
        match &command {
            Command::LeaseGrant(request) if expected.outcome.is_ok() => {
                self.granted.insert(request.id, entry.at);
            }
            Command::Compact(request) if expected.outcome.is_ok() => {
                self.compactions.push((index, request.revision, entry.at));
            }
            _ => {}
        }
        for lease in expected.gone {
            self.gone.insert(lease, entry.at);
            if matches!(command, Command::LeaseExpire(_)) {
                self.expired.insert(lease, entry.at);
            }
        }
        Ok(())
    }

    fn check_answers(&self, history: &History) -> Result<(), String> {
        for op in &history.ops {
            let Some((_, answer)) = &op.returned else {
                continue;
            };
            match (answer, self.index_of_op.get(&op.id)) {
                (Answer::Refused, Some(index)) => {
                    return Err(format!("refused, but carried out by entry {index}: {op:?}"));
                }
                (Answer::Ordered(_), None) => {
                    return Err(format!("an acknowledged request is lost: {op:?}"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The position in the log of what was visible at `revision`: from this entry up to the last
    /// one before the next revision.
    pub fn positions(&self, revision: i64) -> Option<(u64, u64)> {
        let first = match revision {
            1 => 0,
            _ => *self.index_of_revision.get(&revision)?,
        };
        let next = self.index_of_revision.get(&(revision + 1));
        Some((first, next.map_or(self.last, |next| next - 1)))
    }

    /// The highest compaction carried out up to an entry.
    pub fn compacted_at(&self, index: u64) -> i64 {
        let upto = self.compactions.iter().take_while(|(at, ..)| *at <= index);
        upto.map(|(_, revision, _)| *revision).max().unwrap_or(-1)
    }

    /// The pair before an event.
    pub fn previous(&self, event: &Event) -> Option<&KeyValue> {
        let kv = event.kv.as_ref()?;
        self.model.at(&kv.key, kv.mod_revision - 1)
    }
}

/// An event without the pair before, which members look up only where it is asked for.
pub(super) fn without_previous(event: &Event) -> Event {
    Event {
        prev_kv: None,
        ..event.clone()
    }
}

/// What an op looks like in the log.
fn encoded(op: &Op) -> Option<bytes::Bytes> {
    command_of(&op.request).map(|command| command.encode(op.id))
}

/// The command that a request becomes, unless it is only read.
pub fn command_of(request: &Request) -> Option<Command> {
    Some(match request {
        Request::Put(request) => Command::Put(request.clone()),
        Request::Delete(request) => Command::DeleteRange(request.clone()),
        Request::Txn(request) if store::apply::is_readonly(request) => return None,
        Request::Txn(request) => Command::Txn(request.clone()),
        Request::Compact(request) => Command::Compact(*request),
        Request::Grant(request) => Command::LeaseGrant(*request),
        Request::Revoke(request) => Command::LeaseRevoke(*request),
        Request::Range(_) | Request::KeepAlive(_) => return None,
    })
}

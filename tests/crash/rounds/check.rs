//! After a restart: what the server holds against what was promised.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::load::Traces;
use super::model::{Change, History, Model, changes};
use super::record::{Outcome, Record, Sample, Wanted};
use crate::client::Client;

/// What a round had, for the figures at the end.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) revisions: i64,
    pub(crate) acknowledged: usize,
    pub(crate) in_doubt: usize,
    /// In-doubt changes that turned out to have been made.
    pub(crate) made: usize,
    /// Samples of hashes that could be compared.
    pub(crate) hashes: usize,
}

/// Checks the server against the model and a round's traces, and brings the model up to date.
///
/// # Errors
/// What was promised and is not there, or is there and was never asked for.
pub(crate) async fn check(
    client: &mut Client,
    model: &mut Model,
    traces: Traces,
) -> Result<Figures, String> {
    let said = |status: tonic::Status| format!("after the restart: {status}");
    let (revision, pairs) = client.all().await.map_err(said)?;
    let (compacted, events) = client.history(revision).await.map_err(said)?;
    let found = changes(&events)?;
    check_compaction(model, compacted, &traces.records)?;
    same(&model.history, &found, compacted, "checked before")?;
    let observed = changes(&traces.observed)?;
    same(&observed, &found, compacted, "observed by a watch")?;

    let mut expected = Expected::new(&traces.records)?;
    let mut figures = Figures {
        revisions: revision - model.revision,
        acknowledged: expected.acknowledged,
        in_doubt: traces
            .records
            .iter()
            .filter(|record| record.outcome == Outcome::InDoubt)
            .count(),
        ..Figures::default()
    };
    for at in model.revision + 1..=revision {
        let source = if at > compacted { &found } else { &observed };
        let changes = source.get(&at).ok_or_else(|| {
            format!("revision {at} is missing; compacted {compacted}, now {revision}")
        })?;
        expected.take(at, changes, model)?;
        model.apply(at, changes)?;
    }
    figures.made = expected.made;
    if let Some((at, record)) = expected.acknowledged_at.pop_first() {
        return Err(format!(
            "acknowledged at {at}, and gone (now {revision}): {record:?}"
        ));
    }
    model.compact(compacted);
    model.check_pairs(&pairs)?;
    let leases = client.leases().await.map_err(said)?;
    check_leases(model, &leases, &traces.records)?;
    figures.hashes = check_hashes(client, compacted, &traces.samples).await?;
    Ok(figures)
}

/// Every revision above the compact revision that is known already must be told the same again.
fn same(known: &History, found: &History, compacted: i64, how: &str) -> Result<(), String> {
    for (at, changes) in known.range(compacted + 1..) {
        match found.get(at) {
            Some(again) if again == changes => {}
            other => {
                return Err(format!(
                    "revision {at}, {how} as {changes:?}, is now {other:?}"
                ));
            }
        }
    }
    Ok(())
}

fn check_compaction(model: &Model, found: i64, records: &[Record]) -> Result<(), String> {
    let mut least = model.compacted;
    let mut most = model.compacted;
    for record in records {
        if let Wanted::Compact(revision) = record.wanted {
            most = most.max(revision);
            if record.outcome != Outcome::InDoubt {
                least = least.max(revision);
            }
        }
    }
    match (least..=most).contains(&found) {
        true => Ok(()),
        false => Err(format!(
            "compacted at {found}, which must be from {least} to {most}"
        )),
    }
}

/// What the new revisions must be made of.
struct Expected<'a> {
    acknowledged_at: BTreeMap<i64, &'a Record>,
    in_doubt: VecDeque<&'a Record>,
    acknowledged: usize,
    made: usize,
}

impl<'a> Expected<'a> {
    fn new(records: &'a [Record]) -> Result<Self, String> {
        let mut expected = Expected {
            acknowledged_at: BTreeMap::new(),
            in_doubt: VecDeque::new(),
            acknowledged: 0,
            made: 0,
        };
        for record in records {
            match record.outcome {
                Outcome::Done(_) => expected.acknowledged += 1,
                Outcome::InDoubt => {}
            }
            match (&record.wanted, record.outcome) {
                (Wanted::Write { .. }, Outcome::Done(at)) => {
                    if let Some(other) = expected.acknowledged_at.insert(at, record) {
                        return Err(format!(
                            "revision {at} was given to {other:?} and {record:?}"
                        ));
                    }
                }
                (Wanted::Write { .. } | Wanted::Revoke(_), _) => {
                    expected.in_doubt.push_back(record)
                }
                (Wanted::Grant(_) | Wanted::Compact(_), _) => {}
            }
        }
        Ok(expected)
    }

    /// Finds who made a revision's changes; each request makes at most one.
    fn take(&mut self, at: i64, changes: &[Change], model: &Model) -> Result<(), String> {
        if let Some(record) = self.acknowledged_at.remove(&at) {
            let wanted = wanted_changes(record, model);
            return match wanted == changes {
                true => Ok(()),
                false => Err(format!(
                    "revision {at} must be {wanted:?}, but is {changes:?}"
                )),
            };
        }
        let makes = |record: &&Record| wanted_changes(record, model) == changes;
        let Some(place) = self.in_doubt.iter().position(makes) else {
            return Err(format!("nobody asked for revision {at}: {changes:?}"));
        };
        let record = self
            .in_doubt
            .remove(place)
            .ok_or("the place was just found")?;
        match record.outcome {
            // A revocation's revision is only known to be at least this.
            Outcome::Done(told) if told != at => Err(format!(
                "a lease was revoked at {at}, the reply said {told}"
            )),
            Outcome::Done(_) => Ok(()),
            Outcome::InDoubt => {
                self.made += 1;
                Ok(())
            }
        }
    }
}

/// The changes that a request makes to a store as the model says.
fn wanted_changes(record: &Record, model: &Model) -> Vec<Change> {
    let deleted = |key: &String| Change {
        key: key.clone(),
        put: None,
    };
    match &record.wanted {
        Wanted::Write { op, puts, deletes } => {
            let puts = puts.iter().map(|key| Change {
                key: key.clone(),
                put: Some(*op),
            });
            let there = deletes.iter().filter(|key| model.pairs.contains_key(*key));
            puts.chain(there.map(deleted)).collect()
        }
        Wanted::Revoke(id) => model.keys_of(*id).map(deleted).collect(),
        Wanted::Grant(_) | Wanted::Compact(_) => Vec::new(),
    }
}

fn check_leases(model: &mut Model, found: &[i64], records: &[Record]) -> Result<(), String> {
    let found: BTreeSet<i64> = found.iter().copied().collect();
    let mut must = model.leases.clone();
    let mut may = BTreeSet::new();
    for record in records {
        match (&record.wanted, record.outcome) {
            (Wanted::Grant(id), Outcome::Done(_)) => {
                must.insert(*id);
            }
            (Wanted::Grant(id), Outcome::InDoubt) => {
                may.insert(*id);
            }
            (Wanted::Revoke(id), outcome) => {
                must.remove(id);
                if outcome == Outcome::InDoubt {
                    may.insert(*id);
                }
            }
            (Wanted::Write { .. } | Wanted::Compact(_), _) => {}
        }
    }
    if let Some(lost) = must.difference(&found).next() {
        let known = model.leases.contains(lost);
        let asked: Vec<_> = records
            .iter()
            .filter(|r| matches!(&r.wanted, Wanted::Grant(id) | Wanted::Revoke(id) if id == lost))
            .collect();
        return Err(format!(
            "lease {lost} is gone; before the round: {known}; in it: {asked:?}; all {must:?} {found:?}"
        ));
    }
    if let Some(risen) = found
        .iter()
        .find(|id| !must.contains(id) && !may.contains(id))
    {
        return Err(format!("lease {risen} was revoked, or nobody asked for it"));
    }
    if let Some(pair) = model
        .pairs
        .values()
        .find(|pair| pair.op.lease != 0 && !found.contains(&pair.op.lease))
    {
        return Err(format!("a key outlives its lease: {pair:?}"));
    }
    model.leases = found;
    Ok(())
}

/// Hashes that the server gave before it died, where it has the same history still.
async fn check_hashes(
    client: &mut Client,
    compacted: i64,
    samples: &[Sample],
) -> Result<usize, String> {
    let mut compared = 0;
    for sample in samples
        .iter()
        .filter(|sample| sample.compacted.max(0) == compacted)
    {
        let again = client
            .hash(sample.revision)
            .await
            .map_err(|status| status.to_string())?;
        let (_, now_compacted, hash) = again;
        if (now_compacted, hash) != (sample.compacted, sample.hash) {
            return Err(format!("the hash was {sample:?}, now it is {again:?}"));
        }
        compared += 1;
    }
    Ok(compared)
}

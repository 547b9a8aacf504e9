//! Watches: what a client was told, across breaks, restarts and other members, has to be exactly
//! what happened to its keys, in order, each revision whole, from where it began.

use bytes::Bytes;
use proto::mvccpb::Event;
use proto::mvccpb::event::EventType;

use crate::agenda::Time;

use super::replay::{Replayed, without_previous};

/// What a client watches, and what it was told.
#[derive(Clone, Debug)]
pub struct Watching {
    /// First key.
    pub key: Bytes,
    /// As in a range request.
    pub range_end: Bytes,
    /// Pairs before are asked for.
    pub prev_kv: bool,
    /// Puts are left out.
    pub no_put: bool,
    /// Deletions are left out.
    pub no_delete: bool,
    /// In order.
    pub seen: Vec<(Time, Seen)>,
}

/// One thing that a watching client learned.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// The watch begins behind this revision.
    Begun(i64),
    /// Events.
    Events {
        /// The store's revision at the time.
        revision: i64,
        /// The events.
        events: Vec<Event>,
    },
    /// Everything up to this revision has been told.
    Progress(i64),
    /// What would come next is compacted; it goes on from this revision.
    Compacted(i64),
}

/// Checks all watches; `is_settled` when each of them must have been told everything.
///
/// # Errors
/// What is wrong.
pub fn watches(watching: &[Watching], replayed: &Replayed, is_settled: bool) -> Result<(), String> {
    watching.iter().enumerate().try_for_each(|(number, watch)| {
        check(watch, replayed, is_settled)
            .map_err(|error| format!("watch {number} ({}): {error}", describe(watch)))
    })
}

fn check(watch: &Watching, replayed: &Replayed, is_settled: bool) -> Result<(), String> {
    let mut next = None;
    for (at, seen) in &watch.seen {
        match (seen, next) {
            (Seen::Begun(revision), None) => next = Some(revision + 1),
            (Seen::Begun(_), Some(_)) => return Err("it began twice".into()),
            (_, None) => return Err("it was told something before it began".into()),
            (Seen::Events { revision, events }, Some(from)) => {
                next = Some(told(watch, from, *revision, events, *at, replayed)?);
            }
            (Seen::Progress(revision), Some(from)) => {
                nothing_missing(watch, from, *revision, replayed)?;
                next = Some(from.max(revision + 1));
            }
            (Seen::Compacted(revision), Some(from)) => {
                let is_so = replayed
                    .compactions
                    .iter()
                    .any(|(_, compacted, when)| compacted == revision && when <= at);
                if !is_so || *revision <= from {
                    return Err(format!(
                        "it was ended at {from} by a compaction at {revision}"
                    ));
                }
                next = Some(*revision);
            }
        }
    }
    match next {
        Some(from) if is_settled => nothing_missing(watch, from, replayed.model.revision, replayed),
        _ => Ok(()),
    }
}

/// Checks one message, and returns the revision to go on from.
fn told(
    watch: &Watching,
    from: i64,
    revision: i64,
    events: &[Event],
    at: Time,
    replayed: &Replayed,
) -> Result<i64, String> {
    let last = events.iter().filter_map(|e| e.kv.as_ref()).next_back();
    let Some(last) = last.map(|kv| kv.mod_revision) else {
        return Err("it was told of nothing".into());
    };
    if last > revision {
        return Err(format!("it was told of {last} at revision {revision}"));
    }
    let expected = wanted(watch, from, last, replayed);
    let plain: Vec<Event> = events.iter().map(without_previous).collect();
    let is_equal = plain.iter().eq(expected.iter().copied());
    if !is_equal {
        return Err(format!(
            "from {from} on it was told of {:?} instead of {:?}",
            plain.iter().map(brief).collect::<Vec<_>>(),
            expected.iter().map(|e| brief(e)).collect::<Vec<_>>()
        ));
    }
    for event in events {
        previous(watch, event, at, replayed)?;
    }
    Ok(last + 1)
}

fn previous(watch: &Watching, event: &Event, at: Time, replayed: &Replayed) -> Result<(), String> {
    let expected = replayed.previous(event).filter(|_| watch.prev_kv);
    let made = event.kv.as_ref().map_or(0, |kv| kv.mod_revision);
    let may_be_gone = replayed
        .compactions
        .iter()
        .any(|(_, revision, when)| *revision >= made && *when <= at);
    let is_right = event.prev_kv.as_ref() == expected || (event.prev_kv.is_none() && may_be_gone);
    match is_right {
        true => Ok(()),
        false => Err(format!(
            "before the event at {made} stood {expected:?}, not {:?}",
            event.prev_kv
        )),
    }
}

fn nothing_missing(
    watch: &Watching,
    from: i64,
    to: i64,
    replayed: &Replayed,
) -> Result<(), String> {
    let missing = wanted(watch, from, to, replayed);
    match missing.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "by revision {to} it was not told of {:?}",
            missing.iter().map(|e| brief(e)).collect::<Vec<_>>()
        )),
    }
}

/// The events that concern a watch, from one revision to another.
fn wanted<'a>(watch: &Watching, from: i64, to: i64, replayed: &'a Replayed) -> Vec<&'a Event> {
    if from > to {
        return Vec::new();
    }
    let events = replayed.events.range(from..=to).flat_map(|(_, e)| e);
    events.filter(|event| concerns(watch, event)).collect()
}

fn concerns(watch: &Watching, event: &Event) -> bool {
    let Some(kv) = &event.kv else { return false };
    let in_range = match watch.range_end.as_ref() {
        b"" => kv.key == watch.key,
        b"\0" => kv.key >= watch.key,
        end => kv.key >= watch.key && kv.key.as_ref() < end,
    };
    in_range
        && match event.r#type() {
            EventType::Put => !watch.no_put,
            EventType::Delete => !watch.no_delete,
        }
}

fn brief(event: &Event) -> String {
    let kv = event.kv.clone().unwrap_or_default();
    let key = String::from_utf8_lossy(&kv.key).into_owned();
    format!("{:?} {key}@{}", event.r#type(), kv.mod_revision)
}

fn describe(watch: &Watching) -> String {
    format!(
        "{:?}..{:?}{}",
        watch.key,
        watch.range_end,
        if watch.prev_kv { ", prev_kv" } else { "" }
    )
}

//! What a deletion does to an object, decided from the object and the options alone: goes at once, is
//! marked and goes later, or is on its way already (upstream's registry store and `rest.BeforeDelete`).

use jiff::{Span, Timestamp};
use serde_json::Value;

use crate::object;

/// Dependents stay and lose their owner.
pub const ORPHAN: &str = "orphan";
/// Dependents go first.
pub const FOREGROUND: &str = "foregroundDeletion";

/// What becomes of dependents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// They stay.
    Orphan,
    /// They go later.
    Background,
    /// They go first.
    Foreground,
}

/// `DeleteOptions`, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How long the object may take, in seconds.
    pub grace: Option<i64>,
    /// What becomes of dependents.
    pub propagation: Option<Propagation>,
    /// The old form of `propagation`.
    pub orphans: Option<bool>,
    /// The object has to have this UID.
    pub uid: Option<String>,
    /// The object has to have this resource version.
    pub revision: Option<String>,
    /// Nothing is stored.
    pub is_dry: bool,
}

/// How objects of a kind go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// Whether the kind knows of grace, and how long this object gets if nobody says it.
    pub grace: Option<i64>,
    /// Whether the kind has dependents; events have none.
    pub is_collected: bool,
    /// Whether dependents stay if nobody says anything (old replication controllers).
    pub orphans: bool,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// It goes now.
    Delete,
    /// It is written with its marks; and goes right after that if `then_delete`.
    Mark {
        /// The object with its marks.
        object: Value,
        /// Its time is up with that.
        then_delete: bool,
    },
    /// It is on its way; nothing changes.
    Pending,
}

/// A condition of the options that the object does not meet; upstream's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmet {
    /// Another object of the same name.
    #[error(
        "the UID in the precondition ({asked}) does not match the UID in record ({found}). The object might have been deleted and then recreated"
    )]
    Uid {
        /// What was asked for.
        asked: String,
        /// What is there.
        found: String,
    },
    /// It has changed.
    #[error(
        "the ResourceVersion in the precondition ({asked}) does not match the ResourceVersion in record ({found}). The object might have been modified"
    )]
    Revision {
        /// What was asked for.
        asked: String,
        /// What is there.
        found: String,
    },
}

/// Sees whether an object is the one that is meant.
///
/// # Errors
/// It is not.
pub fn check(current: &Value, options: &Options) -> Result<(), Unmet> {
    let found = object::text(current, "uid");
    if let Some(asked) = options.uid.as_ref().filter(|asked| *asked != found) {
        return Err(Unmet::Uid {
            asked: asked.clone(),
            found: found.to_owned(),
        });
    }
    let found = object::text(current, "resourceVersion");
    if let Some(asked) = options.revision.as_ref().filter(|asked| *asked != found) {
        return Err(Unmet::Revision {
            asked: asked.clone(),
            found: found.to_owned(),
        });
    }
    Ok(())
}

/// What is to be done with an object that shall go.
#[must_use]
pub fn step(current: &Value, options: &Options, manners: Manners, now: Timestamp) -> Step {
    let mut marked = current.clone();
    let graceful = match grace(&mut marked, options, manners, now) {
        Grace::Pending => return Step::Pending,
        Grace::None => None,
        Grace::Set(seconds) => Some(seconds),
    };
    let finalizers = finalizers(current, options, manners);
    let is_held = !finalizers.is_empty();
    object::set_finalizers(&mut marked, finalizers);
    match graceful {
        None if is_held => {
            mark(&mut marked, now);
            Step::Mark {
                object: marked,
                then_delete: false,
            }
        }
        None => Step::Delete,
        Some(seconds) => Step::Mark {
            object: marked,
            then_delete: !is_held && seconds == 0,
        },
    }
}

enum Grace {
    /// The kind, or this object, goes without any.
    None,
    /// It is running already, and does not get shorter.
    Pending,
    /// It has been set, in seconds.
    Set(i64),
}

fn grace(marked: &mut Value, options: &Options, manners: Manners, now: Timestamp) -> Grace {
    let Some(usual) = manners.grace else {
        return Grace::None;
    };
    // Negative periods are one second.
    let asked = options.grace.map(|asked| if asked < 0 { 1 } else { asked });
    if object::is_deleting(marked) {
        let running = marked["metadata"]["deletionGracePeriodSeconds"].as_i64();
        let running = match running {
            None | Some(0) => return Grace::None,
            Some(running) if running < 0 => 1,
            Some(running) => running,
        };
        let Some(asked) = asked.filter(|asked| *asked < running) else {
            return Grace::Pending;
        };
        let end: Option<Timestamp> = object::text(marked, "deletionTimestamp").parse().ok();
        let shorter = end.and_then(|end| end.checked_add(seconds(asked - running)).ok());
        let (end, period) = match shorter {
            Some(end) if end >= now => (end, asked),
            _ if asked == 0 => (now, 0),
            // It was to be gentle, but its time is up already.
            _ => (now, 1),
        };
        set_marks(marked, end, period);
        return Grace::Set(period);
    }
    let period = asked.unwrap_or(usual);
    let end = now.checked_add(seconds(period)).unwrap_or(Timestamp::MAX);
    set_marks(marked, end, period);
    bump(marked);
    Grace::Set(period)
}

fn seconds(count: i64) -> Span {
    Span::new().try_seconds(count).unwrap_or_default()
}

fn set_marks(object: &mut Value, end: Timestamp, period: i64) {
    object::set(object, "deletionTimestamp", Some(time(end).into()));
    object::set(object, "deletionGracePeriodSeconds", Some(period.into()));
}

/// A moment as objects hold it: RFC 3339, to the second.
#[must_use]
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A new generation, where the object counts them: whoever looks after it shall see that it goes.
fn bump(object: &mut Value) {
    let generation = object["metadata"]["generation"].as_i64().unwrap_or(0);
    if generation > 0 {
        object::set(object, "generation", Some((generation + 1).into()));
    }
}

/// Marks an object that only its finalizers hold.
fn mark(object: &mut Value, now: Timestamp) {
    if !object::is_deleting(object) {
        bump(object);
    }
    let end: Option<Timestamp> = object::text(object, "deletionTimestamp").parse().ok();
    let end = end.filter(|end| *end <= now).unwrap_or(now);
    set_marks(object, end, 0);
}

/// The finalizers that the object has from now on.
fn finalizers(current: &Value, options: &Options, manners: Manners) -> Vec<String> {
    let has = |name: &str| object::finalizers(current).any(|found| found == name);
    let others = object::finalizers(current).filter(|name| *name != ORPHAN && *name != FOREGROUND);
    let mut all: Vec<String> = others.map(str::to_owned).collect();
    if !manners.is_collected {
        return all;
    }
    let propagation = match (options.orphans, options.propagation) {
        (Some(true), _) => Propagation::Orphan,
        (Some(false), _) => Propagation::Background,
        (None, Some(asked)) => asked,
        // What was asked for earlier.
        (None, None) if has(ORPHAN) => Propagation::Orphan,
        (None, None) if has(FOREGROUND) => Propagation::Foreground,
        (None, None) if manners.orphans => Propagation::Orphan,
        (None, None) => Propagation::Background,
    };
    match propagation {
        Propagation::Orphan => all.push(ORPHAN.to_owned()),
        Propagation::Foreground => all.push(FOREGROUND.to_owned()),
        Propagation::Background => {}
    }
    all
}

#[cfg(test)]
mod tests;

//! The judges. They see what clients did and saw ([`History`]), what members carried out
//! ([`Log`]), and what watchers were told; they know nothing of how it came about.

mod lease;
mod order;
mod replay;
mod watch;

pub use self::lease::leases;
pub use self::order::order;
pub use self::replay::{Replayed, command_of, replay};
pub use self::watch::{Seen, Watching, watches};

use crate::agenda::Time;
use crate::history::History;
use crate::log::Log;

/// All of them.
///
/// # Errors
/// What is wrong.
pub fn all(
    history: &History,
    log: &Log,
    watching: &[Watching],
    end: Option<Time>,
) -> Result<Replayed, String> {
    let replayed = replay(history, log)?;
    order(history, &replayed)?;
    watches(watching, &replayed, end.is_some())?;
    leases(history, &replayed, end)?;
    Ok(replayed)
}

#[cfg(test)]
mod tests;

//! Clusters of the store's real core on one seeded clock, network and disk.
//!
//! ```text
//! seed ─▶ plan ─▶ world: members (driver, log, state machine, hub, deadlines), clients, trouble
//!                   │
//!                   ├─▶ history   what clients asked for and were told
//!                   ├─▶ log       what members carried out, which must agree
//!                   └─▶ watching  what watchers were told
//!                          └─▶ check: model, order, watches, leases
//! ```
//! Everything that happens is decided by the seed: the run of a seed is the same on each machine,
//! so a failing one is replayed exactly. `tests/README.md` tells how to run it, and which planted
//! bugs it finds.

pub mod agenda;
pub mod around;
pub mod check;
pub mod client;
pub mod history;
pub mod log;
pub mod member;
pub mod model;
pub mod network;
pub mod plan;
pub mod plant;
pub mod random;
pub mod trouble;
mod wire;
mod world;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use store::metrics::Metrics;

pub use around::Notes;
pub use plant::Plant;
pub use world::Report;

/// What a run found.
#[derive(Clone, Debug)]
pub struct Violation {
    /// What is wrong.
    pub text: String,
    /// What happened, if it was noted.
    pub notes: Vec<String>,
}

/// Runs a seed, and judges what happened. A panic of the core is a violation, too.
///
/// # Errors
/// What is wrong.
pub fn run(
    seed: u64,
    plant: Option<Plant>,
    with_notes: bool,
    metrics: &Arc<Metrics>,
) -> Result<Report, Violation> {
    let notes: Option<Notes> = with_notes.then(Notes::default);
    IS_QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(|| {
        world::World::new(seed, plant, notes.clone(), metrics.clone()).run()
    }));
    IS_QUIET.set(false);
    let text = match result {
        Ok(Ok(report)) => return Ok(report),
        Ok(Err(text)) => text,
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            format!("panic: {} ({})", text.unwrap_or_default(), PLACE.take())
        }
    };
    let notes = notes.map(|notes| notes.take()).unwrap_or_default();
    Err(Violation { text, notes })
}

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
    /// Where the last panic came from.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Lets panics that [`run`] catches pass without a word: they are told as violations.
pub fn quiet() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !IS_QUIET.get() {
            return before(info);
        }
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let frames = std::backtrace::Backtrace::force_capture().to_string();
        let own = frames
            .lines()
            .filter(|line| line.contains("store/src") || line.contains("raft-"))
            .take(6)
            .collect::<Vec<_>>();
        PLACE.set(format!("{place}, {}", own.join(", ")));
    }));
}

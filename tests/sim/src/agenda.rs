//! The one clock: what happens when, in an order that the seed alone decides.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Microseconds since the run began.
pub type Time = u64;
/// A millisecond.
pub const MS: Time = 1_000;
/// A second.
pub const SECOND: Time = 1_000_000;

/// Things to come. Of two at the same time the one that was put in first comes first.
#[derive(Debug)]
pub struct Agenda<T> {
    now: Time,
    entered: u64,
    heap: BinaryHeap<Reverse<Slot<T>>>,
}

#[derive(Debug)]
struct Slot<T> {
    at: Time,
    entered: u64,
    what: T,
}

impl<T> PartialEq for Slot<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Slot<T> {}

impl<T> PartialOrd for Slot<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Slot<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.entered).cmp(&(other.at, other.entered))
    }
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self {
            now: 0,
            entered: 0,
            heap: BinaryHeap::new(),
        }
    }
}

impl<T> Agenda<T> {
    /// The time.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Lets something happen after `delay`.
    pub fn after(&mut self, delay: Time, what: T) {
        self.entered += 1;
        self.heap.push(Reverse(Slot {
            at: self.now + delay,
            entered: self.entered,
            what,
        }));
    }

    /// The next thing; the clock moves on to it.
    pub fn take(&mut self) -> Option<T> {
        let Reverse(slot) = self.heap.pop()?;
        self.now = slot.at;
        Some(slot.what)
    }
}

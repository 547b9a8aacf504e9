//! Which entries the log holds, and of which terms: the rules of its order.
//!
//! The same rules judge a batch before it is written and a log while it is read again:
//! - an entry's index is at most one past the last one;
//! - an entry at or below the last index replaces that entry and all behind it;
//! - a snapshot mark at an entry the log holds, of the same term, is a checkpoint: the entries
//!   stay. Any other mark is a snapshot that came from elsewhere: the whole log is replaced by it.
//!
//! When the first segments were cut, reading begins somewhere in the middle: the span *floats*
//! until a mark shows that everything before its first entry is behind a snapshot. A log that
//! was read to its end without such a mark lacks its beginning.

use super::SnapshotMark;

/// The entries of the log, without the entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    floating: bool,
    /// While floating: the last mark; entries at or below it are behind a snapshot.
    base: u64,
    /// The first index that may still be replaced, or that will be written next.
    first: u64,
    /// The last index; `first - 1` if there is no entry.
    last: u64,
    /// Where each term begins, oldest first.
    runs: Vec<(u64, u64)>,
}

/// What an entry or a mark does to the entries before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// They all stay.
    Nothing,
    /// Those at and above this index are gone.
    Truncate(u64),
}

impl Span {
    /// A log that begins with index 1, or, if it floats, with any.
    pub(super) fn new(floating: bool) -> Span {
        Span {
            floating,
            base: 0,
            first: 1,
            last: 0,
            runs: Vec::new(),
        }
    }

    /// The last index, that of the last mark if there is no entry behind it.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Ends the reading of a log; the error says which entry it lacks.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        if self.floating && self.runs.is_empty() {
            self.first = self.base + 1;
            self.last = self.base;
        } else if self.floating && self.first > self.base + 1 {
            return Err(format!(
                "the log begins with entry {}, but only entries up to {} are behind a snapshot",
                self.first, self.base
            ));
        }
        self.floating = false;
        Ok(())
    }

    /// Takes the next entry; the error says which rule it breaks.
    pub(super) fn entry(&mut self, index: u64, term: u64) -> Result<Effect, String> {
        if index == u64::MAX {
            return Err("an entry has the highest index there is".to_owned());
        }
        if self.floating && (self.runs.is_empty() || index < self.first) {
            if index <= self.base {
                return Err(format!(
                    "entry {index} lies behind the snapshot mark {}",
                    self.base
                ));
            }
            let effect = match self.runs.is_empty() {
                true => Effect::Nothing,
                false => Effect::Truncate(index),
            };
            self.first = index;
            self.last = index;
            self.runs = vec![(index, term)];
            return Ok(effect);
        }
        if index < self.first || index > self.last + 1 {
            return Err(format!(
                "entry {index} does not fit a log that may go on from {} to {}",
                self.first,
                self.last + 1
            ));
        }
        let effect = if index <= self.last {
            self.runs.retain(|&(start, _)| start < index);
            Effect::Truncate(index)
        } else {
            Effect::Nothing
        };
        match self.runs.last() {
            Some(&(_, before)) if before == term => {}
            Some(&(_, before)) if before > term => {
                return Err(format!(
                    "entry {index} has term {term}, the one before it {before}"
                ));
            }
            _ => self.runs.push((index, term)),
        }
        self.last = index;
        Ok(effect)
    }

    /// Takes a snapshot mark; the error says which rule it breaks.
    pub(super) fn mark(&mut self, mark: &SnapshotMark) -> Result<Effect, String> {
        if mark.index == u64::MAX {
            return Err("a snapshot mark has the highest index there is".to_owned());
        }
        let before_first = mark.index + 1 < self.first;
        if self.floating && (self.runs.is_empty() || before_first) && mark.index >= self.base {
            self.base = mark.index;
            return Ok(Effect::Nothing);
        }
        if before_first || mark.index < self.base {
            return Err(format!(
                "snapshot mark {} lies behind the one at {}",
                mark.index,
                self.base.max(self.first - 1)
            ));
        }
        if mark.index + 1 == self.first {
            self.floating = false;
            return Ok(Effect::Nothing);
        }
        if self.term(mark.index) == Some(mark.term) {
            self.floating = false;
            self.first = mark.index + 1;
            let covering = self.runs.partition_point(|&(start, _)| start <= mark.index);
            self.runs.drain(..covering.saturating_sub(1));
            return Ok(Effect::Nothing);
        }
        *self = Span {
            floating: false,
            base: mark.index,
            first: mark.index + 1,
            last: mark.index,
            runs: Vec::new(),
        };
        Ok(Effect::Truncate(0))
    }

    fn term(&self, index: u64) -> Option<u64> {
        if index > self.last {
            return None;
        }
        let covering = self.runs.partition_point(|&(start, _)| start <= index);
        Some(self.runs[covering.checked_sub(1)?].1)
    }
}

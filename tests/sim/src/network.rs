//! The links between members: slow, lossy, cut, one way or both.

use std::collections::BTreeSet;

use crate::agenda::{MS, Time};
use crate::random::Random;

/// How the links of a run behave.
#[derive(Clone, Debug)]
pub struct Weather {
    /// Mean delay of a message beyond the least.
    pub delay: Time,
    /// Lost messages of a thousand.
    pub lost: u64,
    /// Messages of a thousand that arrive twice.
    pub doubled: u64,
    /// Messages of a thousand that come very late.
    pub late: u64,
}

impl Weather {
    /// Nothing is lost.
    pub fn fair() -> Self {
        Self {
            delay: MS / 2,
            lost: 0,
            doubled: 0,
            late: 0,
        }
    }
}

/// The least delay.
const DELAY_MIN: Time = 100;
/// The mean delay of messages of a member whose links are slow.
const DELAY_SLOW: Time = 30 * MS;
/// The mean delay of a late message.
const DELAY_LATE: Time = 600 * MS;

/// See the module.
#[derive(Debug)]
pub struct Network {
    /// Of all links that are not cut.
    pub weather: Weather,
    /// Links that let nothing through, as (from, to).
    cut: BTreeSet<(u64, u64)>,
    /// Members whose messages take long.
    slow: BTreeSet<u64>,
    random: Random,
}

impl Network {
    /// Links without a cut.
    pub fn new(weather: Weather, random: Random) -> Self {
        Self {
            weather,
            cut: BTreeSet::new(),
            slow: BTreeSet::new(),
            random,
        }
    }

    /// Cuts one direction.
    pub fn cut(&mut self, from: u64, to: u64) {
        self.cut.insert((from, to));
    }

    /// Lets the messages of a member take long.
    pub fn slow(&mut self, from: u64) {
        self.slow.insert(from);
    }

    /// Lets everything through again, and at once.
    pub fn mend(&mut self) {
        self.cut.clear();
        self.slow.clear();
    }

    /// Whether a link lets anything through.
    pub fn is_cut(&self, from: u64, to: u64) -> bool {
        self.cut.contains(&(from, to))
    }

    /// After which delays a message arrives; not at all, once, or twice.
    pub fn delays(&mut self, from: u64, to: u64) -> Vec<Time> {
        if self.is_cut(from, to) || self.random.chance(self.weather.lost) {
            return Vec::new();
        }
        let mut delays = vec![self.delay(from)];
        if self.random.chance(self.weather.doubled) {
            delays.push(self.delay(from));
        }
        delays
    }

    fn delay(&mut self, from: u64) -> Time {
        let mean = match self.random.chance(self.weather.late) {
            true => DELAY_LATE,
            false if self.slow.contains(&from) => DELAY_SLOW,
            false => self.weather.delay,
        };
        DELAY_MIN + self.random.around(mean)
    }
}

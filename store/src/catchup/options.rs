//! How a transfer behaves.

use std::time::Duration;

/// A mebibyte costs both ends together about ten milliseconds of processor time; so this takes less
/// than a tenth of what there is.
const BUSY_BYTES_PER_PROCESSOR: u64 = 8 << 20;

fn busy_bytes_per_second() -> u64 {
    let processors = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    processors * BUSY_BYTES_PER_PROCESSOR
}

/// How a sender behaves. The defaults are meant to be used; tests need others.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes that may be written while a view keeps the state from being saved. As many again may
    /// have been written before; so the log grows to about twice what it is otherwise.
    pub view_bytes_max: u64,
    /// How often a view is asked for in vain, because a checkpoint is due, before one is taken all
    /// the same.
    pub patience: u32,
    /// How long to wait before a view is asked for again.
    pub retry: Duration,
    /// Entries that the sender's log may be ahead of what was sent.
    pub lag_entries_max: u64,
    /// How often the difference is sent at most when it is further ahead.
    pub rounds_max: u32,
    /// Bytes of frames per second at most, as they are before they are packed.
    pub bytes_per_second: u64,
    /// The same while commands are carried out at a rate of [`Options::busy_entries`]: what the two
    /// ends do with frames costs processor time and disk, which those who use the store want, too.
    pub busy_bytes_per_second: u64,
    /// Commands per second from which on the member counts as busy.
    pub busy_entries: u64,
    /// How long nothing may move.
    pub stall: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            view_bytes_max: 64 << 20,
            patience: 100,
            retry: Duration::from_millis(20),
            lag_entries_max: 1_000,
            rounds_max: 10,
            bytes_per_second: 256 << 20,
            busy_bytes_per_second: busy_bytes_per_second(),
            busy_entries: 200,
            stall: Duration::from_secs(60),
        }
    }
}

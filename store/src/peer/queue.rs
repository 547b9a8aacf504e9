//! What waits to be sent to one member on one stream: bounded, in order, taken in batches.
//!
//! Whoever sends never waits: what finds no room, or comes while nobody connects, is dropped and
//! counted, since raft repeats what matters. Whoever reads takes everything there is at once, so
//! the busier the stream, the larger its batches; nothing waits for a timer.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;

/// Bytes of messages in a batch at most, unless one message alone has more.
pub(super) const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// See the module.
pub(super) struct Queue {
    inner: Mutex<Inner>,
    bytes_max: usize,
}

struct Inner {
    waiting: VecDeque<Bytes>,
    /// The bytes of `waiting`.
    bytes: usize,
    /// A number to be sent along, for the other end to return; 0 for none.
    probe: u64,
    /// Whether messages are taken in: there is a stream, or one is being made.
    is_open: bool,
    /// Counts the streams; an old one gets nothing of what is for the new one.
    stream: u64,
    reader: Option<Waker>,
    /// Since when there is something to be taken.
    waiting_since: Option<Instant>,
}

/// What is sent at once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) messages: Vec<Bytes>,
    /// The bytes of the messages.
    pub(super) bytes: usize,
    pub(super) probe: u64,
}

impl Queue {
    /// An empty queue, closed at first. Nothing is taken in while `bytes_max` wait.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                waiting: VecDeque::new(),
                bytes: 0,
                probe: 0,
                is_open: false,
                stream: 0,
                reader: None,
                waiting_since: None,
            }),
            bytes_max,
        }
    }

    /// Adds messages; gives how many were dropped.
    pub(super) fn push(&self, messages: Vec<Bytes>) -> usize {
        let mut inner = self.inner.lock();
        if !inner.is_open {
            return messages.len();
        }
        let mut dropped = 0;
        for message in messages {
            // The last one may go beyond the bound, so that one larger than it gets through at all.
            if inner.bytes >= self.bytes_max {
                dropped += 1;
                continue;
            }
            inner.bytes += message.len();
            inner.waiting.push_back(message);
        }
        if inner.waiting_since.is_none() && !inner.waiting.is_empty() {
            inner.waiting_since = Some(Instant::now());
        }
        let reader = inner.reader.take();
        drop(inner);
        if let Some(reader) = reader {
            reader.wake();
        }
        dropped
    }

    /// Sends a number along with the next batch.
    pub(super) fn probe(&self, number: u64) {
        let mut inner = self.inner.lock();
        inner.probe = number;
        inner.waiting_since.get_or_insert_with(Instant::now);
        let reader = inner.reader.take();
        drop(inner);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Takes messages in from now on, for a stream that is to be made; gives its number.
    pub(super) fn open(&self) -> u64 {
        let mut inner = self.inner.lock();
        inner.is_open = true;
        inner.stream += 1;
        inner.stream
    }

    /// Ends the stream and drops what waits; gives how many that were.
    pub(super) fn close(&self) -> usize {
        let mut inner = self.inner.lock();
        let dropped = inner.waiting.len();
        inner.waiting = VecDeque::new();
        inner.bytes = 0;
        inner.probe = 0;
        inner.waiting_since = None;
        inner.is_open = false;
        inner.stream += 1;
        let reader = inner.reader.take();
        drop(inner);
        if let Some(reader) = reader {
            reader.wake();
        }
        dropped
    }

    /// How long the oldest of what waits has waited.
    pub(super) fn waiting_for(&self) -> Duration {
        let since = self.inner.lock().waiting_since;
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// The next batch for the stream of that number; `None` once the stream is over.
    pub(super) fn poll_take(&self, stream: u64, context: &Context<'_>) -> Poll<Option<Batch>> {
        let mut inner = self.inner.lock();
        if inner.stream != stream {
            return Poll::Ready(None);
        }
        if inner.waiting.is_empty() && inner.probe == 0 {
            match &mut inner.reader {
                Some(reader) => reader.clone_from(context.waker()),
                reader => *reader = Some(context.waker().clone()),
            }
            return Poll::Pending;
        }
        let batch = inner.take();
        Poll::Ready(Some(batch))
    }
}

impl Inner {
    fn take(&mut self) -> Batch {
        let probe = std::mem::take(&mut self.probe);
        if self.bytes <= BATCH_BYTES_MAX {
            self.waiting_since = None;
            return Batch {
                messages: std::mem::take(&mut self.waiting).into(),
                bytes: std::mem::take(&mut self.bytes),
                probe,
            };
        }
        let mut bytes = 0;
        let fits = |message: &&Bytes| {
            bytes += message.len();
            bytes <= BATCH_BYTES_MAX
        };
        let count = self.waiting.iter().take_while(fits).count().max(1);
        let messages: Vec<Bytes> = self.waiting.drain(..count).collect();
        let bytes = messages.iter().map(Bytes::len).sum();
        self.bytes -= bytes;
        self.waiting_since = (!self.waiting.is_empty()).then(Instant::now);
        Batch {
            messages,
            bytes,
            probe,
        }
    }
}

#[cfg(test)]
mod tests;

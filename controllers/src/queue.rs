//! Keys that wait for work: each at most once, never two workers on the same, and later where that is asked.
//!
//! A key that is added while a worker has it comes again when the worker is done, so that no change is lost.
//! Source of the rules: client-go, `util/workqueue`.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::future::Future;
use std::hash::Hash;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::limiter::{LONGEST, Limiter};

/// What is to happen with a key after it has been worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is as it should be; its failures are forgotten.
    Done,
    /// It failed; it comes again after its pause.
    Retry,
    /// It comes again after this time, which is no failure.
    After(Duration),
}

/// The queue. Its size is bounded by the number of different keys.
#[derive(Debug)]
pub struct Queue<K> {
    state: Mutex<State<K>>,
    wake: Notify,
}

#[derive(Debug)]
struct State<K> {
    ready: VecDeque<K>,
    /// In `ready`, or to be put there when its worker is done.
    dirty: HashSet<K>,
    active: HashSet<K>,
    /// By the time it is due and the order of coming.
    later: BTreeMap<(Instant, u64), K>,
    due: HashMap<K, (Instant, u64)>,
    order: u64,
    limiter: Limiter<K>,
}

impl<K: Clone + Eq + Hash> Default for Queue<K> {
    fn default() -> Self {
        Self::new(LONGEST)
    }
}

impl<K: Clone + Eq + Hash> Queue<K> {
    /// An empty queue whose failing keys wait at most `longest`.
    #[must_use]
    pub fn new(longest: Duration) -> Self {
        Self {
            state: Mutex::new(State {
                ready: VecDeque::new(),
                dirty: HashSet::new(),
                active: HashSet::new(),
                later: BTreeMap::new(),
                due: HashMap::new(),
                order: 0,
                limiter: Limiter::new(longest, Instant::now()),
            }),
            wake: Notify::new(),
        }
    }

    /// Asks for work on a key.
    pub fn add(&self, key: K) {
        self.state.lock().add(key);
        self.wake.notify_one();
    }

    /// Asks for work on a key after a time; the earlier of two times counts.
    pub fn add_after(&self, key: K, pause: Duration) {
        if pause.is_zero() {
            return self.add(key);
        }
        self.state.lock().add_at(key, Instant::now() + pause);
        self.wake.notify_one();
    }

    /// Asks for work on a key after the pause of one more failure.
    pub fn add_limited(&self, key: K) {
        let now = Instant::now();
        {
            let mut state = self.state.lock();
            let pause = state.limiter.failed(key.clone(), now);
            state.add_at(key, now + pause);
        }
        self.wake.notify_one();
    }

    /// Takes the next key, which nobody else gets until [`Queue::done`]. Safe to cancel.
    pub async fn take(&self) -> K {
        loop {
            let next = {
                let mut state = self.state.lock();
                state.promote(Instant::now());
                if let Some(key) = state.ready.pop_front() {
                    state.dirty.remove(&key);
                    state.active.insert(key.clone());
                    if !state.ready.is_empty() {
                        self.wake.notify_one();
                    }
                    return key;
                }
                state.later.keys().next().map(|(at, _)| *at)
            };
            match next {
                Some(at) => {
                    tokio::select! {
                        () = self.wake.notified() => {}
                        () = tokio::time::sleep_until(at) => {}
                    }
                }
                None => self.wake.notified().await,
            }
        }
    }

    /// Gives a key back that was taken.
    pub fn done(&self, key: &K, next: Next) {
        {
            let mut state = self.state.lock();
            state.active.remove(key);
            if state.dirty.contains(key) {
                state.ready.push_back(key.clone());
            }
            if next != Next::Retry {
                state.limiter.forget(key);
            }
        }
        self.wake.notify_one();
        match next {
            Next::Done => {}
            Next::Retry => self.add_limited(key.clone()),
            Next::After(pause) => self.add_after(key.clone(), pause),
        }
    }

    /// Hands keys to `handle`, up to `workers` at the same time, for as long as the future is polled.
    pub async fn work<F, Fut>(&self, workers: usize, handle: F) -> Infallible
    where
        F: Fn(K) -> Fut,
        Fut: Future<Output = Next>,
    {
        let handle = &handle;
        let all = (0..workers.max(1)).map(|_| async move {
            loop {
                let key = self.take().await;
                let next = handle(key.clone()).await;
                self.done(&key, next);
            }
        });
        let (never, _, _) = futures::future::select_all(all.map(Box::pin)).await;
        never
    }
}

impl<K: Clone + Eq + Hash> State<K> {
    fn add(&mut self, key: K) {
        if !self.dirty.insert(key.clone()) {
            return;
        }
        if !self.active.contains(&key) {
            self.ready.push_back(key);
        }
    }

    fn add_at(&mut self, key: K, at: Instant) {
        if let Some(known) = self.due.get(&key) {
            if known.0 <= at {
                return;
            }
            self.later.remove(known);
        }
        self.order += 1;
        self.due.insert(key.clone(), (at, self.order));
        self.later.insert((at, self.order), key);
    }

    fn promote(&mut self, now: Instant) {
        while let Some(entry) = self.later.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let key = entry.remove();
            self.due.remove(&key);
            self.add(key);
        }
    }
}

//! The closed loop: so many clients, each with one request under way at a time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::client::{CallError, Connection, Rpc};
use crate::reply::Outline;

/// Requests before the window get numbers from here on, so that the measured ones start at 0.
const WARMUP_NUMBERS: u64 = 1 << 40;

/// What a reply has to say about the revision, given the last one this client saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// A write: greater than the last.
    Greater,
    /// A linearizable read: not less than the last.
    NotLess,
    /// A serializable read or a call that says nothing of order: any revision.
    Any,
}

/// One kind of request: what the `number`th looks like and what its reply must hold.
pub trait Operation: Send + Sync + 'static {
    /// The call and its framed message.
    fn call(&self, number: u64) -> (Rpc, Bytes);

    /// What the revision of its reply must be.
    fn order(&self, number: u64) -> Order;

    /// Whether the reply is right, apart from its revision; the text says what is wrong.
    fn check(&self, number: u64, reply: &Outline) -> Result<(), String>;
}

/// When a loop ends: at so many requests, after so long, or at whichever comes first.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Requests to make; `None`: no bound.
    pub total: Option<u64>,
    /// Time to take; `None`: no bound.
    pub time: Option<Duration>,
}

impl Budget {
    /// A bound on the number alone.
    pub fn total(total: u64) -> Self {
        Self {
            total: Some(total),
            time: None,
        }
    }
}

/// What a loop did.
#[derive(Debug)]
pub struct Outcome {
    /// Requests answered rightly.
    pub done: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Of those done, the writes.
    pub writes: u64,
    /// The first failure.
    pub error: Option<String>,
    /// Latencies in nanoseconds.
    pub latencies: Histogram<u64>,
}

impl Outcome {
    /// Nothing done yet.
    pub fn empty() -> Self {
        Self {
            done: 0,
            failed: 0,
            writes: 0,
            error: None,
            latencies: Histogram::new_with_bounds(1_000, 600_000_000_000, 3)
                .expect("1 us to 10 min with three digits is a valid range"),
        }
    }

    /// Counts a success.
    pub fn record(&mut self, latency: Duration) {
        self.done += 1;
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.latencies.saturating_record(nanoseconds);
    }

    /// Counts a failure and keeps the first one's text.
    pub fn fail(&mut self, error: &CallError) {
        self.failed += 1;
        if self.error.is_none() {
            self.error = Some(error.to_string());
        }
    }
}

/// An outcome that many clients add to.
#[derive(Debug)]
pub struct Tally(Mutex<Outcome>);

impl Tally {
    /// Nothing done yet.
    pub fn empty() -> Self {
        Self(Mutex::new(Outcome::empty()))
    }

    /// The outcome so far, to add to; not to be held while waiting for anything.
    pub fn lock(&self) -> MutexGuard<'_, Outcome> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The outcome so far, which then starts anew.
    pub fn take(&self) -> Outcome {
        std::mem::replace(&mut *self.lock(), Outcome::empty())
    }
}

/// What the clients of one loop share.
struct Shared<O> {
    operation: Arc<O>,
    next: AtomicU64,
    first: u64,
    budget: Budget,
    began: Instant,
    tally: Tally,
}

impl<O: Operation> Shared<O> {
    /// The number of the next request, `None` when the budget is used up.
    fn take(&self) -> Option<u64> {
        if self
            .budget
            .time
            .is_some_and(|time| self.began.elapsed() >= time)
        {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if self.budget.total.is_some_and(|total| number >= total) {
            return None;
        }
        Some(self.first + number)
    }
}

/// Runs `operation` with `clients` clients spread over `pool` until the budget is used up. A
/// client stops at its first failure: what follows from a broken server is not worth counting.
pub async fn closed_loop<O: Operation>(
    pool: &[Connection],
    clients: usize,
    operation: &Arc<O>,
    budget: Budget,
) -> Outcome {
    run(pool, clients, operation, budget, 0).await
}

/// The same before the window: connections, caches and stacks grow to size.
pub async fn warm_up<O: Operation>(
    pool: &[Connection],
    clients: usize,
    operation: &Arc<O>,
    total: u64,
) -> Outcome {
    run(
        pool,
        clients,
        operation,
        Budget::total(total),
        WARMUP_NUMBERS,
    )
    .await
}

async fn run<O: Operation>(
    pool: &[Connection],
    clients: usize,
    operation: &Arc<O>,
    budget: Budget,
    first: u64,
) -> Outcome {
    let shared = Arc::new(Shared {
        operation: operation.clone(),
        next: AtomicU64::new(0),
        first,
        budget,
        began: Instant::now(),
        tally: Tally::empty(),
    });
    let mut tasks = JoinSet::new();
    for client in 0..clients {
        let connection = pool[client % pool.len()].clone();
        tasks.spawn(one_client(shared.clone(), connection));
    }
    while tasks.join_next().await.is_some() {}
    shared.tally.take()
}

async fn one_client<O: Operation>(shared: Arc<Shared<O>>, mut connection: Connection) {
    let mut last_revision = 0;
    while let Some(number) = shared.take() {
        let (rpc, body) = shared.operation.call(number);
        let began = Instant::now();
        let reply = connection.unary(rpc, body).await;
        let latency = began.elapsed();
        let order = shared.operation.order(number);
        let checked = reply.and_then(|reply| {
            check_revision(order, last_revision, reply.revision)
                .and_then(|()| shared.operation.check(number, &reply))
                .map_err(CallError::Wrong)?;
            Ok(reply.revision)
        });
        match checked {
            Ok(revision) => {
                last_revision = revision;
                let mut outcome = shared.tally.lock();
                outcome.record(latency);
                outcome.writes += u64::from(order == Order::Greater);
            }
            Err(error) => {
                shared.tally.lock().fail(&error);
                return;
            }
        }
    }
}

/// Revisions start at 1 and never go back for one client.
fn check_revision(order: Order, last: i64, now: i64) -> Result<(), String> {
    let right = match order {
        Order::Greater => now > last,
        Order::NotLess => now >= last && now > 0,
        Order::Any => now > 0,
    };
    if right {
        return Ok(());
    }
    Err(format!("revision {now} after revision {last} ({order:?})"))
}

#[cfg(test)]
mod tests;

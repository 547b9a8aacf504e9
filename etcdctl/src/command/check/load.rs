//! Many clients that put random keys, each over a connection of its own.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use proto::etcdserverpb as pb;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep_until};

use super::statistics::Statistics;
use crate::client::{Client, method, status};
use crate::session::Context;

/// The longest pause between two looks at what is due.
const TICK: Duration = Duration::from_millis(1);

/// How much, and how fast.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// So many a second, for so long.
    Rate(u64, Duration),
    /// So many, as fast as they go.
    Count(u64),
}

/// What is put.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) prefix: Bytes,
    /// Bytes of a key behind the prefix, and of a value.
    pub(super) key_bytes: usize,
    pub(super) value_bytes: usize,
}

/// Puts by `clients` clients at a pace; `done` is told of each that is through. Ends early when it is
/// interrupted.
pub(super) fn run(
    context: &mut Context<'_>,
    clients: usize,
    pace: Pace,
    shape: &Shape,
    done: impl Fn() + Send + Sync + 'static,
) -> Statistics {
    let template = context.client.clone();
    let (shape, done) = (shape.clone(), Arc::new(done));
    context.runtime.block_on(async move {
        let due = Arc::new(Semaphore::new(0));
        let seed = Arc::new(AtomicU64::new(seed()));
        let mut tasks = JoinSet::new();
        for _ in 0..clients {
            let puts = Puts {
                client: template.apart(),
                due: Arc::clone(&due),
                seed: Arc::clone(&seed),
                shape: shape.clone(),
            };
            tasks.spawn(puts.run(Arc::clone(&done)));
        }
        let began = Instant::now();
        tokio::select! {
            () = fill(&due, clients, pace) => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        due.close();
        let mut outcomes = Vec::new();
        while let Some(ended) = tasks.join_next().await {
            // A client that ended badly has nothing to add.
            outcomes.extend(ended.unwrap_or_default());
        }
        Statistics::of(&outcomes, began.elapsed())
    })
}

/// Lets requests go as the pace says, never more at once than there are clients.
async fn fill(due: &Semaphore, clients: usize, pace: Pace) {
    let began = Instant::now();
    let mut ticks = interval(TICK);
    let mut given: u64 = 0;
    loop {
        let wanted = match pace {
            Pace::Rate(rate, time) if began.elapsed() < time => {
                (began.elapsed().as_secs_f64() * rate as f64) as u64
            }
            Pace::Rate(_, time) => return sleep_until(began + time).await,
            Pace::Count(count) => count,
        };
        let room = clients.saturating_sub(due.available_permits());
        let more = wanted.saturating_sub(given).min(room as u64);
        due.add_permits(usize::try_from(more).unwrap_or(room));
        given += more;
        if matches!(pace, Pace::Count(count) if given == count) && due.available_permits() == 0 {
            return;
        }
        ticks.tick().await;
    }
}

struct Puts {
    client: Client,
    due: Arc<Semaphore>,
    seed: Arc<AtomicU64>,
    shape: Shape,
}

impl Puts {
    async fn run(mut self, done: Arc<impl Fn() + Send + Sync>) -> Vec<Result<Duration, String>> {
        let mut outcomes = Vec::new();
        let value = Bytes::from(vec![0; self.shape.value_bytes]);
        while let Ok(permit) = self.due.acquire().await {
            permit.forget();
            let request = pb::PutRequest {
                key: self.key(),
                value: value.clone(),
                ..Default::default()
            };
            let began = Instant::now();
            let mut unheard = io::sink();
            let put = self.client.unary(&method::PUT, request, None, &mut unheard);
            outcomes.push(match put.await {
                Ok(_) => Ok(began.elapsed()),
                Err(why) => Err(status::text(&why)),
            });
            done();
        }
        outcomes
    }

    /// A key that no other is like, spread over the range.
    fn key(&self) -> Bytes {
        let number = self.seed.fetch_add(1, Ordering::Relaxed);
        // SplitMix64: one to one, so that no two are the same.
        let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let mut key = self.shape.prefix.to_vec();
        key.extend_from_slice(&mixed.to_be_bytes());
        key.resize(self.shape.prefix.len() + self.shape.key_bytes, 0);
        key.into()
    }
}

/// Where the keys begin: another place for each run.
fn seed() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    std::hash::RandomState::new().build_hasher().finish()
}

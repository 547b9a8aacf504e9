//! Many watchers of one key, each on its own stream: the time from sending a put to its event.
//!
//! One client puts. Event `n` of every stream belongs to put `n`, as nothing else changes the
//! key, so nothing in the events needs decoding.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::put::Puts;
use super::stage::Stage;
use super::watch::{next_events, open};
use crate::client::{CallError, Duplex};
use crate::drive::{Operation as _, Tally};
use crate::keys::Keys;
use crate::metric::Row;

/// The workload's settings.
#[derive(Debug, Clone, Args)]
pub struct WatchLatency {
    /// Watchers, each with a stream of its own
    #[arg(long, default_value_t = 100)]
    pub watchers: usize,
    /// TCP connections the streams share
    #[arg(long, default_value_t = 10)]
    pub connections: usize,
    /// Puts in all
    #[arg(long, default_value_t = 500)]
    pub total: u64,
    /// Puts per second; 0: the next put as soon as every watcher has the last one's event
    #[arg(long, default_value_t = 0.0)]
    pub rate: f64,
    /// Bytes in each value
    #[arg(long, default_value_t = 256)]
    pub value_size: usize,
}

impl WatchLatency {
    pub(super) async fn run(&self, stage: &Stage<'_>) -> anyhow::Result<Vec<Row>> {
        let puts = Puts {
            keys: Keys::new(1, 1, true, self.value_size),
        };
        let pool = stage.pool(self.watchers, self.connections).await?;
        let mut streams = Vec::new();
        for watcher in 0..self.watchers {
            streams.push(open(&pool[watcher % pool.len()], &puts.keys, &[0]).await?);
        }
        let mut putter = stage.pool(1, 1).await?.remove(0);

        let window = stage.window().await?;
        let shared = Arc::new(Shared {
            began: Instant::now(),
            sent_at: (0..self.total).map(|_| AtomicU64::new(0)).collect(),
            tally: Tally::empty(),
            delivered: watch::Sender::new(0),
        });
        let mut readers = JoinSet::new();
        for duplex in streams {
            readers.spawn(read(shared.clone(), duplex));
        }
        let mut delivered = shared.delivered.subscribe();
        for number in 0..self.total {
            if self.rate > 0.0 {
                let due = shared.began + Duration::from_secs_f64(number as f64 / self.rate);
                tokio::time::sleep_until(due.into()).await;
            }
            let (rpc, body) = puts.call(number);
            shared.sent_at[number as usize].store(shared.now(), Ordering::Relaxed);
            putter.unary(rpc, body).await?;
            let everywhere = (number + 1) * self.watchers as u64;
            if self.rate == 0.0 {
                // A reader that fails drops out; its error ends the wait instead.
                tokio::select! {
                    _ = delivered.wait_for(|delivered| *delivered >= everywhere) => (),
                    Some(reader) = readers.join_next() => {
                        if let Err(error) = reader? {
                            shared.tally.lock().fail(&error);
                            break;
                        }
                    }
                }
            }
        }
        let failed = shared.tally.lock().failed > 0;
        while !failed && let Some(reader) = readers.join_next().await {
            if let Err(error) = reader? {
                shared.tally.lock().fail(&error);
            }
        }
        Ok(vec![window.close(stage.name, shared.tally.take()).await?])
    }
}

/// What the putter and the readers share.
struct Shared {
    began: Instant,
    /// When each put was sent, in nanoseconds since `began`.
    sent_at: Vec<AtomicU64>,
    tally: Tally,
    /// Events delivered to all watchers together.
    delivered: watch::Sender<u64>,
}

impl Shared {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Reads one stream until it has an event for every put.
async fn read(shared: Arc<Shared>, mut duplex: Duplex) -> Result<(), CallError> {
    let mut seen = 0;
    while seen < shared.sent_at.len() {
        let events = next_events(&mut duplex).await?;
        let now = shared.now();
        for _ in 0..events {
            let sent_at = shared
                .sent_at
                .get(seen)
                .map(|at| at.load(Ordering::Relaxed));
            let Some(sent_at) = sent_at.filter(|at| *at > 0) else {
                return Err(CallError::Wrong("an event before its put".into()));
            };
            shared
                .tally
                .lock()
                .record(Duration::from_nanos(now.saturating_sub(sent_at)));
            seen += 1;
        }
        shared
            .delivered
            .send_modify(|delivered| *delivered += events);
    }
    Ok(())
}

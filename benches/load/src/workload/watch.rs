//! Many watchers on keys that clients change as fast as they can: events per second, and the
//! server's CPU per event. The latencies in its row are those of the puts.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use proto::etcdserverpb::{WatchCreateRequest, WatchRequest, watch_request::RequestUnion};
use tokio::task::JoinSet;

use super::put::Puts;
use super::stage::Stage;
use crate::client::{CallError, Connection, Duplex, Rpc, framed};
use crate::drive::{Budget, closed_loop};
use crate::keys::Keys;
use crate::metric::Row;

/// How long a stream may be silent before its missing events count as lost.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// The workload's settings.
#[derive(Debug, Clone, Args)]
pub struct Watch {
    /// Watchers in all, spread over the streams and over the keys
    #[arg(long, default_value_t = 1_000)]
    pub watchers: u64,
    /// Watch streams
    #[arg(long, default_value_t = 100)]
    pub streams: u64,
    /// Keys, changed one after the other
    #[arg(long, default_value_t = 100)]
    pub key_space_size: u64,
    /// Clients that put
    #[arg(long, default_value_t = 10)]
    pub clients: usize,
    /// TCP connections for the streams, and as many for the puts
    #[arg(long, default_value_t = 10)]
    pub connections: usize,
    /// Puts in all
    #[arg(long, default_value_t = 20_000)]
    pub total: u64,
    /// Bytes in each value
    #[arg(long, default_value_t = 256)]
    pub value_size: usize,
}

impl Watch {
    pub(super) async fn run(&self, stage: &Stage<'_>) -> anyhow::Result<Vec<Row>> {
        let keys = Keys::new(1, self.key_space_size, true, self.value_size);
        let watching = stage.pool(self.streams as usize, self.connections).await?;
        let putting = stage.pool(self.clients, self.connections).await?;
        let mut streams = Vec::new();
        for stream in 0..self.streams.max(1) {
            let connection = &watching[stream as usize % watching.len()];
            let watched = self.watched(stream);
            let duplex = open(connection, &keys, &watched).await?;
            let events = watched.iter().map(|key| self.puts_of(*key)).sum();
            streams.push((duplex, events));
        }

        let window = stage.window().await?;
        let mut readers = JoinSet::new();
        for (duplex, events) in streams {
            readers.spawn(count_events(duplex, events));
        }
        let puts = Arc::new(Puts { keys });
        let budget = Budget::total(self.total);
        let mut outcome = closed_loop(&putting, self.clients.max(1), &puts, budget).await;
        outcome.done = 0;
        while let Some(reader) = readers.join_next().await {
            match reader? {
                Ok(events) => outcome.done += events,
                Err(error) => outcome.fail(&error),
            }
        }
        Ok(vec![window.close(stage.name, outcome).await?])
    }

    /// The keys that the watchers of one stream watch.
    fn watched(&self, stream: u64) -> Vec<u64> {
        (stream..self.watchers)
            .step_by(self.streams.max(1) as usize)
            .map(|watcher| watcher % self.key_space_size.max(1))
            .collect()
    }

    /// How many of the puts go to one key.
    fn puts_of(&self, key: u64) -> u64 {
        let keys = self.key_space_size.max(1);
        self.total / keys + u64::from(key < self.total % keys)
    }
}

/// Opens a stream with one watcher for each of `watched`, and waits until all are created.
pub(super) async fn open(
    connection: &Connection,
    keys: &Keys,
    watched: &[u64],
) -> Result<Duplex, CallError> {
    let mut duplex = connection.clone().duplex(Rpc::Watch).await?;
    for key in watched {
        duplex.send(create(keys.at(*key)))?;
    }
    for _ in watched {
        let reply = duplex.next().await?;
        if reply.number(3) != 1 || reply.number(4) == 1 {
            return Err(CallError::Wrong("a watcher was not created".into()));
        }
    }
    Ok(duplex)
}

fn create(key: Bytes) -> Bytes {
    framed(&WatchRequest {
        request_union: Some(RequestUnion::CreateRequest(WatchCreateRequest {
            key,
            ..WatchCreateRequest::default()
        })),
    })
}

/// The number of events in the next reply.
pub(super) async fn next_events(duplex: &mut Duplex) -> Result<u64, CallError> {
    let reply = tokio::time::timeout(SILENCE_MAX, duplex.next())
        .await
        .map_err(|_| CallError::Wrong(format!("no event for {SILENCE_MAX:?}")))??;
    if reply.number(4) == 1 {
        return Err(CallError::Wrong("the watcher was cancelled".into()));
    }
    Ok(reply.occurrences(11))
}

/// Reads until `expected` events have come; one more is as wrong as one missing.
async fn count_events(mut duplex: Duplex, expected: u64) -> Result<u64, CallError> {
    let mut seen = 0;
    while seen < expected {
        seen += next_events(&mut duplex).await?;
    }
    if seen > expected {
        return Err(CallError::Wrong(format!(
            "{seen} events instead of {expected}"
        )));
    }
    Ok(seen)
}

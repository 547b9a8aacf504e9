//! One member: connected again whenever its connection is lost.

use std::sync::Arc;
use std::time::Duration;

use dial::{Connection, Pings, Target};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tonic::transport::Channel;

/// First and longest pause between attempts.
const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(3);

/// How members are connected to.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    /// TLS, if it is spoken.
    pub(crate) tls: Option<tls::Client>,
    /// How silence is found out.
    pub(crate) pings: Pings,
}

/// See the module.
pub(super) struct Member {
    pub(super) endpoint: String,
    state: Arc<State>,
    task: AbortHandle,
}

#[derive(Default)]
struct State {
    /// The connection, and how many there were before it.
    live: Mutex<(u64, Option<Channel>)>,
    /// Why there is none.
    why: Mutex<Option<String>>,
    lost: Notify,
}

/// A connection to be used for one call.
pub(crate) struct Seat {
    pub(crate) channel: Channel,
    number: u64,
    state: Arc<State>,
}

impl Seat {
    /// The connection turned out to be lost.
    pub(crate) fn lost(&self) {
        let mut live = self.state.live.lock();
        if live.0 == self.number && live.1.take().is_some() {
            self.state.lost.notify_one();
        }
    }
}

impl Member {
    /// Connects to `endpoint` and keeps it so; `changed` is told of each connection and each failure.
    pub(super) fn new(endpoint: &str, way: &Way, changed: watch::Sender<u64>) -> Self {
        let state = Arc::new(State::default());
        let target = Target::parse(endpoint);
        let kept = keep(Arc::clone(&state), target, way.clone(), changed);
        Self {
            endpoint: endpoint.to_owned(),
            state,
            task: tokio::spawn(kept).abort_handle(),
        }
    }

    pub(super) fn seat(&self) -> Option<Seat> {
        let live = self.state.live.lock();
        Some(Seat {
            channel: live.1.clone()?,
            number: live.0,
            state: Arc::clone(&self.state),
        })
    }

    /// Why it is not connected, if that was tried.
    pub(super) fn why(&self) -> Option<String> {
        self.state.why.lock().clone()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep(state: Arc<State>, target: Target, way: Way, changed: watch::Sender<u64>) {
    let mut pause = PAUSE_FIRST;
    loop {
        match Connection::open(&target, way.tls.as_ref(), way.pings).await {
            Ok(connection) => {
                pause = PAUSE_FIRST;
                *state.why.lock() = None;
                {
                    let mut live = state.live.lock();
                    *live = (live.0 + 1, Some(connection.channel));
                }
                changed.send_modify(|count| *count += 1);
                state.lost.notified().await;
            }
            Err(why) => {
                let last = state.why.lock().replace(why.clone());
                if last.is_none() {
                    tracing::warn!(address = target.shown(), error = why, "failed to connect");
                }
                changed.send_modify(|count| *count += 1);
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

//! Dialling all endpoints at once. The first one decides for all whether TLS is spoken, as in etcd's
//! client.

use std::time::Duration;

use dial::{Connection, Pings, Target};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tonic::Status;

use super::status;
use crate::globals::Globals;

/// First and longest pause between rounds over all endpoints.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(3);

/// Dials all targets at once, round after round, until one answers or the deadline has come.
pub(crate) async fn first(
    targets: &[Target],
    globals: &Globals,
    deadline: Option<Instant>,
) -> Result<Connection, Status> {
    let mut latest = String::new();
    let search = async {
        let mut pause = PAUSE_FIRST;
        loop {
            match round(targets, globals).await {
                Ok(live) => return live,
                Err(why) => latest = why,
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    };
    let Some(deadline) = deadline else {
        return Ok(search.await);
    };
    tokio::select! {
        live = search => return Ok(live),
        () = sleep_until(deadline) => {}
    }
    if latest.is_empty() {
        return Err(status::deadline());
    }
    Err(status::never_connected(&latest))
}

async fn round(targets: &[Target], globals: &Globals) -> Result<Connection, String> {
    let mut attempts = JoinSet::new();
    for target in targets {
        let target = target.clone();
        let tls = globals.tls.clone();
        let pings = Pings {
            interval: globals.keepalive_time,
            timeout: globals.keepalive_timeout,
        };
        attempts.spawn(async move { Connection::open(&target, tls.as_ref(), pings).await });
    }
    let mut latest = String::new();
    while let Some(outcome) = attempts.join_next().await {
        match outcome {
            Ok(Ok(live)) => return Ok(live),
            Ok(Err(why)) => latest = why,
            Err(why) => latest = why.to_string(),
        }
    }
    Err(latest)
}

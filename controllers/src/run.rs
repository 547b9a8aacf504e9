//! Starting loops and starting them again.

#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kube::Client;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Error;

/// The pause before a loop that ended is started again the first time.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Who ran for so long begins with the first pause again.
const STEADY: Duration = Duration::from_secs(120);

/// A control loop.
#[async_trait]
pub trait Loop: Send + Sync + 'static {
    /// Its name in logs; upstream's where there is one.
    fn name(&self) -> &'static str;

    /// Works until `stop`.
    ///
    /// # Errors
    ///
    /// If it cannot go on. [`supervise`] starts it again.
    async fn run(&self, client: Client, stop: CancellationToken) -> Result<(), Error>;
}

/// Runs loops until `stop`, each in a task of its own. One that ends early or panics is started again after a
/// pause that grows from 1 s to 60 s. Returns when all have ended.
pub async fn supervise(loops: Vec<Arc<dyn Loop>>, client: Client, stop: CancellationToken) {
    let mut tasks = tokio::task::JoinSet::new();
    for one in loops {
        let (client, stop) = (client.clone(), stop.clone());
        tasks.spawn(keep(one.name(), stop.clone(), move || {
            let (one, client, stop) = (one.clone(), client.clone(), stop.clone());
            async move { one.run(client, stop).await }
        }));
    }
    while tasks.join_next().await.is_some() {}
}

/// Polls `work` until it is done or `stop`, whichever is first; a stop is no error.
///
/// # Errors
///
/// Those of `work`.
pub async fn until(
    stop: &CancellationToken,
    work: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    tokio::select! {
        () = stop.cancelled() => Ok(()),
        ended = work => ended,
    }
}

async fn keep<F, Fut>(name: &'static str, stop: CancellationToken, start: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<(), Error>> + Send + 'static,
{
    let mut pause = PAUSE;
    while !stop.is_cancelled() {
        let started = Instant::now();
        // A task of its own, so that a panic ends this run and not the supervision.
        let mut task = tokio::task::JoinSet::new();
        task.spawn(start());
        let ended = task.join_next().await;
        if stop.is_cancelled() {
            return;
        }
        match ended {
            Some(Ok(Ok(()))) | None => tracing::warn!(name, "a control loop ended early"),
            Some(Ok(Err(error))) => tracing::warn!(name, %error, "a control loop failed"),
            Some(Err(error)) => tracing::error!(name, %error, "a control loop panicked"),
        }
        if started.elapsed() >= STEADY {
            pause = PAUSE;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

//! Starts the threads: one for the driver ([`super::engine`]), one for the WAL.
//!
//! ```text
//! propose, read ──Event──▶ driver ──Job──▶ wal
//!                            ▲  │            │
//!                            └──┼─Persisted──┘
//!                               └──Task──▶ apply
//! ```

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::driver::{Driver, Event, Settings};
use super::engine::{Engine, Rounds};
use super::log::Boot;
use super::persist::Persister;
use super::{Handle, Link, Outbox};
use crate::answers::Answers;
use crate::apply::worker::Task;
use crate::metrics::Metrics;
use crate::wal::Wal;

/// The running threads.
pub struct Started {
    /// The way to them.
    pub handle: Handle,
    /// Ends when the driver does.
    pub driver: JoinHandle<()>,
    /// Ends when the WAL's thread does; an error there must stop the member.
    pub persister: JoinHandle<Result<(), crate::wal::Error>>,
}

/// What the threads are started with.
pub struct Start {
    /// How this member takes part.
    pub settings: Settings,
    /// `--heartbeat-interval`.
    pub tick: Duration,
    /// The log.
    pub wal: Wal,
    /// Where committed entries and confirmed reads go.
    pub tasks: Sender<Task>,
    /// The way to other members.
    pub outbox: Arc<dyn Outbox>,
    /// Where answers go.
    pub answers: Answers,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Fires when the log cannot be written any more.
    pub failed: tokio::sync::oneshot::Sender<()>,
}

/// Starts both threads of a member that knows what `boot` says.
///
/// # Errors
/// raft refuses the settings, or a thread cannot be started.
pub fn start(start: Start, boot: &Boot) -> std::io::Result<Started> {
    let Start {
        settings,
        tick,
        wal,
        tasks,
        outbox,
        answers,
        metrics,
        failed,
    } = start;
    let (engine, inbox) = Engine::new();
    let engine = Arc::new(engine);
    let (jobs, job_inbox) = channel();
    let link = Arc::new(Link::default());
    link.set_applied(boot.applied.0, boot.applied.1);
    let driver =
        Driver::new(settings, boot, Some(Arc::new(wal.reader()))).map_err(std::io::Error::other)?;
    let persister = Persister {
        wal,
        jobs: job_inbox,
        engine: engine.clone(),
        is_full: link.is_full.clone(),
        deferred: VecDeque::new(),
        metrics,
    };
    let persister = std::thread::Builder::new()
        .name("wal".into())
        .spawn(move || {
            persister.run().inspect_err(|error| {
                tracing::error!(%error, "the log cannot be written any more");
                // Who no longer listens is stopping already.
                let _ = failed.send(());
            })
        })?;
    let handle = Handle {
        engine: engine.clone(),
        jobs: jobs.clone(),
        link: link.clone(),
    };
    // A sole voter need not wait for a time-out to know that nobody leads.
    if boot.conf.is_sole_voter(settings.id) {
        engine.leave(Event::Campaign);
    }
    let now = Instant::now();
    let rounds = Rounds {
        driver,
        inbox,
        jobs,
        tasks,
        outbox,
        answers,
        link,
        tick,
        next_tick: now + tick,
        quiet_at: None,
        gathering_until: None,
        thread_until: now,
    };
    let driver = std::thread::Builder::new()
        .name("raft".into())
        .spawn(move || engine.run(rounds))?;
    Ok(Started {
        handle,
        driver,
        persister,
    })
}

//! Starts the threads and tasks of an opened member, and stops them in order.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use proto::etcdserverpb as pb;
use tokio::task::JoinSet;

use super::{Error, Opened, compactor};
use crate::alarm::Space;
use crate::apply::Shared;
use crate::apply::worker::{Task, Worker};
use crate::command::Command;
use crate::config::Config;
use crate::lease::Keeper;
use crate::metrics::Metrics;
use crate::propose::Proposer;
use crate::raft::{self, Settings};
use crate::rpc::{Limits, Member};
use crate::watch::Hub;

/// Besides two election time-outs, how long a request may take inside the server; etcd's figure.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a member waits to be led before it gives up.
const LEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// What `--snapshot-count` is when nobody sets it.
const SNAPSHOT_COUNT_DEFAULT: u64 = 10_000;
/// How often it looks whether it is.
const LEADER_POLL: Duration = Duration::from_millis(1);

/// A member that serves.
pub struct Running {
    /// What its services are made of.
    pub member: Arc<Member>,
    raft: raft::Handle,
    tasks: Sender<Task>,
    driver: JoinHandle<()>,
    persister: JoinHandle<Result<(), crate::wal::Error>>,
    worker: JoinHandle<()>,
    /// Fires when the log cannot be written any more.
    pub failed: tokio::sync::oneshot::Receiver<()>,
    background: JoinSet<()>,
}

/// Starts everything, and waits until the member leads and is known by its name.
///
/// # Errors
/// A thread cannot be started, or the member does not come to lead.
pub async fn start(
    config: &Config,
    opened: Opened,
    metrics: Arc<Metrics>,
) -> Result<Running, Error> {
    let limits = limits(config);
    let Opened {
        identity,
        state,
        boot,
        wal,
        directory,
    } = opened;
    let space = Arc::new(Space::new(limits.quota_bytes, state.store.live_bytes()));
    let state: Shared = Arc::new(RwLock::new(state));
    let (tasks, task_inbox) = channel();
    let settings = Settings {
        id: identity.member_id,
        election_ticks: election_ticks(config),
        pre_vote: config.pre_vote,
    };
    let (failed_sender, failed) = tokio::sync::oneshot::channel();
    let started = raft::start(
        settings,
        config.heartbeat_interval,
        &boot,
        wal,
        tasks.clone(),
        metrics.clone(),
        failed_sender,
    )
    .map_err(Error::io("start the threads of", &directory))?;
    let replay_end = boot.tail.last().map_or(0, |(entry, _)| entry.index);
    drop(boot);
    let raft = started.handle;
    let hub = Arc::new(Hub::new(state.clone(), metrics.clone()));
    let leases = Arc::new(Keeper::new(metrics.clone()));
    let (compacting_sender, compacting) = tokio::sync::watch::channel(true);
    let worker = Worker {
        state: state.clone(),
        tasks: task_inbox,
        tasks_sender: tasks.clone(),
        raft: raft.clone(),
        hub: hub.clone(),
        leases: leases.clone(),
        space: space.clone(),
        replay_end,
        compacting: compacting_sender,
        metrics: metrics.clone(),
        checkpoint_entries: checkpoint_entries(config),
    };
    let worker = worker
        .start()
        .map_err(Error::io("start the threads of", &directory))?;
    let first_id = getrandom::u64().map_err(|e| {
        Error::io("draw random numbers for", &directory)(std::io::Error::other(e.to_string()))
    })?;
    let proposer = Proposer::new(
        raft.clone(),
        first_id,
        limits.request_bytes_max,
        limits.request_timeout,
        metrics.clone(),
    );
    let member = Arc::new(Member {
        identity,
        limits,
        state,
        raft: raft.clone(),
        proposer,
        hub,
        leases,
        space,
        compacting,
        metrics,
        directory,
    });
    let background = background(&member, config);
    let running = Running {
        member,
        raft,
        tasks,
        driver: started.driver,
        persister: started.persister,
        worker,
        failed,
        background,
    };
    running.lead(config).await?;
    Ok(running)
}

impl Running {
    /// Waits until the member leads, then tells its name.
    async fn lead(&self, config: &Config) -> Result<(), Error> {
        let began = Instant::now();
        while !self.raft.link().reads_are_linearizable() {
            if began.elapsed() > LEADER_TIMEOUT {
                return Err(Error::NoLeader(LEADER_TIMEOUT));
            }
            tokio::time::sleep(LEADER_POLL).await;
        }
        let member = &self.member;
        member
            .leases
            .take_over(&member.state, self.raft.link().term());
        let id = self.member.identity.member_id;
        let client_urls: Vec<String> = config
            .advertise_client_urls
            .iter()
            .map(ToString::to_string)
            .collect();
        let is_known = self
            .member
            .state
            .read()
            .members
            .get(id)
            .is_some_and(|own| own.name == config.name && own.client_urls == client_urls);
        if !is_known {
            let member = pb::Member {
                id,
                name: config.name.clone(),
                client_ur_ls: client_urls,
                ..Default::default()
            };
            // Nothing in the state can refuse it.
            drop(
                self.member
                    .proposer
                    .propose(&Command::Publish(member))
                    .await?,
            );
        }
        Ok(())
    }

    /// Stops everything; what was acknowledged is in the log.
    ///
    /// # Errors
    /// The log could not be written.
    pub fn stop(mut self) -> Result<(), Error> {
        self.background.abort_all();
        self.raft.stop();
        // A thread that panicked has said so itself.
        let _ = self.driver.join();
        let persisted = self.persister.join();
        let _ = self.tasks.send(Task::Stop);
        let _ = self.worker.join();
        match persisted {
            Ok(result) => Ok(result?),
            Err(_) => Ok(()),
        }
    }
}

fn background(member: &Arc<Member>, config: &Config) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let keeper = member.clone();
    tasks.spawn(async move {
        let proposer = keeper.proposer.clone();
        keeper
            .leases
            .run(keeper.state.clone(), proposer, keeper.raft.link())
            .await;
    });
    let (id, space) = (member.identity.member_id, member.space.clone());
    let (state, proposer) = (member.state.clone(), member.proposer.clone());
    tasks.spawn(async move { space.run(id, state, proposer).await });
    let compactor = compactor::run(
        config.auto_compaction,
        member.state.clone(),
        member.proposer.clone(),
        member.raft.clone(),
    );
    tasks.spawn(compactor);
    tasks
}

/// `--snapshot-count`, where it was asked for: by default the bytes of the log alone decide, since
/// a checkpoint costs by the byte and ten thousand small entries are not worth one.
fn checkpoint_entries(config: &Config) -> Option<u64> {
    (config.snapshot_count != SNAPSHOT_COUNT_DEFAULT).then_some(config.snapshot_count)
}

fn limits(config: &Config) -> Limits {
    let shortest = config.heartbeat_interval * (3 * election_ticks(config) as u32 / 2);
    Limits {
        request_bytes_max: usize::try_from(config.max_request_bytes).unwrap_or(usize::MAX),
        txn_ops_max: usize::try_from(config.max_txn_ops).unwrap_or(usize::MAX),
        request_timeout: REQUEST_TIMEOUT + 2 * config.election_timeout,
        progress_interval: config.watch_progress_notify_interval,
        lease_ttl_min: shortest.as_millis().div_ceil(1000) as i64,
        quota_bytes: config.quota_backend_bytes,
    }
}

fn election_ticks(config: &Config) -> usize {
    (config.election_timeout.as_millis() / config.heartbeat_interval.as_millis().max(1)) as usize
}

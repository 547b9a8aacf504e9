//! Starts the threads and tasks of an opened member, and stops them in order.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use proto::etcdserverpb as pb;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::{Error, Opened, compactor, corrupt, expiry, leaderless, versions};
use crate::alarm::Space;
use crate::answers::Answers;
use crate::apply::Shared;
use crate::apply::machine::Machine;
use crate::apply::worker::{Task, Worker};
use crate::archive::Archive;
use crate::auth::{Passwords, Scheme, Tokens};
use crate::cluster::Members;
use crate::command::Command;
use crate::config::Config;
use crate::lease::Keeper;
use crate::metrics::Metrics;
use crate::propose::Proposer;
use crate::raft::{self, Outbox, Progress, ProposeError, ReadError, Settings};
use crate::read;
use crate::rpc::{Limits, Member, Others};
use crate::watch::Hub;

/// Besides two election time-outs, how long a request may take inside the server; etcd's figure.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the only voter waits to lead before it gives up; one of several waits for the others.
const LEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// After how long a read that got no answer from the leader is asked for again; etcd's figure.
const READ_RETRY: Duration = Duration::from_millis(500);
/// What `--snapshot-count` is when nobody sets it.
const SNAPSHOT_COUNT_DEFAULT: u64 = 10_000;
/// How often a member that starts looks whether it is led.
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
    /// Who belongs to the cluster, as far as this member knows.
    pub members: watch::Receiver<Members>,
    background: JoinSet<()>,
}

/// Starts everything. The member serves nobody before it has [joined](Running::join).
///
/// # Errors
/// A thread cannot be started.
pub fn start(
    config: &Config,
    opened: Opened,
    metrics: Arc<Metrics>,
    outbox: Arc<dyn Outbox>,
    others: Arc<dyn Others>,
) -> Result<Running, Error> {
    let scheme = Scheme::parse(&config.auth_token).map_err(Error::AuthToken)?;
    let limits = limits(config);
    let Opened {
        identity,
        state,
        boot,
        wal,
        directory,
        checkpoints,
    } = opened;
    let passwords = Passwords::new(config.bcrypt_cost).map_err(no_random(&directory))?;
    let space = Arc::new(Space::new(limits.quota_bytes, state.store.live_bytes()));
    let state: Shared = Arc::new(RwLock::new(state));
    let (tasks, task_inbox) = channel();
    let (members_sender, members) = watch::channel(state.read().members.clone());
    let settings = Settings {
        id: identity.member_id,
        election_ticks: election_ticks(config),
        pre_vote: config.pre_vote,
        read_retry_ticks: ticks(config, READ_RETRY),
        catchup_entries: usize::try_from(config.snapshot_catchup_entries).unwrap_or(usize::MAX),
        nonce: random(&directory)?,
    };
    let (failed_sender, failed) = tokio::sync::oneshot::channel();
    let answers = Answers::start(&tokio::runtime::Handle::current());
    let start = raft::Start {
        settings,
        tick: config.heartbeat_interval,
        wal,
        tasks: tasks.clone(),
        outbox,
        answers: answers.clone(),
        metrics: metrics.clone(),
        failed: failed_sender,
    };
    let started =
        raft::start(start, &boot).map_err(Error::io("start the threads of", &directory))?;
    let first = boot.applied.0;
    let replay_end = boot.tail.last().map_or(0, |(entry, _)| entry.index);
    drop(boot);
    let raft = started.handle;
    let hub = Arc::new(Hub::new(state.clone(), metrics.clone()));
    let leases = Arc::new(Keeper::new(metrics.clone()));
    leases.replaced(&state.read().leases);
    let is_enabled = state.read().auth.is_enabled();
    let tokens = Arc::new(Tokens::new(scheme, config.auth_token_ttl, is_enabled));
    let (leaderless_sender, leaderless) = watch::channel(false);
    let (compacting_sender, compacting) = watch::channel(true);
    let archive = match &config.archive_dir {
        Some(dir) => Some(Archive::start(
            dir,
            identity.clone(),
            replay_end.max(first),
        )?),
        None => None,
    };
    let worker = Worker {
        machine: Machine::new(state.clone(), replay_end, checkpoint_entries(config)),
        tasks: task_inbox,
        tasks_sender: tasks.clone(),
        raft: raft.clone(),
        answers,
        hub: hub.clone(),
        leases: leases.clone(),
        space: space.clone(),
        tokens: tokens.clone(),
        members: members_sender,
        compacting: compacting_sender,
        snapshots: Box::new(checkpoints),
        metrics: metrics.clone(),
        warn_after: config.warning_apply_duration,
        archive,
    };
    let worker = worker
        .start()
        .map_err(Error::io("start the threads of", &directory))?;
    let proposer = Proposer::new(
        raft.clone(),
        random(&directory)?,
        limits.request_bytes_max,
        limits.request_timeout,
        metrics.clone(),
    );
    let member = Arc::new(Member {
        identity,
        limits,
        state,
        members: members.clone(),
        raft: raft.clone(),
        others,
        leaderless,
        proposer,
        hub,
        leases,
        tokens,
        passwords: Arc::new(passwords),
        hashing: Arc::new(Semaphore::new(hashing_at_once())),
        space,
        compacting,
        metrics,
        directory,
    });
    let mut background = background(&member, config);
    background.spawn(leaderless::run(
        raft.clone(),
        config.election_timeout,
        leaderless_sender,
    ));
    Ok(Running {
        member,
        raft,
        tasks,
        driver: started.driver,
        persister: started.persister,
        worker,
        failed,
        members,
        background,
    })
}

impl Running {
    /// Waits until the member is led, then tells the others its name and where clients reach it.
    ///
    /// # Errors
    /// The only voter does not come to lead, or the member is stopping.
    pub async fn join(&self, config: &Config) -> Result<(), Error> {
        let began = Instant::now();
        let link = self.raft.link();
        while link.leader() == 0 {
            if link.is_sole_voter() && began.elapsed() > LEADER_TIMEOUT {
                return Err(Error::NoLeader(LEADER_TIMEOUT));
            }
            tokio::time::sleep(LEADER_POLL).await;
        }
        loop {
            match self.publish(config).await {
                Ok(()) => return Ok(()),
                // The leader may have gone meanwhile; etcd tries on as well.
                Err(ProposeError::Timeout | ProposeError::NoLeader) => {
                    tracing::warn!("failed to publish local member to cluster through raft");
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn publish(&self, config: &Config) -> Result<(), ProposeError> {
        // What the member publishes counts from the state as it is now.
        match read::linearizable(&self.raft, self.member.limits.request_timeout).await {
            Ok(()) => {}
            Err(ReadError::Stopped) => return Err(ProposeError::Stopped),
            Err(_) => return Err(ProposeError::Timeout),
        }
        let member = &self.member;
        if self.raft.link().is_leader() {
            member
                .leases
                .take_over(&member.state, self.raft.link().term());
        }
        let id = member.identity.member_id;
        let client_urls: Vec<String> = config
            .advertise_client_urls
            .iter()
            .map(ToString::to_string)
            .collect();
        let is_known = member
            .state
            .read()
            .members
            .get(id)
            .is_some_and(|own| own.name == config.name && own.client_urls == client_urls);
        if !is_known {
            let own = pb::Member {
                id,
                name: config.name.clone(),
                client_ur_ls: client_urls,
                ..Default::default()
            };
            // Nothing in the state can refuse it.
            drop(member.proposer.propose(&Command::Publish(own)).await?);
        }
        tracing::info!("published local member to cluster through raft");
        let cluster = member.state.read().versions.cluster.short();
        tracing::info!(
            "cluster-version" = cluster,
            "enabled capabilities for version"
        );
        Ok(())
    }

    /// Lets another member lead, if this one does and another can. Waits until it does so, for one
    /// election time-out at most.
    pub async fn hand_over(&self, election_timeout: Duration) {
        let link = self.raft.link();
        if !link.is_leader() || link.is_sole_voter() {
            return;
        }
        let own = self.member.identity.member_id;
        let progress = self.raft.progress().await;
        let is_reached = |id| self.member.others.active_since(id).is_some();
        let Some(to) = successor(own, &progress, is_reached) else {
            tracing::warn!("leadership cannot be handed over: no other voter is heard of");
            return;
        };
        tracing::info!(
            "local-member-id" = %format_args!("{own:x}"),
            "transferee-member-id" = %format_args!("{to:x}"),
            "leadership transfer starting"
        );
        self.raft.transfer_leader(to);
        let began = Instant::now();
        while link.is_leader() || link.leader() == 0 {
            if began.elapsed() > election_timeout {
                tracing::warn!("leadership was not handed over in time");
                return;
            }
            tokio::time::sleep(LEADER_POLL).await;
        }
        tracing::info!(took = ?began.elapsed(), "leadership transfer finished");
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

/// Who is to lead next: of the voters that are reached the one that has most of the log. raft takes a
/// member for active for an election time-out after it was heard of last; one that is gone with its
/// process is known to be gone at once.
fn successor(
    own: u64,
    progress: &BTreeMap<u64, Progress>,
    is_reached: impl Fn(u64) -> bool,
) -> Option<u64> {
    let others = progress.iter().filter(|(id, other)| {
        **id != own && other.is_active && !other.is_learner && is_reached(**id)
    });
    let best = others.max_by_key(|(_, other)| other.matched);
    best.map(|(id, _)| *id)
}

/// A number that no other start has, as far as chance allows.
fn random(directory: &Path) -> Result<u64, Error> {
    getrandom::u64().map_err(no_random(directory))
}

fn no_random(directory: &Path) -> impl FnOnce(getrandom::Error) -> Error {
    move |error| {
        let error = std::io::Error::other(error.to_string());
        Error::io("draw random numbers for", directory)(error)
    }
}

/// Passwords checked at once: half of the processors, so that whoever guesses does not keep the
/// others from being served.
fn hashing_at_once() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    (processors / 2).max(1)
}

/// How many ticks that is, at least one.
fn ticks(config: &Config, time: Duration) -> usize {
    let ticks = time.as_millis() / config.heartbeat_interval.as_millis().max(1);
    (ticks as usize).max(1)
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
    tasks.spawn(versions::run(
        member.state.clone(),
        member.proposer.clone(),
        member.raft.clone(),
    ));
    tasks.spawn(expiry::run(
        member.state.clone(),
        member.proposer.clone(),
        member.raft.clone(),
    ));
    corrupt::watch(member, config, &mut tasks);
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
        learners_max: config.max_learners,
        strict_reconfig_check: config.strict_reconfig_check,
        election_timeout: config.election_timeout,
    }
}

fn election_ticks(config: &Config) -> usize {
    ticks(config, config.election_timeout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_gone_or_behind_or_has_no_vote_does_not_lead_next() {
        let other = |matched, is_learner, is_active| Progress {
            matched,
            next: matched + 1,
            is_learner,
            is_active,
        };
        let progress = BTreeMap::from([
            (1, other(9, false, true)),
            (2, other(8, false, true)),
            (3, other(7, false, true)),
            (4, other(9, true, true)),
            (5, other(9, false, false)),
            (6, other(9, false, true)),
        ]);
        // The sixth is gone, but was heard of a moment ago.
        assert_eq!(successor(1, &progress, |id| id != 6), Some(2));
        assert_eq!(successor(1, &progress, |id| id == 3), Some(3));
        assert_eq!(successor(1, &progress, |_| false), None);
    }
}

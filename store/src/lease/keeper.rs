//! The leader's care for leases: renewals, and what has to be proposed when time passes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{Deadlines, Due, Renewal, Table, Which};
use crate::apply::{Reply, Shared};
use crate::command::{Command, LeaseCheckpoint};
use crate::metrics::Metrics;
use crate::propose::Proposer;
use crate::raft::{Link, ProposeError};

/// How often deadlines are looked at; etcd's interval.
const INTERVAL: Duration = Duration::from_millis(500);
/// Leases that end in one look at most, so that many at once do not crowd out everything else
/// (etcd ends at most 1,000 a second).
const DUE_MAX: usize = 500;
/// Proposals of ends under way at once.
const PARALLEL: usize = 16;

/// Why a lease was not renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenewError {
    /// It does not exist, or ended while it was asked for.
    #[error("requested lease not found")]
    NotFound,
    /// Another member began to lead before its checkpoint was taken back.
    #[error("leader changed")]
    LeaderChanged,
    /// The word that takes back its checkpoint did not go through.
    #[error(transparent)]
    Propose(#[from] ProposeError),
}

/// See the module.
pub struct Keeper {
    begin: Instant,
    deadlines: Mutex<Deadlines>,
    /// The term in which this member leads and has taken over the table; 0 for none.
    led_in: AtomicU64,
    /// Some lease is gone.
    gone: Notify,
    metrics: Arc<Metrics>,
}

impl Keeper {
    /// A keeper that knows no lease yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            begin: Instant::now(),
            deadlines: Mutex::default(),
            led_in: AtomicU64::new(0),
            gone: Notify::new(),
            metrics,
        }
    }

    fn now(&self) -> u64 {
        self.begin.elapsed().as_millis() as u64
    }

    /// A lease has been granted.
    pub(crate) fn granted(&self, lease: Which, ttl: i64) {
        self.metrics.lease.granted.inc();
        self.metrics.lease.ttl.observe(ttl as f64);
        let now = self.now();
        self.deadlines.lock().insert(lease, ttl, ttl, now);
    }

    /// A lease is gone.
    pub(crate) fn gone(&self, id: i64) {
        self.metrics.lease.revoked.inc();
        self.deadlines.lock().remove(id);
        self.gone.notify_waiters();
    }

    /// The table was replaced by a received one.
    pub(crate) fn replaced(&self, table: &Table) {
        let now = self.now();
        let mut deadlines = self.deadlines.lock();
        *deadlines = Deadlines::default();
        deadlines.take_over(table, now);
        drop(deadlines);
        self.gone.notify_waiters();
    }

    /// Seconds a lease has left.
    pub fn seconds_left(&self, id: i64) -> Option<i64> {
        let now = self.now();
        self.deadlines.lock().seconds_left(id, now)
    }

    /// Ids in the order in which they end.
    pub fn by_end(&self) -> Vec<i64> {
        self.deadlines.lock().by_end()
    }

    /// Gives a lease its whole time again; the seconds it has now. One whose time ran out but
    /// which is not gone yet is waited for: it must not be renewed.
    ///
    /// # Errors
    /// See [`RenewError`].
    pub async fn renew(&self, id: i64, proposer: &Proposer) -> Result<i64, RenewError> {
        let mut taken_back = None;
        loop {
            let gone = self.gone.notified();
            tokio::pin!(gone);
            gone.as_mut().enable();
            let renewal = self.deadlines.lock().renew(id, taken_back, self.now());
            match renewal {
                Renewal::Renewed(ttl) => {
                    self.metrics.lease.renewed.inc();
                    return Ok(ttl);
                }
                Renewal::TakeBack(checkpoint) => {
                    let term = self.led_in.load(Ordering::Acquire);
                    take_back(checkpoint.lease, term, proposer).await?;
                    taken_back = Some(checkpoint);
                }
                Renewal::Ending => gone.await,
                Renewal::Unknown => return Err(RenewError::NotFound),
            }
        }
    }

    /// Proposes what falls due, for as long as this member leads. Never ends by itself.
    pub async fn run(&self, state: Shared, proposer: Proposer, link: &Link) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if !link.is_leader() {
                self.led_in.store(0, Ordering::Relaxed);
                continue;
            }
            // A checkpoint that an earlier leader took back must not be taken for the truth.
            if !link.leads_with_all() {
                continue;
            }
            let term = link.term();
            self.take_over(&state, term);
            let due = self.deadlines.lock().due(self.now(), DUE_MAX);
            if !due.is_empty() {
                self.propose(due, term, &proposer).await;
            }
        }
    }

    /// A new leader gives each lease what the table says it has left; once per term. Until then it
    /// knows only of leases granted since it started, so nobody may be served before.
    pub(crate) fn take_over(&self, state: &Shared, term: u64) {
        if self.led_in.load(Ordering::Acquire) == term {
            return;
        }
        let state = state.read();
        let now = self.now();
        let mut deadlines = self.deadlines.lock();
        // Whoever comes second has waited for the first here.
        if self.led_in.swap(term, Ordering::AcqRel) == term {
            return;
        }
        deadlines.take_over(&state.leases, now);
    }

    async fn propose(&self, due: Vec<Due>, term: u64, proposer: &Proposer) {
        let mut leases = Vec::new();
        let mut ends = Vec::new();
        for due in due {
            match due {
                Due::Expire(lease) => ends.push(lease),
                Due::Checkpoint(lease, seconds) => leases.push(lease.left(seconds)),
            }
        }
        if !leases.is_empty() {
            let command = Command::LeaseCheckpoint(LeaseCheckpoint { term, leases });
            if let Err(error) = proposer.propose(&command).await {
                tracing::debug!(%error, "lease checkpoint was not written");
            }
        }
        stream::iter(ends)
            .for_each_concurrent(PARALLEL, |lease| async move {
                // While others were ended, it may have been revoked.
                if !self.deadlines.lock().is_ending(lease) {
                    return;
                }
                let command = Command::LeaseExpire(lease.expire(term));
                match proposer.propose(&command).await {
                    Ok(Ok(Reply::Fenced)) => {}
                    Ok(Ok(_)) => self.metrics.server.lease_expired.inc(),
                    // Somebody revoked it first.
                    Ok(Err(crate::apply::Error::Lease(_))) => {}
                    Ok(Err(error)) => self.try_again(lease, &error),
                    Err(error) => self.try_again(lease, &error),
                }
            })
            .await;
    }

    fn try_again(&self, lease: Which, error: &dyn std::error::Error) {
        let id = lease.id;
        tracing::warn!(lease = %format_args!("{id:x}"), %error, "failed to revoke lease");
        let next = self.now() + INTERVAL.as_millis() as u64;
        self.deadlines.lock().retry(lease, next);
    }
}

async fn take_back(lease: Which, term: u64, proposer: &Proposer) -> Result<(), RenewError> {
    let leases = vec![lease.left(0)];
    let command = Command::LeaseCheckpoint(LeaseCheckpoint { term, leases });
    match proposer.propose(&command).await? {
        Ok(Reply::Fenced) => Err(RenewError::LeaderChanged),
        Ok(_) => Ok(()),
        Err(_) => Err(RenewError::NotFound),
    }
}

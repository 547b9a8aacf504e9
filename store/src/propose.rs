//! The way of a write into the log: admit it, number it, encode it, hand it to raft, await what
//! came of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::apply::Outcome;
use crate::auth::Caller;
use crate::command::{Command, HEADER_LEN};
use crate::metrics::Metrics;
use crate::raft::{self, ProposeError};

/// Proposals under way at once at most; one more is refused with "too many requests". etcd
/// refuses at a gap of 5,000 between committed and applied; this bound is on memory alone, since
/// what is committed is applied at once here.
pub const PROPOSALS_MAX: usize = 65_536;
/// Bytes of proposals under way at once at most, for the same reason.
pub const PROPOSAL_BYTES_MAX: usize = 256 * 1024 * 1024;

/// What etcd's raft request adds to a payload: the request id in its header and two tags. The
/// size limit counts it, so a payload passes here just when it passes there.
const ENVELOPE_LEN: usize = 14;

/// Where the outcome of a proposal is delivered.
pub type Waiter = oneshot::Sender<Result<Outcome, ProposeError>>;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Proposer {
    inner: Arc<Inner>,
}

struct Inner {
    raft: raft::Handle,
    next_id: AtomicU64,
    under_way: AtomicUsize,
    bytes_under_way: AtomicUsize,
    request_bytes_max: usize,
    timeout: Duration,
    metrics: Arc<Metrics>,
}

impl Proposer {
    /// `request_bytes_max` is `--max-request-bytes`; `timeout` bounds the wait for an outcome.
    pub fn new(
        raft: raft::Handle,
        first_id: u64,
        request_bytes_max: usize,
        timeout: Duration,
        metrics: Arc<Metrics>,
    ) -> Self {
        let inner = Inner {
            raft,
            next_id: AtomicU64::new(first_id.max(1)),
            under_way: AtomicUsize::new(0),
            bytes_under_way: AtomicUsize::new(0),
            request_bytes_max,
            timeout,
            metrics,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// A number no other request of this process has, never 0.
    pub fn next_id(&self) -> u64 {
        self.inner.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Orders the command and waits until it is applied.
    ///
    /// # Errors
    /// See [`ProposeError`]; on `Timeout` and `Stopped` the command may still take effect.
    pub async fn propose(&self, command: &Command) -> Result<Outcome, ProposeError> {
        self.propose_by(&Caller::default(), command).await
    }

    /// Orders a command that somebody asks for, and waits until it is applied.
    ///
    /// # Errors
    /// As [`Proposer::propose`].
    pub async fn propose_by(
        &self,
        caller: &Caller,
        command: &Command,
    ) -> Result<Outcome, ProposeError> {
        self.order(caller, command, |data, waiter| {
            self.inner.raft.propose(data, waiter)
        })
        .await
    }

    /// Orders a command of the membership together with what raft is told of it. An empty list
    /// would leave a joint configuration: a change that raft has no part in is an ordinary command.
    ///
    /// # Errors
    /// As [`Proposer::propose`].
    pub async fn propose_change(
        &self,
        command: &Command,
        changes: Vec<raft::Change>,
    ) -> Result<Outcome, ProposeError> {
        if changes.is_empty() {
            return self.propose(command).await;
        }
        self.order(&Caller::default(), command, |data, waiter| {
            self.inner.raft.change(changes, data, waiter);
        })
        .await
    }

    async fn order(
        &self,
        caller: &Caller,
        command: &Command,
        hand_over: impl FnOnce(Bytes, Waiter),
    ) -> Result<Outcome, ProposeError> {
        let inner = &*self.inner;
        if inner.raft.link().is_full() {
            return Err(ProposeError::NoSpace);
        }
        let data = command.encode_by(caller, self.next_id());
        let payload = data.len() - HEADER_LEN;
        if payload + ENVELOPE_LEN + prost::length_delimiter_len(payload) > inner.request_bytes_max {
            return Err(ProposeError::TooLarge);
        }
        let name = Command::kind_name(&data);
        let _admitted = Admitted::new(inner, data.len())?;
        let began = Instant::now();
        let (waiter, outcome) = oneshot::channel();
        hand_over(data, waiter);
        let outcome = tokio::time::timeout(inner.timeout, outcome).await;
        let success = matches!(outcome, Ok(Ok(Ok(Ok(_)))));
        inner.metrics.requests.observe(name, success, began);
        match outcome {
            Ok(Ok(Ok(outcome))) => Ok(outcome),
            Ok(Ok(Err(error))) => self.failed(error),
            Ok(Err(_)) => self.failed(ProposeError::Stopped),
            Err(_) => self.failed(ProposeError::Timeout),
        }
    }

    fn failed(&self, error: ProposeError) -> Result<Outcome, ProposeError> {
        self.inner.metrics.server.proposals_failed.inc();
        Err(error)
    }
}

/// A proposal's share of the bounds, given back when dropped.
struct Admitted<'a> {
    inner: &'a Inner,
    bytes: usize,
}

impl<'a> Admitted<'a> {
    fn new(inner: &'a Inner, bytes: usize) -> Result<Self, ProposeError> {
        let others = inner.under_way.fetch_add(1, Ordering::Relaxed);
        let others_bytes = inner.bytes_under_way.fetch_add(bytes, Ordering::Relaxed);
        let admitted = Self { inner, bytes };
        inner.metrics.server.proposals_pending.inc();
        if others >= PROPOSALS_MAX || others_bytes + bytes > PROPOSAL_BYTES_MAX {
            return Err(ProposeError::TooManyRequests);
        }
        Ok(admitted)
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        let inner = self.inner;
        inner.under_way.fetch_sub(1, Ordering::Relaxed);
        inner
            .bytes_under_way
            .fetch_sub(self.bytes, Ordering::Relaxed);
        inner.metrics.server.proposals_pending.dec();
    }
}

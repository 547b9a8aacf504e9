//! Keeps one stream to another member up, for as long as it runs.
//!
//! ```text
//!            ┌──────── refused, lost, silent: what waits is dropped, raft is told ───────┐
//!            ▼                                                                           │
//!  pause ── 10 ms ... 1 s ──▶ dial the next URL ──▶ open the stream ──▶ send what is queued
//!            │                      ▲   what raft says meanwhile waits in the queue
//!            └── heard of it ───────┘
//! ```
//!
//! Small messages and log entries have a connection each, since two streams of one connection
//! share its window and its place in the kernel's buffer: a heartbeat must not wait behind 512 KiB
//! of entries. The connection of small messages also carries single calls.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::Stream;
use proto::peer::{MessageBatch, Receipt};
use tokio::time::MissedTickBehavior;
use tonic::{Code, Streaming};

use super::dial::{Connection, DialError};
use super::greeting::{Greeting, Refusal};
use super::kind::Kind;
use super::link::Link;
use super::peers::Shared;
use crate::clock;
use crate::config::Url;
use crate::together::Together;

/// The first pause after a failure; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(10);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// How long an attempt may have gone on before word from the other side begins a new one: packets
/// lost in a cut are repeated more slowly than a new attempt is made.
const ATTEMPT_FRESH_FOR: Duration = Duration::from_millis(50);
/// A clock that is further off is worth a line in the log.
const CLOCK_DRIFT_MAX: Duration = Duration::from_secs(1);
/// How often such a line is written at most.
const DRIFT_LOG_EVERY: Duration = Duration::from_secs(30);

/// Why a stream is over.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error(transparent)]
    Dial(#[from] DialError),
    #[error("{0}")]
    Refused(Refusal),
    #[error("{0}")]
    Status(String),
    #[error("unexpected EOF")]
    Ended,
    #[error("i/o timeout")]
    Silent,
    #[error("the member has other URLs now")]
    Moved,
    #[error("the member was heard of, so it is tried again")]
    Heard,
}

/// One stream to one member.
pub(super) struct Lane {
    pub(super) shared: Arc<Shared>,
    pub(super) link: Arc<Link>,
    pub(super) kind: Kind,
}

/// A stream that the other side has taken.
struct Session {
    receipts: Streaming<Receipt>,
    _connection: Connection,
}

impl Lane {
    /// Runs until it is aborted.
    pub(super) async fn run(self) {
        let mut urls = self.link.urls.subscribe();
        let mut heard = self.link.heard.subscribe();
        let mut pause = PAUSE_MIN;
        let mut attempt = 0_usize;
        // Connections in a row that found nobody, since the member was last reached.
        let mut found_nobody = 0;
        let mut has_been_up = false;
        loop {
            heard.borrow_and_update();
            let known = urls.borrow_and_update().clone();
            let began = Instant::now();
            let mut was_up = false;
            let url = known.get(attempt % known.len().max(1)).cloned();
            let lost = {
                let moved = async {
                    // The link is held by this task, so its sender cannot be gone.
                    let is_other =
                        |now: &Arc<[Url]>| url.as_ref().is_none_or(|url| !now.contains(url));
                    let _ = urls.wait_for(is_other).await;
                    Lost::Moved
                };
                match &url {
                    None => Lost::Dial(DialError::NoUrl),
                    Some(url) => {
                        let retry = async {
                            let _ = heard.changed().await;
                            tokio::time::sleep(ATTEMPT_FRESH_FOR.saturating_sub(began.elapsed()))
                                .await;
                        };
                        let session = async {
                            let opened = tokio::select! {
                                opened = self.open(url) => opened,
                                () = retry => return Lost::Heard,
                            };
                            match opened {
                                Ok(session) => {
                                    was_up = true;
                                    self.attend(session).await
                                }
                                Err(lost) => lost,
                            }
                        };
                        tokio::select! {
                            lost = session => lost,
                            lost = moved => lost,
                        }
                    }
                }
            };
            self.close(&lost, was_up);
            has_been_up |= was_up;
            found_nobody = match &lost {
                Lost::Dial(error) if error.is_nobody() => found_nobody + 1,
                _ => 0,
            };
            // Once nobody is found at any of its URLs.
            if has_been_up && self.kind == Kind::Control && found_nobody >= known.len().max(1) {
                has_been_up = false;
                self.shared.vanished(&self.link);
            }
            match lost {
                // Neither is a failure of the other side.
                Lost::Moved | Lost::Heard => {
                    pause = PAUSE_MIN;
                    continue;
                }
                Lost::Refused(_) => pause = PAUSE_MAX,
                _ if was_up && began.elapsed() > PAUSE_MAX => pause = PAUSE_MIN,
                _ => {}
            }
            attempt = attempt.wrapping_add(1);
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSE_MAX),
                _ = heard.changed() => pause = PAUSE_MIN,
                _ = urls.changed() => pause = PAUSE_MIN,
            }
        }
    }

    /// Connects, and waits until the other side has taken the stream.
    async fn open(&self, url: &Url) -> Result<Session, Lost> {
        let (link, settings) = (&self.link, &self.shared.settings);
        let stream = link.queue(self.kind).open();
        let greeting = Greeting::new(settings, self.shared.own_urls(), link.id, self.kind);
        let dialling =
            settings
                .dialer
                .dial(url, settings.patience(), Some(greeting), self.together());
        let mut connection = dialling.await?;
        let batches = Batches {
            link: link.clone(),
            kind: self.kind,
            stream,
        };
        let opening = connection.client.messages(batches);
        let answer = tokio::time::timeout(settings.read_timeout, opening).await;
        let receipts = match answer {
            Ok(Ok(answer)) => answer.into_inner(),
            Ok(Err(status)) => return Err(self.refused(&status)),
            Err(_) => return Err(Lost::Silent),
        };
        let name = self.kind.name();
        tracing::info!(
            "stream-writer-type" = name,
            "local-member-id" = %format_args!("{:x}", settings.member_id),
            "remote-peer-id" = %format_args!("{:x}", link.id),
            "established TCP streaming connection with remote peer"
        );
        if self.kind == Kind::Control {
            link.set_client(Some(connection.client.clone()));
            link.status.activate();
        }
        Ok(Session {
            receipts,
            _connection: connection,
        })
    }

    /// One task for the connection; batches are larger while the member has much to do.
    fn together(&self) -> Together {
        let shared = Arc::downgrade(&self.shared);
        Together::new(move || {
            let shared = shared.upgrade();
            shared.is_some_and(|shared| shared.is_busy())
        })
    }

    /// Watches over a stream until it is lost.
    async fn attend(&self, mut session: Session) -> Lost {
        let settings = &self.shared.settings;
        let probing = self.kind == Kind::Control;
        let mut ticks = tokio::time::interval(settings.read_timeout / 5);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut number = 0;
        let mut asked: Option<Instant> = None;
        let mut last_drift: Option<Instant> = None;
        loop {
            tokio::select! {
                receipt = session.receipts.message() => match receipt {
                    Ok(Some(receipt)) if receipt.probe == number => {
                        if let Some(asked) = asked.take() {
                            self.answered(&receipt, asked.elapsed(), &mut last_drift);
                        }
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => return Lost::Ended,
                    Err(status) => return self.refused(&status),
                },
                _ = ticks.tick() => {
                    if asked.is_some_and(|asked| asked.elapsed() > settings.read_timeout)
                        || self.link.queue(self.kind).waiting_for() > settings.write_timeout
                    {
                        return Lost::Silent;
                    }
                    if probing && asked.is_none() {
                        number += 1;
                        asked = Some(Instant::now());
                        self.link.queue(self.kind).probe(number);
                    }
                }
            }
        }
    }

    /// Notes a round trip, and what the other clock shows.
    fn answered(&self, receipt: &Receipt, took: Duration, last_drift: &mut Option<Instant>) {
        self.link.figures.round_trip.observe(took.as_secs_f64());
        self.link.figures.latency.lock().observe(took);
        let theirs = Duration::from_nanos(receipt.unix_nanoseconds.try_into().unwrap_or(0));
        let drift = clock::unix().saturating_sub(took).abs_diff(theirs);
        let is_new = last_drift.is_none_or(|at| at.elapsed() > DRIFT_LOG_EVERY);
        if drift > CLOCK_DRIFT_MAX && is_new {
            *last_drift = Some(Instant::now());
            tracing::warn!(
                "round-tripper-name" = "ROUND_TRIPPER_RAFT_MESSAGE",
                "remote-peer-id" = %format_args!("{:x}", self.link.id),
                "clock-drift" = ?drift,
                rtt = ?took,
                "prober found high clock drift"
            );
        }
    }

    /// What the other side's error means.
    fn refused(&self, status: &tonic::Status) -> Lost {
        let Some((refusal, cluster_id)) = Refusal::of(status) else {
            return match status.code() {
                Code::Unknown | Code::Cancelled | Code::Unavailable
                    if status.message().is_empty() =>
                {
                    Lost::Ended
                }
                _ => Lost::Status(status.message().to_owned()),
            };
        };
        if self.link.status.is_new_refusal(refusal, &cluster_id) {
            self.log_refusal(refusal, &cluster_id);
            if refusal == Refusal::Removed
                && let Some(local) = self.shared.local()
            {
                local.removed();
            }
        }
        Lost::Refused(refusal)
    }

    fn log_refusal(&self, refusal: Refusal, cluster_id: &str) {
        let settings = &self.shared.settings;
        let own = format!("{:x}", settings.member_id);
        let id = format!("{:x}", self.link.id);
        let own_cluster = format!("{:x}", settings.cluster_id);
        let error = refusal.to_string();
        match refusal {
            Refusal::ClusterIdMismatch => tracing::warn!(
                "remote-peer-id" = id,
                "remote-peer-cluster-id" = cluster_id,
                "local-member-id" = own,
                "local-member-cluster-id" = own_cluster,
                error,
                "request sent was ignored by remote peer due to cluster ID mismatch"
            ),
            Refusal::IncompatibleVersion => tracing::warn!(
                "local-member-id" = own,
                "remote-peer-id" = id,
                error,
                "request sent was ignored by remote peer due to server version incompatibility"
            ),
            _ => tracing::warn!(
                "local-member-id" = own,
                "remote-peer-id" = id,
                error,
                "request sent was ignored by remote peer"
            ),
        }
    }

    /// Drops what waits and tells raft.
    fn close(&self, lost: &Lost, was_up: bool) {
        let link = &self.link;
        let dropped = link.queue(self.kind).close();
        if was_up {
            tracing::warn!(
                "stream-writer-type" = self.kind.name(),
                "local-member-id" = %format_args!("{:x}", self.shared.settings.member_id),
                "remote-peer-id" = %format_args!("{:x}", link.id),
                error = %lost,
                "lost TCP streaming connection with remote peer"
            );
        }
        if self.kind == Kind::Control {
            link.set_client(None);
            // A change of URLs is no failure of the member.
            if !matches!(lost, Lost::Moved) {
                link.status.deactivate(&self.described(lost));
            }
        }
        self.shared.dropped(link, dropped);
    }

    /// The failure in the form of etcd's log.
    fn described(&self, lost: &Lost) -> String {
        let action = match lost {
            Lost::Dial(_) | Lost::Refused(_) => "dial",
            _ => "write",
        };
        let (id, name) = (self.link.id, self.kind.name());
        format!("failed to {action} {id:x} on {name} ({lost})")
    }
}

/// The queue as the body of the call.
struct Batches {
    link: Arc<Link>,
    kind: Kind,
    stream: u64,
}

impl Stream for Batches {
    type Item = MessageBatch;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<MessageBatch>> {
        let queue = self.link.queue(self.kind);
        queue.poll_take(self.stream, context).map(|batch| {
            let batch = batch?;
            self.link.figures.sent_bytes.inc_by(batch.bytes as u64);
            Some(MessageBatch {
                messages: batch.messages,
                probe: batch.probe,
            })
        })
    }
}

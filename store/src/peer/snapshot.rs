//! Snapshots on their way: frames between two threads of two members.
//!
//! ```text
//!  Local::send_snapshot        here                              there        Local::receive_snapshot
//!  outgoing ─▶ channel ─▶ request  ══ connection of its own ══▶ request ─▶ channel ─▶ incoming
//!  incoming ◀─ channel ◀─ response ◀═══════════════════════════ response ◀─ channel ◀─ outgoing
//! ```
//! The channels hold few frames, and the connection's window bounds what is under way, so a slow
//! receiver slows its sender and nothing piles up. What the frames say is up to the two ends. The
//! receiver's last word is how the stream ends: well, or with an error.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use prometheus::IntGauge;
use proto::peer::SnapshotFrame;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::dial::DialError;
use super::greeting::Greeting;
use super::kind::Kind;
use super::link::Link;
use super::peers::Shared;
use super::{Frames, Local};
use crate::metrics::{Metrics, SnapshotFigures};
use crate::together::Together;

/// Frames that may wait on each side; each is as large as a chunk of a checkpoint.
const FRAMES_MAX: usize = 2;

/// Why a snapshot was not sent.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The sender's own end.
    #[error("{0}")]
    Local(String),
    /// The receiver's.
    #[error("{0}")]
    Remote(String),
}

/// Counts a transfer as under way for as long as it lives.
struct Inflight(IntGauge);

impl Inflight {
    fn new(figures: &SnapshotFigures) -> Self {
        figures.inflight.inc();
        Self(figures.inflight.clone())
    }
}

impl Drop for Inflight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Sends this member's state, and tells raft how that went.
pub(super) async fn send(
    shared: Arc<Shared>,
    link: Arc<Link>,
    local: Arc<dyn Local>,
    message: Bytes,
) {
    let to = link.id;
    let own = format!("{:x}", shared.settings.member_id);
    let id = format!("{to:x}");
    let figures = shared.metrics.peer.snapshots_to(to);
    let inflight = Inflight::new(&figures);
    let began = Instant::now();
    tracing::info!(
        "local-member-id" = own,
        "remote-peer-id" = id,
        "sending database snapshot"
    );
    let sent = transfer(&shared, &link, local.clone(), message).await;
    let took = began.elapsed();
    drop(inflight);
    match &sent {
        Ok(()) => {
            figures.success.inc();
            figures.seconds.observe(took.as_secs_f64());
            tracing::info!(
                "local-member-id" = own,
                "remote-peer-id" = id,
                ?took,
                "sent database snapshot"
            );
        }
        Err(error) => {
            figures.failures.inc();
            link.figures.sent_failures.inc();
            tracing::warn!(
                "local-member-id" = own,
                "remote-peer-id" = id,
                ?took,
                %error,
                "failed to send database snapshot"
            );
        }
    }
    local.snapshot_sent(to, sent.is_ok());
}

async fn transfer(
    shared: &Shared,
    link: &Link,
    local: Arc<dyn Local>,
    message: Bytes,
) -> Result<(), SendError> {
    let settings = &shared.settings;
    let urls = link.urls.borrow().clone();
    let mut connection = Err(DialError::NoUrl);
    for url in urls.iter() {
        let greeting = Greeting::new(settings, shared.own_urls(), link.id, Kind::Append);
        let dialling = settings.dialer.dial(
            url,
            settings.patience(),
            Some(greeting),
            Together::default(),
        );
        connection = dialling.await;
        if connection.is_ok() {
            break;
        }
    }
    let mut connection = connection?;
    let (outgoing, leaving) = mpsc::channel(FRAMES_MAX);
    let (arriving, incoming) = mpsc::channel(FRAMES_MAX);
    let sent_bytes = link.figures.sent_bytes.clone();
    let frames = ReceiverStream::new(leaving).map(move |frame: Bytes| {
        sent_bytes.inc_by(frame.len() as u64);
        SnapshotFrame { frame }
    });
    let answers = connection.client.snapshot(frames).await;
    let mut answers = answers.map_err(remote)?.into_inner();
    let to = link.id;
    let sending = tokio::task::spawn_blocking(move || {
        local.send_snapshot(to, message, Frames { outgoing, incoming })
    });
    let ended = pass_on(&mut answers, arriving).await;
    let sent = sending
        .await
        .map_err(|error| SendError::Local(error.to_string()))?;
    // The receiver's words say more than that it went away.
    ended.map_err(remote)?;
    sent.map_err(SendError::Local)
}

fn remote(status: Status) -> SendError {
    SendError::Remote(status.message().to_owned())
}

/// Passes frames on to the thread, until there are no more or it wants none.
async fn pass_on(
    frames: &mut Streaming<SnapshotFrame>,
    thread: mpsc::Sender<Bytes>,
) -> Result<(), Status> {
    while let Some(frame) = frames.message().await? {
        if thread.send(frame.frame).await.is_err() {
            break;
        }
    }
    drop(thread);
    // What follows nobody reads, but how it ends counts.
    while frames.message().await?.is_some() {}
    Ok(())
}

/// Receives the state of another member; gives the frames that go back.
pub(super) fn receive(
    from: u64,
    local: Arc<dyn Local>,
    mut frames: Streaming<SnapshotFrame>,
    metrics: Arc<Metrics>,
) -> ReceiverStream<Result<SnapshotFrame, Status>> {
    let (answers, answering) = mpsc::channel(FRAMES_MAX);
    let (outgoing, mut leaving) = mpsc::channel::<Bytes>(FRAMES_MAX);
    let (arriving, incoming) = mpsc::channel(FRAMES_MAX);
    let figures = metrics.peer.snapshots_from(from);
    let received_bytes = metrics.peer.received_bytes(from);
    let id = format!("{from:x}");
    let inflight = Inflight::new(&figures);
    let began = Instant::now();
    tracing::info!(
        "remote-snapshot-sender-id" = id,
        "receiving database snapshot"
    );
    let receiving = tokio::task::spawn_blocking(move || {
        local.receive_snapshot(from, Frames { outgoing, incoming })
    });
    tokio::spawn(async move {
        let reading = async {
            while let Ok(Some(frame)) = frames.message().await {
                received_bytes.inc_by(frame.frame.len() as u64);
                if arriving.send(frame.frame).await.is_err() {
                    break;
                }
            }
            // The thread learns that nothing follows.
            drop(arriving);
        };
        let writing = async {
            while let Some(frame) = leaving.recv().await {
                // A sender that is gone shows in what arrives.
                let _ = answers.send(Ok(SnapshotFrame { frame })).await;
            }
        };
        // The thread ends writing by letting go of its end, whatever still arrives.
        tokio::pin!(reading, writing);
        tokio::select! {
            () = &mut writing => {}
            () = &mut reading => writing.await,
        }
        let received = match receiving.await {
            Ok(received) => received,
            Err(error) => Err(error.to_string()),
        };
        let took = began.elapsed();
        drop(inflight);
        match received {
            Ok(()) => {
                figures.success.inc();
                figures.seconds.observe(took.as_secs_f64());
                tracing::info!(
                    "remote-snapshot-sender-id" = id,
                    ?took,
                    "received and saved database snapshot"
                );
            }
            Err(error) => {
                figures.failures.inc();
                tracing::warn!(
                    "remote-snapshot-sender-id" = id,
                    ?took,
                    error,
                    "failed to save incoming database snapshot"
                );
                let _ = answers.send(Err(Status::aborted(error))).await;
            }
        }
    });
    ReceiverStream::new(answering)
}

//! The receiver over channels.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedMutexGuard, mpsc, watch};
use tokio::time::timeout;

use super::incoming::{Heard, Incoming};
use super::{Error, Inbox, Received, background};

/// How long an older transfer may take to end: no longer than one write and one flush.
const HAND_OVER: Duration = Duration::from_secs(30);
/// How long nothing may come. A sender may wait for a checkpoint of its own.
const STALL: Duration = Duration::from_secs(120);

/// Receives a state into the inbox, and goes on where the last transfer stopped. Returns when all
/// is durable; then raft has to be told, and to decide.
///
/// # Errors
/// The transfer has failed, or a newer one began.
pub async fn receive(
    inbox: &Inbox,
    frames_in: mpsc::Receiver<Bytes>,
    frames_out: mpsc::Sender<Bytes>,
) -> Result<Received, Error> {
    let mut mine = 0;
    inbox.turn.send_modify(|turn| {
        *turn += 1;
        mine = *turn;
    });
    let turn = inbox.turn.subscribe();
    let incoming = timeout(HAND_OVER, inbox.incoming.clone().lock_owned());
    let incoming = incoming.await.map_err(|_| Error::Busy(HAND_OVER))?;
    background::run("catchup-receive", move || {
        pump(incoming, (turn, mine), frames_in, frames_out)
    })
    .await
}

async fn pump(
    mut incoming: OwnedMutexGuard<Incoming>,
    (mut turn, mine): (watch::Receiver<u64>, u64),
    mut frames_in: mpsc::Receiver<Bytes>,
    frames_out: mpsc::Sender<Bytes>,
) -> Result<Received, Error> {
    incoming.begin();
    loop {
        let heard = tokio::select! {
            biased;
            _ = turn.wait_for(|turn| *turn != mine) => Err(Error::Superseded),
            frame = timeout(STALL, frames_in.recv()) => match frame {
                Ok(Some(frame)) => incoming.hear(frame),
                Ok(None) => Err(Error::Broken),
                Err(_) => Err(Error::Stalled(STALL)),
            }
        };
        match heard {
            Ok(Heard::Nothing) => {}
            // A sender that is gone is noticed by the next frame that does not come.
            Ok(Heard::Reply(reply)) => drop(frames_out.send(reply).await),
            Ok(Heard::Received(received, verdict)) => {
                let _ = frames_out.send(verdict).await;
                return Ok(*received);
            }
            Err(error) => {
                let _ = frames_out.send(incoming.refusal(&error)).await;
                return Err(error);
            }
        }
    }
}

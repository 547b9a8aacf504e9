//! The sender over channels.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::outgoing::{Outgoing, Turn};
use super::{Error, Greeting, Options, Sent, ViewSource, background};

/// How often a view that cannot be sent, and how busy the member is, is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How far the pace may fall behind before what was missed is forgotten.
const SLACK: Duration = Duration::from_millis(50);

/// Sends the state of `source`, and waits until it has arrived. `frames_out` should hold few frames:
/// a chunk or one record each.
///
/// # Errors
/// The transfer has failed. Another one goes on where it ended, if the receiver still runs.
pub async fn send(
    source: Arc<dyn ViewSource>,
    greeting: Greeting,
    options: Options,
    frames_out: mpsc::Sender<Bytes>,
    frames_in: mpsc::Receiver<Bytes>,
) -> Result<Sent, Error> {
    let outgoing = Outgoing::new(source.clone(), greeting, options.clone());
    background::run("catchup-send", move || {
        Sender {
            outgoing,
            pace: Pace::new(source, &options),
            options,
            frames_out,
            frames_in,
        }
        .run()
    })
    .await
}

struct Sender {
    outgoing: Outgoing,
    options: Options,
    pace: Pace,
    frames_out: mpsc::Sender<Bytes>,
    frames_in: mpsc::Receiver<Bytes>,
}

impl Sender {
    async fn run(mut self) -> Result<Sent, Error> {
        loop {
            while let Ok(frame) = self.frames_in.try_recv() {
                self.outgoing.hear(frame)?;
            }
            match self.outgoing.turn()? {
                Turn::Frame(frame) => self.frame(frame).await?,
                Turn::Listen => {
                    let frame = timeout(self.options.stall, self.frames_in.recv()).await;
                    let frame = frame.map_err(|_| Error::Stalled(self.options.stall))?;
                    self.outgoing.hear(frame.ok_or(Error::Broken)?)?;
                }
                Turn::Busy => match timeout(self.options.retry, self.frames_in.recv()).await {
                    Ok(Some(frame)) => self.outgoing.hear(frame)?,
                    Ok(None) => return Err(Error::Broken),
                    Err(_) => {}
                },
                Turn::Done(sent) => return Ok(sent),
            }
        }
    }

    /// Sends a frame as soon as there is room and the pace allows it. Meanwhile the view is given
    /// up if it is in the way, and the receiver is listened to: it may refuse.
    async fn frame(&mut self, frame: Bytes) -> Result<(), Error> {
        let deadline = Instant::now() + self.options.stall;
        // What is done with it costs by the record, however well it is packed.
        let bytes = self.outgoing.unpacked_len();
        // The channel is cheap to clone, and the permit must not borrow all of this.
        let frames_out = self.frames_out.clone();
        let permit = loop {
            tokio::select! {
                permit = frames_out.reserve() => match permit {
                    Ok(permit) => break permit,
                    Err(_) => return Err(self.last_words()),
                },
                Some(frame) = self.frames_in.recv() => self.outgoing.hear(frame)?,
                () = sleep(LOOK) => {
                    self.outgoing.yield_view();
                    if Instant::now() > deadline {
                        return Err(Error::Stalled(self.options.stall));
                    }
                }
            }
        };
        permit.send(frame);
        self.pace.sent(bytes).await;
        Ok(())
    }

    /// Why the receiver went away, if it said so.
    fn last_words(&mut self) -> Error {
        while let Ok(frame) = self.frames_in.try_recv() {
            if let Err(error) = self.outgoing.hear(frame) {
                return error;
            }
        }
        Error::Broken
    }
}

/// Lets so many bytes per second through, fewer while the member has other things to do.
struct Pace {
    source: Arc<dyn ViewSource>,
    options: Options,
    /// When the next frame may go.
    next: Instant,
    /// When the member was looked at last, and where it was.
    looked: Instant,
    applied: u64,
    is_busy: bool,
}

impl Pace {
    fn new(source: Arc<dyn ViewSource>, options: &Options) -> Self {
        let now = Instant::now();
        Self {
            applied: source.applied(),
            source,
            options: options.clone(),
            next: now,
            looked: now,
            // Until it is known better.
            is_busy: true,
        }
    }

    /// Waits as long as so many bytes should take.
    async fn sent(&mut self, bytes: usize) {
        self.look();
        let now = Instant::now();
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        let bytes_per_second = match self.is_busy {
            true => self.options.busy_bytes_per_second,
            false => self.options.bytes_per_second,
        };
        let seconds = bytes as f64 / bytes_per_second.max(1) as f64;
        self.next = self.next.max(earliest) + Duration::from_secs_f64(seconds);
        if self.next > now {
            sleep_until(self.next).await;
        }
    }

    fn look(&mut self) {
        let elapsed = self.looked.elapsed();
        if elapsed < LOOK {
            return;
        }
        let applied = self.source.applied();
        let entries = applied.saturating_sub(self.applied) as f64;
        self.is_busy = entries >= self.options.busy_entries as f64 * elapsed.as_secs_f64();
        self.applied = applied;
        self.looked = Instant::now();
    }
}

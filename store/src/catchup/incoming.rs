//! The receiver, without clock, threads and network: it is told what the sender says, and answers.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use prost::Message;

use super::frame::{FORMAT, Frame, Hello, Position, Told, Verdict};
use super::tally::Tally;
use super::{Error, Site, frame};
use crate::apply::{META_KEY, Meta};
use crate::mvcc::{Intake, IntakeError, Piece, Revision, Roll};

/// A state that has been received: it is durable, and counts as soon as the log names its index.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// What the sender's raft said along with it.
    pub message: Bytes,
    /// The last entry that the state contains.
    pub index: u64,
    /// Its term.
    pub term: u64,
    /// Everything but the records, as it stands in the backend, too.
    pub meta: Meta,
    /// Where it lies; see [`Site::publish`].
    pub path: PathBuf,
}

/// What comes of a frame.
#[derive(Debug, PartialEq)]
pub enum Heard {
    /// Nothing to say.
    Nothing,
    /// Answer this.
    Reply(Bytes),
    /// All has been received; the sender is to be told so.
    Received(Box<Received>, Bytes),
}

/// Where a stream stands.
enum Stage {
    Hello,
    View,
    Roll(Told),
    Pieces(Told),
    Over,
}

/// What has been received so far, over one stream after the other.
pub struct Incoming {
    cluster_id: u64,
    site: Arc<dyn Site>,
    intake: Option<Intake>,
    tally: Tally,
    /// As in [`Position`].
    index: u64,
    settled: Option<i64>,
    stage: Stage,
    /// Frames heard, and sent, on this stream.
    heard: u64,
    sent: u64,
    message: Bytes,
}

impl Incoming {
    /// Nothing has been received yet.
    pub fn new(cluster_id: u64, site: Arc<dyn Site>) -> Self {
        Self {
            cluster_id,
            site,
            intake: None,
            tally: Tally::default(),
            index: 0,
            settled: None,
            stage: Stage::Hello,
            heard: 0,
            sent: 0,
            message: Bytes::new(),
        }
    }

    /// A new stream begins; the one before has ended, if there was one.
    pub fn begin(&mut self) {
        self.stage = Stage::Hello;
        (self.heard, self.sent) = (0, 0);
    }

    /// The place of the last record that has been received; zeros before the first.
    pub fn position(&self) -> Revision {
        self.intake
            .as_ref()
            .map_or(Revision::default(), Intake::last)
    }

    /// Throws away what has been received.
    pub fn abandon(&mut self) {
        self.intake = None;
        self.tally = Tally::default();
        (self.index, self.settled) = (0, None);
        self.stage = Stage::Over;
        self.site.abandon();
    }

    /// Takes in a frame from the sender.
    ///
    /// # Errors
    /// The stream has failed; [`Incoming::refusal`] tells the sender. What was received before is
    /// kept if it can still be relied on.
    pub fn hear(&mut self, frame: Bytes) -> Result<Heard, Error> {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        let heard = self.step(stage, frame);
        if heard
            .as_ref()
            .is_err_and(|error| !error.leaves_data_sound())
        {
            self.abandon();
        }
        heard
    }

    /// What to tell the sender after an error.
    pub fn refusal(&mut self, error: &Error) -> Bytes {
        let error = error.to_string();
        self.frame(Frame::Verdict(Verdict { error }))
    }

    fn step(&mut self, stage: Stage, frame: Bytes) -> Result<Heard, Error> {
        let number = self.heard;
        let frame = Frame::open(frame, number)?;
        self.heard += 1;
        match (stage, frame) {
            (Stage::Hello, Frame::Hello(hello)) => return self.hello(hello).map(Heard::Reply),
            (Stage::View | Stage::Roll(_) | Stage::Pieces(_), Frame::View(told)) => {
                self.view(told, number)?;
            }
            (Stage::Roll(told), Frame::Roll(roll)) => self.roll(told, roll, number)?,
            (Stage::Pieces(told), Frame::Piece(piece)) => self.piece(told, piece, number)?,
            (Stage::Pieces(told), Frame::End(end)) => return self.end(&told, end),
            (_, frame) => {
                let what = format!("{} was not to be sent now", frame.name());
                return Err(Error::Frame { number, what });
            }
        }
        Ok(Heard::Nothing)
    }

    fn hello(&mut self, hello: Hello) -> Result<Bytes, Error> {
        if hello.format != FORMAT {
            return Err(Error::Format(hello.format));
        }
        if hello.cluster_id != self.cluster_id {
            return Err(Error::OtherCluster);
        }
        if self.intake.is_none() {
            self.intake = Some(Intake::new(self.site.begin()?));
        }
        self.message = hello.message;
        self.stage = Stage::View;
        let last = self.position();
        Ok(self.frame(Frame::Position(Position {
            main: last.main,
            sub: last.sub,
            records: self.tally.records,
            hash: self.tally.hash.to_vec().into(),
            index: self.index,
            settled: self.settled,
        })))
    }

    fn view(&mut self, told: Told, number: u64) -> Result<(), Error> {
        let last = self.position();
        let needs_roll = last != Revision::default() && self.settled != Some(told.compacted);
        let wrong = if told.index < self.index || told.index == 0 {
            Some(format!(
                "it is of entry {}, older than {}",
                told.index, self.index
            ))
        } else if told.revision < last.main.max(1) {
            Some(format!("revision {} is before {last:?}", told.revision))
        } else if needs_roll && !told.calls_roll {
            Some("the roll is to be called first".to_owned())
        } else {
            None
        };
        if let Some(what) = wrong {
            return Err(Error::Frame { number, what });
        }
        self.index = told.index;
        if told.calls_roll {
            self.intake().begin_roll();
            self.stage = Stage::Roll(told);
            self.end_roll();
        } else {
            self.settled = told.settled();
            self.stage = Stage::Pieces(told);
        }
        Ok(())
    }

    fn roll(&mut self, told: Told, roll: frame::Roll, number: u64) -> Result<(), Error> {
        let roll = Roll {
            upto: Revision {
                main: roll.main,
                sub: roll.sub,
            },
            present: roll.present,
        };
        self.intake().call(&roll).map_err(at(number))?;
        self.tally.add_roll(&roll);
        self.stage = Stage::Roll(told);
        self.end_roll();
        Ok(())
    }

    /// Goes on with records when the roll has been called up to the last.
    fn end_roll(&mut self) {
        let is_complete = self.intake().is_roll_complete();
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        self.stage = match stage {
            Stage::Roll(told) if is_complete => {
                self.settled = told.settled();
                Stage::Pieces(told)
            }
            stage => stage,
        };
    }

    fn piece(&mut self, told: Told, piece: frame::Piece, number: u64) -> Result<(), Error> {
        let piece = Piece {
            headers: piece.headers,
            values: piece.values,
        };
        let records = self.intake().take(&piece).map_err(at(number))?;
        self.tally.add_piece(&piece, records);
        self.stage = Stage::Pieces(told);
        Ok(())
    }

    fn end(&mut self, told: &Told, end: frame::End) -> Result<Heard, Error> {
        let mismatch = |what, ours: String, theirs: String| Error::Mismatch { what, ours, theirs };
        if end.records != self.tally.records {
            let (ours, theirs) = (self.tally.records.to_string(), end.records.to_string());
            return Err(mismatch("records", ours, theirs));
        }
        if end.hash != self.tally.hash[..] {
            let (ours, theirs) = (hex(&self.tally.hash), hex(&end.hash));
            return Err(mismatch("hash", ours, theirs));
        }
        let meta = Meta::decode(end.meta.clone())
            .map_err(|error| mismatch("state", error.to_string(), "a state".into()))?;
        if (meta.applied_index, meta.applied_term) != (told.index, told.term) {
            let ours = format!("of entry {}", meta.applied_index);
            return Err(mismatch("state", ours, format!("of entry {}", told.index)));
        }
        let intake = self.intake.take().expect("a stream past its hello has one");
        let extra = vec![(Bytes::from_static(META_KEY), end.meta)];
        intake
            .finish(told.revision, told.compacted, extra)
            .map_err(|error| match error {
                IntakeError::Store(error) => Error::Store(error),
                IntakeError::Refused(what) => mismatch("revisions", what, "others".into()),
            })?;
        let path = self.site.publish(told.index)?;
        let received = Received {
            message: std::mem::take(&mut self.message),
            index: told.index,
            term: told.term,
            meta,
            path,
        };
        // What comes next is another state.
        self.tally = Tally::default();
        (self.index, self.settled) = (0, None);
        let verdict = self.frame(Frame::Verdict(Verdict::default()));
        Ok(Heard::Received(Box::new(received), verdict))
    }

    fn intake(&mut self) -> &mut Intake {
        self.intake
            .as_mut()
            .expect("a stream past its hello has one")
    }

    fn frame(&mut self, frame: Frame) -> Bytes {
        let bytes = frame.seal(self.sent);
        self.sent += 1;
        bytes
    }
}

fn at(number: u64) -> impl FnOnce(IntakeError) -> Error {
    move |error| match error {
        IntakeError::Refused(what) => Error::Frame { number, what },
        IntakeError::Store(error) => Error::Store(error),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

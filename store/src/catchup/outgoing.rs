//! The sender, without clock, threads and network: it is told what the receiver says, and asked
//! what to send next.

use std::sync::Arc;

use bytes::Bytes;

use super::frame::{FORMAT, Frame, Hello, Position, Told};
use super::tally::Tally;
use super::{Error, Options, View, ViewSource, frame};
use crate::mvcc::{Pieces, Revision};

/// With what a transfer begins.
#[derive(Debug, Clone)]
pub struct Greeting {
    /// The cluster whose state is sent.
    pub cluster_id: u64,
    /// What raft wants to say along with it, opaque here.
    pub message: Bytes,
}

/// A transfer that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The last entry that the state contains that was sent last.
    pub index: u64,
    /// Its term.
    pub term: u64,
    /// Bytes of frames.
    pub bytes: u64,
    /// Records that the receiver has now, and how many of them it had before.
    pub records: (u64, u64),
    /// Views that were taken.
    pub views: u32,
}

/// What to do next.
#[derive(Debug, PartialEq)]
pub enum Turn {
    /// Send this.
    Frame(Bytes),
    /// Nothing before the receiver has said something.
    Listen,
    /// Nothing for now: there is no view to be had. Ask again a little later.
    Busy,
    /// The transfer has arrived.
    Done(Sent),
}

/// A view while it is sent.
struct Sending {
    pieces: Pieces,
    told: Told,
    meta: Bytes,
}

enum Stage {
    Hello,
    Position,
    /// A view is needed; asked for in vain so often.
    View(u32),
    Roll(Box<Sending>),
    Pieces(Box<Sending>),
    End(Told, Bytes),
    Verdict(Told),
    Done(Told),
}

/// See the module.
pub struct Outgoing {
    source: Arc<dyn ViewSource>,
    options: Options,
    greeting: Greeting,
    stage: Stage,
    /// Frames sent, and heard.
    sent: u64,
    heard: u64,
    bytes: u64,
    /// See [`Outgoing::unpacked_len`].
    unpacked_len: usize,
    views: u32,
    /// How often all of a view had been sent, and by how many entries the log was ahead last.
    rounds: u32,
    behind: u64,
    /// What the receiver has when it has taken in all that was sent.
    reached: Revision,
    tally: Tally,
    records_before: u64,
    /// As in [`Position`].
    index: u64,
    settled: Option<i64>,
}

impl Outgoing {
    /// A transfer from `source`.
    pub fn new(source: Arc<dyn ViewSource>, greeting: Greeting, options: Options) -> Self {
        Self {
            source,
            options,
            greeting,
            stage: Stage::Hello,
            sent: 0,
            heard: 0,
            bytes: 0,
            unpacked_len: 0,
            views: 0,
            rounds: 0,
            behind: u64::MAX,
            reached: Revision::default(),
            tally: Tally::default(),
            records_before: 0,
            index: 0,
            settled: None,
        }
    }

    /// Takes in a frame from the receiver.
    ///
    /// # Errors
    /// The transfer has failed.
    pub fn hear(&mut self, frame: Bytes) -> Result<(), Error> {
        let frame = Frame::open(frame, self.heard)?;
        let number = self.heard;
        self.heard += 1;
        let stage = std::mem::replace(&mut self.stage, Stage::Hello);
        self.stage = match (stage, frame) {
            (_, Frame::Verdict(verdict)) if !verdict.error.is_empty() => {
                return Err(Error::Refused(verdict.error));
            }
            (Stage::Verdict(told), Frame::Verdict(_)) => Stage::Done(told),
            (Stage::Position, Frame::Position(position)) => {
                self.resume(&position, number)?;
                Stage::View(0)
            }
            (_, frame) => {
                let what = format!("{} was not to be sent now", frame.name());
                return Err(Error::Frame { number, what });
            }
        };
        Ok(())
    }

    fn resume(&mut self, position: &Position, number: u64) -> Result<(), Error> {
        let hash = <[u8; 32]>::try_from(&position.hash[..]).map_err(|_| Error::Frame {
            number,
            what: "it has no hash".into(),
        })?;
        self.reached = Revision {
            main: position.main,
            sub: position.sub,
        };
        self.tally = Tally {
            records: position.records,
            hash,
        };
        self.records_before = position.records;
        self.index = position.index;
        self.settled = position.settled;
        Ok(())
    }

    /// Says what to do next.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn turn(&mut self) -> Result<Turn, Error> {
        self.yield_view();
        loop {
            let stage = std::mem::replace(&mut self.stage, Stage::Hello);
            self.stage = match stage {
                Stage::Hello => {
                    self.stage = Stage::Position;
                    return Ok(self.frame(Frame::Hello(Hello {
                        format: FORMAT,
                        cluster_id: self.greeting.cluster_id,
                        message: self.greeting.message.clone(),
                    })));
                }
                Stage::View(refused) => {
                    let Some(sending) = self.view(refused) else {
                        self.stage = Stage::View(refused.saturating_add(1));
                        return Ok(Turn::Busy);
                    };
                    let told = sending.told.clone();
                    self.stage = Stage::Roll(Box::new(sending));
                    return Ok(self.frame(Frame::View(told)));
                }
                Stage::Roll(mut sending) => {
                    let roll = match sending.told.calls_roll {
                        true => sending.pieces.next_roll()?,
                        false => None,
                    };
                    if let Some(roll) = roll {
                        self.stage = Stage::Roll(sending);
                        self.tally.add_roll(&roll);
                        return Ok(self.frame(Frame::Roll(frame::Roll {
                            main: roll.upto.main,
                            sub: roll.upto.sub,
                            present: roll.present,
                        })));
                    }
                    self.settled = sending.told.settled();
                    Stage::Pieces(sending)
                }
                Stage::Pieces(mut sending) => {
                    if let Some(piece) = sending.pieces.next_piece()? {
                        self.reached = sending.pieces.reached();
                        self.stage = Stage::Pieces(sending);
                        self.tally.add_piece(&piece, piece.records());
                        let unpacked_len = piece.unpacked_len();
                        let turn = self.frame(Frame::Piece(frame::Piece {
                            headers: piece.headers,
                            values: piece.values,
                        }));
                        self.unpacked_len = unpacked_len;
                        return Ok(turn);
                    }
                    let Sending { told, meta, .. } = *sending;
                    match self.is_far_behind(told.index) {
                        true => Stage::View(0),
                        false => Stage::End(told, meta),
                    }
                }
                Stage::End(told, meta) => {
                    self.stage = Stage::Verdict(told);
                    return Ok(self.frame(Frame::End(frame::End {
                        meta,
                        records: self.tally.records,
                        hash: self.tally.hash.to_vec().into(),
                    })));
                }
                Stage::Done(told) => {
                    let sent = self.summary(&told);
                    self.stage = Stage::Done(told);
                    return Ok(Turn::Done(sent));
                }
                waiting @ (Stage::Position | Stage::Verdict(_)) => {
                    self.stage = waiting;
                    return Ok(Turn::Listen);
                }
            };
        }
    }

    /// How many bytes the last frame would have if nothing in it were packed.
    pub fn unpacked_len(&self) -> usize {
        self.unpacked_len
    }

    /// Gives the view up if it keeps the state from being saved for too long; to be called now and
    /// then while a frame cannot be sent.
    pub fn yield_view(&mut self) {
        if let Stage::Roll(sending) | Stage::Pieces(sending) = &self.stage
            && sending.pieces.view().written_since() >= self.options.view_bytes_max
        {
            self.stage = Stage::View(0);
        }
    }

    /// A view that is not older than any that the receiver has heard of.
    fn view(&mut self, refused: u32) -> Option<Sending> {
        // A new leader may not have applied yet what the old one had; and where nothing has been
        // applied there is nothing to send.
        if self.source.applied() < self.index.max(1) {
            return None;
        }
        let is_urgent = refused >= self.options.patience;
        let due_bytes = self.options.view_bytes_max;
        let View {
            index,
            term,
            meta,
            records,
        } = self.source.view(due_bytes, is_urgent)?;
        self.views += 1;
        self.index = index;
        let compacted = records.compact_revision();
        let is_first = self.reached == Revision::default();
        let told = Told {
            index,
            term,
            revision: records.revision(),
            compacted,
            is_compacting: records.is_compacting(),
            calls_roll: !is_first && self.settled != Some(compacted),
        };
        Some(Sending {
            pieces: Pieces::new(records, self.reached),
            told,
            meta,
        })
    }

    /// Whether it is worth while to send what has been written since this view.
    fn is_far_behind(&mut self, index: u64) -> bool {
        let before = self.behind;
        self.behind = self.source.applied().saturating_sub(index);
        self.rounds += 1;
        self.behind > self.options.lag_entries_max
            && self.behind < before / 2
            && self.rounds <= self.options.rounds_max
    }

    fn summary(&self, told: &Told) -> Sent {
        Sent {
            index: told.index,
            term: told.term,
            bytes: self.bytes,
            records: (self.tally.records, self.records_before),
            views: self.views,
        }
    }

    fn frame(&mut self, frame: Frame) -> Turn {
        let bytes = frame.seal(self.sent);
        self.sent += 1;
        self.bytes += bytes.len() as u64;
        self.unpacked_len = bytes.len();
        Turn::Frame(bytes)
    }
}

//! The two ends without threads: random histories, breaks, damage.

use std::collections::VecDeque;

use prost::Message;

use super::*;
use crate::catchup::frame::Frame;
use crate::catchup::incoming::{Heard, Incoming};
use crate::catchup::outgoing::{Outgoing, Turn};

/// One stream between two ends.
struct Stream {
    outgoing: Outgoing,
    to_receiver: VecDeque<Bytes>,
    to_sender: VecDeque<Bytes>,
    received: Option<Received>,
}

#[derive(Debug, PartialEq)]
enum Moved {
    Yes,
    /// The sender has no view.
    Waits,
    Done(Sent),
}

impl Stream {
    fn new(source: Arc<dyn ViewSource>, options: Options, incoming: &mut Incoming) -> Self {
        incoming.begin();
        Self {
            outgoing: Outgoing::new(source, greeting(), options),
            to_receiver: VecDeque::new(),
            to_sender: VecDeque::new(),
            received: None,
        }
    }

    fn deliver(&mut self, incoming: &mut Incoming) -> Result<(), Error> {
        while let Some(frame) = self.to_receiver.pop_front() {
            match incoming.hear(frame)? {
                Heard::Nothing => {}
                Heard::Reply(reply) => self.to_sender.push_back(reply),
                Heard::Received(received, verdict) => {
                    self.to_sender.push_back(verdict);
                    self.received = Some(*received);
                }
            }
        }
        Ok(())
    }

    /// Lets the sender take a turn.
    fn turn(&mut self) -> Result<Moved, Error> {
        while let Some(frame) = self.to_sender.pop_front() {
            self.outgoing.hear(frame)?;
        }
        Ok(match self.outgoing.turn()? {
            Turn::Frame(frame) => {
                self.to_receiver.push_back(frame);
                Moved::Yes
            }
            Turn::Listen => Moved::Yes,
            Turn::Busy => Moved::Waits,
            Turn::Done(sent) => Moved::Done(sent),
        })
    }

    /// To the end.
    fn run(mut self, incoming: &mut Incoming) -> Result<(Sent, Received), Error> {
        loop {
            let moved = self.turn()?;
            self.deliver(incoming)?;
            if let Moved::Done(sent) = moved {
                return Ok((sent, self.received.unwrap()));
            }
        }
    }
}

fn whole(source: &Member, incoming: &mut Incoming) -> Result<(Sent, Received), Error> {
    Stream::new(source.source(), Options::default(), incoming).run(incoming)
}

fn history(rng: &mut StdRng, length: usize) -> Vec<Command> {
    let member = Member::new(32 << 10);
    let mut history = Vec::new();
    let mut is_raised = false;
    for _ in 0..length {
        let revision = member.state.read().store.revision();
        if rng.random_bool(if is_raised { 0.4 } else { 0.02 }) {
            is_raised = !is_raised;
            history.push(alarm(is_raised));
        } else {
            history.push(random_command(rng, revision));
        }
        member.catch_up(&history);
    }
    history
}

#[test]
fn a_plain_transfer_brings_the_same_state() {
    let seed: u64 = rand::rng().random();
    let mut rng = StdRng::seed_from_u64(seed);
    let history = history(&mut rng, 500);
    let leader = Member::new(600);
    for end in [1, 100, 250, 400] {
        leader.catch_up(&history[..end]);
        leader.clean(&mut rng);
    }
    let site = Arc::new(MemorySite::new());
    let mut incoming = Incoming::new(CLUSTER, site.clone());
    let (sent, received) = whole(&leader, &mut incoming).unwrap();
    assert_eq!((sent.index, sent.term, sent.views), (400, TERM, 1));
    assert_eq!((received.index, received.term), (400, TERM));
    assert_eq!(received.message, "raft's");
    let theirs = open(&site, &received);
    assert_eq!(theirs.applied, (400, TERM));
    assert_same(owned(leader), theirs, &format!("seed {seed}"));
    let again = Member::new(600);
    again.catch_up(&history[..450]);
    let (_, received) = whole(&again, &mut incoming).unwrap();
    assert_same(
        owned(again),
        open(&site, &received),
        &format!("seed {seed}, again"),
    );
}

#[test]
fn an_empty_store_is_transferred_too() {
    let leader = Member::new(600);
    leader.catch_up(&[Command::LeaseGrant(pb::LeaseGrantRequest {
        id: 7,
        ttl: 60,
    })]);
    let site = Arc::new(MemorySite::new());
    let mut incoming = Incoming::new(CLUSTER, site.clone());
    let (sent, received) = whole(&leader, &mut incoming).unwrap();
    assert_eq!(sent.records, (0, 0));
    assert_same(owned(leader), open(&site, &received), "empty");
}

/// The transfer breaks at random frames, with frames under way that are lost, and goes on from any
/// member as the leader; history goes on all the time, members compact and save when they like, and
/// views are given up because so much is written.
#[test]
fn interrupted_transfers_bring_the_same_state() {
    let seed: u64 = rand::rng().random();
    let (mut streams, mut views, mut rounds) = (0, 0, 0);
    for round in 0..150 {
        let seed = seed.wrapping_add(round);
        let what = format!("seed {seed}");
        let mut rng = StdRng::seed_from_u64(seed);
        let length = rng.random_range(50..400);
        let history = history(&mut rng, length);
        let chunk_bytes = *[1, 200, 2000].choose(&mut rng).unwrap();
        let members: Vec<Member> = (0..3).map(|_| Member::new(chunk_bytes)).collect();
        let options = Options {
            view_bytes_max: *[500, 3_000, 1 << 20].choose(&mut rng).unwrap(),
            patience: 3,
            lag_entries_max: *[0, 5, 1_000].choose(&mut rng).unwrap(),
            rounds_max: 3,
            ..Options::default()
        };
        let site = Arc::new(MemorySite::new());
        let mut incoming = Incoming::new(CLUSTER, site.clone());
        let mut done = rng.random_range(0..length);
        let received = loop {
            streams += 1;
            // A leader has applied what any member has, or will soon.
            let leader = members.choose(&mut rng).unwrap();
            let mut stream = Stream::new(leader.source(), options.clone(), &mut incoming);
            let mut budget = *[1, 3, 10, 40, 1000].choose(&mut rng).unwrap();
            let finished = loop {
                match stream
                    .turn()
                    .unwrap_or_else(|error| panic!("{what}: {error}"))
                {
                    Moved::Done(sent) => {
                        views += sent.views;
                        rounds += u32::from(sent.views > 1);
                        break true;
                    }
                    Moved::Waits => {
                        leader.checkpoint();
                        leader.catch_up(&history[..done]);
                    }
                    Moved::Yes => {}
                }
                budget -= 1;
                if budget == 0 {
                    break false;
                }
                if rng.random_bool(0.5) {
                    stream
                        .deliver(&mut incoming)
                        .unwrap_or_else(|error| panic!("{what}: {error}"));
                }
                if rng.random_bool(0.3) {
                    done = (done + rng.random_range(0..10)).min(length);
                    leader.catch_up(&history[..done]);
                    leader.clean(&mut rng);
                }
            };
            if finished {
                break stream.received.unwrap();
            }
            if rng.random_bool(0.5) {
                for member in &members {
                    member.catch_up(&history[..done]);
                    member.clean(&mut rng);
                }
            }
        };
        let ours = replayed(&history, received.index as usize);
        assert_same(ours, open(&site, &received), &what);
    }
    assert!(streams > 200, "{streams} streams");
    assert!(views > 160 && rounds > 5, "{views} views, {rounds} rounds");
}

/// Frames from the sender up to the end, for a receiver that is not there yet.
fn frames(leader: &Member, incoming: &mut Incoming) -> Vec<Bytes> {
    let mut stream = Stream::new(leader.source(), Options::default(), incoming);
    let mut frames = Vec::new();
    loop {
        if let Moved::Done(_) = stream.turn().unwrap() {
            return frames;
        }
        frames.extend(stream.to_receiver.iter().cloned());
        stream.deliver(incoming).unwrap();
    }
}

fn leader(seed: u64, commands: usize) -> Member {
    let mut rng = StdRng::seed_from_u64(seed);
    let leader = Member::new(400);
    leader.catch_up(&history(&mut rng, commands));
    leader.checkpoint();
    leader
}

fn fresh() -> Incoming {
    let mut incoming = Incoming::new(CLUSTER, Arc::new(MemorySite::new()));
    incoming.begin();
    incoming
}

#[test]
fn damaged_missing_repeated_and_swapped_frames_are_refused() {
    let leader = leader(1, 120);
    let frames = frames(&leader, &mut fresh());
    assert!(frames.len() > 10);
    let mut rng = StdRng::seed_from_u64(2);
    for wrong in 0..frames.len() {
        for kind in 0..4 {
            let mut told = frames.clone();
            match kind {
                0 => {
                    let mut damaged = told[wrong].to_vec();
                    let at = rng.random_range(0..damaged.len());
                    damaged[at] ^= 1 << rng.random_range(0..8);
                    told[wrong] = damaged.into();
                }
                1 if wrong + 1 < told.len() => drop(told.remove(wrong)),
                2 => told.insert(wrong, told[wrong].clone()),
                3 if wrong + 1 < told.len() => told.swap(wrong, wrong + 1),
                _ => continue,
            }
            let mut incoming = fresh();
            let mut position = incoming.position();
            let mut failed = None;
            for frame in told {
                match incoming.hear(frame) {
                    Ok(_) => position = incoming.position(),
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                }
            }
            // The end repeated after the end is the one thing that comes too late to matter.
            let Some(error) = failed else {
                assert!((kind, wrong + 1) == (2, frames.len()), "{kind} {wrong}");
                continue;
            };
            assert!(matches!(error, Error::Frame { .. }), "{error}");
            assert_eq!(incoming.position(), position, "nothing more was taken in");
            // And after that nothing but a new stream helps.
            assert!(incoming.hear(frames[wrong].clone()).is_err());
            if position != crate::mvcc::Revision::default() {
                incoming.begin();
                let (sent, _) = whole(&leader, &mut incoming).unwrap();
                assert!(sent.records.1 > 0, "it went on");
            }
        }
    }
}

#[test]
fn another_cluster_and_an_older_view_are_refused() {
    let site = Arc::new(MemorySite::new());
    let mut other = Incoming::new(CLUSTER + 1, site.clone());
    let error = whole(&leader(1, 20), &mut other).unwrap_err();
    assert_eq!(error.to_string(), "cluster ID mismatch");
    let mut incoming = Incoming::new(CLUSTER, site);
    let mut stream = Stream::new(leader(1, 100).source(), Options::default(), &mut incoming);
    for _ in 0..6 {
        stream.turn().unwrap();
        stream.deliver(&mut incoming).unwrap();
    }
    assert!(incoming.position().main > 1);
    // A leader that has not applied as much yet waits until it has.
    let late = leader(1, 50);
    let mut stream = Stream::new(late.source(), Options::default(), &mut incoming);
    let mut waits = 0;
    while waits < 10 {
        waits += u32::from(stream.turn().unwrap() == Moved::Waits);
        stream.deliver(&mut incoming).unwrap();
    }
    late.catch_up(&history(&mut StdRng::seed_from_u64(1), 100));
    stream.run(&mut incoming).unwrap();
}

/// What is not what was sent, though every frame is sound, is thrown away as a whole.
#[test]
fn a_wrong_count_or_hash_ends_it() {
    let leader = leader(3, 60);
    let frames = frames(&leader, &mut fresh());
    let number = frames.len() as u64 - 1;
    let Frame::End(end) = Frame::open(frames[number as usize].clone(), number).unwrap() else {
        panic!("the last is the end");
    };
    for kind in 0..3 {
        let mut end = end.clone();
        match kind {
            0 => end.records += 1,
            1 => end.hash = vec![1; 32].into(),
            _ => end.meta = Meta::default().encode_to_vec().into(),
        }
        let mut incoming = fresh();
        for frame in &frames[..frames.len() - 1] {
            incoming.hear(frame.clone()).unwrap();
        }
        let error = incoming.hear(Frame::End(end).seal(number)).unwrap_err();
        assert!(matches!(error, Error::Mismatch { .. }), "{error}");
        assert_eq!(incoming.position(), crate::mvcc::Revision::default());
        incoming.begin();
        let (sent, _) = whole(&leader, &mut incoming).unwrap();
        assert_eq!(sent.records.1, 0, "it began anew");
    }
}

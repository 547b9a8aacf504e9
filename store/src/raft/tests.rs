//! The driver alone: events in, actions out.

mod several;
mod threads;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::driver::{Actions, Driver, Event, PersistJob, Settings, UNCOMMITTED_BYTES_MAX};
use super::log::Boot;
use super::{Change, convert};
use crate::cluster::Conf;
use crate::command::Command;
use crate::wal;

const ID: u64 = 7;

fn driver(boot: &Boot) -> Driver {
    driver_of(ID, boot)
}

fn driver_of(id: u64, boot: &Boot) -> Driver {
    let settings = Settings {
        id,
        election_ticks: 10,
        pre_vote: true,
        read_retry_ticks: 5,
        catchup_entries: 5_000,
        nonce: id,
    };
    Driver::new(settings, boot, None).unwrap()
}

fn alone() -> Boot {
    Boot {
        conf: Conf::of_voters([ID]),
        ..Default::default()
    }
}

fn persisted(job: &PersistJob) -> Event {
    let place = |entry: &wal::Entry| {
        let position = wal::Position {
            segment: 0,
            offset: 512 * entry.index,
            len: entry.data.len() as u32,
        };
        (entry.index, position)
    };
    Event::Persisted {
        number: job.number,
        positions: job.entries.iter().map(place).collect(),
    }
}

/// Persists whatever is asked for until nothing more is.
fn settle(driver: &mut Driver, mut actions: Actions) -> Vec<(u64, Bytes)> {
    let mut applied = Vec::new();
    loop {
        applied.extend(actions.apply.drain(..).map(|c| (c.index, c.data)));
        let Some(last) = actions.persist.last().map(persisted) else {
            return applied;
        };
        actions = driver.handle([last]);
    }
}

fn proposal(
    id: u64,
) -> (
    Event,
    oneshot::Receiver<Result<crate::apply::Outcome, super::ProposeError>>,
) {
    let (waiter, outcome) = oneshot::channel();
    let data = Command::DeleteRange(Default::default()).encode(id);
    (Event::Propose { data, waiter }, outcome)
}

#[test]
fn a_sole_voter_leads_once_its_vote_is_asked_for() {
    let mut driver = driver(&alone());
    let actions = driver.handle([Event::Campaign]);
    let standing = actions.standing.unwrap();
    assert!(standing.is_leader && standing.is_sole_voter);
    assert_eq!(standing.leader, ID);
    let vote = actions
        .persist
        .iter()
        .map(|job| job.hard_state)
        .next_back()
        .unwrap();
    assert_eq!((vote.term, vote.vote), (1, ID));
}

#[test]
fn a_sole_voter_tells_learners_nothing_before_its_vote_is_durable() {
    let conf = Conf {
        learners: [8].into(),
        ..Conf::of_voters([ID])
    };
    let mut driver = driver(&Boot {
        conf,
        ..Default::default()
    });
    let elected = driver.handle([Event::Campaign]);
    let proposed = driver.handle([proposal(1).0, Event::Tick]);
    assert!(elected.messages.is_empty() && proposed.messages.is_empty());
    let (vote, entry) = (&elected.persist[0], &proposed.persist[0]);
    assert_eq!((vote.hard_state.term, vote.hard_state.vote), (1, ID));
    // From here on it need not wait for its own disk.
    let sworn = driver.handle([persisted(vote)]);
    assert!(!sworn.messages.is_empty() && sworn.messages.iter().all(|(to, _)| *to == 8));
    assert!(entry.number > vote.number);
    assert!(!driver.handle([Event::Tick]).messages.is_empty());
}

#[test]
fn a_member_without_a_vote_does_not_stand() {
    for conf in [Conf::of_voters([1, 2]), Conf::default()] {
        let boot = Boot {
            conf,
            ..Default::default()
        };
        let actions = driver(&boot).handle([Event::Campaign]);
        assert!(actions.messages.is_empty() && actions.persist.is_empty());
        assert_eq!(actions.standing.map(|standing| standing.term), Some(0));
    }
}

#[test]
fn that_a_change_is_committed_is_not_forgotten() {
    let mut driver = driver(&alone());
    let start = driver.handle([Event::Campaign]);
    settle(&mut driver, start);
    let (waiter, _outcome) = oneshot::channel();
    let change = Event::Change {
        changes: vec![Change::AddLearner(8)],
        data: Command::DeleteRange(Default::default()).encode(1),
        waiter,
    };
    let proposed = driver.handle([change]);
    let committed = driver.handle(proposed.persist.iter().map(persisted));
    let index = committed.apply.last().unwrap().index;
    let conf = Some(Conf {
        learners: vec![8],
        ..Conf::of_voters([ID])
    });
    // Nothing else is written just then.
    let decided = driver.handle([Event::Changed { index, conf }]);
    let kept = decided.persist.iter().map(|job| job.hard_state.commit);
    assert_eq!(kept.max(), Some(index));
}

#[test]
fn nothing_is_applied_before_it_is_persisted() {
    let mut driver = driver(&alone());
    let start = driver.handle([Event::Campaign]);
    settle(&mut driver, start);
    let (first, _outcome) = proposal(1);
    let actions = driver.handle([first]);
    assert!(actions.apply.is_empty(), "applied what may be lost");
    assert_eq!(actions.persist.len(), 1);
    let (second, _outcome) = proposal(2);
    let later = driver.handle([second]);
    assert!(later.apply.is_empty());
    // The first job alone frees the first entry alone.
    let freed = driver.handle([persisted(&actions.persist[0])]);
    assert_eq!(freed.apply.iter().map(|c| c.index).collect::<Vec<_>>(), [2]);
    assert!(
        freed.apply[0].waiter.is_some(),
        "nobody is told of the outcome"
    );
    let freed = driver.handle([persisted(&later.persist[0])]);
    assert_eq!(freed.apply.iter().map(|c| c.index).collect::<Vec<_>>(), [3]);
}

#[test]
fn all_commands_of_a_round_are_persisted_together() {
    let mut driver = driver(&alone());
    let start = driver.handle([Event::Campaign]);
    settle(&mut driver, start);
    let proposals: Vec<_> = (1..=50).map(proposal).collect();
    let actions = driver.handle(proposals.into_iter().map(|(event, _)| event));
    assert_eq!(actions.persist.len(), 1);
    assert_eq!(actions.persist[0].entries.len(), 50);
}

#[test]
fn without_a_leader_a_proposal_waits_for_as_long_as_its_proposer() {
    let boot = Boot {
        conf: Conf::of_voters([ID, 8, 9]),
        ..Default::default()
    };
    let mut driver = driver(&boot);
    let (patient, mut outcome) = proposal(1);
    let (hasty, gone) = proposal(2);
    drop(gone);
    driver.handle([patient, hasty, Event::Tick]);
    assert!(outcome.try_recv().is_err(), "answered without a leader");
    // A leader appears.
    let heartbeat = raft::eraftpb::Message {
        msg_type: raft::eraftpb::MessageType::MsgHeartbeat,
        from: 8,
        to: ID,
        term: 3,
        ..Default::default()
    };
    let actions = driver.handle([Event::Message(convert::message_to_bytes(&heartbeat))]);
    let forwarded: Vec<_> = actions
        .messages
        .iter()
        .filter_map(|(to, bytes)| Some((*to, convert::message_from_bytes(bytes)?)))
        .filter(|(_, m)| m.msg_type == raft::eraftpb::MessageType::MsgPropose)
        .collect();
    assert_eq!(forwarded.len(), 1);
    assert_eq!(forwarded[0].0, 8);
    assert_eq!(
        forwarded[0].1.entries.len(),
        1,
        "only what is still awaited is passed on"
    );
}

#[test]
fn while_nothing_is_persisted_proposals_are_refused_in_the_end() {
    let mut driver = driver(&alone());
    let start = driver.handle([Event::Campaign]);
    settle(&mut driver, start);
    // All entries share their bytes, so that the test needs no memory for them.
    let (large, _) = proposal(1);
    let Event::Propose { data, .. } = large else {
        unreachable!("a proposal")
    };
    let mut padded = data.to_vec();
    padded.resize(8 << 20, 0);
    let data = Bytes::from(padded);
    let mut jobs = Vec::new();
    let mut refused = None;
    for number in 0..=UNCOMMITTED_BYTES_MAX >> 23 {
        let (waiter, mut outcome) = oneshot::channel();
        let data = data.clone();
        let actions = driver.handle([Event::Propose { data, waiter }]);
        jobs.extend(actions.persist);
        if let Ok(Err(error)) = outcome.try_recv()
            && error == super::ProposeError::TooManyRequests
        {
            refused = Some(number);
            break;
        }
    }
    assert!(refused.is_some_and(|n| n > 32), "refused: {refused:?}");
    // What is persisted and handed out makes room.
    driver.handle([persisted(jobs.last().unwrap())]);
    let (event, mut outcome) = proposal(2);
    driver.handle([event]);
    assert!(
        outcome.try_recv().is_err(),
        "refused although there is room"
    );
}

#[test]
fn reads_wait_for_an_entry_of_the_leaders_own_term() {
    let mut driver = driver(&alone());
    let (waiter, _ready) = oneshot::channel();
    let start = driver.handle([Event::Campaign, Event::Read(waiter)]);
    assert!(
        start.reads.is_empty(),
        "a new leader does not know yet what is committed"
    );
    let actions = driver.handle([persisted(start.persist.last().unwrap())]);
    let (another, _ready2) = oneshot::channel();
    let next = driver.handle([Event::Read(another)]);
    let reads: Vec<_> = actions.reads.into_iter().chain(next.reads).collect();
    assert_eq!(reads.iter().map(|r| r.waiters.len()).sum::<usize>(), 2);
    assert!(reads.iter().all(|r| r.index >= 1));
}

#[test]
fn a_restarted_member_applies_what_its_log_holds_behind_the_checkpoint() {
    let entry = |index| {
        let data = Command::DeleteRange(Default::default()).encode(index);
        let position = wal::Position {
            segment: 0,
            offset: 512 * index,
            len: data.len() as u32,
        };
        (
            wal::Entry {
                index,
                term: 1,
                kind: 0,
                data,
            },
            position,
        )
    };
    let boot = Boot {
        term: 1,
        vote: ID,
        commit: 4,
        applied: (3, 1),
        conf: Conf::of_voters([ID]),
        tail: (4..=6).map(entry).collect(),
    };
    let mut driver = driver(&boot);
    let start = driver.handle([Event::Campaign]);
    let indexes: Vec<u64> = start.apply.iter().map(|c| c.index).collect();
    assert_eq!(indexes, [4], "committed before the restart");
    assert_eq!(start.apply[0].position.unwrap().offset, 2048);
    let applied = settle(&mut driver, start);
    let indexes: Vec<u64> = applied.iter().map(|(index, _)| *index).collect();
    assert_eq!(
        indexes,
        [4, 5, 6, 7],
        "the rest follows with the new leader's own entry"
    );
}

#[test]
fn the_window_lets_go_of_applied_entries_only() {
    let mut driver = driver(&alone());
    let start = driver.handle([Event::Campaign]);
    settle(&mut driver, start);
    for id in 1..=6_000 {
        let (event, _outcome) = proposal(id);
        let actions = driver.handle([event]);
        settle(&mut driver, actions);
    }
    assert_eq!(driver.window(), (1, 6_001));
    driver.handle([Event::Applied(6_001)]);
    let (first, last) = driver.window();
    assert_eq!(last, 6_001);
    assert_eq!(
        last + 1 - first,
        5_000,
        "some are kept for followers that lag"
    );
}

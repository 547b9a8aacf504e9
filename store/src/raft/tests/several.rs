//! Three drivers that talk to each other at once and whose disks are fast.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{driver_of, persisted, proposal};
use crate::cluster::Conf;
use crate::raft::ProposeError;
use crate::raft::driver::{Actions, Driver, Event};
use crate::raft::log::Boot;

type Outcome = oneshot::Receiver<Result<crate::apply::Outcome, ProposeError>>;

struct Cluster {
    nodes: BTreeMap<u64, Driver>,
    applied: BTreeMap<u64, Vec<(u64, Bytes)>>,
    /// Waiters that came out with a committed entry, by request.
    settled: Vec<u64>,
    leader: u64,
}

impl Cluster {
    fn of_three() -> Self {
        let boot = Boot {
            conf: Conf::of_voters([1, 2, 3]),
            ..Default::default()
        };
        let nodes = [1, 2, 3].map(|id| (id, driver_of(id, &boot)));
        let mut cluster = Self {
            nodes: nodes.into(),
            applied: BTreeMap::new(),
            settled: Vec::new(),
            leader: 0,
        };
        cluster.tell(1, Event::Campaign);
        assert_eq!(cluster.leader, 1);
        cluster
    }

    /// Lets it happen, and everything that comes of it.
    fn tell(&mut self, to: u64, event: Event) {
        let mut queue = std::collections::VecDeque::from([(to, event)]);
        while let Some((to, event)) = queue.pop_front() {
            let Some(driver) = self.nodes.get_mut(&to) else {
                continue;
            };
            let Actions {
                messages,
                persist,
                apply,
                standing,
                ..
            } = driver.handle([event]);
            queue.extend(messages.into_iter().map(|(to, m)| (to, Event::Message(m))));
            queue.extend(persist.iter().map(|job| (to, persisted(job))));
            if let Some(last) = apply.last() {
                queue.push_back((to, Event::Applied(last.index)));
            }
            for entry in apply {
                if entry.waiter.is_some() {
                    self.settled.push(crate::command::request_id(&entry.data));
                }
                let applied = self.applied.entry(to).or_default();
                applied.push((entry.index, entry.data));
            }
            if let Some(standing) = standing.filter(|standing| standing.is_leader) {
                assert_eq!(standing.leader, to);
                self.leader = to;
            }
        }
    }

    fn propose(&mut self, to: u64, id: u64) -> Outcome {
        let (event, outcome) = proposal(id);
        self.tell(to, event);
        outcome
    }

    fn tick_all(&mut self) {
        for id in self.nodes.keys().copied().collect::<Vec<_>>() {
            self.tell(id, Event::Tick);
        }
    }

    /// How often the command of that request was applied on a member.
    fn count(&self, member: u64, id: u64) -> usize {
        let applied = self.applied[&member].iter();
        applied
            .filter(|(_, data)| crate::command::request_id(data) == id)
            .count()
    }
}

#[test]
fn a_follower_passes_proposals_on() {
    let mut cluster = Cluster::of_three();
    let _outcome = cluster.propose(2, 10);
    assert_eq!(cluster.settled, [10]);
    cluster.tick_all();
    for member in 1..=3 {
        assert_eq!(cluster.count(member, 10), 1);
    }
}

#[test]
fn what_died_with_the_leader_is_proposed_again_once() {
    let mut cluster = Cluster::of_three();
    cluster.nodes.remove(&1);
    // Followers do not know yet, so these go to the dead.
    let _lost = [cluster.propose(2, 20), cluster.propose(3, 30)];
    assert!(cluster.settled.is_empty());
    for member in [2, 3] {
        cluster.tell(member, Event::Vanished(1));
    }
    // Three ticks are far less than an election time-out.
    for _ in 0..3 {
        cluster.tick_all();
    }
    assert_eq!(cluster.leader, 2);
    assert_eq!(cluster.settled, [20, 30]);
    for member in [2, 3] {
        assert_eq!(
            (cluster.count(member, 20), cluster.count(member, 30)),
            (1, 1)
        );
    }
}

#[test]
fn a_silent_leader_is_doubted_before_the_time_out() {
    let mut cluster = Cluster::of_three();
    cluster.nodes.remove(&1);
    let ticks = (1..10).find(|_| {
        cluster.tick_all();
        cluster.leader == 2
    });
    assert_eq!(ticks, Some(6), "an election time-out is ten");
}

#[test]
fn a_message_that_is_repeated_is_taken_once() {
    let mut cluster = Cluster::of_three();
    let (event, _outcome) = proposal(40);
    let actions = cluster.nodes.get_mut(&2).unwrap().handle([event]);
    let [(1, message)] = &actions.messages[..] else {
        panic!("not passed on to the leader alone");
    };
    for _ in 0..2 {
        cluster.tell(1, Event::Message(message.clone()));
    }
    cluster.tick_all();
    assert_eq!(cluster.count(3, 40), 1);
}

#[test]
fn a_leader_hands_over_and_loses_nothing() {
    let mut cluster = Cluster::of_three();
    cluster.tell(1, Event::Transfer(3));
    assert_eq!(cluster.leader, 3);
    let _outcome = cluster.propose(1, 50);
    assert_eq!(cluster.settled, [50]);
}

#[test]
fn a_read_on_a_follower_is_answered_with_what_is_committed() {
    let mut cluster = Cluster::of_three();
    let _outcome = cluster.propose(1, 60);
    let (waiter, _ready) = oneshot::channel();
    let asked = cluster
        .nodes
        .get_mut(&2)
        .unwrap()
        .handle([Event::Read(waiter)]);
    let mut index = None;
    let mut queue: std::collections::VecDeque<_> = asked.messages.into();
    while let Some((to, message)) = queue.pop_front() {
        let actions = cluster
            .nodes
            .get_mut(&to)
            .unwrap()
            .handle([Event::Message(message)]);
        queue.extend(actions.messages);
        if let Some(read) = actions.reads.first() {
            assert_eq!(to, 2);
            index = Some(read.index);
        }
    }
    assert_eq!(index, Some(2), "the leader's first entry, and the proposal");
}

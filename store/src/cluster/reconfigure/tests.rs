//! raft's own code and ours have to come to the same configuration from the same changes.

use raft::eraftpb::{ConfChangeSingle, ConfChangeType};
use raft::{Changer, ProgressTracker};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng};

use super::*;

/// Changes that are tried on one configuration after another.
const STEPS: usize = 200;
const SEEDS: u64 = 200;
/// Ids are drawn from `1..=IDS`: few, so that changes meet.
const IDS: u64 = 6;

fn singles(changes: &[Change]) -> Vec<ConfChangeSingle> {
    let single = |change: &Change| {
        let (kind, node_id) = match *change {
            Change::AddVoter(id) => (ConfChangeType::AddNode, id),
            Change::AddLearner(id) => (ConfChangeType::AddLearnerNode, id),
            Change::Remove(id) => (ConfChangeType::RemoveNode, id),
        };
        let mut single = ConfChangeSingle {
            node_id,
            ..Default::default()
        };
        single.set_change_type(kind);
        single
    };
    changes.iter().map(single).collect()
}

fn as_raft_has_it(tracker: &ProgressTracker) -> Conf {
    let state = tracker.conf().to_conf_state();
    let sorted = |mut ids: Vec<u64>| {
        ids.sort_unstable();
        ids
    };
    Conf {
        voters: sorted(state.voters),
        learners: sorted(state.learners),
        voters_outgoing: sorted(state.voters_outgoing),
        learners_next: sorted(state.learners_next),
        auto_leave: state.auto_leave,
    }
}

fn draw(rng: &mut StdRng) -> Vec<Change> {
    let count = rng.random_range(1..=4);
    let change = |_| {
        let id = rng.random_range(1..=IDS);
        match rng.random_range(0..3) {
            0 => Change::AddVoter(id),
            1 => Change::AddLearner(id),
            _ => Change::Remove(id),
        }
    };
    (0..count).map(change).collect()
}

#[test]
fn raft_and_our_table_agree() {
    let (mut refused, mut joint) = (0, 0);
    for seed in 0..SEEDS {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut tracker = ProgressTracker::new(8);
        let mut conf = Conf::default();
        for step in 0..STEPS {
            let changes = draw(&mut rng);
            let (raft, ours) = match rng.random_bool(0.4) {
                true => (Changer::new(&tracker).leave_joint(), conf.leave()),
                false if changes.len() > 1 => (
                    Changer::new(&tracker).enter_joint(true, &singles(&changes)),
                    conf.change(&changes),
                ),
                false => (
                    Changer::new(&tracker).simple(&singles(&changes)),
                    conf.change(&changes),
                ),
            };
            let place = format!("seed {seed}, step {step}: {changes:?} on {conf:?}");
            match (raft, ours) {
                (Ok((configuration, map)), Ok(next)) => {
                    tracker.apply_conf(configuration, map, 1);
                    conf = next;
                    assert_eq!(as_raft_has_it(&tracker), conf, "{place}");
                    joint += usize::from(conf.is_joint());
                }
                (Err(_), Err(_)) => refused += 1,
                (raft, ours) => panic!("{place}: raft {:?}, ours {ours:?}", raft.err()),
            }
        }
    }
    assert!(refused > 1_000 && joint > 1_000, "{refused} {joint}");
}

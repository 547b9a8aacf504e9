//! The answers are those that etcd 3.7.1 gave in clusters of one to five members, but for those
//! about promotion, which follow its rule.

use super::*;
use crate::cluster::Member;

const LONG: Duration = Duration::from_secs(6);
const SHORT: Duration = Duration::from_secs(5);

/// `started` voters, of which the first is asked, then `unstarted` ones; `down` are not connected.
struct Case {
    members: Members,
    down: Vec<u64>,
    connected: Duration,
}

impl Case {
    fn new(started: u64, unstarted: u64, down: &[u64]) -> Self {
        let member = |id| Member {
            id,
            name: match id <= started {
                true => format!("m{}", id - 1),
                false => String::new(),
            },
            ..Member::default()
        };
        let unstarted: Vec<u64> = (started + 1..=started + unstarted).collect();
        let ids = 1..=started + unstarted.len() as u64;
        Self {
            members: Members::new(ids.map(member), []),
            down: [unstarted.as_slice(), down].concat(),
            connected: LONG,
        }
    }

    fn young(mut self) -> Self {
        self.connected = SHORT;
        self
    }

    fn with_learner(mut self) -> Self {
        self.members.insert(Member {
            id: 100,
            is_learner: true,
            ..Member::default()
        });
        self.down.push(100);
        self
    }

    fn ask<T>(&self, how: impl FnOnce(&View<'_>) -> T) -> T {
        how(&View {
            own: 1,
            members: &self.members,
            connected_for: &|id| {
                let known = self.members.get(id).is_some() && !self.down.contains(&id);
                (known && id != 1).then_some(self.connected)
            },
        })
    }

    fn add(&self) -> Result<(), Error> {
        self.ask(|view| view.may_add(false))
    }

    fn add_learner(&self) -> Result<(), Error> {
        self.ask(|view| view.may_add(true))
    }

    fn promote(&self) -> Result<(), Error> {
        self.ask(|view| view.may_promote())
    }

    fn remove(&self, id: u64) -> Result<(), Error> {
        self.ask(|view| view.may_remove(id))
    }
}

const UNHEALTHY: Result<(), Error> = Err(Error::Unhealthy);
const NOT_ENOUGH: Result<(), Error> = Err(Error::NotEnoughStarted);

#[test]
fn a_young_cluster_does_not_change() {
    let young = Case::new(3, 0, &[]).young();
    assert_eq!(young.add(), UNHEALTHY);
    assert_eq!(young.add_learner(), UNHEALTHY);
    assert_eq!(young.remove(2), UNHEALTHY);
}

#[test]
fn a_healthy_cluster_grows_as_long_as_enough_have_started() {
    assert_eq!(Case::new(3, 0, &[]).add(), Ok(()));
    assert_eq!(Case::new(3, 0, &[]).add_learner(), Ok(()));
    assert_eq!(Case::new(3, 1, &[]).add(), Ok(()));
    let five = Case::new(3, 2, &[]);
    assert_eq!(five.add(), NOT_ENOUGH);
    assert_eq!(five.add_learner(), UNHEALTHY);
    assert_eq!(five.remove(2), NOT_ENOUGH);
    assert_eq!(five.remove(5), Ok(()));
    assert_eq!(Case::new(3, 1, &[]).remove(2), Ok(()));
}

#[test]
fn with_a_member_down_only_that_member_goes() {
    let down = Case::new(3, 0, &[3]);
    assert_eq!(down.add(), UNHEALTHY);
    assert_eq!(down.add_learner(), UNHEALTHY);
    assert_eq!(down.remove(2), UNHEALTHY);
    assert_eq!(down.remove(1), UNHEALTHY);
    assert_eq!(down.remove(3), Ok(()));
    // Whether there is such a member is asked later.
    assert_eq!(down.remove(0x77), Ok(()));
}

#[test]
fn two_members_may_become_three_or_one() {
    let two = Case::new(2, 0, &[]);
    assert_eq!(two.add(), Ok(()));
    assert_eq!(two.remove(2), Ok(()));
    let third_missing = Case::new(2, 1, &[]);
    assert_eq!(third_missing.add(), NOT_ENOUGH);
    assert_eq!(third_missing.remove(2), NOT_ENOUGH);
    assert_eq!(third_missing.remove(3), Ok(()));
}

#[test]
fn one_member_may_get_a_second_but_not_go() {
    let sole = Case::new(1, 0, &[]).young();
    assert_eq!(sole.add(), Ok(()));
    assert_eq!(sole.add_learner(), Ok(()));
    assert_eq!(sole.remove(1), NOT_ENOUGH);
    assert_eq!(sole.remove(0x77), Ok(()));
    let second_missing = Case::new(1, 1, &[]);
    assert_eq!(second_missing.add(), NOT_ENOUGH);
    assert_eq!(second_missing.remove(2), Ok(()));
}

#[test]
fn learners_do_not_count() {
    let sole = Case::new(1, 0, &[]).with_learner();
    assert_eq!(sole.add(), Ok(()));
    assert_eq!(sole.remove(100), Ok(()));
    assert_eq!(sole.promote(), Ok(()));
    // It counts as started when it is promoted.
    let one_of_three = Case::new(1, 2, &[]).with_learner();
    assert_eq!(one_of_three.promote(), NOT_ENOUGH);
    let two_of_three = Case::new(2, 1, &[]).with_learner();
    assert_eq!(two_of_three.promote(), Ok(()));
}

#[test]
fn nine_tenths_of_the_log_are_in_sync() {
    assert_eq!(check_in_sync(90, 100), Ok(()));
    assert_eq!(check_in_sync(89, 100), Err(Error::LearnerNotReady));
    assert_eq!(check_in_sync(0, 0), Ok(()));
    assert_eq!(check_in_sync(u64::MAX, u64::MAX), Ok(()));
    assert_eq!(check_in_sync(0, u64::MAX), Err(Error::LearnerNotReady));
}

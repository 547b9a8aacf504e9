//! What fits, and when the alarm is touched.

use super::*;

const MEMBER: u64 = 7;
/// Quotas are larger than what counts as full in any case.
const K: u64 = 10_000;

fn raised(automatic: bool) -> Alarms {
    let mut alarms = Alarms::default();
    let alarm = proto::etcdserverpb::AlarmMember {
        member_id: MEMBER,
        alarm: AlarmType::Nospace as i32,
    };
    alarms.restore(alarm, automatic);
    alarms
}

fn is_told(space: &Space) -> bool {
    use futures::FutureExt as _;
    space.full.notified().now_or_never().is_some()
}

#[test]
fn what_is_under_way_counts_until_its_outcome_is_known() {
    let space = Space::new(Some(1000), 100);
    let first = space.reserve(500).unwrap();
    assert_eq!(space.reserve(400).unwrap_err(), NoSpace, "900 + 100");
    let second = space.reserve(399).unwrap();
    assert_eq!(space.reserve(1).unwrap_err(), NoSpace);
    drop((first, second));
    assert!(space.reserve(899).is_ok());
    space.set_live(1000);
    assert!(space.reserve(1).is_err());
    space.set_live(500);
    assert!(space.reserve(499).is_ok());
}

#[test]
fn what_adds_nothing_always_fits() {
    let space = Space::new(Some(1000), 5000);
    assert!(space.reserve(0).is_ok());
    assert!(!is_told(&space));
}

#[test]
fn without_a_quota_everything_fits() {
    let space = Space::new(None, u64::MAX / 2);
    assert!(space.reserve(u64::MAX / 4).is_ok());
    let due = space.due(&raised(true), MEMBER);
    assert_eq!(due, Some(AlarmAction::Deactivate), "of an earlier start");
}

#[test]
fn an_oversized_request_fails_alone() {
    let space = Space::new(Some(1000 * K), 980 * K);
    assert!(space.reserve(500 * K).is_err());
    assert!(!is_told(&space), "2 % are left");
    space.set_live(990 * K);
    assert!(space.reserve(500 * K).is_err());
    assert!(is_told(&space), "1 % is left");
}

#[test]
fn the_alarm_follows_the_space_between_two_bounds() {
    let space = Space::new(Some(1000 * K), 990 * K);
    let none = Alarms::default();
    assert_eq!(space.due(&none, MEMBER), Some(AlarmAction::Activate));
    assert_eq!(space.due(&raised(true), MEMBER), None);
    space.set_live(901 * K);
    assert_eq!(space.due(&raised(true), MEMBER), None, "not yet");
    assert_eq!(space.due(&none, MEMBER), None, "an old notice");
    space.set_live(900 * K);
    let due = space.due(&raised(true), MEMBER);
    assert_eq!(due, Some(AlarmAction::Deactivate));
    let due = space.due(&raised(true), MEMBER + 1);
    assert_eq!(due, None, "another member's");
}

#[test]
fn a_tiny_quota_is_full_with_its_first_refusal() {
    let space = Space::new(Some(5 * 1024), 4 * 1024);
    assert!(space.reserve(2 * 1024).is_err());
    assert!(is_told(&space));
    // And no room is enough to clear the alarm.
    space.set_live(0);
    assert_eq!(space.due(&raised(true), MEMBER), None);
}

#[test]
fn an_operators_alarm_is_left_alone() {
    let space = Space::new(Some(1000), 0);
    assert_eq!(space.due(&raised(false), MEMBER), None);
    space.set_live(1000);
    assert_eq!(space.due(&raised(false), MEMBER), None);
}

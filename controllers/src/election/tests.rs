use serde_json::json;

use super::record::{Decision, Observed, Terms, decide, give_up};
use super::*;

fn terms(identity: &str) -> Terms<'_> {
    Terms {
        name: "l",
        namespace: "n",
        identity,
        lease_duration: Duration::from_secs(15),
    }
}

fn held() -> Value {
    let Decision::Create(lease) = decide(
        &terms("a"),
        None,
        &Observed::default(),
        Instant::now(),
        "t0",
    ) else {
        panic!("a lease that is not there is created");
    };
    lease
}

#[test]
fn a_lease_that_is_not_there_is_created() {
    let lease = held();
    assert_eq!(
        lease["spec"],
        json!({"holderIdentity": "a", "leaseDurationSeconds": 15, "acquireTime": "t0",
               "renewTime": "t0", "leaseTransitions": 0})
    );
}

#[test]
fn the_holder_renews() {
    let Decision::Update(lease) = decide(
        &terms("a"),
        Some(held()),
        &Observed::default(),
        Instant::now(),
        "t1",
    ) else {
        panic!("the holder renews");
    };
    assert_eq!(lease["spec"]["renewTime"], "t1");
    assert_eq!(lease["spec"]["acquireTime"], "t0");
    assert_eq!(lease["spec"]["leaseTransitions"], 0);
}

#[test]
fn others_wait_until_no_renewal_was_seen_for_the_duration() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut observed = Observed::default();
    observed.see(&held(), start);
    assert_eq!(
        decide(&terms("b"), Some(held()), &observed, at(14), "t"),
        Decision::Wait
    );
    // The same again is no renewal.
    observed.see(&held(), at(14));
    let taken = decide(&terms("b"), Some(held()), &observed, at(15), "t2");
    let Decision::Update(lease) = taken else {
        panic!("an expired lease is taken");
    };
    assert_eq!(lease["spec"]["holderIdentity"], "b");
    assert_eq!(lease["spec"]["leaseTransitions"], 1);
    assert_eq!(lease["spec"]["acquireTime"], "t2");
    let mut renewed = held();
    renewed["spec"]["renewTime"] = json!("t1");
    observed.see(&renewed, at(14));
    assert_eq!(
        decide(&terms("b"), Some(renewed), &observed, at(20), "t"),
        Decision::Wait
    );
}

#[test]
fn what_was_given_up_is_taken_at_once() {
    let mut lease = held();
    give_up(&mut lease, "t1");
    let mut observed = Observed::default();
    observed.see(&lease, Instant::now());
    let taken = decide(&terms("b"), Some(lease), &observed, Instant::now(), "t2");
    assert!(matches!(taken, Decision::Update(_)));
}

#[test]
fn times_have_microseconds() {
    let time = micro_now();
    assert_eq!(time.len(), "2026-01-01T00:00:00.000000Z".len(), "{time}");
}

use bytes::Bytes;

use super::{Deadlines, Due, Error, Noted, Renewal, TTL_MAX, Table, Which};

fn key(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn lease(id: i64) -> Which {
    Which { id, granted: 5 }
}

fn noted(number: u64) -> Noted {
    Noted {
        lease: lease(1),
        number,
    }
}

#[test]
fn a_grant_is_refused_with_the_reason() {
    let mut table = Table::default();
    assert_eq!(table.grant(1, 5, 10), Ok(()));
    assert_eq!(table.grant(1, 5, 10), Err(Error::Exists));
    assert_eq!(table.grant(0, 5, 10), Err(Error::NotFound));
    assert_eq!(table.grant(2, 5, TTL_MAX + 1), Err(Error::TtlTooLarge));
    assert_eq!(table.grant(-2, 5, TTL_MAX), Ok(()));
}

#[test]
fn a_key_hangs_on_the_last_lease_it_was_given() {
    let mut table = Table::default();
    table.grant(1, 5, 10).unwrap();
    table.grant(2, 5, 10).unwrap();
    table.attach(&key("b"), 1);
    table.attach(&key("a"), 1);
    table.attach(&key("c"), 1);
    table.attach(&key("c"), 2);
    table.attach(&key("b"), 0);
    assert_eq!(table.revoke(1), Ok(vec![key("a")]));
    assert_eq!(table.revoke(1), Err(Error::NotFound));
    table.detach(&key("c"));
    assert_eq!(table.revoke(2), Ok(vec![]));
}

#[test]
fn revoked_keys_come_in_order() {
    let mut table = Table::default();
    table.grant(1, 5, 10).unwrap();
    for text in ["c", "a", "b"] {
        table.attach(&key(text), 1);
    }
    assert_eq!(table.revoke(1), Ok(vec![key("a"), key("b"), key("c")]));
}

#[test]
fn a_lease_that_is_renewed_in_time_costs_nothing() {
    let mut deadlines = Deadlines::default();
    deadlines.insert(lease(1), 60, 60, 0);
    let mut now = 0;
    for _ in 0..100 {
        now += 20_000;
        assert_eq!(deadlines.due(now, 10), []);
        assert_eq!(deadlines.renew(1, None, now), Renewal::Renewed(60));
    }
}

#[test]
fn an_aging_lease_is_noted_at_each_halving_and_then_ends() {
    let mut deadlines = Deadlines::default();
    deadlines.insert(lease(1), 64, 64, 0);
    let mut noted = Vec::new();
    for now in 0..64_000 {
        for due in deadlines.due(now, 10) {
            match due {
                Due::Checkpoint(which, left) if which == lease(1) => {
                    let exact = (64_000 - now) as i64;
                    assert!(left * 1000 >= exact, "a checkpoint made the lease shorter");
                    noted.push(left);
                }
                other => panic!("{other:?} after {now} ms of 64 s"),
            }
        }
    }
    assert_eq!(noted, [32, 16, 8, 4, 2]);
    assert_eq!(deadlines.due(64_000, 10), [Due::Expire(lease(1))]);
    assert_eq!(deadlines.due(99_000, 10), [], "an end is proposed once");
    assert!(deadlines.is_ending(lease(1)));
    assert_eq!(deadlines.renew(1, None, 99_000), Renewal::Ending);
    deadlines.retry(lease(1), 99_500);
    assert_eq!(deadlines.due(99_500, 10), [Due::Expire(lease(1))]);
}

#[test]
fn a_renewal_of_a_noted_lease_needs_a_word_in_the_log() {
    let mut deadlines = Deadlines::default();
    deadlines.insert(lease(1), 60, 60, 0);
    assert_eq!(deadlines.due(31_000, 10).len(), 1);
    assert_eq!(
        deadlines.renew(1, None, 32_000),
        Renewal::TakeBack(noted(1))
    );
    assert_eq!(deadlines.seconds_left(1, 32_000), Some(28));
    assert_eq!(
        deadlines.renew(1, Some(noted(1)), 32_000),
        Renewal::Renewed(60)
    );
    assert_eq!(deadlines.renew(1, None, 32_000), Renewal::Renewed(60));
    assert_eq!(deadlines.seconds_left(1, 32_000), Some(60));
}

#[test]
fn a_checkpoint_made_while_another_was_taken_back_is_taken_back_too() {
    let mut deadlines = Deadlines::default();
    deadlines.insert(lease(1), 60, 60, 0);
    assert_eq!(deadlines.due(30_000, 10), [Due::Checkpoint(lease(1), 30)]);
    assert_eq!(
        deadlines.renew(1, None, 44_000),
        Renewal::TakeBack(noted(1))
    );
    assert_eq!(deadlines.due(45_000, 10), [Due::Checkpoint(lease(1), 15)]);
    assert_eq!(
        deadlines.renew(1, Some(noted(1)), 46_000),
        Renewal::TakeBack(noted(2))
    );
    // Another renewal comes first; the next checkpoint is not the one that was taken back.
    assert_eq!(
        deadlines.renew(1, Some(noted(2)), 47_000),
        Renewal::Renewed(60)
    );
    assert_eq!(deadlines.due(77_000, 10), [Due::Checkpoint(lease(1), 30)]);
    assert_eq!(
        deadlines.renew(1, Some(noted(2)), 78_000),
        Renewal::TakeBack(noted(3))
    );
}

#[test]
fn a_lease_granted_anew_is_not_ending() {
    let mut deadlines = Deadlines::default();
    deadlines.insert(lease(1), 10, 10, 0);
    assert_eq!(deadlines.due(10_000, 10), [Due::Expire(lease(1))]);
    assert_eq!(deadlines.renew(2, None, 0), Renewal::Unknown);
    deadlines.remove(1);
    assert!(!deadlines.is_ending(lease(1)));
    let anew = Which { id: 1, granted: 6 };
    deadlines.insert(anew, 10, 10, 10_000);
    assert!(!deadlines.is_ending(anew));
    deadlines.retry(lease(1), 10_500);
    assert_eq!(deadlines.due(10_600, 10), [], "the end of another");
    assert_eq!(deadlines.due(15_000, 10), [Due::Checkpoint(anew, 5)]);
    assert_eq!(deadlines.due(20_000, 10), [Due::Expire(anew)]);
    assert!(!deadlines.is_ending(lease(1)), "another of that id is");
    deadlines.retry(lease(1), 20_500);
    assert!(deadlines.is_ending(anew), "only its own end is due again");
}

#[test]
fn a_checkpoint_taken_back_is_not_that_of_a_lease_granted_anew() {
    let mut deadlines = Deadlines::default();
    deadlines.insert(lease(1), 60, 60, 0);
    assert_eq!(deadlines.due(30_000, 10).len(), 1);
    assert_eq!(
        deadlines.renew(1, None, 31_000),
        Renewal::TakeBack(noted(1))
    );
    // While the log takes it in, the lease is revoked, granted anew, and ages.
    let anew = Which { id: 1, granted: 6 };
    deadlines.remove(1);
    deadlines.insert(anew, 60, 60, 32_000);
    assert_eq!(deadlines.due(62_000, 10), [Due::Checkpoint(anew, 30)]);
    let own = Noted {
        lease: anew,
        number: 1,
    };
    let found = deadlines.renew(1, Some(noted(1)), 63_000);
    assert_eq!(found, Renewal::TakeBack(own));
}

#[test]
fn a_checkpoint_counts_for_the_lease_that_was_meant() {
    let mut table = Table::default();
    table.grant(1, 5, 60).unwrap();
    table.checkpoint(1, 5, 30);
    assert_eq!(table.get(1).unwrap().seconds_left(), 30);
    table.revoke(1).unwrap();
    table.grant(1, 6, 60).unwrap();
    table.checkpoint(1, 5, 15);
    assert_eq!(table.get(1).unwrap().seconds_left(), 60);
}

#[test]
fn a_lease_taken_over_goes_on_with_what_it_had_left() {
    let mut deadlines = Deadlines::default();
    deadlines.insert(lease(1), 60, 20, 5_000);
    assert_eq!(deadlines.renew(1, None, 5_000), Renewal::TakeBack(noted(0)));
    assert_eq!(deadlines.seconds_left(1, 5_000), Some(20));
    assert_eq!(deadlines.due(25_000, 10), [Due::Expire(lease(1))]);
}

#[test]
fn renewals_leave_nothing_behind() {
    let mut deadlines = Deadlines::default();
    for id in 0..10 {
        deadlines.insert(lease(id), 3_600, 3_600, 0);
    }
    for now in 0..100_000 {
        deadlines.renew((now % 10) as i64, None, now);
    }
    assert!(deadlines.looks_len() <= 64 + 4 * 10 + 1);
}

#[test]
fn leases_are_listed_by_their_end() {
    let mut deadlines = Deadlines::default();
    deadlines.insert(lease(5), 30, 30, 0);
    deadlines.insert(lease(6), 10, 10, 0);
    deadlines.insert(lease(7), 20, 20, 0);
    assert_eq!(deadlines.by_end(), [6, 7, 5]);
    deadlines.remove(7);
    assert_eq!(deadlines.by_end(), [6, 5]);
}

//! Who is picked, and how often.

use std::collections::BTreeMap;

use super::*;

fn server(port: u16, priority: u16, weight: u16) -> Server {
    Server {
        scheme: "http",
        host: "h".to_owned(),
        port,
        priority,
        weight,
    }
}

fn picked(remotes: &Remotes, times: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for _ in 0..times {
        let remote = remotes.pick().expect("one is active");
        *counts.entry(remote.address().to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn without_weights_each_has_its_turn() {
    let remotes = Remotes::new(vec![server(1, 0, 0), server(2, 0, 0), server(3, 9, 0)]);
    let counts = picked(&remotes, 10);
    assert_eq!(
        counts,
        BTreeMap::from([("h:1".into(), 5), ("h:2".into(), 5)])
    );
}

#[test]
fn weights_are_kept_and_a_member_without_one_gets_little() {
    let remotes = Remotes::new(vec![server(1, 0, 30), server(2, 0, 10), server(3, 0, 0)]);
    let counts = picked(&remotes, 20_000);
    assert!((13_500..=16_500).contains(&counts["h:1"]), "{counts:?}");
    assert!((4_000..=6_000).contains(&counts["h:2"]), "{counts:?}");
    assert!((50..=500).contains(&counts["h:3"]), "{counts:?}");
}

#[test]
fn those_left_out_are_passed_over_until_they_are_back() {
    let remotes = Remotes::new(vec![server(1, 0, 0), server(2, 1, 5)]);
    let first = remotes.pick().expect("active");
    first.set_active(false);
    assert_eq!(picked(&remotes, 3), BTreeMap::from([("h:2".into(), 3)]));
    assert_eq!(remotes.inactive().len(), 1);
    remotes.pick().expect("active").set_active(false);
    assert!(remotes.pick().is_none());
    first.set_active(true);
    assert_eq!(picked(&remotes, 1), BTreeMap::from([("h:1".into(), 1)]));
}

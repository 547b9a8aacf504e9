//! Our client and the real one compete for the same lock, and in the same election.

use std::time::Duration;

use harness::eventually;

use crate::script::{Case, read};
use crate::side::{Live, Side};

const PATIENCE: Duration = Duration::from_secs(30);

/// A command line for the server of `side`.
fn at(side: &Side, line: &str) -> Case {
    read(&format!("! --endpoints={} {line}", side.server.endpoint())).remove(0)
}

fn has_printed(live: &Live, text: &str) -> bool {
    String::from_utf8_lossy(&live.seen.bytes()).contains(text)
}

#[test]
fn locks_pass_between_both_clients() {
    let (mut ours, real) = (Side::ours(), Side::real());
    let waiters = at(&real, "get lock/ --prefix --keys-only --write-out=json");
    let count = "\"count\":2";
    let first = real.spawn(&at(&real, "lock lock"));
    assert!(eventually(PATIENCE, || has_printed(&first, "lock/")));
    let second = ours.spawn(&at(&real, "lock lock -- sh -c 'echo second'"));
    let queued = eventually(PATIENCE, || {
        String::from_utf8_lossy(&ours.run(&waiters).stdout).contains(count)
    });
    assert!(queued && !has_printed(&second, "second"));
    first.interrupt();
    assert!(eventually(PATIENCE, || has_printed(&second, "second")));

    let go = ours.path("go");
    let hold = format!("lock lock -- sh -c 'while [ ! -e {go} ]; do sleep 0.05; done'");
    let _third = ours.spawn(&at(&real, &hold));
    let holds = eventually(PATIENCE, || {
        String::from_utf8_lossy(&ours.run(&waiters).stdout).contains("\"count\":1")
    });
    assert!(holds);
    let fourth = real.spawn(&at(&real, "lock lock"));
    let queued = eventually(PATIENCE, || {
        String::from_utf8_lossy(&ours.run(&waiters).stdout).contains(count)
    });
    assert!(queued && !has_printed(&fourth, "lock/"));
    std::fs::write(&go, "").unwrap();
    assert!(eventually(PATIENCE, || has_printed(&fourth, "lock/")));
}

#[test]
fn our_observer_sees_leaders_of_both_clients() {
    let (ours, real) = (Side::ours(), Side::real());
    let observer = ours.spawn(&at(&real, "elect race -l"));
    let first = real.spawn(&at(&real, "elect race alpha"));
    assert!(eventually(PATIENCE, || has_printed(&first, "alpha")));
    assert!(eventually(PATIENCE, || has_printed(&observer, "alpha")));
    let second = ours.spawn(&at(&real, "elect race beta"));
    first.interrupt();
    assert!(eventually(PATIENCE, || has_printed(&second, "beta")));
    assert!(eventually(PATIENCE, || has_printed(&observer, "beta")));
}

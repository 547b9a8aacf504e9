//! A cluster looked at and changed with the real `etcdctl`: the same commands on the server under
//! test and on the real etcd must tell the same, but for ids, addresses and figures.
//!
//! The whole life of a cluster: look at it, hand over the lead, add a learner and promote it, take a
//! member out, put another in the place of a dead one; and what is refused on the way.

mod side;

use std::fmt::Write;

use self::side::{Side, Step};
use crate::ALONE;

#[test]
fn etcdctl_finds_and_changes_members_as_in_etcd() {
    let _alone = ALONE.blocking_lock();
    // Both wait most of the time: for elections, and until a cluster counts as healthy.
    let (real, ours) = std::thread::scope(|scope| {
        let real = scope.spawn(|| life(Side::start(harness::peers::etcd().unwrap())));
        let ours = life(Side::start(harness::binary("etcd").unwrap()));
        (real.join().unwrap(), ours)
    });
    let mut report = String::new();
    for (real, ours) in real.iter().zip(&ours) {
        if !real.is_like(ours) {
            write!(report, "\n=== etcd:\n{real}--- under test:\n{ours}").unwrap();
        }
    }
    assert_eq!(real.len(), ours.len(), "{report}");
    assert!(report.is_empty(), "{report}");
}

/// Everything, in order; what each step told.
fn life(mut side: Side) -> Vec<Step> {
    look(&mut side);
    refused(&mut side);
    lead(&mut side);
    learner(&mut side);
    remove(&mut side);
    replace(&mut side);
    look(&mut side);
    side.steps
}

/// Commands that only look.
fn look(side: &mut Side) {
    // Whoever was elected: member 0 leads, so that tables can be compared.
    side.make_leader(0);
    side.run(&["member", "list", "-w", "table"]);
    side.run(&["member", "list"]);
    side.run(&["member", "list", "-w", "json"]);
    side.run(&["member", "list", "-w", "fields"]);
    side.run(&["member", "list", "--consistency=s"]);
    side.settle();
    side.run(&["endpoint", "status", "--cluster", "-w", "table"]);
    side.run(&["endpoint", "status", "--cluster"]);
    side.run(&["endpoint", "status", "--cluster", "-w", "json"]);
    side.run(&["endpoint", "health", "--cluster"]);
    side.run(&["endpoint", "health", "--cluster", "-w", "table"]);
    side.run(&["endpoint", "hashkv", "--cluster", "-w", "table"]);
}

/// Changes that nobody may make.
fn refused(side: &mut Side) {
    side.run(&["member", "remove", "1234"]);
    side.run(&["member", "promote", "1234"]);
    side.run(&["member", "update", "1234", "--peer-urls=http://127.0.0.1:1"]);
    side.run(&["member", "promote", "{m1}"]);
    side.run(&["member", "add", "again", "--peer-urls={p1}"]);
    side.run(&["member", "add", "none", "--peer-urls=127.0.0.1"]);
    side.make_leader(0);
    side.run(&["move-leader", "1234"]);
    side.run(&["--endpoints={e1}", "move-leader", "{m1}"]);
}

/// The lead goes round.
fn lead(side: &mut Side) {
    for target in ["{m1}", "{m2}", "{m0}"] {
        side.run_until_done(&["move-leader", target]);
    }
    side.run(&["move-leader", "{m0}"]);
}

/// A learner comes, is refused what learners are refused, and is promoted.
fn learner(side: &mut Side) {
    side.run(&["put", "before", "1"]);
    let learner = side.add_room();
    side.run_until_done(&["member", "add", "m3", "--learner", "--peer-urls={p3}"]);
    side.run(&["member", "list", "-w", "table"]);
    side.run(&["member", "promote", "{m3}"]);
    side.run(&[
        "member",
        "add",
        "m4",
        "--learner",
        "--peer-urls=http://127.0.0.1:1",
    ]);
    side.join(learner, &[0, 1, 2]);
    side.run(&["member", "list", "-w", "table"]);
    side.run(&["--endpoints={e3}", "get", "before"]);
    side.run_until_done(&["--endpoints={e3}", "get", "before", "--consistency=s"]);
    side.run(&["--endpoints={e3}", "put", "before", "2"]);
    side.run(&["--endpoints={e3}", "member", "list"]);
    side.run(&["--endpoints={e3}", "endpoint", "status", "-w", "table"]);
    side.run(&["--endpoints={e0}", "move-leader", "{m3}"]);
    side.run_until_done(&["member", "promote", "{m3}"]);
    side.run(&["member", "list", "-w", "table"]);
    side.run_until_done(&["--endpoints={e3}", "put", "after", "1"]);
    side.run(&["--endpoints={e3}", "get", "before"]);
    side.run_until_done(&["move-leader", "{m3}"]);
    side.run_until_done(&["move-leader", "{m0}"]);
}

/// A member is taken out; its process ends by itself.
fn remove(side: &mut Side) {
    side.run_until_done(&["member", "remove", "{m1}"]);
    side.await_end(1);
    side.run(&["member", "remove", "{m1}"]);
    side.run(&["member", "list", "-w", "table"]);
    side.run(&["put", "removed", "1"]);
}

/// A member dies, and another comes in its place, at the same address and with nothing.
fn replace(side: &mut Side) {
    side.kill(2);
    side.run(&["put", "dead", "1"]);
    side.run_until_done(&["member", "remove", "{m2}"]);
    side.run_until_done(&["member", "add", "m2", "--peer-urls={p2}"]);
    side.run(&["member", "list", "-w", "table"]);
    side.join(2, &[0, 3]);
    side.run_until_done(&["--endpoints={e2}", "get", "dead"]);
    side.run_until_done(&["--endpoints={e2}", "put", "alive", "1"]);
    side.run(&["get", "", "--prefix"]);
}

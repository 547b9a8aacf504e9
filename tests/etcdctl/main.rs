//! Our etcdctl against the real etcdctl 3.7: the same command lines, in lockstep, on two fresh
//! servers.
//!
//! - [`script`]: `cases.txt`, `members.txt`, `users.txt` and `downgrade.txt`, one command line each, in all
//!   output formats where marked.
//! - [`side`]: one server and one client; ours runs in this process, the real one is a process of
//!   its own.
//! - [`mask`]: what may differ (times, addresses, ids the server makes up) is replaced before
//!   comparing.
//! - [`second`]: the second API, `second.txt`, against etcdctl 3.4 and on its servers.
//! - [`cluster`]: both clients, one after the other, at one cluster of three members.
//!
//! `PINTLE_TEST_ETCD` names another server for both sides. A case that differs shows both outputs.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of a test fail it by panicking, as the test itself does"
)]

mod cluster;
mod help;
mod lock;
mod mask;
mod mirror;
mod script;
mod second;
mod second_pair;
mod side;
mod watch;

use std::fmt::Write;

use crate::script::Case;
use crate::side::{Outcome, Side};

#[test]
fn every_command_line_answers_as_etcdctl_does() {
    compare(include_str!("cases.txt"), 150);
}

#[test]
fn the_membership_is_changed_as_etcdctl_does() {
    compare(include_str!("members.txt"), 90);
}

#[test]
fn the_cluster_is_downgraded_as_etcdctl_does() {
    compare(include_str!("downgrade.txt"), 30);
}

#[test]
fn users_and_roles_are_managed_as_etcdctl_does() {
    compare(include_str!("users.txt"), 200);
}

#[test]
fn etcdctl_manages_users_and_roles_of_our_server_too() {
    compare_at(Side::real_at_ours(), true, include_str!("users.txt"), 200);
}

#[test]
fn etcdctl_downgrades_a_cluster_of_our_server_too() {
    compare_at(
        Side::real_at_ours(),
        true,
        include_str!("downgrade.txt"),
        30,
    );
}

#[test]
fn etcdctl_works_with_our_server_too() {
    compare_at(Side::real_at_ours(), true, include_str!("cases.txt"), 150);
}

/// Runs a script with both clients. Fewer lines than `lines_min` would mean that it was not read.
fn compare(script: &str, lines_min: usize) {
    compare_at(Side::ours(), false, script, lines_min);
}

/// Runs a script at this side and at the real one.
fn compare_at(mut ours: Side, at_ours: bool, script: &str, lines_min: usize) {
    let mut real = Side::real();
    let cases = script::read(script);
    // How far the log goes is each server's own.
    let is_own = |case: &&Case| at_ours && case.shown.contains("endpoint status");
    assert!(cases.len() >= lines_min, "only {} cases", cases.len());
    let mut report = String::new();
    for case in cases.iter().filter(|case| !is_own(case)) {
        let (left, right) = std::thread::scope(|scope| {
            let left = scope.spawn(|| ours.run(case));
            let right = real.run(case);
            (left.join().unwrap(), right)
        });
        if left != right {
            describe(&mut report, case, &left, &right);
        }
    }
    assert!(report.is_empty(), "{report}");
}

/// What differs in an outcome.
fn describe(report: &mut String, case: &Case, ours: &Outcome, real: &Outcome) {
    writeln!(report, "\n=== line {}: {}", case.line, case.shown).unwrap();
    for (name, outcome) in [("ours", ours), ("etcdctl", real)] {
        writeln!(report, "--- {name}: exit {}", outcome.code).unwrap();
        if ours.stdout != real.stdout {
            let text = outcome.stdout.escape_ascii().to_string();
            writeln!(report, "{}", text.replace("\\n", "\n")).unwrap();
        }
        if ours.stderr != real.stderr {
            writeln!(report, "[stderr] {}", outcome.stderr).unwrap();
        }
    }
}

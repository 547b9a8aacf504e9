//! A member whose data is not that of the others, found by them and by itself, as `etcdctl` shows
//! it.
//!
//! Damage of files does not get so far, since they carry checksums. So the member comes from
//! another history: the same cluster is founded twice, with the same ids but other values, and one
//! member of the second goes on among those of the first. raft cannot tell: the logs are equally
//! long and of the same term.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use harness::{Cluster, ClusterOptions, eventually, output, peers};

use crate::ALONE;
use crate::client::LIMIT;

/// The member from the other history.
const STRANGER: usize = 2;
/// How often the cluster is founded until both histories have the same term: an election may fail.
const FOUNDATIONS: usize = 5;

#[test]
fn a_member_that_differs_does_not_start() {
    let _alone = ALONE.blocking_lock();
    let mut cluster = with_stranger(&["--feature-gates=InitialCorruptCheck=true"]);
    cluster.launch(&[0, 1]).unwrap();
    let text = format!(
        "{} found data inconsistency with peers",
        id(&cluster, STRANGER)
    );
    cluster.spawn(STRANGER).unwrap();
    let ended = eventually(LIMIT, || !cluster.is_running(STRANGER));
    assert!(ended, "the member with other data starts");
    let log = cluster.log(STRANGER);
    assert!(log.contains(&text), "{text} is not in the log:\n{log}");
    done(&cluster, &["put", "a", "three"]);
}

#[test]
fn the_leader_finds_who_differs() {
    let _alone = ALONE.blocking_lock();
    let mut cluster = with_stranger(&["--corrupt-check-time=1s"]);
    // A leader takes its own data for the right ones, as in etcd, so the stranger must not lead.
    cluster.launch(&[0, 1]).unwrap();
    cluster.launch(&[STRANGER]).unwrap();
    await_alarm(&cluster);
    refuses_writes(&cluster);
}

#[test]
fn a_compaction_shows_who_differs() {
    let _alone = ALONE.blocking_lock();
    let mut cluster = with_stranger(&[
        "--feature-gates=CompactHashCheck=true",
        "--compact-hash-check-time=1s",
    ]);
    cluster.launch(&[0, 1, 2]).unwrap();
    done(&cluster, &["compact", "4"]);
    await_alarm(&cluster);
    refuses_writes(&cluster);
}

/// Three members that are down, of which the last has another history.
fn with_stranger(flags: &[&str]) -> Cluster {
    let options = ClusterOptions::new(harness::binary("etcd").unwrap(), 3);
    let mut cluster = Cluster::start(options.flags(flags.iter().copied())).unwrap();
    let first = history(&mut cluster, "one");
    let kept = |member: usize| cluster.data_dir(member).with_extension("kept");
    let kept: Vec<_> = (0..cluster.len()).map(kept).collect();
    for (member, kept) in kept.iter().enumerate() {
        fs::rename(cluster.data_dir(member), kept).unwrap();
    }
    let mut found = false;
    for _ in 0..FOUNDATIONS {
        cluster.launch(&[0, 1, 2]).unwrap();
        found = history(&mut cluster, "two") == first;
        if found {
            break;
        }
        for member in 0..cluster.len() {
            fs::remove_dir_all(cluster.data_dir(member)).unwrap();
        }
    }
    assert!(found, "the second history never has the term of the first");
    for (member, kept) in kept.iter().enumerate() {
        if member != STRANGER {
            fs::remove_dir_all(cluster.data_dir(member)).unwrap();
            fs::rename(kept, cluster.data_dir(member)).unwrap();
        }
    }
    cluster
}

/// Writes a few keys and stops all members; gives the term and the log's length.
fn history(cluster: &mut Cluster, value: &str) -> String {
    for key in ["a", "b", "c", "d", "e"] {
        done(cluster, &["put", key, value]);
    }
    let mut terms = String::new();
    let settled = eventually(LIMIT, || {
        let Some((true, text)) = run(cluster, &["endpoint", "status", "-w", "json"]) else {
            return false;
        };
        let statuses: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap_or_default();
        let places: Vec<String> = statuses
            .iter()
            .map(|one| {
                let status = &one["Status"];
                format!("{} {}", status["raftTerm"], status["raftAppliedIndex"])
            })
            .collect();
        terms = places.first().cloned().unwrap_or_default();
        places.len() == cluster.len() && places.iter().all(|place| *place == terms)
    });
    assert!(settled, "the members do not settle");
    for member in 0..cluster.len() {
        cluster.kill(member);
    }
    terms
}

/// The alarm is on for the stranger alone.
fn await_alarm(cluster: &Cluster) {
    let stranger = u64::from_str_radix(&id(cluster, STRANGER), 16).unwrap();
    let expected = format!("memberID:{stranger} alarm:CORRUPT");
    let mut shown = String::new();
    let raised = eventually(LIMIT, || {
        if let Some((true, text)) = run(cluster, &["alarm", "list"]) {
            shown = text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        !shown.is_empty()
    });
    assert!(raised, "no alarm");
    assert_eq!(shown, expected);
}

fn refuses_writes(cluster: &Cluster) {
    let (succeeded, text) = run(cluster, &["put", "a", "three"]).unwrap();
    assert!(
        !succeeded && text.contains("etcdserver: corrupt cluster"),
        "{text}"
    );
}

/// A member's id in hexadecimal digits.
fn id(cluster: &Cluster, member: usize) -> String {
    let name = cluster.name(member).to_owned();
    let list = done(cluster, &["member", "list"]);
    let line = list
        .lines()
        .find(|line| line.split(", ").nth(2) == Some(&*name));
    line.unwrap().split(", ").next().unwrap().to_owned()
}

/// Runs a command until it succeeds.
fn done(cluster: &Cluster, arguments: &[&str]) -> String {
    let start = Instant::now();
    loop {
        match run(cluster, arguments) {
            Some((true, text)) => return text,
            other => assert!(start.elapsed() < LIMIT, "{arguments:?}: {other:?}"),
        }
    }
}

/// Whether a command of etcd's etcdctl succeeded, and all that it told.
fn run(cluster: &Cluster, arguments: &[&str]) -> Option<(bool, String)> {
    let endpoints: Vec<String> = (0..cluster.len())
        .map(|member| cluster.endpoint(member))
        .collect();
    let mut command = Command::new(peers::etcdctl().unwrap());
    command
        .env_clear()
        .env("ETCDCTL_ENDPOINTS", endpoints.join(","))
        .args(arguments);
    let output = output(&mut command, Duration::from_secs(30)).ok()?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        text += &String::from_utf8_lossy(&output.stderr);
    }
    Some((output.status.success(), text))
}

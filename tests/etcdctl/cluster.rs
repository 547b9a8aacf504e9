//! Both clients, one after the other, at one cluster of three real members.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::time::Duration;

use harness::{Options, Server, eventually, free_port, peers};

use crate::mask::Mask;
use crate::script::{Case, FORMATS, read};
use crate::side::{Client, Outcome, run, settle};

const PATIENCE: Duration = Duration::from_secs(30);

struct Trio {
    servers: Vec<Server>,
}

impl Trio {
    fn start() -> Self {
        let binary = std::env::var_os("PINTLE_TEST_ETCD").map(PathBuf::from);
        let binary = binary.unwrap_or_else(|| peers::etcd().unwrap());
        let urls: Vec<(String, String)> = (0..3)
            .map(|at| {
                (
                    format!("m{at}"),
                    format!("http://127.0.0.1:{}", free_port().unwrap()),
                )
            })
            .collect();
        let all: Vec<String> = urls
            .iter()
            .map(|(name, url)| format!("{name}={url}"))
            .collect();
        // A member is ready only when the others are there.
        let servers = std::thread::scope(|scope| {
            let starts: Vec<_> = urls
                .iter()
                .map(|(name, url)| {
                    let options = Options::new(&binary).flags([
                        format!("--name={name}"),
                        format!("--listen-peer-urls={url}"),
                        format!("--initial-advertise-peer-urls={url}"),
                        format!("--initial-cluster={}", all.join(",")),
                    ]);
                    scope.spawn(move || {
                        let server = Server::start_with(options).unwrap();
                        settle(&server);
                        server
                    })
                })
                .collect();
            starts
                .into_iter()
                .map(|start| start.join().unwrap())
                .collect()
        });
        Self { servers }
    }

    fn endpoints(&self) -> Vec<String> {
        self.servers.iter().map(Server::endpoint).collect()
    }

    /// Runs a command line at all members with one client.
    fn run(&self, client: &Client, endpoints: &[String], line: &str) -> Outcome {
        let line = format!("! --endpoints={} {line}", endpoints.join(","));
        let case: Case = read(&line).remove(0);
        let args = case.args.iter().cloned().map(OsString::from_vec).collect();
        // Nothing has to be told apart from another cluster's.
        let mut mask = Mask::new("<endpoint>");
        run(client, args, &case, &mut mask, "<dir>")
    }

    /// Ids of the leader and of another member; nothing while nobody leads.
    fn leader_and_other(&self) -> Option<(String, String)> {
        let status = self.run(&Client::Ours, &self.endpoints(), "endpoint status");
        let text = String::from_utf8(status.stdout).unwrap();
        let row = |line: &str| Some((line.split(", ").nth(1)?.to_owned(), leads(line)?));
        let rows: Vec<(String, bool)> = text.lines().filter_map(row).collect();
        let (leader, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, leads)| *leads);
        Some((leader.first()?.0.clone(), others.first()?.0.clone()))
    }
}

/// Whether a line of `endpoint status` is that of the leader. The sizes before are masked.
fn leads(line: &str) -> Option<bool> {
    let (_, rest) = line.split_once("%, ")?;
    Some(rest.split(", ").nth(1)? == "true")
}

/// Answers of single members come in any order.
fn sorted(outcome: Outcome) -> Outcome {
    let Ok(text) = String::from_utf8(outcome.stdout.clone()) else {
        return outcome;
    };
    let parts: Vec<&str> = match text.starts_with('[') {
        true => text.trim_matches(['[', ']', '\n']).split("},{").collect(),
        false if text.starts_with('"') => text.split("\n\n").collect(),
        false => text.lines().collect(),
    };
    let braces: &[_] = &['{', '}'];
    let mut parts: Vec<&str> = parts.into_iter().map(|p| p.trim_matches(braces)).collect();
    parts.sort_unstable();
    Outcome {
        stdout: parts.join("\n").into(),
        ..outcome
    }
}

#[test]
fn a_cluster_of_three_is_looked_after_as_etcdctl_does() {
    let trio = Trio::start();
    let (ours, real) = (Client::Ours, Client::Real(peers::etcdctl().unwrap()));
    let all = trio.endpoints();
    let one = &all[..1];
    let compare = |endpoints: &[String], line: &str| {
        let left = sorted(trio.run(&ours, endpoints, line));
        let right = sorted(trio.run(&real, endpoints, line));
        assert_eq!(left, right, "{line}");
        left
    };
    for format in FORMATS {
        for line in [
            "member list",
            "endpoint status --cluster",
            "endpoint health --cluster",
            "endpoint hashkv --cluster",
        ] {
            compare(one, &format!("{line} -w {format}"));
        }
    }
    let cluster = compare(one, "endpoint status --cluster");
    assert_eq!(cluster.stdout.iter().filter(|b| **b == b'\n').count(), 2);

    // The leadership goes to another member and back, moved by each client.
    let (leader, other) = trio.leader_and_other().unwrap();
    for (client, from, to) in [(&ours, &leader, &other), (&real, &other, &leader)] {
        let moved = trio.run(client, &all, &format!("move-leader {to}"));
        let text = format!("Leadership transferred from {from} to {to}\n");
        assert_eq!(String::from_utf8(moved.stdout).unwrap(), text);
        let leads = || {
            trio.leader_and_other()
                .is_some_and(|(leader, _)| leader == *to)
        };
        assert!(eventually(PATIENCE, leads));
    }
    for line in ["move-leader 77", &format!("move-leader {leader}")] {
        compare(&all, line);
    }
    let follower = all.iter().find(|endpoint| {
        let one = std::slice::from_ref(*endpoint);
        let status = trio.run(&ours, one, "endpoint status");
        leads(&String::from_utf8(status.stdout).unwrap()) == Some(false)
    });
    let refused = compare(std::slice::from_ref(follower.unwrap()), "move-leader 77");
    assert!(refused.stderr.contains("no leader endpoint given at ["));
    compare(std::slice::from_ref(follower.unwrap()), "member promote 77");
}

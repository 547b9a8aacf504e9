//! API 2 on a cluster: one key space for all members, which outlives them.

use std::path::Path;
use std::process::Command;

use harness::{Cluster, ClusterOptions, eventually, peers};

use crate::ALONE;
use crate::client::LIMIT;
use crate::command::etcdctl;
use crate::member::{Member, cluster, restore, url};

/// All keys, as one member shows them.
fn keys(endpoint: &str) -> String {
    let path = "/v2/keys?recursive=true&sorted=true";
    harness::get(endpoint, path).map_or_else(|error| error.to_string(), |(_, body)| body)
}

/// The distribution's `etcdctl`, by API 2.
fn second(endpoints: &[String], arguments: &[&str]) -> (bool, String) {
    let endpoints: Vec<String> = endpoints.iter().map(|e| format!("http://{e}")).collect();
    let mut command = Command::new(peers::etcdctl_of_api_2().unwrap());
    command
        .env_clear()
        .env("ETCDCTL_API", "2")
        .args(["--endpoints", &endpoints.join(",")])
        .args(arguments);
    let output = harness::output(&mut command, LIMIT).unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.success(), text)
}

#[test]
fn all_members_have_the_keys_of_api_2() {
    let _alone = ALONE.blocking_lock();
    let etcd = harness::binary("etcd").unwrap();
    let flags = [
        "--enable-v2",
        "--snapshot-count=20",
        "--snapshot-catchup-entries=5",
    ];
    let mut trio = Cluster::start(ClusterOptions::new(&etcd, 3).flags(flags)).unwrap();
    let endpoints: Vec<String> = (0..3).map(|member| trio.endpoint(member)).collect();
    let at = |member: usize| &endpoints[member..=member];
    let done = |member: usize, arguments: &[&str]| {
        let (success, said) = second(at(member), arguments);
        assert!(success, "{arguments:?}: {said}");
        said
    };
    let agree = || {
        let shown: Vec<String> = endpoints.iter().map(|endpoint| keys(endpoint)).collect();
        shown
            .iter()
            .all(|one| *one == shown[0] && one.contains("/a"))
    };
    assert_eq!(done(0, &["set", "/a/b", "1"]), "1\n");
    assert_eq!(done(1, &["get", "--quorum", "/a/b"]), "1\n");
    done(2, &["mk", "/short", "x", "--ttl", "1"]);
    let is_gone = || {
        endpoints
            .iter()
            .all(|endpoint| !keys(endpoint).contains("short"))
    };
    assert!(eventually(LIMIT, || is_gone() && agree()));
    // One that was away so long that the others send it the state as a whole.
    trio.kill(2);
    for number in 0..60 {
        done(number % 2, &["set", &format!("/a/{number}"), "v"]);
    }
    trio.launch(&[2]).unwrap();
    assert!(eventually(LIMIT, agree), "{}", keys(&endpoints[2]));
    assert!(done(0, &["cluster-health"]).contains("cluster is healthy"));
    let leader = |endpoint: &String| {
        let (status, body) = harness::get(endpoint, "/v2/stats/leader").unwrap();
        (status == 200).then_some(body)
    };
    let told = endpoints.iter().find_map(leader).unwrap();
    assert_eq!(told.matches("standardDeviation").count(), 2, "{told}");
    // All at once, in the middle of it.
    let before = keys(&endpoints[0]);
    for member in 0..3 {
        trio.kill(member);
    }
    trio.launch(&[0, 1, 2]).unwrap();
    assert!(eventually(LIMIT, || agree() && keys(&endpoints[0]) == before));
    restored(&endpoints[0], &before);
}

/// A backup has them, too.
fn restored(endpoint: &str, keys_before: &str) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("backup.db").display().to_string();
    let (success, said) = etcdctl(&["--endpoints", endpoint, "snapshot", "save", &file]);
    assert!(success, "{said}");
    let peer = url();
    let alone = cluster(&["m"], std::slice::from_ref(&peer));
    let what = ["snapshot", "restore", file.as_str()];
    let (success, said) = restore(dir.path(), "m", &alone, &peer, &what);
    assert!(success, "{said}");
    let member = Member::start(dir.path(), "m", &peer, &["--enable-v2"]);
    assert!(
        member.says("ready to serve client requests"),
        "{}",
        member.log()
    );
    let client = member.client.trim_start_matches("http://");
    assert_eq!(keys(client), keys_before);
    // etcd's own tool reads such a backup as any other.
    let etcdutl = peers::etcdutl().unwrap();
    let (success, said) = crate::command::told(&etcdutl, &["snapshot", "status", &file]);
    assert!(success && Path::new(&file).exists(), "{said}");
}

#[test]
fn a_member_s_data_are_copied_while_it_runs() {
    let _alone = ALONE.blocking_lock();
    let dir = tempfile::tempdir().unwrap();
    let etcd = harness::binary("etcd").unwrap();
    let server = harness::Server::start(&etcd, &["--enable-v2"]).unwrap();
    let endpoint = server.endpoint();
    let put = ["--endpoints", &endpoint, "put", "third", "3"];
    assert!(etcdctl(&put).0);
    let set = second(std::slice::from_ref(&endpoint), &["set", "/a", "2"]);
    assert_eq!(set, (true, "2\n".to_owned()));
    let data = server.data_dir().display().to_string();
    for (name, with_v3, third) in [
        ("plain", None, ""),
        ("whole", Some("--with-v3"), "third\n3\n"),
    ] {
        let copy = dir.path().join(name).display().to_string();
        let mut backup = vec!["backup", "--data-dir", &data, "--backup-dir", &copy];
        backup.extend(with_v3);
        let mut command = Command::new(harness::binary("etcdctl").unwrap());
        command.env_clear().env("ETCDCTL_API", "2").args(&backup);
        let output = harness::output(&mut command, LIMIT).unwrap();
        assert!(output.status.success(), "{output:?}");
        // What is there is not written over.
        let again = harness::output(&mut command, LIMIT).unwrap();
        assert_eq!(again.status.code(), Some(1));
        let flags = ["--force-new-cluster", "--enable-v2"];
        let member = Member::start(dir.path(), name, &url(), &flags);
        assert!(
            member.says("ready to serve client requests"),
            "{}",
            member.log()
        );
        let client = member.client.trim_start_matches("http://");
        assert!(
            keys(client).contains(r#""key":"/a","value":"2""#),
            "{}",
            keys(client)
        );
        let got = etcdctl(&["--endpoints", client, "get", "third"]);
        assert_eq!(got, (true, third.to_owned()));
    }
}

//! Users and roles in a cluster: known to every member, after a kill too, and in a backup.

use harness::{Cluster, ClusterOptions, Server, eventually, peers};

use crate::client::LIMIT;
use crate::{ALONE, command};

/// A command of the real `etcdctl`, as the user in front.
fn etcdctl(endpoint: &str, user: &str, arguments: &str) -> (bool, String) {
    let mut all = vec!["--endpoints", endpoint];
    if !user.is_empty() {
        all.extend(["--user", user]);
    }
    all.extend(arguments.split(' '));
    command::etcdctl(&all)
}

fn done(endpoint: &str, user: &str, arguments: &str) {
    let told = etcdctl(endpoint, user, arguments);
    assert!(told.0, "{arguments}: {}", told.1);
}

/// Sees that u may write a and nothing else, and somebody unknown nothing.
fn guards(endpoint: &str) {
    let told = |user, arguments| etcdctl(endpoint, user, arguments).1;
    assert_eq!(told("u:pw", "put a 1"), "OK\n");
    assert_eq!(told("u:pw", "get a --print-value-only"), "1\n");
    for (user, arguments, text) in [
        ("u:pw", "put b 1", "permission denied"),
        ("u:pw", "user list", "permission denied"),
        ("u:pw", "get a --from-key", "permission denied"),
        (
            "u:wrong",
            "get a",
            "authentication failed, invalid user ID or password",
        ),
        ("", "get a", "user name is empty"),
        ("", "member list", "user name is empty"),
    ] {
        let seen = told(user, arguments);
        assert!(
            seen.contains(&format!("etcdserver: {text}")),
            "{user} {arguments}: {seen}"
        );
    }
}

#[test]
fn every_member_knows_who_may_do_what() {
    let _alone = ALONE.blocking_lock();
    let options = ClusterOptions::new(harness::binary("etcd").unwrap(), 3);
    let mut cluster = Cluster::start(options).unwrap();
    let first = cluster.endpoint(0);
    for command in [
        "user add root:secret",
        "user grant-role root root",
        "user add u:pw",
        "role add r",
        "role grant-permission r readwrite a",
        "user grant-role u r",
        "auth enable",
    ] {
        done(&first, "", command);
    }
    for member in 0..3 {
        guards(&cluster.endpoint(member));
    }
    // Nobody has to be told again after a kill, and what is changed meanwhile is known too.
    cluster.kill(2);
    done(&first, "root:secret", "role grant-permission r readwrite c");
    cluster.launch(&[2]).unwrap();
    let last = cluster.endpoint(2);
    let put = || etcdctl(&last, "u:pw", "put c 1");
    assert!(eventually(LIMIT, || put() == (true, "OK\n".into())));
    guards(&last);

    // A backup opens to nobody what asks for a password: restored by etcd's own tool for etcd, and
    // by ours for ours.
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("backup").display().to_string();
    done(&first, "root:secret", &format!("snapshot save {file}"));
    let ours = harness::binary("etcdutl").unwrap();
    let real = peers::etcdutl().unwrap();
    let servers = [harness::binary("etcd").unwrap(), peers::etcd().unwrap()];
    for (etcdutl, etcd) in [ours, real].into_iter().zip(servers) {
        let data = tempfile::tempdir().unwrap();
        let data_dir = data.path().join("data");
        let target = data_dir.display().to_string();
        let restored = command::told(
            &etcdutl,
            &["snapshot", "restore", &file, "--data-dir", &target],
        );
        assert!(restored.0, "{}", restored.1);
        let server = Server::start_with(harness::Options {
            dir: Some(data.path().to_owned()),
            ..harness::Options::new(etcd)
        });
        let server = server.unwrap();
        guards(&server.endpoint());
    }
}

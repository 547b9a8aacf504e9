//! A cluster comes back from a backup.

use harness::Server;

use crate::ALONE;
use crate::command::etcdctl;
use crate::member::{Member, cluster, restore, url};

#[test]
fn three_members_go_on_from_one_backup() {
    let _alone = ALONE.blocking_lock();
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let before = Server::start(harness::binary("etcd").unwrap(), &[]).unwrap();
    let at = ["--endpoints", &before.endpoint()];
    for value in ["1", "2", "3"] {
        assert!(etcdctl(&[&at[..], &["put", "a", value]].concat()).0);
    }
    let file = path("backup.db");
    assert!(etcdctl(&[&at[..], &["snapshot", "save", &file]].concat()).0);
    drop(before);
    let names = ["m0", "m1", "m2"];
    let peers = names.map(|_| url());
    let cluster = cluster(&names, &peers);
    for (name, peer) in names.iter().zip(&peers) {
        let what = [
            "snapshot",
            "restore",
            &file,
            "--bump-revision=1000",
            "--mark-compacted",
        ];
        let (success, said) = restore(dir.path(), name, &cluster, peer, &what);
        assert!(success, "{said}");
    }
    let mut members: Vec<Member> = names
        .iter()
        .zip(&peers)
        .map(|(name, peer)| Member::start(dir.path(), name, peer, &[]))
        .collect();
    for member in &members {
        assert!(
            member.says("ready to serve client requests"),
            "{}",
            member.log()
        );
    }
    for member in &members {
        let get = ["--endpoints", &member.client, "get", "a", "-w", "fields"];
        let (success, said) = etcdctl(&get);
        assert!(success && said.contains("\"Value\" : \"3\""), "{said}");
        assert!(said.contains("\"Revision\" : 1004"), "{said}");
    }
    // Each two of them are a majority.
    let lost = members.remove(0);
    drop(lost);
    let put = [
        "--endpoints",
        &members[0].client,
        "put",
        "a",
        "4",
        "--command-timeout=30s",
    ];
    assert_eq!(etcdctl(&put), (true, "OK\n".to_owned()));
    let hash = |member: &Member| {
        let endpoint = ["--endpoints", &member.client, "endpoint", "hashkv"];
        let (_, said) = etcdctl(&endpoint);
        said.split_once(", ").map(|(_, hash)| hash.to_owned())
    };
    let all_same = || hash(&members[0]) == hash(&members[1]);
    assert!(harness::eventually(crate::client::LIMIT, all_same));
}

#[test]
fn a_log_may_lie_apart() {
    let _alone = ALONE.blocking_lock();
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let peer = url();
    let cluster = cluster(&["m0"], std::slice::from_ref(&peer));
    let flags = |wal: &str| {
        let wal = format!("--wal-dir={}", path(wal));
        [wal, format!("--initial-cluster={cluster}")]
    };
    let start = |wal: &str| {
        let flags = flags(wal);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        Member::start(dir.path(), "m0", &peer, &flags)
    };
    let is_ready = |member: &Member| {
        let ready = member.says("ready to serve client requests");
        assert!(ready, "{}", member.log());
    };
    let first = start("log");
    is_ready(&first);
    let at = ["--endpoints", &first.client];
    assert!(etcdctl(&[&at[..], &["put", "a", "1"]].concat()).0);
    let backup = path("backup.db");
    assert!(etcdctl(&[&at[..], &["snapshot", "save", &backup]].concat()).0);
    drop(first);
    assert!(!dir.path().join("m0/member/wal").exists());
    // Another directory would make it another member.
    let elsewhere = start("other");
    assert!(elsewhere.says("whose log is not in"), "{}", elsewhere.log());
    drop(elsewhere);
    let second = start("log");
    is_ready(&second);
    let get = ["--endpoints", &second.client, "get", "a"];
    assert_eq!(etcdctl(&get), (true, "a\n1\n".to_owned()));
    drop(second);
    std::fs::remove_dir_all(path("m0")).unwrap();
    let restore = |wal: &str| {
        let wal = path(wal);
        let what = ["snapshot", "restore", &backup, "--wal-dir", &wal];
        restore(dir.path(), "m0", &cluster, &peer, &what)
    };
    let (success, said) = restore("log");
    assert!(!success && said.contains("exists"), "{said}");
    let (success, said) = restore("restored");
    assert!(success, "{said}");
    let third = start("restored");
    is_ready(&third);
    let get = ["--endpoints", &third.client, "get", "a"];
    assert_eq!(etcdctl(&get), (true, "a\n1\n".to_owned()));
}

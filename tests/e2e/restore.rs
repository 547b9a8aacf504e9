//! A cluster comes back from a backup.

use harness::Server;

use crate::ALONE;
use crate::command::{etcdctl, told};
use crate::member::{Member, url};

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
    let pairs = names.iter().zip(&peers);
    let cluster: Vec<String> = pairs.map(|(name, peer)| format!("{name}={peer}")).collect();
    let cluster = cluster.join(",");
    let etcdutl = harness::binary("etcdutl").unwrap();
    for (name, peer) in names.iter().zip(&peers) {
        let (success, said) = told(
            &etcdutl,
            &[
                "snapshot",
                "restore",
                &file,
                "--data-dir",
                &path(name),
                "--name",
                name,
                "--initial-cluster",
                &cluster,
                "--initial-advertise-peer-urls",
                peer,
                "--bump-revision=1000",
                "--mark-compacted",
            ],
        );
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

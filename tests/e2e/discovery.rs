//! Members of a new cluster find each other by the keys of another one.

use harness::{Server, peers};

use crate::ALONE;
use crate::command::etcdctl;
use crate::member::{Member, url};

#[test]
fn members_find_each_other_by_a_service() {
    let _alone = ALONE.blocking_lock();
    let dir = tempfile::tempdir().unwrap();
    let service = Server::start(peers::etcd().unwrap(), &[]).unwrap();
    let endpoint = service.endpoint();
    let flags = ["--discovery-token=one", "--discovery-endpoints", &endpoint];
    let start = |name: &str| Member::start(dir.path(), name, &url(), &flags);
    let mut early = start("early");
    assert!(
        early.says("discovery: size key not found"),
        "{}",
        early.log()
    );
    assert_eq!(early.child.wait().unwrap().code(), Some(1));
    let size = "/_etcd/registry/one/_config/size";
    assert!(etcdctl(&["--endpoints", &endpoint, "put", size, "3"]).0);
    let first = start("first");
    assert!(
        first.says("waiting for peers from discovery service"),
        "{}",
        first.log()
    );
    let others = ["second", "third"].map(&start);
    for member in [&first, &others[0], &others[1]] {
        assert!(
            member.says("ready to serve client requests"),
            "{}",
            member.log()
        );
    }
    let (_, list) = etcdctl(&["--endpoints", &first.client, "member", "list"]);
    for name in ["first", "second", "third"] {
        assert!(list.contains(&format!(", started, {name}, ")), "{list}");
    }
    let mut late = start("late");
    assert!(late.says("discovery: cluster is full"), "{}", late.log());
    assert_eq!(late.child.wait().unwrap().code(), Some(1));
}

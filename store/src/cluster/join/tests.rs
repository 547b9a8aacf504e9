//! The texts are those with which etcd 3.7.1 ended.

use super::*;

fn member(id: u64, name: &str, port: u16) -> Member {
    Member {
        id,
        name: name.into(),
        peer_urls: vec![format!("http://127.0.0.1:{port}")],
        client_urls: match name {
            "" => Vec::new(),
            _ => vec![format!("http://127.0.0.1:{}", port + 1)],
        },
        ..Member::default()
    }
}

/// Members a and b have started, the one at port 30 was added.
fn remote() -> Remote {
    Remote {
        cluster_id: 0xeecd_110a_0c55_8241,
        members: vec![
            member(0x98, "a", 10),
            member(0x1e, "b", 20),
            member(0xf0, "", 30),
        ],
        founders: vec![member(0x98, "a", 10)],
    }
}

fn flags(own: &str, cluster: &str) -> Initial {
    Initial::joining(own, cluster, "etcd-cluster").unwrap()
}

const ALL: &str = "b=http://127.0.0.1:20,c=http://127.0.0.1:30,a=http://127.0.0.1:10";

fn refusal(cluster: &str, remote: &Remote, learners_max: i64) -> String {
    let joined = join(&flags("c", cluster), remote, learners_max);
    joined.unwrap_err().to_string()
}

#[test]
fn a_new_member_takes_its_id_from_the_cluster() {
    let joined = join(&flags("c", ALL), &remote(), 1).unwrap();
    let expected = Joined {
        cluster_id: remote().cluster_id,
        member_id: 0xf0,
        founders: remote().founders,
    };
    assert_eq!(joined, expected);
}

#[test]
fn the_order_of_urls_does_not_matter() {
    let mut remote = remote();
    remote.members[2].peer_urls = vec!["http://127.0.0.1:31".into(), "http://127.0.0.1:30".into()];
    let cluster = format!("{ALL},c=http://127.0.0.1:31");
    let joined = join(&flags("c", &cluster), &remote, 1).unwrap();
    assert_eq!(joined.member_id, 0xf0);
}

#[test]
fn somebody_has_to_answer() {
    assert_eq!(
        JoinError::NoAnswer.to_string(),
        "cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs"
    );
    assert_eq!(
        refusal(ALL, &Remote::default(), 1),
        "cannot fetch cluster info from peer urls: failed to get raft cluster member(s) from the given URLs"
    );
}

#[test]
fn the_cluster_must_be_the_one_that_is_described() {
    let mut one = remote();
    one.members.truncate(1);
    assert_eq!(
        refusal(ALL, &one, 1),
        "error validating peerURLs {ClusterID:eecd110a0c558241 Members:[&{ID:98 RaftAttributes:{PeerURLs:[http://127.0.0.1:10] IsLearner:false} Attributes:{Name:a ClientURLs:[http://127.0.0.1:11]}}] RemovedMemberIDs:[]}: member count is unequal"
    );
    let elsewhere = "b=http://127.0.0.1:20,c=http://127.0.0.1:31,a=http://127.0.0.1:10";
    let text = refusal(elsewhere, &remote(), 1);
    let cluster = "error validating peerURLs {ClusterID:eecd110a0c558241 Members:[&{ID:1e RaftAttributes:{PeerURLs:[http://127.0.0.1:20] IsLearner:false} Attributes:{Name:b ClientURLs:[http://127.0.0.1:21]}} &{ID:98 ";
    assert!(text.starts_with(cluster), "{text}");
    // Which member was looked at last depends on the ids that the flags give.
    let last = flags("c", elsewhere)
        .members
        .pop()
        .unwrap()
        .peer_urls
        .remove(0);
    let end = format!(
        "PeerURLs: no match found for existing member (f0, [http://127.0.0.1:30]), last resolver error (resolved urls: \"http://127.0.0.1:30\" != \"{last}\")"
    );
    assert!(text.ends_with(&end), "{text}");
}

#[test]
fn learners_beyond_the_limit_are_refused() {
    let mut remote = remote();
    for member in &mut remote.members[1..] {
        member.is_learner = true;
    }
    assert!(join(&flags("c", ALL), &remote, 2).is_ok());
    assert_eq!(
        refusal(ALL, &remote, 1),
        "membership: too many learner members in cluster"
    );
}

#[test]
fn a_member_that_lost_its_data_is_not_new() {
    let initial = flags("a", "a=http://127.0.0.1:10,b=http://127.0.0.1:20");
    let own = initial.member_id;
    assert_eq!(check_new(&initial, &Remote::default()), Ok(()));
    assert_eq!(check_new(&initial, &remote()), Ok(()));
    let mut known = Remote {
        members: vec![member(own, "", 10)],
        ..Remote::default()
    };
    assert_eq!(check_new(&initial, &known), Ok(()));
    known.members = vec![member(own, "a", 10)];
    let refused = check_new(&initial, &known).unwrap_err();
    let text = format!("member {own:x} has already been bootstrapped");
    assert_eq!(refused.to_string(), text);
}

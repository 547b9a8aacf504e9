//! The rules, one by one. The texts that clients see for each refusal are tested where they are
//! made, in `rpc`; that raft agrees with [`Conf`] is tested in `raft/change`.

use super::*;

fn member(id: u64) -> Member {
    Member {
        id,
        peer_urls: vec![format!("http://10.0.0.{id}:2380")],
        name: format!("m{id}"),
        ..Member::default()
    }
}

fn learner(id: u64) -> Member {
    Member {
        is_learner: true,
        ..member(id)
    }
}

/// Members 1 and 2 vote, 3 learns, 9 was removed.
fn cluster() -> (Members, Conf) {
    let members = Members::new([member(1), member(2), learner(3)], [9]);
    let conf = Conf::of(&members);
    (members, conf)
}

fn try_one(change: MemberChange, learners_max: i64) -> Result<Changed, Error> {
    let (members, conf) = cluster();
    super::change(&members, &conf, &[change], learners_max)
}

fn update(id: u64, urls: &[&str]) -> MemberChange {
    MemberChange::UpdatePeerUrls {
        id,
        peer_urls: urls.iter().map(|url| (*url).to_owned()).collect(),
    }
}

#[test]
fn a_member_comes_with_a_vote_or_without() {
    let added = try_one(MemberChange::Add(member(4)), 1).unwrap();
    assert_eq!(added.members.get(4), Some(&member(4)));
    assert_eq!(added.raft, [Change::AddVoter(4)]);
    assert_eq!(added.conf, Conf::of(&added.members));
    let added = try_one(MemberChange::Add(learner(4)), 2).unwrap();
    assert_eq!(added.raft, [Change::AddLearner(4)]);
    assert_eq!(added.conf, Conf::of(&added.members));
}

#[test]
fn who_comes_must_be_new() {
    let at = |id, url: &str| {
        MemberChange::Add(Member {
            peer_urls: vec!["http://10.0.0.8:1".into(), url.into()],
            ..member(id)
        })
    };
    let table = [
        (at(9, "http://10.0.0.9:2380"), Error::NotFound),
        (at(1, "http://10.0.0.9:2380"), Error::Exists),
        (at(3, "http://10.0.0.2:2380"), Error::Exists),
        (at(4, "http://10.0.0.2:2380"), Error::PeerUrlExists),
        (MemberChange::Add(learner(4)), Error::TooManyLearners),
    ];
    for (change, error) in table {
        assert_eq!(try_one(change.clone(), 1), Err(error), "{change:?}");
    }
    // The limit is on learners: a member with a vote may come.
    assert!(try_one(MemberChange::Add(member(4)), 0).is_ok());
}

#[test]
fn who_goes_leaves_its_id_behind() {
    let (members, conf) = cluster();
    let gone = super::change(&members, &conf, &[MemberChange::Remove(2)], 1).unwrap();
    assert!(gone.members.is_removed(2) && gone.members.get(2).is_none());
    assert_eq!(gone.raft, [Change::Remove(2)]);
    assert_eq!(gone.conf, Conf::of(&gone.members));
    for again in [
        MemberChange::Remove(2),
        MemberChange::Promote(2),
        MemberChange::Add(member(2)),
        update(2, &["http://10.0.0.7:2380"]),
    ] {
        let refused = super::change(&gone.members, &gone.conf, &[again], 1);
        assert_eq!(refused, Err(Error::NotFound));
    }
    assert_eq!(try_one(MemberChange::Remove(7), 1), Err(Error::NotFound));
    // One goes after the other, but somebody has to stay.
    let last = super::change(&gone.members, &gone.conf, &[MemberChange::Remove(1)], 1);
    assert_eq!(last, Err(Error::NotEnoughStarted));
}

#[test]
fn a_learner_is_promoted_once() {
    let (members, conf) = cluster();
    let promoted = super::change(&members, &conf, &[MemberChange::Promote(3)], 1).unwrap();
    assert_eq!(promoted.members.get(3), Some(&member(3)));
    assert_eq!(promoted.raft, [Change::AddVoter(3)]);
    assert_eq!(promoted.conf, Conf::of(&promoted.members));
    assert_eq!(try_one(MemberChange::Promote(1), 1), Err(Error::NotLearner));
    assert_eq!(try_one(MemberChange::Promote(7), 1), Err(Error::NotFound));
}

#[test]
fn other_urls_are_no_matter_of_raft() {
    let moved = try_one(update(3, &["http://10.0.0.7:2380"]), 0).unwrap();
    assert!(moved.raft.is_empty());
    let expected = Member {
        peer_urls: vec!["http://10.0.0.7:2380".into()],
        ..learner(3)
    };
    assert_eq!(moved.members.get(3), Some(&expected));
    assert_eq!(moved.conf, cluster().1);
    // Its own may stay, and no URL at all is taken, as in etcd.
    assert!(try_one(update(3, &["http://10.0.0.3:2380"]), 0).is_ok());
    assert!(try_one(update(3, &[]), 0).is_ok());
    let taken = update(3, &["http://10.0.0.7:1", "http://10.0.0.1:2380"]);
    assert_eq!(try_one(taken, 0), Err(Error::PeerUrlExists));
    assert_eq!(try_one(update(7, &[]), 0), Err(Error::NotFound));
}

#[test]
fn several_changes_are_carried_out_together_or_not_at_all() {
    let (members, conf) = cluster();
    let replace = [MemberChange::Remove(2), MemberChange::Add(member(4))];
    let changed = super::change(&members, &conf, &replace, 1).unwrap();
    let ids: Vec<u64> = changed.members.iter().map(|member| member.id).collect();
    assert_eq!(ids, [1, 3, 4]);
    assert!(changed.conf.is_joint() && changed.conf.auto_leave);
    assert_eq!(changed.conf.leave().unwrap(), Conf::of(&changed.members));
    // The next has to wait; what raft has no part in does not.
    let next = |change| super::change(&changed.members, &changed.conf, &[change], 1);
    assert_eq!(next(MemberChange::Promote(3)), Err(Error::Pending));
    assert!(next(update(1, &[])).is_ok());

    let refused = [MemberChange::Add(member(4)), MemberChange::Remove(7)];
    let refused = super::change(&members, &conf, &refused, 1);
    assert_eq!(refused, Err(Error::NotFound));
    // Each is looked at after the ones before it.
    let twice = [MemberChange::Add(member(4)), MemberChange::Add(member(4))];
    let twice = super::change(&members, &conf, &twice, 1);
    assert_eq!(twice, Err(Error::Exists));
    let at_once = [MemberChange::Promote(3), MemberChange::Add(learner(4))];
    assert!(super::change(&members, &conf, &at_once, 1).is_ok());
}

use super::*;
use crate::cluster::{Member, MemberChange};

fn changes() -> Vec<MemberChange> {
    vec![
        MemberChange::Add(Member {
            id: u64::MAX,
            peer_urls: vec!["http://127.0.0.1:2380".into()],
            is_learner: true,
            ..Member::default()
        }),
        MemberChange::Remove(2),
        MemberChange::UpdatePeerUrls {
            id: 3,
            peer_urls: vec!["http://127.0.0.1:1".into(), "http://127.0.0.1:2".into()],
        },
        MemberChange::Promote(4),
    ]
}

fn samples() -> Vec<Command> {
    vec![
        Command::Put(pb::PutRequest {
            key: "foo".into(),
            value: "bar".into(),
            lease: 7,
            ..Default::default()
        }),
        Command::DeleteRange(pb::DeleteRangeRequest {
            key: "a".into(),
            range_end: "b".into(),
            prev_kv: true,
        }),
        Command::Txn(pb::TxnRequest::default()),
        Command::Compact(pb::CompactionRequest {
            revision: 9,
            physical: true,
        }),
        Command::LeaseGrant(pb::LeaseGrantRequest { ttl: 5, id: -3 }),
        Command::LeaseRevoke(pb::LeaseRevokeRequest { id: 4 }),
        Command::LeaseExpire(LeaseExpire {
            term: 2,
            id: 4,
            granted: 3,
        }),
        Command::LeaseCheckpoint(LeaseCheckpoint {
            term: 2,
            leases: vec![LeaseLeft {
                id: 1,
                granted: 3,
                seconds: 2,
            }],
        }),
        Command::Alarm(Alarm {
            automatic: true,
            ..Default::default()
        }),
        Command::Publish(pb::Member {
            name: "m".into(),
            ..Default::default()
        }),
        Command::Membership(Membership::new(&changes(), 1)),
        Command::Auth(AuthChange::Enable(pb::AuthEnableRequest {}).into()),
    ]
}

#[test]
fn every_kind_survives_the_round_trip() {
    for (id, command) in (1..).zip(samples()) {
        let bytes = command.encode(id);
        assert_eq!(request_id(&bytes), id);
        assert_eq!(Command::decode(&bytes).unwrap(), (id, command));
    }
}

#[test]
fn a_caller_survives_it_too() {
    let caller = Caller {
        user: "u".into(),
        revision: 7,
    };
    for (id, command) in (1..).zip(samples()) {
        let bytes = command.encode_by(&caller, id);
        assert_eq!(request_id(&bytes), id);
        let decoded = Command::decode_by(&bytes).unwrap();
        assert_eq!(decoded, (id, caller.clone(), command));
        for cut in HEADER_LEN..HEADER_LEN + 5 {
            let error = Command::decode(&bytes.slice(..cut)).unwrap_err();
            assert!(matches!(error, DecodeError::Caller), "{cut}: {error}");
        }
    }
    // A name that does not fit is nobody's.
    let caller = Caller {
        user: "u".repeat(100_000),
        revision: 7,
    };
    let bytes = samples()[0].encode_by(&caller, 1);
    assert_eq!(bytes, samples()[0].encode(1));
}

#[test]
fn decoded_values_share_the_entry() {
    let bytes = samples()[0].encode(1);
    let (_, Command::Put(put)) = Command::decode(&bytes).unwrap() else {
        panic!("a put became something else");
    };
    let within = bytes.as_ptr_range();
    assert!(within.contains(&put.value.as_ptr()));
}

#[test]
fn what_this_release_does_not_know_is_refused() {
    assert!(matches!(
        Command::decode(&Bytes::from_static(b"abc")),
        Err(DecodeError::Short(3))
    ));
    let mut bytes = samples()[0].encode(1).to_vec();
    bytes[1] = 100;
    assert!(matches!(
        Command::decode(&bytes.clone().into()),
        Err(DecodeError::Kind(100))
    ));
    bytes[0] = 9;
    assert!(matches!(
        Command::decode(&bytes.into()),
        Err(DecodeError::Version(9))
    ));
}

#[test]
fn changes_of_the_membership_come_back_in_order() {
    let membership = Membership::new(&changes(), 7);
    assert_eq!(membership.changes(), changes());
    assert_eq!(membership.learners_max, 7);
}

#[test]
fn a_change_of_the_membership_that_this_release_does_not_know_is_refused() {
    let known = Command::Membership(Membership::new(&changes()[..1], 1)).encode(1);
    // A second change, of a kind with the number 5.
    let bytes = [known.as_ref(), &[0x0a, 2, 5 << 3, 1]].concat();
    assert!(matches!(
        Command::decode(&bytes.into()),
        Err(DecodeError::Change(1))
    ));
}

#[test]
fn commands_that_are_nearly_right_are_refused_or_read() {
    let caller = Caller {
        user: "user".into(),
        revision: 3,
    };
    let encoded = samples().into_iter().flat_map(|command| {
        let by = command.encode_by(&caller, 2).to_vec();
        [command.encode(1).to_vec(), by]
    });
    let seeds: Vec<Vec<u8>> = encoded.collect();
    crate::fuzz::nearly(&seeds, |bytes| {
        let bytes = Bytes::copy_from_slice(bytes);
        let _ = Command::kind_name(&bytes);
        // What is read is the same again.
        if let Ok((id, caller, command)) = Command::decode_by(&bytes) {
            let again = command.encode_by(&caller, id);
            let (id_again, _, command_again) = Command::decode_by(&again).unwrap();
            assert_eq!((id_again, command_again), (id, command));
        }
    });
}

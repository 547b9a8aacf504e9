//! The comparison compared: it must see what it is for, and nothing else.

use bytes::Bytes;
use proto::etcdserverpb as pb;
use proto::etcdserverpb::range_request::SortTarget;
use proto::mvccpb::{Event, KeyValue};

use crate::canonical;
use crate::ids::{CHANGED, Ids, PICKED};
use crate::pair::{go_hex, prefix_end};
use crate::reply::{Item, Outcome, Reply};
use crate::step::Step;
use crate::visit;
use crate::watching::Log;

fn header(revision: i64) -> pb::ResponseHeader {
    pb::ResponseHeader {
        cluster_id: 11,
        member_id: 22,
        revision,
        raft_term: 2,
    }
}

fn ranged(kvs: Vec<KeyValue>, count: i64, more: bool) -> Outcome {
    Outcome::Reply(Box::new(Reply::Range(pb::RangeResponse {
        header: Some(header(5)),
        kvs,
        more,
        count,
    })))
}

fn pair(key: &str, version: i64) -> KeyValue {
    KeyValue {
        key: Bytes::copy_from_slice(key.as_bytes()),
        version,
        ..KeyValue::default()
    }
}

#[test]
fn ids_get_shared_names_and_strange_ones_show() {
    let mut ids = Ids::new(&header(1));
    ids.learn(PICKED + 1, 0x694d_1234);
    let mut put = Outcome::Reply(Box::new(Reply::Put(pb::PutResponse {
        header: Some(pb::ResponseHeader {
            member_id: 23,
            ..header(5)
        }),
        prev_kv: Some(KeyValue {
            lease: 0x694d_1234,
            ..pair("lock/694d1234", 1)
        }),
    })));
    visit::outcome(&mut put, &mut ids.to_shared());
    let Some(Reply::Put(put)) = put.reply() else {
        panic!("it stays a put");
    };
    let header = put.header.expect("it stays there");
    assert_eq!(
        (header.cluster_id, header.member_id, header.revision),
        (1, CHANGED, 5)
    );
    let kv = put.prev_kv.clone().expect("it stays there");
    assert_eq!(kv.lease, PICKED + 1);
    assert_eq!(kv.key, format!("lock/{:x}", PICKED + 1));
}

#[test]
fn requests_are_sent_with_the_sides_own_names() {
    let mut ids = Ids::new(&header(1));
    ids.learn(PICKED + 1, 0xabc);
    let mut step = Step::Unlock(proto::v3lockpb::UnlockRequest {
        key: Bytes::from(format!("l/{:x}\0", PICKED + 1)),
    });
    visit::step(&mut step, &mut ids.to_own());
    let key = Bytes::from_static(b"l/abc\0");
    assert_eq!(step, Step::Unlock(proto::v3lockpb::UnlockRequest { key }));
}

#[test]
fn the_order_of_many_ties_does_not_count_but_that_of_few_does() {
    let step = Step::Range(pb::RangeRequest {
        sort_target: SortTarget::Version as i32,
        ..pb::RangeRequest::default()
    });
    let same = |count| {
        let mut x = ranged(vec![pair("a", 1), pair("b", 1), pair("c", 2)], count, false);
        let mut y = ranged(vec![pair("b", 1), pair("a", 1), pair("c", 2)], count, false);
        canonical::outcome(&step, &mut x);
        canonical::outcome(&step, &mut y);
        x == y
    };
    assert!(same(13));
    assert!(!same(12));
    let mut x = ranged(vec![pair("a", 1), pair("b", 2)], 20, false);
    let mut y = ranged(vec![pair("b", 2), pair("a", 1)], 20, false);
    canonical::outcome(&step, &mut x);
    canonical::outcome(&step, &mut y);
    assert_ne!(x, y, "pairs that do not tie keep their order");
}

#[test]
fn remaining_time_may_be_a_second_off() {
    let left = |ttl| {
        Outcome::Reply(Box::new(Reply::TimeToLive(pb::LeaseTimeToLiveResponse {
            ttl,
            granted_ttl: 100,
            ..pb::LeaseTimeToLiveResponse::default()
        })))
    };
    let near = |a, b, any| {
        let mut a = left(a);
        canonical::reconcile(&mut a, &left(b), any);
        a == left(b)
    };
    assert!(near(99, 100, false));
    assert!(!near(98, 100, false));
    assert!(near(50, 100, true));
    assert!(
        !near(-1, 0, false),
        "a lease that is gone is not near one that ends"
    );
}

fn watched(revision: i64, at: &[i64], fragment: bool) -> pb::WatchResponse {
    let event = |at: &i64| Event {
        kv: Some(KeyValue {
            mod_revision: *at,
            ..KeyValue::default()
        }),
        ..Event::default()
    };
    pb::WatchResponse {
        header: Some(header(revision)),
        fragment,
        events: at.iter().map(event).collect(),
        ..pb::WatchResponse::default()
    }
}

/// The rules that a row of responses to one watch breaks.
fn faults(fragments: bool, responses: Vec<pb::WatchResponse>) -> Vec<String> {
    let mut log = Log::default();
    log.fragments.push(fragments);
    log.note(pb::WatchResponse {
        created: true,
        ..watched(1, &[], false)
    });
    for response in responses {
        log.note(response);
    }
    let items = log.items.into_values().flatten();
    items
        .filter_map(|item| match item {
            Item::Fault(text) => Some(text),
            _ => None,
        })
        .collect()
}

#[test]
fn rules_of_a_watch_stream_are_checked() {
    let fine = vec![watched(3, &[2, 2, 3], false), watched(5, &[5], false)];
    assert_eq!(faults(false, fine), [""; 0]);
    let split = vec![watched(2, &[2], false), watched(2, &[2], false)];
    assert_eq!(
        faults(false, split),
        ["revision 2 split over two responses"]
    );
    let fragments = vec![watched(2, &[2], true), watched(2, &[2], false)];
    assert_eq!(faults(true, fragments.clone()), [""; 0]);
    assert_eq!(
        faults(false, fragments),
        ["a fragment that was not asked for"]
    );
    let backwards = vec![watched(9, &[5, 4], false)];
    assert_eq!(faults(false, backwards), ["revision 4 after 5"]);
    let early = vec![watched(4, &[5], false)];
    assert_eq!(faults(false, early), ["revision 5 under a header of 4"]);
}

#[test]
fn ends_of_prefixes_and_ids_in_keys() {
    assert_eq!(prefix_end(b"a\xff"), b"b");
    assert_eq!(prefix_end(b"\xff\xff"), b"\0");
    assert_eq!(go_hex(26), "1a");
    assert_eq!(go_hex(-26), "-1a");
}

//! The rules of transactions, by table and against a model that takes each way through one.

use proptest::prelude::*;

use super::*;

fn op(request: Request) -> pb::RequestOp {
    pb::RequestOp {
        request: Some(request),
    }
}

fn put_of(key: &str) -> pb::RequestOp {
    op(Request::RequestPut(pb::PutRequest {
        key: Bytes::copy_from_slice(key.as_bytes()),
        ..Default::default()
    }))
}

fn delete_of(key: &str, range_end: &str) -> pb::RequestOp {
    op(Request::RequestDeleteRange(pb::DeleteRangeRequest {
        key: Bytes::copy_from_slice(key.as_bytes()),
        range_end: Bytes::copy_from_slice(range_end.as_bytes()),
        ..Default::default()
    }))
}

fn get_of(key: &str) -> pb::RequestOp {
    op(Request::RequestRange(pb::RangeRequest {
        key: Bytes::copy_from_slice(key.as_bytes()),
        ..Default::default()
    }))
}

fn branches(success: Vec<pb::RequestOp>, failure: Vec<pb::RequestOp>) -> pb::TxnRequest {
    pb::TxnRequest {
        compare: Vec::new(),
        success,
        failure,
    }
}

fn nested(success: Vec<pb::RequestOp>, failure: Vec<pb::RequestOp>) -> pb::RequestOp {
    op(Request::RequestTxn(branches(success, failure)))
}

fn message(checked: Checked) -> String {
    checked.map_or_else(|status| status.message().to_owned(), |()| String::new())
}

#[test]
fn requests_are_refused_with_etcds_words() {
    let key = || Bytes::from_static(b"k");
    let empty = "etcdserver: key is not provided";
    let sort = "etcdserver: invalid sort option";
    let get = |key, sort_order, sort_target| pb::RangeRequest {
        key,
        sort_order,
        sort_target,
        ..Default::default()
    };
    assert_eq!(message(range(&get(Bytes::new(), 9, 0))), empty);
    assert_eq!(message(range(&get(key(), 9, 0))), sort);
    assert_eq!(message(range(&get(key(), 0, -1))), sort);
    assert_eq!(message(range(&get(key(), 2, 4))), "");
    let unsorted = "RangeStream does not support custom sort orders";
    let streams = [
        ((0, 0), ""),
        ((0, 3), ""),
        ((1, 0), ""),
        ((1, 1), unsorted),
        ((2, 0), unsorted),
        ((7, 0), sort),
    ];
    for ((order, target), expected) in streams {
        let checked = range_stream(&get(key(), order, target));
        assert_eq!(message(checked), expected, "{order} {target}");
    }
    let filtered = pb::RangeRequest {
        max_create_revision: 1,
        ..get(key(), 0, 0)
    };
    assert_eq!(
        message(range_stream(&filtered)),
        "RangeStream does not support revision filters"
    );
    let put_with = |key, value: &'static str, lease, ignore_value, ignore_lease| pb::PutRequest {
        key,
        value: value.into(),
        lease,
        ignore_value,
        ignore_lease,
        ..Default::default()
    };
    let puts = [
        (put_with(Bytes::new(), "v", 1, true, true), empty),
        (
            put_with(key(), "v", 1, true, true),
            "etcdserver: value is provided",
        ),
        (
            put_with(key(), "", 1, true, true),
            "etcdserver: lease is provided",
        ),
        (put_with(key(), "", 0, true, true), ""),
        (put_with(key(), "v", 1, false, false), ""),
    ];
    for (request, expected) in puts {
        assert_eq!(message(put(&request)), expected, "{request:?}");
    }
    assert_eq!(message(delete_range(&Default::default())), empty);
}

#[test]
fn operations_are_counted_by_the_longest_list_and_nesting_uses_up() {
    let puts = |count: usize| -> Vec<pb::RequestOp> {
        (0..count).map(|n| put_of(&format!("k{n}"))).collect()
    };
    let compares = |count| {
        let compare = pb::Compare {
            key: Bytes::from_static(b"k"),
            ..Default::default()
        };
        pb::TxnRequest {
            compare: vec![compare; count],
            ..Default::default()
        }
    };
    let table = [
        ("four", branches(puts(4), puts(4)), 4, true),
        ("five", branches(puts(5), vec![]), 4, false),
        ("five to fail", branches(vec![], puts(5)), 4, false),
        ("four compares", compares(4), 4, true),
        ("five compares", compares(5), 4, false),
        (
            "1 + 3",
            branches(vec![nested(puts(3), puts(3))], vec![]),
            4,
            true,
        ),
        (
            "1 + 4",
            branches(vec![nested(puts(4), vec![])], vec![]),
            4,
            false,
        ),
        (
            "1 + 1 + 2",
            branches(vec![nested(vec![nested(puts(2), vec![])], vec![])], vec![]),
            4,
            true,
        ),
        (
            "1 + 1 + 3",
            branches(vec![nested(vec![nested(vec![], puts(3))], vec![])], vec![]),
            4,
            false,
        ),
        ("none allowed", branches(vec![], vec![]), 0, true),
    ];
    for (what, request, ops_max, passes) in table {
        let expected = match passes {
            true => "",
            false => "etcdserver: too many operations in txn request",
        };
        assert_eq!(message(txn(&request, ops_max)), expected, "{what}");
    }
}

#[test]
fn each_operation_is_checked_before_overlaps_are() {
    let twice = || vec![put_of("a"), put_of("a")];
    let bad_compare = pb::TxnRequest {
        compare: vec![pb::Compare::default()],
        ..branches(twice(), vec![])
    };
    let empty = "etcdserver: key is not provided";
    let says_nothing = pb::RequestOp { request: None };
    let table = [
        (bad_compare, empty),
        (branches(twice(), vec![get_of("")]), empty),
        (
            branches(twice(), vec![nested(vec![], vec![put_of("")])]),
            empty,
        ),
        (
            branches(vec![says_nothing], vec![]),
            "etcdserver: key not found",
        ),
    ];
    for (request, expected) in table {
        assert_eq!(message(txn(&request, 128)), expected, "{request:?}");
    }
}

#[test]
fn a_key_is_changed_once_on_every_way_through() {
    let (a, b) = (|| put_of("a"), || put_of("b"));
    let del = |key: &str| delete_of(key, "");
    let table: Vec<(&str, Vec<pb::RequestOp>, bool)> = vec![
        ("two keys", vec![a(), b()], true),
        ("a key twice", vec![a(), a()], false),
        ("deleted before", vec![del("a"), a()], false),
        ("deleted after", vec![a(), del("a")], false),
        ("another deleted", vec![a(), del("b")], true),
        ("deleted twice", vec![del("a"), delete_of("a", "c")], true),
        ("deleted by range", vec![b(), delete_of("a", "c")], false),
        ("at a range's end", vec![b(), delete_of("a", "b")], true),
        ("at a range's start", vec![a(), delete_of("a", "b")], false),
        ("got and put", vec![get_of("a"), a(), get_of("a")], true),
        ("in either branch", vec![nested(vec![a()], vec![a()])], true),
        (
            "outside as well",
            vec![nested(vec![a()], vec![]), a()],
            false,
        ),
        (
            "outside and in failure",
            vec![a(), nested(vec![], vec![a()])],
            false,
        ),
        (
            "in two nested",
            vec![nested(vec![a()], vec![]), nested(vec![], vec![a()])],
            false,
        ),
        (
            "deleted or put",
            vec![nested(vec![a()], vec![del("a")])],
            true,
        ),
        (
            "put outside, deleted within",
            vec![a(), nested(vec![del("a")], vec![])],
            false,
        ),
        (
            "deleted outside, put within",
            vec![nested(vec![], vec![a()]), del("a")],
            false,
        ),
        // etcd looks only back: a later sibling may delete what an earlier one put.
        (
            "put, then deleted",
            vec![nested(vec![a()], vec![]), nested(vec![del("a")], vec![])],
            true,
        ),
        (
            "deleted, then put",
            vec![nested(vec![del("a")], vec![]), nested(vec![a()], vec![])],
            false,
        ),
        (
            "twice below one branch",
            vec![nested(vec![nested(vec![a()], vec![]), a()], vec![])],
            false,
        ),
        (
            "either way, two deep",
            vec![nested(vec![nested(vec![a()], vec![a()])], vec![a()])],
            true,
        ),
    ];
    for (what, ops, passes) in table {
        for (branch, request) in [
            ("success", branches(ops.clone(), vec![])),
            ("failure", branches(vec![], ops.clone())),
        ] {
            let expected = match passes {
                true => "",
                false => "etcdserver: duplicate key given in txn request",
            };
            assert_eq!(message(txn(&request, 128)), expected, "{what} in {branch}");
        }
    }
    // The outermost branches exclude each other.
    assert_eq!(message(txn(&branches(vec![a()], vec![a(), b()]), 128)), "");
}

/// One operation on a way through a transaction: where it stands (a position per level), and what
/// it changes.
#[derive(Clone, Debug)]
struct Change {
    place: Vec<usize>,
    key: Bytes,
    /// `None` for a put.
    deleted_to: Option<Bytes>,
}

/// All ways through a list of operations, each nested transaction taking either branch.
fn ways(ops: &[pb::RequestOp], place: &[usize]) -> Vec<Vec<Change>> {
    let mut all = vec![Vec::new()];
    for (n, op) in ops.iter().enumerate() {
        let place = [place, &[n]].concat();
        let change = |key: &Bytes, deleted_to| Change {
            place: place.clone(),
            key: key.clone(),
            deleted_to,
        };
        let choices: Vec<Vec<Change>> = match &op.request {
            Some(Request::RequestPut(put)) => vec![vec![change(&put.key, None)]],
            Some(Request::RequestDeleteRange(delete)) => {
                vec![vec![change(&delete.key, Some(delete.range_end.clone()))]]
            }
            Some(Request::RequestTxn(txn)) => {
                [ways(&txn.success, &place), ways(&txn.failure, &place)].concat()
            }
            _ => vec![Vec::new()],
        };
        all = all
            .iter()
            .flat_map(|way| choices.iter().map(|more| [&way[..], more].concat()))
            .collect();
    }
    all
}

fn clash(one: &Change, other: &Change) -> bool {
    let (put, delete) = match (&one.deleted_to, &other.deleted_to) {
        (None, None) => return one.key == other.key,
        (Some(_), Some(_)) => return false,
        (None, Some(_)) => (one, other),
        (Some(_), None) => (other, one),
    };
    let end = delete.deleted_to.as_deref().unwrap();
    let is_covered = match end {
        b"" => put.key == delete.key,
        end => put.key >= delete.key && &*put.key < end,
    };
    let apart = put
        .place
        .iter()
        .zip(&delete.place)
        .position(|(p, d)| p != d);
    let level = apart.unwrap();
    let both_nested = put.place.len() > level + 1 && delete.place.len() > level + 1;
    is_covered && (!both_nested || delete.place[level] < put.place[level])
}

fn overlaps_by_hand(ops: &[pb::RequestOp]) -> bool {
    ways(ops, &[]).iter().any(|way| {
        let pairs = way.iter().enumerate();
        pairs
            .flat_map(|(n, one)| way[n + 1..].iter().map(move |other| (one, other)))
            .any(|(one, other)| clash(one, other))
    })
}

fn leaf() -> impl Strategy<Value = pb::RequestOp> {
    let key = || prop::sample::select(vec!["a", "b", "c", "d", "e", "f"]);
    let end = prop::sample::select(vec!["", "", "b", "d", "g", "\0"]);
    prop_oneof![
        4 => key().prop_map(put_of),
        1 => (key(), end).prop_map(|(key, end)| delete_of(key, end)),
        1 => key().prop_map(get_of),
    ]
}

fn ops() -> impl Strategy<Value = Vec<pb::RequestOp>> {
    let op = leaf().prop_recursive(3, 10, 3, |inner| {
        let list = || prop::collection::vec(inner.clone(), 0..3);
        (list(), list()).prop_map(|(success, failure)| nested(success, failure))
    });
    prop::collection::vec(op, 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn overlaps_are_those_of_the_model(success in ops(), failure in ops()) {
        let expected = overlaps_by_hand(&success) || overlaps_by_hand(&failure);
        let checked = txn(&branches(success, failure), 1_000);
        prop_assert_eq!(checked.is_err(), expected);
    }
}

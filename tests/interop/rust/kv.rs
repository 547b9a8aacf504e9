//! Key-value requests, transactions, streams, and their errors.

use etcd_client::{
    Client, CompactionOptions, Compare, CompareOp, DeleteOptions, GetOptions, PutOptions,
    SortOrder, SortTarget, Txn, TxnOp, TxnOpResponse,
};
use tonic::Code;

use super::{fails, pairs, put, revision};

pub(super) async fn scenarios(mut client: Client) {
    put_and_get(&mut client).await;
    ranges(&mut client).await;
    deletes(&mut client).await;
    transactions(&mut client).await;
    nested_transaction(&mut client).await;
    stream(&mut client).await;
    errors(&mut client).await;
}

async fn put_and_get(client: &mut Client) {
    let base = revision(client).await;
    assert_eq!(put(client, "kv/a", "1").await, base + 1);
    let options = PutOptions::new().with_prev_key();
    let reply = client.put("kv/a", "2", Some(options)).await.unwrap();
    assert_eq!(reply.prev_key().unwrap().value(), b"1");
    let reply = client.get("kv/a", None).await.unwrap();
    let header = reply.header().unwrap();
    assert_eq!(header.revision(), base + 2);
    assert!(header.cluster_id() != 0 && header.member_id() != 0 && header.raft_term() != 0);
    let [pair] = reply.kvs() else {
        panic!("{reply:?}")
    };
    assert_eq!(
        (
            pair.value(),
            pair.create_revision(),
            pair.mod_revision(),
            pair.version(),
            pair.lease()
        ),
        (&b"2"[..], base + 1, base + 2, 2, 0)
    );
    let options = GetOptions::new().with_revision(base + 1);
    assert_eq!(
        pairs(client.get("kv/a", Some(options)).await.unwrap().kvs()),
        "kv/a=1"
    );
    let options = GetOptions::new().with_serializable();
    assert_eq!(client.get("kv/a", Some(options)).await.unwrap().count(), 1);
    let binary: Vec<u8> = (0..=255).collect();
    client
        .put(binary.clone(), binary.clone(), None)
        .await
        .unwrap();
    assert_eq!(
        client.get(binary.clone(), None).await.unwrap().kvs()[0].value(),
        binary
    );
    client.delete(binary, None).await.unwrap();
}

async fn ranges(client: &mut Client) {
    let base = revision(client).await;
    for (key, value) in [("r/c", "1"), ("r/a", "3"), ("r/b", "2"), ("r/c", "1")] {
        put(client, key, value).await;
    }
    let all = || GetOptions::new().with_prefix();
    let cases = [
        (all(), "r/a=3 r/b=2 r/c=1"),
        (all().with_limit(1), "r/a=3"),
        (
            all().with_sort(SortTarget::Key, SortOrder::Descend),
            "r/c=1 r/b=2 r/a=3",
        ),
        (
            all().with_sort(SortTarget::Create, SortOrder::Ascend),
            "r/c=1 r/a=3 r/b=2",
        ),
        (
            all().with_sort(SortTarget::Mod, SortOrder::Ascend),
            "r/a=3 r/b=2 r/c=1",
        ),
        (
            all().with_sort(SortTarget::Value, SortOrder::Ascend),
            "r/c=1 r/b=2 r/a=3",
        ),
        (
            all()
                .with_sort(SortTarget::Version, SortOrder::Descend)
                .with_limit(1),
            "r/c=1",
        ),
        (all().with_keys_only(), "r/a= r/b= r/c="),
        (all().with_count_only(), ""),
        (all().with_min_mod_revision(base + 3), "r/b=2 r/c=1"),
        (all().with_max_create_revision(base + 2), "r/a=3 r/c=1"),
    ];
    for (options, want) in cases {
        let reply = client.get("r/", Some(options.clone())).await.unwrap();
        assert_eq!(pairs(reply.kvs()), want, "{options:?}");
        assert_eq!(reply.count(), 3, "{options:?}");
    }
    let reply = client.get("r/", Some(all().with_limit(2))).await.unwrap();
    assert!(reply.more());
    let options = GetOptions::new().with_range("r/c");
    assert_eq!(
        pairs(client.get("r/a", Some(options)).await.unwrap().kvs()),
        "r/a=3 r/b=2"
    );
}

async fn deletes(client: &mut Client) {
    for name in ["d/a", "d/b", "d/c"] {
        put(client, name, name).await;
    }
    let base = revision(client).await;
    let reply = client.delete("d/none", None).await.unwrap();
    assert_eq!(
        (reply.deleted(), reply.header().unwrap().revision()),
        (0, base)
    );
    let options = DeleteOptions::new().with_prev_key();
    let reply = client.delete("d/a", Some(options)).await.unwrap();
    assert_eq!(pairs(reply.prev_kvs()), "d/a=d/a");
    let reply = client
        .delete("d/", Some(DeleteOptions::new().with_prefix()))
        .await
        .unwrap();
    assert_eq!(
        (reply.deleted(), reply.header().unwrap().revision()),
        (2, base + 2)
    );
}

async fn transactions(client: &mut Client) {
    put(client, "t/a", "1").await;
    let base = revision(client).await;
    let swap = Txn::new()
        .when([
            Compare::value("t/a", CompareOp::Equal, "1"),
            Compare::create_revision("t/x", CompareOp::Equal, 0),
            Compare::version("t/a", CompareOp::Greater, 0),
        ])
        .and_then([TxnOp::put("t/a", "2", None), TxnOp::get("t/a", None)])
        .or_else([TxnOp::get("t/a", None), TxnOp::delete("t/none", None)]);
    let reply = client.txn(swap.clone()).await.unwrap();
    assert!(reply.succeeded());
    assert_eq!(reply.header().unwrap().revision(), base + 1);
    let responses = reply.op_responses();
    let [TxnOpResponse::Put(_), TxnOpResponse::Get(read)] = &responses[..] else {
        panic!("{reply:?}")
    };
    assert_eq!(
        read.kvs()[0].mod_revision(),
        base + 1,
        "an operation sees those before it"
    );
    let reply = client.txn(swap).await.unwrap();
    assert!(!reply.succeeded());
    assert_eq!(reply.header().unwrap().revision(), base + 1);
    let responses = reply.op_responses();
    let [TxnOpResponse::Get(read), TxnOpResponse::Delete(deleted)] = &responses[..] else {
        panic!("{reply:?}")
    };
    assert_eq!(
        (pairs(read.kvs()), deleted.deleted()),
        ("t/a=2".to_owned(), 0)
    );
    for (compare, want) in [
        (
            Compare::mod_revision("t/a", CompareOp::Less, base + 1),
            false,
        ),
        (Compare::mod_revision("t/a", CompareOp::NotEqual, 1), true),
        (Compare::lease("t/a", CompareOp::Equal, 0), true),
        (
            Compare::value("t/", CompareOp::Equal, "2").with_prefix(),
            true,
        ),
        (Compare::value("t/none", CompareOp::Equal, ""), false),
    ] {
        let reply = client
            .txn(Txn::new().when([compare.clone()]))
            .await
            .unwrap();
        assert_eq!(reply.succeeded(), want, "{compare:?}");
    }
}

async fn nested_transaction(client: &mut Client) {
    let base = revision(client).await;
    let inner = Txn::new()
        .when([Compare::value("n/a", CompareOp::Equal, "1")])
        .and_then([TxnOp::put("n/b", "then", None)])
        .or_else([TxnOp::put("n/b", "else", None)]);
    let outer = Txn::new().and_then([TxnOp::put("n/a", "1", None), TxnOp::txn(inner)]);
    let reply = client.txn(outer).await.unwrap();
    assert_eq!(reply.header().unwrap().revision(), base + 1);
    let responses = reply.op_responses();
    let [TxnOpResponse::Put(_), TxnOpResponse::Txn(inner)] = &responses[..] else {
        panic!("{reply:?}")
    };
    assert!(
        !inner.succeeded(),
        "the inner compare precedes the outer put"
    );
    assert_eq!(
        pairs(client.get("n/b", None).await.unwrap().kvs()),
        "n/b=else"
    );
}

async fn stream(client: &mut Client) {
    let value = "x".repeat(10_000);
    for number in 0..300 {
        put(client, &format!("s/{number:03}"), &value).await;
    }
    let options = GetOptions::new().with_prefix();
    let mut stream = client
        .kv_client()
        .get_stream("s/", Some(options))
        .await
        .unwrap();
    let (mut keys, mut chunks, mut count) = (Vec::new(), 0, 0);
    while let Some(chunk) = stream.message().await.unwrap() {
        chunks += 1;
        count += chunk.count();
        keys.extend(
            chunk
                .kvs()
                .iter()
                .map(|pair| pair.key_str().unwrap().to_owned()),
        );
    }
    assert!(keys.is_sorted());
    assert_eq!((keys.len(), count), (300, 300));
    assert!(chunks > 1);
}

async fn errors(client: &mut Client) {
    let empty = client.put("", "1", None).await;
    fails(
        empty,
        Code::InvalidArgument,
        "etcdserver: key is not provided",
    );
    let options = PutOptions::new().with_lease(99);
    let no_lease = client.put("e", "1", Some(options)).await;
    fails(
        no_lease,
        Code::NotFound,
        "etcdserver: requested lease not found",
    );
    let options = PutOptions::new().with_ignore_value();
    let absent = client.put("e/none", "", Some(options)).await;
    fails(absent, Code::InvalidArgument, "etcdserver: key not found");

    let now = put(client, "e", "1").await;
    let options = GetOptions::new().with_revision(now + 1);
    let future = "etcdserver: mvcc: required revision is a future revision";
    fails(
        client.get("e", Some(options)).await,
        Code::OutOfRange,
        future,
    );
    fails(
        client.compact(now + 1, None).await,
        Code::OutOfRange,
        future,
    );
    put(client, "e", "2").await;
    client
        .compact(now + 1, Some(CompactionOptions::new().with_physical()))
        .await
        .unwrap();
    let options = GetOptions::new().with_revision(now);
    let compacted = "etcdserver: mvcc: required revision has been compacted";
    fails(
        client.get("e", Some(options)).await,
        Code::OutOfRange,
        compacted,
    );
    fails(
        client.compact(now + 1, None).await,
        Code::OutOfRange,
        compacted,
    );

    let twice = Txn::new().and_then([TxnOp::put("e", "1", None), TxnOp::put("e", "2", None)]);
    let duplicate = "etcdserver: duplicate key given in txn request";
    fails(client.txn(twice).await, Code::InvalidArgument, duplicate);
    let many = Txn::new().and_then(vec![TxnOp::get("e", None); 129]);
    let too_many = "etcdserver: too many operations in txn request";
    fails(client.txn(many).await, Code::InvalidArgument, too_many);
    let large = client.put("e", vec![b'x'; 1_600_000], None).await;
    fails(
        large,
        Code::InvalidArgument,
        "etcdserver: request is too large",
    );
    let options = GetOptions::new().with_revision(now + 2);
    fails(
        client.get("e", Some(options)).await,
        Code::OutOfRange,
        future,
    );
}

//! Leases.

use etcd_client::{
    Client, Error, LeaseGrantOptions, LeaseTimeToLiveOptions, PutOptions, WatchOptions,
};
use tonic::Code;

use super::{fails, revision};

pub(super) async fn scenarios(mut client: Client) {
    life(&mut client).await;
    expiry(&mut client).await;
    errors(&mut client).await;
}

async fn life(client: &mut Client) {
    let reply = client.lease_grant(60, None).await.unwrap();
    let id = reply.id();
    assert!(id > 0 && reply.ttl() == 60, "{reply:?}");
    client
        .put("l/a", "1", Some(PutOptions::new().with_lease(id)))
        .await
        .unwrap();
    assert_eq!(client.get("l/a", None).await.unwrap().kvs()[0].lease(), id);
    let options = LeaseTimeToLiveOptions::new().with_keys();
    let reply = client.lease_time_to_live(id, Some(options)).await.unwrap();
    assert_eq!(
        (reply.granted_ttl(), reply.keys()),
        (60, &[b"l/a".to_vec()][..])
    );
    assert!((50..=60).contains(&reply.ttl()), "{reply:?}");
    assert!(
        client
            .leases()
            .await
            .unwrap()
            .leases()
            .iter()
            .any(|lease| lease.id() == id)
    );

    let (mut keeper, mut renewals) = client.lease_keep_alive(id).await.unwrap();
    keeper.keep_alive().await.unwrap();
    let reply = renewals.message().await.unwrap().unwrap();
    assert_eq!((reply.id(), reply.ttl()), (id, 60));

    let before = revision(client).await;
    let reply = client.lease_revoke(id).await.unwrap();
    assert_eq!(reply.header().unwrap().revision(), before + 1);
    assert_eq!(client.get("l/a", None).await.unwrap().count(), 0);
    keeper.keep_alive().await.unwrap();
    let reply = renewals.message().await.unwrap().unwrap();
    assert_eq!(
        (reply.id(), reply.ttl()),
        (id, 0),
        "a renewal of a revoked lease is no error"
    );
    let reply = client.lease_time_to_live(id, None).await.unwrap();
    assert_eq!((reply.ttl(), reply.granted_ttl()), (-1, 0));
}

async fn expiry(client: &mut Client) {
    let base = revision(client).await;
    let id = client.lease_grant(1, None).await.unwrap();
    assert_eq!(id.ttl(), 2, "raised to the shortest");
    let options = WatchOptions::new().with_prefix();
    let mut stream = client.watch("le/", Some(options)).await.unwrap();
    for key in ["le/b", "le/a"] {
        client
            .put(key, "1", Some(PutOptions::new().with_lease(id.id())))
            .await
            .unwrap();
    }
    let mut seen = Vec::new();
    while seen.len() < 4 {
        for event in stream.message().await.unwrap().unwrap().events() {
            let pair = event.kv().unwrap();
            seen.push((
                pair.key_str().unwrap().to_owned(),
                pair.mod_revision() - base,
            ));
        }
    }
    let want = [("le/b", 1), ("le/a", 2), ("le/a", 3), ("le/b", 3)];
    assert_eq!(
        seen,
        want.map(|(key, at)| (key.to_owned(), at)),
        "one revision, keys in order"
    );
}

async fn errors(client: &mut Client) {
    let absent = client.lease_revoke(99).await;
    fails(
        absent,
        Code::NotFound,
        "etcdserver: requested lease not found",
    );
    let options = || Some(LeaseGrantOptions::new().with_id(4711));
    client.lease_grant(60, options()).await.unwrap();
    let again = client.lease_grant(60, options()).await;
    fails(
        again,
        Code::FailedPrecondition,
        "etcdserver: lease already exists",
    );
    client.lease_revoke(4711).await.unwrap();
    let large = client.lease_grant(9_000_000_001, None).await;
    fails(large, Code::OutOfRange, "etcdserver: too large lease TTL");
    let unknown = client.lease_keep_alive(99).await.unwrap_err();
    assert!(
        matches!(unknown, Error::LeaseKeepAliveError(_)),
        "{unknown}"
    );
}

//! The lock and election services, maintenance and cluster.

use std::time::Duration;

use etcd_client::{
    AlarmAction, AlarmType, Client, LockOptions, ObserveStream, ProclaimOptions, ResignOptions,
};
use tonic::Code;

use super::{fails, put};

pub(super) async fn scenarios(mut client: Client) {
    lock(&mut client).await;
    election(&mut client).await;
    maintenance(&mut client).await;
}

/// How long a waiting call is watched for an answer that must not come.
const QUIET: Duration = Duration::from_millis(300);

async fn lease(client: &mut Client) -> i64 {
    client.lease_grant(60, None).await.unwrap().id()
}

async fn lock(client: &mut Client) {
    let (one, two) = (lease(client).await, lease(client).await);
    let first = client
        .lock("lock", Some(LockOptions::new().with_lease(one)))
        .await
        .unwrap();
    assert_eq!(first.key(), format!("lock/{one:x}").as_bytes());
    let mut waiter = client.clone();
    let mut second = tokio::spawn(async move {
        waiter
            .lock("lock", Some(LockOptions::new().with_lease(two)))
            .await
    });
    assert!(
        tokio::time::timeout(QUIET, &mut second).await.is_err(),
        "two holders of one lock"
    );
    client.unlock(first.key()).await.unwrap();
    let second = second.await.unwrap().unwrap();
    assert_eq!(second.key(), format!("lock/{two:x}").as_bytes());
    client.lease_revoke(two).await.unwrap();
    assert_eq!(client.get(second.key(), None).await.unwrap().count(), 0);
    let unknown = client
        .lock("lock", Some(LockOptions::new().with_lease(99)))
        .await;
    fails(
        unknown,
        Code::Unknown,
        "etcdserver: requested lease not found",
    );
}

async fn election(client: &mut Client) {
    fails(
        client.leader("boss").await,
        Code::Unknown,
        "election: no leader",
    );
    let (one, two) = (lease(client).await, lease(client).await);
    let mut first = client.campaign("boss", "first", one).await.unwrap();
    let leader = first.take_leader().unwrap();
    assert_eq!((leader.name(), leader.lease()), (&b"boss"[..], one));
    assert_eq!(leader.key(), format!("boss/{one:x}").as_bytes());
    let mut observed = client.observe("boss").await.unwrap();
    assert_eq!(next(&mut observed).await, "first");

    let mut waiter = client.clone();
    let mut second = tokio::spawn(async move { waiter.campaign("boss", "second", two).await });
    assert!(
        tokio::time::timeout(QUIET, &mut second).await.is_err(),
        "two leaders"
    );
    let options = ProclaimOptions::new().with_leader(leader.clone());
    client.proclaim("first again", Some(options)).await.unwrap();
    assert_eq!(next(&mut observed).await, "first again");
    assert_eq!(
        client.leader("boss").await.unwrap().kv().unwrap().value(),
        b"first again"
    );

    let options = || ResignOptions::new().with_leader(leader.clone());
    client.resign(Some(options())).await.unwrap();
    let second = second.await.unwrap().unwrap();
    assert_eq!(next(&mut observed).await, "second");
    let options = ProclaimOptions::new().with_leader(leader);
    let late = client.proclaim("late", Some(options)).await;
    fails(late, Code::Unknown, "election: not leader");
    let options = ResignOptions::new().with_leader(second.leader().unwrap().clone());
    client.resign(Some(options)).await.unwrap();
}

async fn next(observed: &mut ObserveStream) -> String {
    let reply = observed.message().await.unwrap().unwrap();
    reply.kv().unwrap().value_str().unwrap().to_owned()
}

async fn maintenance(client: &mut Client) {
    let now = put(client, "m/a", &"x".repeat(10_000)).await;
    let status = client.status().await.unwrap();
    let header = status.header().unwrap();
    assert!(status.version().starts_with("3."), "{status:?}");
    assert_eq!(
        (status.leader(), header.revision()),
        (header.member_id(), now)
    );
    assert!(
        !status.is_learner() && status.errors().is_empty(),
        "{status:?}"
    );
    assert!(status.db_size() > 0 && status.raft_applied_index() <= status.raft_index());
    let members = client.member_list().await.unwrap();
    let [member] = members.members() else {
        panic!("{members:?}")
    };
    assert_eq!((member.id(), member.name()), (status.leader(), "m1"));

    let (zero, at) = (
        client.hash_kv(0).await.unwrap(),
        client.hash_kv(now).await.unwrap(),
    );
    assert_eq!((zero.hash(), zero.hash_revision()), (at.hash(), now));
    assert_ne!(client.hash().await.unwrap().hash(), 0);
    let alarms = client
        .alarm(AlarmAction::Get, AlarmType::None, None)
        .await
        .unwrap();
    assert!(alarms.alarms().is_empty(), "{alarms:?}");
    client.defragment().await.unwrap();

    let mut stream = client.snapshot().await.unwrap();
    let (mut length, mut remaining) = (0, u64::MAX);
    while let Some(chunk) = stream.message().await.unwrap() {
        length += chunk.blob().len();
        assert!(
            chunk.remaining_bytes() <= remaining,
            "what remains never grows"
        );
        remaining = chunk.remaining_bytes();
    }
    // A database in whole pages, then its SHA-256.
    assert_eq!((remaining, length % 512), (0, 32));
}

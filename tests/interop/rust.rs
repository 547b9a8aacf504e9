//! Rust: the crate `etcd-client`, in this process.

mod kv;
mod lease;
mod services;
mod watch;

use std::time::Duration;

use etcd_client::{Client, Error, KeyValue};
use harness::Server;
use tokio::time::timeout;
use tonic::Code;

use crate::program::QUIET;

/// Longest wait for any one scenario.
const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn etcd_client() {
    let _quiet = QUIET
        .read()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    tokio::runtime::Runtime::new().unwrap().block_on(all());
}

async fn all() {
    let binary = harness::binary("etcd").unwrap_or_else(|error| panic!("{error}"));
    let mut server = Server::start(binary, &[]).unwrap_or_else(|error| panic!("{error}"));
    let client = Client::connect([server.endpoint()], None).await.unwrap();
    timed("kv", kv::scenarios(client.clone())).await;
    timed("watch", watch::scenarios(client.clone())).await;
    timed("lease", lease::scenarios(client.clone())).await;
    timed("services", services::scenarios(client)).await;
    assert!(server.is_running(), "{}", server.log());
    assert!(
        server.error_lines().is_empty(),
        "{:#?}",
        server.error_lines()
    );
}

async fn timed(name: &str, scenarios: impl Future<Output = ()>) {
    timeout(LIMIT, scenarios)
        .await
        .unwrap_or_else(|_| panic!("{name} took longer than {LIMIT:?}"));
}

/// The store's revision after a put.
async fn put(client: &mut Client, key: &str, value: &str) -> i64 {
    client
        .put(key, value, None)
        .await
        .unwrap()
        .header()
        .unwrap()
        .revision()
}

/// The store's current revision.
async fn revision(client: &mut Client) -> i64 {
    client
        .get("no-such-key", None)
        .await
        .unwrap()
        .header()
        .unwrap()
        .revision()
}

/// Pairs as `key=value`, separated by spaces.
fn pairs(pairs: &[KeyValue]) -> String {
    let text =
        |pair: &KeyValue| format!("{}={}", pair.key_str().unwrap(), pair.value_str().unwrap());
    pairs.iter().map(text).collect::<Vec<_>>().join(" ")
}

/// Panics unless the call failed with this gRPC status.
#[track_caller]
fn fails<T: std::fmt::Debug>(result: Result<T, Error>, code: Code, text: &str) {
    match result.unwrap_err() {
        Error::GRpcStatus(status) => {
            assert_eq!((status.code(), status.message()), (code, text));
        }
        other => panic!("{other}, want {text}"),
    }
}

//! `--resolver-prefix`: proxies that stand side by side find each other by keys of the cluster, in the
//! form of etcd's `naming/endpoints`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::RwLock;
use proto::etcdserverpb as pb;
use proto::mvccpb::event::EventType;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::caller::Caller;
use super::upstream::{Repeat, Upstream};

/// Pause between attempts; etcd makes one a second.
const PAUSE: Duration = Duration::from_secs(1);

/// What stands under a proxy's key.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    /// Always 0: that it is there.
    #[serde(rename = "Op", default)]
    op: u8,
    #[serde(rename = "Addr")]
    address: String,
    /// JSON, as a text.
    #[serde(rename = "Metadata", default)]
    metadata: serde_json::Value,
}

#[derive(Debug, Serialize, Deserialize)]
struct Metadata {
    name: String,
}

/// The proxies that are there, by their keys: name and address.
#[derive(Debug, Default)]
pub(super) struct Proxies(RwLock<BTreeMap<Bytes, (String, String)>>);

impl Proxies {
    pub(super) fn all(&self) -> Vec<(String, String)> {
        self.0.read().values().cloned().collect()
    }

    fn add(&self, key: Bytes, value: &[u8]) {
        let Ok(entry) = serde_json::from_slice::<Entry>(value) else {
            return;
        };
        let text = entry.metadata.as_str().unwrap_or_default();
        let named = serde_json::from_str::<Metadata>(text);
        let name = named.map(|metadata| metadata.name).unwrap_or_default();
        self.0.write().insert(key, (name, entry.address));
    }
}

/// The name of this machine.
pub(super) fn hostname() -> String {
    let name = rustix::system::uname().nodename().to_owned();
    name.to_string_lossy().into_owned()
}

/// Registers this proxy for as long as the process lives.
pub(super) async fn register(upstream: Arc<Upstream>, prefix: String, address: String, ttl: i64) {
    loop {
        match hold(&upstream, &prefix, &address, ttl).await {
            Ok(()) => tracing::warn!(
                "session expired; possible network partition or server restart; creating a new session to rejoin"
            ),
            Err(error) => tracing::warn!(%error, "failed to create a session"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Registers it under a lease, and returns when that is gone.
async fn hold(upstream: &Upstream, prefix: &str, address: &str, ttl: i64) -> Result<(), Status> {
    let nobody = Caller::default();
    let grant = pb::LeaseGrantRequest { ttl, id: 0 };
    let path = "/etcdserverpb.Lease/LeaseGrant";
    let granted = upstream.unary::<_, pb::LeaseGrantResponse>(&nobody, path, grant, Repeat::Never);
    let lease = granted.await?.into_inner().id;
    let metadata = serde_json::json!({ "name": hostname() }).to_string();
    let entry = Entry {
        op: 0,
        address: address.to_owned(),
        metadata: metadata.into(),
    };
    let value = serde_json::to_vec(&entry).map_err(|why| Status::internal(why.to_string()))?;
    let put = pb::PutRequest {
        key: format!("{prefix}/{address}").into(),
        value: value.into(),
        lease,
        ..Default::default()
    };
    let path = "/etcdserverpb.KV/Put";
    let put = upstream.unary::<_, pb::PutResponse>(&nobody, path, put, Repeat::Never);
    put.await?;
    tracing::info!(
        addr = address,
        "lease-ttl" = ttl,
        "registered session with lease"
    );
    let (sender, receiver) = mpsc::channel(1);
    let path = "/etcdserverpb.Lease/LeaseKeepAlive";
    let requests = ReceiverStream::new(receiver);
    let opened = upstream.stream::<_, pb::LeaseKeepAliveResponse>(&nobody, path, requests);
    let (_seat, mut answers) = opened.await?;
    let third = Duration::from_secs(u64::try_from(ttl).unwrap_or(1)) / 3;
    loop {
        let renewal = pb::LeaseKeepAliveRequest { id: lease };
        if sender.send(renewal).await.is_err() {
            return Ok(());
        }
        match answers.next().await {
            Some(Ok(answer)) if answer.ttl > 0 => tokio::time::sleep(third).await,
            _ => return Ok(()),
        }
    }
}

/// Keeps `proxies` true for as long as the process lives.
pub(super) async fn follow(upstream: Arc<Upstream>, prefix: String, proxies: Arc<Proxies>) {
    loop {
        if let Err(error) = look(&upstream, &prefix, &proxies).await {
            tracing::warn!(prefix, %error, "failed to establish endpoint watch");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn look(upstream: &Upstream, prefix: &str, proxies: &Proxies) -> Result<(), Status> {
    let nobody = Caller::default();
    let (key, end) = (format!("{prefix}/"), format!("{prefix}0"));
    let read = pb::RangeRequest {
        key: key.clone().into(),
        range_end: end.clone().into(),
        ..Default::default()
    };
    let path = "/etcdserverpb.KV/Range";
    let asked = upstream.unary::<_, pb::RangeResponse>(&nobody, path, read, Repeat::Safe);
    let found = asked.await?.into_inner();
    proxies.0.write().clear();
    for pair in found.kvs {
        proxies.add(pair.key, &pair.value);
    }
    let create = pb::WatchCreateRequest {
        key: key.into(),
        range_end: end.into(),
        start_revision: found.header.map_or(0, |header| header.revision + 1),
        ..Default::default()
    };
    let mut watching = upstream.watch(&nobody, create).await?;
    while let Some(response) = watching.responses.next().await {
        for event in response?.events {
            let is_gone = event.r#type() == EventType::Delete;
            let pair = event.kv.unwrap_or_default();
            if is_gone {
                proxies.0.write().remove(&pair.key);
            } else {
                proxies.add(pair.key, &pair.value);
            }
        }
    }
    Ok(())
}

//! Discovery by another cluster: each member writes itself down there, and waits until as many have
//! as there are to be.

use std::time::Duration;

use dial::{Connection, Pings, Target};
use proto::etcdserverpb as pb;
use proto::mvccpb::KeyValue;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Channel;

use super::registry::{Registry, member_key, members_prefix, parse_size, size_key};
use crate::config::discovery::Service;

/// The pause before the first try again is twice this; it doubles so many times.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSES_DOUBLE: u32 = 8;

/// What the service says that cannot be helped by asking again.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// Nobody has said how many members there are to be.
    #[error("discovery: size key not found")]
    NoSize,
    /// That is no number.
    #[error("discovery: size key is bad")]
    BadSize,
    /// Others came first.
    #[error("discovery: cluster is full")]
    Full,
    /// The certificates cannot be used.
    #[error("{0}")]
    Tls(#[from] tls::Error),
}

/// Why a request has to be made again.
type Again = String;

/// Writes this member down and gives all, as `--initial-cluster` would name them.
///
/// # Errors
/// See [`Failed`]. A service that does not answer is asked again for ever.
pub(super) async fn join(settings: &Service, id: u64, own: &str) -> Result<String, Failed> {
    let tls = match &settings.tls {
        Some(files) => {
            let trust = match settings.skips_verification {
                true => tls::Trust::Anybody,
                false => tls::Trust::Checked,
            };
            Some(tls::Client::new(files, trust)?)
        }
        None => None,
    };
    let mut session = Session {
        settings,
        tls,
        key: member_key(&settings.token, id),
        retries: 0,
    };
    let joined = session.join(own).await;
    match &joined {
        Ok(cluster) => tracing::info!(cluster, "discovery joined cluster successfully"),
        Err(error) => tracing::error!(%error, "discovery failed to join cluster"),
    }
    joined
}

struct Session<'a> {
    settings: &'a Service,
    tls: Option<tls::Client>,
    key: String,
    retries: u32,
}

/// What the service knows.
struct Known {
    size: usize,
    registry: Registry,
    revision: i64,
}

impl Session<'_> {
    async fn join(&mut self, own: &str) -> Result<String, Failed> {
        self.check().await?;
        while let Err(error) = self.register(own).await {
            tracing::warn!(
                memberKey = self.key,
                error,
                "failed to register members itself to the discovery service"
            );
            self.back_off("register member itself").await;
        }
        self.retries = 0;
        tracing::info!(
            memberKey = self.key,
            memberInfo = own,
            "register member itself successfully"
        );
        let mut known = self.check().await?;
        while known.registry.len() < known.size {
            tracing::info!(
                clusterSize = known.size,
                "found-peers" = known.registry.len(),
                "waiting for peers from discovery service"
            );
            if let Err(error) = self.follow(&mut known).await {
                tracing::warn!(error, "failed to wait for peers from discovery service");
                self.back_off("cluster status check").await;
                known = self.check().await?;
            }
        }
        tracing::info!(
            clusterSize = known.size,
            "found-peers" = known.registry.len(),
            "found all needed peers from discovery service"
        );
        Ok(known.registry.initial_cluster(known.size))
    }

    /// How many members there are to be, and who has come.
    async fn check(&mut self) -> Result<Known, Failed> {
        loop {
            match self.look().await {
                Ok(Ok(known)) => {
                    self.retries = 0;
                    let is_full = known.registry.is_full_for(&self.key, known.size);
                    return if is_full {
                        Err(Failed::Full)
                    } else {
                        Ok(known)
                    };
                }
                Ok(Err(failed)) => return Err(failed),
                Err(error) => {
                    tracing::warn!(error, "failed to get cluster from discovery service");
                    self.back_off("cluster status check").await;
                }
            }
        }
    }

    async fn look(&self) -> Result<Result<Known, Failed>, Again> {
        let (channel, token) = self.connect().await?;
        let size = range(size_key(&self.settings.token), Vec::new());
        let size = self.read(&channel, token.as_ref(), size).await?;
        let Some(size) = size.kvs.first() else {
            return Ok(Err(Failed::NoSize));
        };
        let Some(size) = parse_size(&size.value) else {
            return Ok(Err(Failed::BadSize));
        };
        let (prefix, end) = self.members();
        let found = self
            .read(&channel, token.as_ref(), range(prefix, end))
            .await?;
        let mut known = Known {
            size,
            registry: Registry::default(),
            revision: found.header.map_or(0, |header| header.revision),
        };
        for pair in &found.kvs {
            note(&mut known.registry, pair);
        }
        Ok(Ok(known))
    }

    fn members(&self) -> (String, Vec<u8>) {
        let prefix = members_prefix(&self.settings.token);
        let mut end = prefix.clone().into_bytes();
        if let Some(last) = end.last_mut() {
            *last += 1;
        }
        (prefix, end)
    }

    async fn register(&self, own: &str) -> Result<(), Again> {
        let (channel, token) = self.connect().await?;
        let put = pb::PutRequest {
            key: self.key.clone().into(),
            value: own.to_owned().into(),
            ..Default::default()
        };
        let mut kv = pb::kv_client::KvClient::new(channel);
        let putting = kv.put(by(token.as_ref(), put));
        self.in_time(putting).await.map(drop)
    }

    /// Waits for members that are not there yet.
    async fn follow(&self, known: &mut Known) -> Result<(), Again> {
        let (channel, token) = self.connect().await?;
        let (prefix, end) = self.members();
        let create = pb::WatchCreateRequest {
            key: prefix.into(),
            range_end: end.into(),
            start_revision: known.revision + 1,
            ..Default::default()
        };
        let request = pb::WatchRequest {
            request_union: Some(pb::watch_request::RequestUnion::CreateRequest(create)),
        };
        // The sender lives as long as the stream shall.
        let (sender, receiver) = mpsc::channel(1);
        let _ = sender.try_send(request);
        let mut watch = pb::watch_client::WatchClient::new(channel);
        let watching = watch.watch(by(token.as_ref(), ReceiverStream::new(receiver)));
        let mut responses = self.in_time(watching).await?.into_inner();
        while known.registry.len() < known.size {
            let response = match responses.next().await {
                Some(Ok(response)) if !response.canceled => response,
                Some(Ok(response)) => return Err(response.cancel_reason),
                Some(Err(why)) => return Err(why.message().to_owned()),
                None => return Err("the watch ended".to_owned()),
            };
            let pairs = response.events.iter().filter_map(|event| event.kv.as_ref());
            for pair in pairs {
                note(&mut known.registry, pair);
                known.revision = pair.mod_revision;
            }
        }
        Ok(())
    }

    /// Connects to the first endpoint that answers, and logs in if somebody is named.
    async fn connect(&self) -> Result<(Channel, Option<AsciiMetadataValue>), Again> {
        let pings = Pings {
            interval: self.settings.keepalive_time,
            timeout: self.settings.keepalive_timeout,
        };
        let mut latest = "no endpoint".to_owned();
        for endpoint in &self.settings.endpoints {
            let target = Target::parse(endpoint.trim());
            let opening = Connection::open(&target, self.tls.as_ref(), pings);
            match timeout(self.settings.dial_timeout, opening).await {
                Ok(Ok(connection)) => {
                    let token = self.log_in(&connection.channel).await?;
                    return Ok((connection.channel, token));
                }
                Ok(Err(why)) => latest = why,
                Err(_) => latest = "context deadline exceeded".to_owned(),
            }
        }
        Err(latest)
    }

    async fn log_in(&self, channel: &Channel) -> Result<Option<AsciiMetadataValue>, Again> {
        let Some((name, password)) = self.settings.login.clone() else {
            return Ok(None);
        };
        let mut auth = pb::auth_client::AuthClient::new(channel.clone());
        let asking = auth.authenticate(pb::AuthenticateRequest { name, password });
        match self.in_time(asking).await {
            Ok(reply) => Ok(reply.into_inner().token.parse().ok()),
            // A service without authentication needs no token.
            Err(why) if why == "etcdserver: authentication is not enabled" => Ok(None),
            Err(why) => Err(why),
        }
    }

    async fn read(
        &self,
        channel: &Channel,
        token: Option<&AsciiMetadataValue>,
        request: pb::RangeRequest,
    ) -> Result<pb::RangeResponse, Again> {
        let mut kv = pb::kv_client::KvClient::new(channel.clone());
        let reading = kv.range(by(token, request));
        Ok(self.in_time(reading).await?.into_inner())
    }

    async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T, tonic::Status>>,
    ) -> Result<T, Again> {
        match timeout(self.settings.request_timeout, call).await {
            Ok(outcome) => outcome.map_err(|why| why.message().to_owned()),
            Err(_) => Err("context deadline exceeded".to_owned()),
        }
    }

    async fn back_off(&mut self, reason: &str) {
        self.retries = (self.retries + 1).min(PAUSES_DOUBLE);
        let backoff = PAUSE * 2_u32.pow(self.retries);
        tracing::warn!(reason, backoff = ?backoff, "retry connecting to discovery service");
        sleep(backoff).await;
    }
}

fn range(key: String, end: Vec<u8>) -> pb::RangeRequest {
    pb::RangeRequest {
        key: key.into(),
        range_end: end.into(),
        ..Default::default()
    }
}

/// A request of whoever the token names.
fn by<T>(token: Option<&AsciiMetadataValue>, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(token) = token {
        request.metadata_mut().insert("token", token.clone());
    }
    request
}

fn note(registry: &mut Registry, pair: &KeyValue) {
    let (key, value) = (
        String::from_utf8_lossy(&pair.key),
        String::from_utf8_lossy(&pair.value),
    );
    match registry.add(pair) {
        Ok(()) => tracing::info!(
            memberKey = %key,
            memberInfo = %value,
            "found peer from discovery service"
        ),
        Err(why) => tracing::warn!(memberKey = %key, memberInfo = %value, "{why}"),
    }
}

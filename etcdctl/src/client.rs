//! The connection to the servers, and calls on it with etcdctl's retry rules.
//!
//! All endpoints are dialled at once and the first that answers is used; when it is lost the next
//! call dials again. A call that only reads is retried while the server says Unavailable; one that
//! writes is sent once, because it may have taken effect. A failed attempt leaves one warning line
//! on stderr, as etcd's own client does.

use std::io::Write;
use std::time::Duration;

use dial::{Connection, Target};
use prost::Message;
use tokio::time::{Instant, sleep, timeout_at};
use tonic::client::Grpc;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

pub(crate) use self::method::Method;
use crate::globals::Globals;
use crate::io::Clock;
use crate::log::{self, Level};
use proto::etcdserverpb as pb;

mod endpoints;
pub(crate) mod keep_alive;
pub(crate) mod method;
pub(crate) mod status;
pub(crate) mod watch;

/// Attempts of a call that may be repeated.
const ATTEMPTS_MAX: u32 = 100;
/// What a learner says to all but a few calls.
const LEARNER: &str = "etcdserver: rpc not supported for learner";
/// Pause between attempts.
const RETRY_PAUSE: Duration = Duration::from_millis(25);

/// A client of one cluster; clones share the connection.
#[derive(Clone)]
pub(crate) struct Client {
    globals: Globals,
    clock: Clock,
    live: Option<Connection>,
    /// Whoever said that it is a learner is asked last.
    learners: Vec<Target>,
    token: Option<AsciiMetadataValue>,
    /// The `logger` of warning lines.
    pub(crate) logger: &'static str,
}

impl Client {
    pub(crate) fn new(globals: Globals, clock: Clock) -> Self {
        let token = globals.token.as_ref().and_then(|t| t.parse().ok());
        Self {
            globals,
            clock,
            live: None,
            learners: Vec::new(),
            token,
            logger: "etcd-client",
        }
    }

    /// The same settings for one endpoint.
    pub(crate) fn at(&self, endpoint: &str) -> Self {
        let mut globals = self.globals.clone();
        globals.endpoints = vec![endpoint.to_owned()];
        Self {
            globals,
            clock: self.clock,
            live: None,
            learners: Vec::new(),
            token: self.token.clone(),
            logger: self.logger,
        }
    }

    /// The same client over a connection of its own.
    pub(crate) fn apart(&self) -> Self {
        Self {
            live: None,
            ..self.clone()
        }
    }

    /// Fetches a token if a user is named; a server without authentication needs none.
    pub(crate) async fn log_in(&mut self, stderr: &mut (dyn Write + Send)) -> Result<(), Status> {
        let Some(login) = self.globals.login.clone() else {
            return Ok(());
        };
        let request = pb::AuthenticateRequest {
            name: login.user,
            password: login.password,
        };
        let timeout = Some(self.globals.dial_timeout);
        match self
            .unary(&method::AUTHENTICATE, request, timeout, stderr)
            .await
        {
            Ok(reply) => {
                let bad = |_| Status::internal("the server's token is not printable");
                self.token = Some(reply.token.parse().map_err(bad)?);
                Ok(())
            }
            Err(why) if why.message() == "etcdserver: authentication is not enabled" => Ok(()),
            Err(why) => Err(why),
        }
    }

    /// One unary call. Without `timeout` it waits for a server for ever.
    pub(crate) async fn unary<Q, R>(
        &mut self,
        method: &Method<Q, R>,
        request: Q,
        timeout: Option<Duration>,
        stderr: &mut (dyn Write + Send),
    ) -> Result<R, Status>
    where
        Q: Message + Clone + 'static,
        R: Message + Default + 'static,
    {
        let deadline = timeout.map(|t| Instant::now() + t);
        let mut attempt = 0;
        loop {
            let outcome = self.once(method, request.clone(), deadline).await;
            let Err(why) = outcome else {
                return outcome;
            };
            self.warn(stderr, method.path, attempt, &why);
            attempt += 1;
            if attempt == ATTEMPTS_MAX {
                return Err(why);
            }
            if self.wants_another_token(&why) {
                Box::pin(self.log_in(stderr)).await?;
            } else if why.message() == LEARNER && self.globals.endpoints.len() > 1 {
                self.leave_learner();
            } else if !(method.repeatable && why.code() == Code::Unavailable) {
                return Err(why);
            }
            sleep(RETRY_PAUSE).await;
        }
    }

    /// Whether a call may succeed with a new token. One that was given is all there is; without a
    /// login the tables may just have changed on the way of a call by a certificate.
    fn wants_another_token(&self, why: &Status) -> bool {
        self.globals.token.is_none()
            && match why.message() {
                "etcdserver: user name is empty" => self.globals.login.is_some(),
                "etcdserver: invalid auth token" | "etcdserver: revision of auth store is old" => {
                    true
                }
                _ => false,
            }
    }

    /// A learner refuses what another member may do.
    fn leave_learner(&mut self) {
        if let Some(live) = self.live.take() {
            self.learners.push(live.target);
        }
    }

    async fn once<Q, R>(
        &mut self,
        method: &Method<Q, R>,
        request: Q,
        deadline: Option<Instant>,
    ) -> Result<R, Status>
    where
        Q: Message + 'static,
        R: Message + Default + 'static,
    {
        let mut grpc = self.grpc(deadline).await?;
        self.check_size(&request)?;
        let request = self.request(request, deadline);
        let codec = ProstCodec::<Q, R>::default();
        let call = async {
            grpc.ready().await.map_err(|e| status::lost(&e))?;
            grpc.unary(request, path(method.path), codec).await
        };
        let outcome = before(deadline, call).await;
        match outcome {
            Ok(reply) => Ok(reply.into_inner()),
            Err(why) => Err(self.settle(why)),
        }
    }

    /// Opens a stream of replies to one request; failures are not logged, as in etcd's own client.
    pub(crate) async fn server_stream<Q, R>(
        &mut self,
        method: &Method<Q, R>,
        request: Q,
        deadline: Option<Instant>,
    ) -> Result<Streaming<R>, Status>
    where
        Q: Message + 'static,
        R: Message + Default + 'static,
    {
        self.check_size(&request)?;
        let mut grpc = self.grpc(deadline).await?;
        let request = self.request(request, deadline);
        let codec = ProstCodec::<Q, R>::default();
        let call = async {
            grpc.ready().await.map_err(|e| status::lost(&e))?;
            grpc.server_streaming(request, path(method.path), codec)
                .await
        };
        match before(deadline, call).await {
            Ok(reply) => Ok(reply.into_inner()),
            Err(why) => Err(self.settle(why)),
        }
    }

    /// Opens a stream in both directions, for as long as it lasts.
    pub(crate) async fn bidi<Q, R>(
        &mut self,
        method: &Method<Q, R>,
        requests: impl tokio_stream::Stream<Item = Q> + Send + 'static,
        require_leader: bool,
    ) -> Result<Streaming<R>, Status>
    where
        Q: Message + 'static,
        R: Message + Default + 'static,
    {
        let mut grpc = self.grpc(None).await?;
        let mut request = self.request(requests, None);
        if require_leader {
            let yes = AsciiMetadataValue::from_static("true");
            request.metadata_mut().insert("hasleader", yes);
        }
        let codec = ProstCodec::<Q, R>::default();
        grpc.ready().await.map_err(|e| status::lost(&e))?;
        match grpc.streaming(request, path(method.path), codec).await {
            Ok(reply) => Ok(reply.into_inner()),
            Err(why) => Err(self.settle(why)),
        }
    }

    async fn grpc(&mut self, deadline: Option<Instant>) -> Result<Grpc<Channel>, Status> {
        let live = match self.live.take() {
            Some(live) => live,
            None => endpoints::first(&self.targets(), &self.globals, deadline).await?,
        };
        let channel = live.channel.clone();
        self.live = Some(live);
        Ok(Grpc::new(channel).max_decoding_message_size(self.globals.receive_max))
    }

    fn targets(&self) -> Vec<Target> {
        let endpoints = self.globals.endpoints.iter();
        let all: Vec<Target> = endpoints.map(|e| Target::parse(e)).collect();
        let others = all.iter().filter(|target| !self.learners.contains(target));
        let others: Vec<Target> = others.cloned().collect();
        if others.is_empty() { all } else { others }
    }

    fn request<T>(&self, message: T, deadline: Option<Instant>) -> Request<T> {
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        let version = AsciiMetadataValue::from_static(crate::API_VERSION);
        metadata.insert("client-api-version", version);
        if let Some(token) = &self.token {
            metadata.insert("token", token.clone());
        }
        if let Some(deadline) = deadline {
            request.set_timeout(deadline.saturating_duration_since(Instant::now()));
        }
        request
    }

    fn check_size(&self, request: &impl Message) -> Result<(), Status> {
        let (size, max) = (request.encoded_len(), self.globals.send_max);
        if size > max {
            return Err(Status::resource_exhausted(format!(
                "trying to send message larger than max ({size} vs. {max})"
            )));
        }
        Ok(())
    }

    /// Names a failure as gRPC's own library would, and forgets a connection that broke.
    fn settle(&mut self, why: Status) -> Status {
        let (why, lost) = status::settle(why, self.globals.receive_max);
        if lost {
            self.live = None;
        }
        why
    }

    fn warn(&self, stderr: &mut (dyn Write + Send), method: &str, attempt: u32, why: &Status) {
        let endpoint = self.globals.endpoints.first().map_or("", |e| e.as_str());
        let fields = [
            ("target", Target::parse(endpoint).shown().into()),
            ("peer", dial::peer(self.live.as_ref()).into()),
            ("method", method.into()),
            ("attempt", attempt.into()),
            ("error", status::rpc(why).into()),
        ];
        let now = (self.clock.wall)();
        let message = "retrying of unary invoker failed";
        // The call's own failure is reported by the command; a closed stderr changes nothing.
        let _ = log::line(stderr, now, Level::Warn, self.logger, message, &fields);
    }
}

fn path(path: &'static str) -> http::uri::PathAndQuery {
    http::uri::PathAndQuery::from_static(path)
}

async fn before<T>(
    deadline: Option<Instant>,
    call: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    let Some(deadline) = deadline else {
        return call.await;
    };
    match timeout_at(deadline, call).await {
        Ok(Err(why)) if why.code() == Code::Cancelled && Instant::now() >= deadline => {
            Err(status::deadline())
        }
        Ok(outcome) => outcome,
        Err(_) => Err(status::deadline()),
    }
}

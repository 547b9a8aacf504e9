//! A gRPC client cut down to what a load generator needs, straight on h2.
//!
//! It sends one DATA frame with a message encoded in place, keeps nothing of the reply but its
//! [`Outline`], and checks the HTTP status, `grpc-status` and the framing. Channels, retries,
//! balancing and decoding, which would cost as much as the server under test, are left out.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::SocketAddr;

use bytes::{BufMut, Bytes, BytesMut};
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method as HttpMethod, Request, StatusCode, Uri};
use thiserror::Error;
use tokio::net::TcpStream;

use crate::reply::{Malformed, Outline, Shape, Walker};

/// Receive windows, so wide that the server never waits for the generator to acknowledge bytes.
const STREAM_WINDOW: u32 = 16 << 20;
const CONNECTION_WINDOW: u32 = 256 << 20;

/// The RPCs the workloads call, by their path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rpc {
    /// `KV/Put`
    Put,
    /// `KV/Range`
    Range,
    /// `KV/RangeStream`
    RangeStream,
    /// `KV/Txn`
    Txn,
    /// `Watch/Watch`
    Watch,
    /// `Lease/LeaseGrant`
    LeaseGrant,
    /// `Lease/LeaseKeepAlive`
    LeaseKeepAlive,
    /// `Maintenance/Status`
    Status,
}

impl Rpc {
    fn path(self) -> &'static str {
        match self {
            Self::Put => "/etcdserverpb.KV/Put",
            Self::Range => "/etcdserverpb.KV/Range",
            Self::RangeStream => "/etcdserverpb.KV/RangeStream",
            Self::Txn => "/etcdserverpb.KV/Txn",
            Self::Watch => "/etcdserverpb.Watch/Watch",
            Self::LeaseGrant => "/etcdserverpb.Lease/LeaseGrant",
            Self::LeaseKeepAlive => "/etcdserverpb.Lease/LeaseKeepAlive",
            Self::Status => "/etcdserverpb.Maintenance/Status",
        }
    }

    fn shape(self) -> Shape {
        match self {
            Self::RangeStream => Shape::Wrapped,
            _ => Shape::Plain,
        }
    }
}

/// Why a call failed.
#[derive(Debug, Error)]
pub enum CallError {
    /// No TCP connection.
    #[error("cannot connect to {address}")]
    Connect {
        /// The server's client address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The connection or stream broke.
    #[error("connection broke: {0}")]
    Http2(#[from] h2::Error),
    /// The server answered with an error.
    #[error("gRPC status {code}: {message}")]
    Status {
        /// The number in `grpc-status`.
        code: String,
        /// `grpc-message`, percent-encoded as received.
        message: String,
    },
    /// Something that is no gRPC came back.
    #[error("not a gRPC reply: {0}")]
    Protocol(String),
    /// The body is not made of protobuf messages.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A correct frame with a wrong answer: the server lost or invented something.
    #[error("wrong answer: {0}")]
    Wrong(String),
}

/// Encodes `message` behind a gRPC frame prefix.
pub fn framed(message: &impl prost::Message) -> Bytes {
    let length = message.encoded_len();
    let mut bytes = BytesMut::with_capacity(length + 5);
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(length).expect("no workload sends 4 GiB in one message"));
    message
        .encode(&mut bytes)
        .expect("the buffer was sized for the message");
    bytes.freeze()
}

/// One HTTP/2 connection; clones share it.
#[derive(Debug, Clone)]
pub struct Connection {
    send: SendRequest<Bytes>,
    authority: Authority,
    headers: HeaderMap,
}

impl Connection {
    /// Connects to a server's client port and leaves a task behind that moves the frames.
    pub async fn open(address: SocketAddr) -> Result<Self, CallError> {
        let connect = |source| CallError::Connect { address, source };
        let tcp = TcpStream::connect(address).await.map_err(connect)?;
        tcp.set_nodelay(true).map_err(connect)?;
        let (send, connection) = h2::client::Builder::new()
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_concurrent_reset_streams(64)
            .enable_push(false)
            .handshake(tcp)
            .await?;
        // Ends with the last clone of `send`; its errors reach the streams themselves.
        tokio::spawn(connection);
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert("te", HeaderValue::from_static("trailers"));
        headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/grpc"),
        );
        let authority = Authority::try_from(address.to_string())
            .map_err(|error| CallError::Protocol(error.to_string()))?;
        Ok(Self {
            send,
            authority,
            headers,
        })
    }

    /// One request, one reply.
    pub async fn unary(&mut self, rpc: Rpc, body: Bytes) -> Result<Outline, CallError> {
        let mut only = None;
        let messages = self
            .server_stream(rpc, body, |outline| only = Some(outline))
            .await?;
        match only {
            Some(outline) if messages == 1 => Ok(outline),
            _ => Err(CallError::Protocol(format!(
                "{messages} messages in reply to a unary call"
            ))),
        }
    }

    /// One request, any number of replies, until the server ends the stream.
    pub async fn server_stream(
        &mut self,
        rpc: Rpc,
        body: Bytes,
        mut each: impl FnMut(Outline),
    ) -> Result<u64, CallError> {
        let (response, mut send) = self.start(rpc, false).await?;
        send.send_data(body, true)?;
        let mut replies = Replies::accept(response.await?, rpc.shape())?;
        let mut messages = 0;
        while let Some(outline) = replies.next().await? {
            messages += 1;
            each(outline);
        }
        Ok(messages)
    }

    /// A stream both ways. etcd's server answers with headers before the first request, or only
    /// with its first reply; so the headers are awaited with the first reply.
    pub async fn duplex(&mut self, rpc: Rpc) -> Result<Duplex, CallError> {
        let (response, send) = self.start(rpc, false).await?;
        Ok(Duplex {
            send,
            state: DuplexState::Opening(response, rpc.shape()),
        })
    }

    async fn start(
        &mut self,
        rpc: Rpc,
        end: bool,
    ) -> Result<(ResponseFuture, SendStream<Bytes>), CallError> {
        poll_fn(|context| self.send.poll_ready(context)).await?;
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_static(rpc.path()));
        let mut request = Request::new(());
        *request.method_mut() = HttpMethod::POST;
        *request.uri_mut() =
            Uri::from_parts(parts).map_err(|error| CallError::Protocol(error.to_string()))?;
        *request.headers_mut() = self.headers.clone();
        Ok(self.send.send_request(request, end)?)
    }
}

/// A stream in both directions.
#[derive(Debug)]
pub struct Duplex {
    send: SendStream<Bytes>,
    state: DuplexState,
}

#[derive(Debug)]
enum DuplexState {
    Opening(ResponseFuture, Shape),
    Open(Box<Replies>),
}

impl Duplex {
    /// Queues one framed message.
    pub fn send(&mut self, body: Bytes) -> Result<(), CallError> {
        Ok(self.send.send_data(body, false)?)
    }

    /// The next reply; the server ending the stream is an error, as no workload asks for it.
    pub async fn next(&mut self) -> Result<Outline, CallError> {
        if let DuplexState::Opening(response, shape) = &mut self.state {
            let shape = *shape;
            let replies = Replies::accept(response.await?, shape)?;
            self.state = DuplexState::Open(Box::new(replies));
        }
        let DuplexState::Open(replies) = &mut self.state else {
            return Err(CallError::Protocol("stream without a reply".into()));
        };
        replies
            .next()
            .await?
            .ok_or_else(|| CallError::Protocol("the server ended the stream".into()))
    }
}

/// The replies of one stream.
#[derive(Debug)]
struct Replies {
    body: RecvStream,
    walker: Walker,
    ready: VecDeque<Outline>,
}

impl Replies {
    fn accept(response: http::Response<RecvStream>, shape: Shape) -> Result<Self, CallError> {
        if response.status() != StatusCode::OK {
            return Err(CallError::Protocol(format!("HTTP {}", response.status())));
        }
        if response.headers().contains_key("grpc-status") {
            grpc_status(response.headers())?;
        }
        Ok(Self {
            body: response.into_body(),
            walker: Walker::new(shape),
            ready: VecDeque::new(),
        })
    }

    /// The next message, or `None` behind the trailers of a call that succeeded.
    async fn next(&mut self) -> Result<Option<Outline>, CallError> {
        loop {
            if let Some(outline) = self.ready.pop_front() {
                return Ok(Some(outline));
            }
            let Some(chunk) = self.body.data().await else {
                break;
            };
            let chunk = chunk?;
            self.body.flow_control().release_capacity(chunk.len())?;
            self.walker
                .feed(&chunk, &mut |outline| self.ready.push_back(outline))?;
        }
        self.walker.finish()?;
        match self.body.trailers().await? {
            Some(trailers) => grpc_status(&trailers)?,
            None => return Err(CallError::Protocol("no trailers".into())),
        }
        Ok(None)
    }
}

/// `Ok` for `grpc-status: 0`.
fn grpc_status(headers: &HeaderMap) -> Result<(), CallError> {
    let text = |name| {
        headers
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    match text("grpc-status") {
        Some(code) if code == "0" => Ok(()),
        Some(code) => Err(CallError::Status {
            code,
            message: text("grpc-message").unwrap_or_default(),
        }),
        None => Err(CallError::Protocol("no grpc-status".into())),
    }
}

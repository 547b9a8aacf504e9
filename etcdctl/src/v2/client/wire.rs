//! One request and its answer over HTTP/1, each on a connection of its own.

use std::error::Error as _;
use std::io;

use bytes::Bytes;
use dial::{Stream, Target};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tls::{Settings, Trust};

use super::{Answer, Error, Url};
use crate::go::quote::quote;

/// What TLS is set up from.
pub(crate) struct Secure {
    settings: Settings,
    /// The name that certificates have to have, if it is not that of the host.
    name: Option<String>,
    client: Option<tls::Client>,
}

impl Secure {
    /// Whether the files are good is seen at once; without any, TLS is set up when it is spoken.
    pub(crate) fn new(settings: Settings, name: Option<String>) -> Result<Self, String> {
        let is_plain = settings == Settings::default();
        let mut secure = Self {
            settings,
            name,
            client: None,
        };
        if !is_plain {
            secure.client()?;
        }
        Ok(secure)
    }

    fn client(&mut self) -> Result<&tls::Client, String> {
        let client = match self.client.take() {
            Some(client) => client,
            None => {
                let client = tls::Client::new(&self.settings, Trust::Checked);
                client.map_err(|why| why.to_string())?
            }
        };
        Ok(self.client.insert(client))
    }

    /// Shakes hands with the server at `url`.
    async fn shake(&mut self, url: &Url, stream: Stream) -> Result<Stream, Error> {
        let name = self.name.clone();
        let name = name.unwrap_or_else(|| url.hostname().to_owned());
        let client = self.client().map_err(Error::Other)?;
        let shaken = client.connect_http1(&name, stream).await;
        let shaken = shaken.map_err(|why| untrusted(&why.to_string()))?;
        Ok(Box::pin(shaken))
    }
}

/// What TLS says, in the words of Go before it told what it was doing.
fn untrusted(text: &str) -> Error {
    let doing = "tls: failed to verify certificate: ";
    Error::other(text.strip_prefix(doing).unwrap_or(text))
}

/// Sends a request; the beginning of the answer is given back.
pub(super) async fn send(
    url: &Url,
    secure: &mut Secure,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, Error> {
    let stream = connect(url, secure).await?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|why| broken(&why, "EOF"))?;
    // It ends with the answer's body.
    tokio::spawn(connection);
    let response = sender.send_request(request).await;
    response.map_err(|why| broken(&why, "EOF"))
}

async fn connect(url: &Url, secure: &mut Secure) -> Result<Stream, Error> {
    let (target, is_secure) = match url.scheme.as_str() {
        "http" => (Target::Tcp(url.address("80")), false),
        "https" => (Target::Tcp(url.address("443")), true),
        "unix" => (Target::Unix(url.host.clone()), false),
        "unixs" => (Target::Unix(url.host.clone()), true),
        other => {
            let shown = quote(other.as_bytes());
            return Err(Error::Other(format!("unsupported protocol scheme {shown}")));
        }
    };
    if url.host.is_empty() {
        return Err(Error::other("http: no Host in request URL"));
    }
    let stream = target.stream(None).await.map_err(Error::Connection)?;
    match is_secure {
        true => secure.shake(url, stream).await,
        false => Ok(stream),
    }
}

/// Reads the rest of an answer.
pub(super) async fn read(response: Response<Incoming>) -> Result<Answer, Error> {
    let (head, body) = response.into_parts();
    let body = body.collect().await;
    let body = body.map_err(|why| broken(&why, "unexpected EOF"))?;
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body: body.to_bytes(),
    })
}

/// What went wrong with an exchange; `end` is said if the other side just went away.
fn broken(why: &hyper::Error, end: &str) -> Error {
    let inner = why.source().and_then(|why| why.downcast_ref::<io::Error>());
    match inner {
        _ if why.is_incomplete_message() => Error::other(end),
        Some(inner) if inner.kind() == io::ErrorKind::UnexpectedEof => Error::other(end),
        Some(inner) => match tls::told(inner) {
            Some(text) => untrusted(&text),
            None => Error::Connection(format!("read tcp: {}", dial::os_error(inner))),
        },
        None if why.is_parse() => Error::Other(format!("malformed HTTP response: {why}")),
        None => Error::Other(why.to_string()),
    }
}

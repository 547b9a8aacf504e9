//! One request, before it is known where it goes, and its answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::Full;
use serde::de::DeserializeOwned;

use super::url::{canonical, clean, query_escape};
use super::{Error, Login, Url, json};

/// What is asked for.
#[derive(Clone, Debug)]
enum Route {
    /// Nothing but what the URL names.
    Here,
    /// A key: a slash at its end is kept.
    Key(Vec<u8>),
    /// Anything else below an endpoint.
    Below(Vec<u8>),
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub(super) method: Method,
    route: Route,
    /// Sorted by name.
    parameters: Vec<(&'static str, Vec<u8>)>,
    content_type: Option<&'static str>,
    pub(super) body: Option<Vec<u8>>,
    /// It must not be sent to a second endpoint.
    pub(super) is_once: bool,
    /// The answer may take as long as it wants.
    pub(super) is_wait: bool,
}

impl Action {
    fn new(method: Method, route: Route) -> Self {
        Self {
            method,
            route,
            parameters: Vec::new(),
            content_type: None,
            body: None,
            is_once: false,
            is_wait: false,
        }
    }

    /// GETs a URL itself.
    pub(super) fn get() -> Self {
        Self::new(Method::GET, Route::Here)
    }

    /// A request about a key.
    pub(super) fn key(method: Method, key: &[u8]) -> Self {
        Self::new(method, Route::Key(key.to_vec()))
    }

    /// A request about what `parts` name below an endpoint.
    pub(super) fn below(method: Method, parts: &[&[u8]]) -> Self {
        Self::new(method, Route::Below(parts.join(&b'/')))
    }

    /// With a parameter in the query.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.parameters.push((name, value.into()));
        self.parameters.sort_unstable();
        self
    }

    /// With a form as its body.
    pub(super) fn form(mut self, fields: &[(&'static str, Vec<u8>)]) -> Self {
        self.content_type = Some("application/x-www-form-urlencoded");
        self.body = Some(encode(fields).into_bytes());
        self
    }

    /// With the type of a form, but no body.
    pub(super) fn formless(mut self) -> Self {
        self.content_type = Some("application/x-www-form-urlencoded");
        self
    }

    /// With the type of JSON, and a body if there is one.
    pub(super) fn json(mut self, body: Option<Vec<u8>>) -> Self {
        self.content_type = Some("application/json");
        self.body = body;
        self
    }

    /// Never sent to a second endpoint.
    pub(super) fn once(mut self) -> Self {
        self.is_once = true;
        self
    }

    /// Answered when something happens.
    pub(super) fn wait(mut self) -> Self {
        self.is_wait = true;
        self
    }

    /// Where it goes at an endpoint.
    pub(super) fn url(&self, endpoint: &Url) -> Url {
        let mut url = endpoint.clone();
        match &self.route {
            Route::Here => return url,
            Route::Key(key) => {
                let slash: &[u8] = match key.first() {
                    None | Some(b'/') => b"",
                    Some(_) => b"/",
                };
                let path = [&url.path, &b"/v2/keys"[..], slash, key].concat();
                url.path = canonical(&path);
            }
            Route::Below(below) => {
                let path = [&url.path[..], below].join(&b'/');
                url.path = clean(&path);
            }
        }
        if !self.parameters.is_empty() {
            url.query = Some(encode(&self.parameters));
        }
        url
    }

    /// The same for the wire.
    pub(super) fn request(
        &self,
        url: &Url,
        login: Option<&Login>,
    ) -> Result<Request<Full<Bytes>>, Error> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(url.request_uri())
            .header(HOST, &url.host);
        if let Some(kind) = self.content_type {
            request = request.header(CONTENT_TYPE, kind);
        }
        if let Some(Login { user, password }) = login {
            let both = STANDARD.encode([user, &b":"[..], password].concat());
            request = request.header(AUTHORIZATION, format!("Basic {both}"));
        }
        let body = self.body.clone().unwrap_or_default();
        let request = request.body(Full::new(Bytes::from(body)));
        request.map_err(|why| Error::Other(why.to_string()))
    }
}

/// `name=value&…`, as in forms and queries.
fn encode(fields: &[(&'static str, Vec<u8>)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", query_escape(value)))
        .collect();
    pairs.join("&")
}

/// What a server answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// What its body says.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        json::read(&self.body)
    }

    /// Nothing to say against it if its status is one of these.
    pub(super) fn expect(&self, wanted: &[StatusCode]) -> Result<(), Error> {
        match wanted.contains(&self.status) {
            true => Ok(()),
            false => Err(Error::Other(format!(
                "unexpected status code {}",
                self.status.as_u16()
            ))),
        }
    }
}

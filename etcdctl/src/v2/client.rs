//! Requests to the members of a cluster, one endpoint after the other until one answers.
//!
//! - [`url`]: endpoints, as Go reads and writes them.
//! - [`action`]: one request, before it is known where it goes.
//! - [`wire`]: one request and its answer over HTTP/1.
//! - [`keys`], [`members`], [`auth`]: what is asked and what the answers hold.
//!
//! An endpoint that cannot be reached, or answers with a status of 500 and above, is passed over; a
//! request that must not be sent twice fails with the first. The endpoint that answered is asked first
//! from then on.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::Write;
use std::time::Duration;

use http::StatusCode;
use http::header::LOCATION;
use tokio::time::Instant;

pub(super) use self::action::{Action, Answer};
pub(super) use self::error::Error;
pub(super) use self::url::Url;
pub(super) use self::wire::Secure;
use crate::go::quote::quote;

mod action;
pub(super) mod auth;
mod error;
mod json;
pub(super) mod keys;
pub(super) mod members;
pub(super) mod url;
mod wire;

/// How many redirections are followed.
const REDIRECTS_MAX: u32 = 10;

/// Who logs in.
#[derive(Clone, Debug)]
pub(super) struct Login {
    pub(super) user: Vec<u8>,
    pub(super) password: Vec<u8>,
}

/// A client of one cluster.
pub(super) struct Client {
    endpoints: Vec<Url>,
    /// The endpoint that is asked first.
    pinned: usize,
    secure: Secure,
    login: Option<Login>,
    /// How long one endpoint may take until its answer begins.
    patience: Option<Duration>,
    /// Whether requests are printed.
    pub(super) is_debug: bool,
}

impl Client {
    /// A client that asks these endpoints, in any order.
    pub(super) fn new(
        endpoints: Vec<Url>,
        secure: Secure,
        login: Option<Login>,
        patience: Option<Duration>,
        is_debug: bool,
    ) -> Self {
        Self {
            endpoints: shuffled(endpoints),
            pinned: 0,
            secure,
            login,
            patience,
            is_debug,
        }
    }

    /// The endpoints as texts.
    pub(super) fn endpoints_joined(&self, separator: &str) -> String {
        let endpoints: Vec<String> = self.endpoints.iter().map(Url::to_string).collect();
        endpoints.join(separator)
    }

    /// Replaces the endpoints by those of all members.
    pub(super) async fn sync(
        &mut self,
        deadline: Option<Instant>,
        stderr: &mut (dyn Write + Send),
    ) -> Result<(), Error> {
        let answer = self.request(&members::list(), deadline, stderr).await?;
        let members = members::listed(&answer)?;
        let urls = members.iter().flat_map(|member| &member.client_urls);
        let urls: Result<Vec<Url>, String> = urls.map(|url| Url::parse(url)).collect();
        let urls = urls.map_err(Error::Other)?;
        if urls.is_empty() {
            return Err(Error::NoEndpoints);
        }
        let texts = |urls: &[Url]| {
            let mut texts: Vec<String> = urls.iter().map(Url::to_string).collect();
            texts.sort_unstable();
            texts
        };
        if texts(&urls) != texts(&self.endpoints) {
            self.endpoints = shuffled(urls);
            self.pinned = 0;
        }
        Ok(())
    }

    /// The answer of the first endpoint that gives one.
    pub(super) async fn request(
        &mut self,
        action: &Action,
        deadline: Option<Instant>,
        stderr: &mut (dyn Write + Send),
    ) -> Result<Answer, Error> {
        let count = self.endpoints.len();
        let mut errors = Vec::new();
        for at in self.pinned..self.pinned + count {
            let at = at % count;
            let url = self.endpoints[at].clone();
            let outcome = self.ask(&url, action, deadline, stderr).await;
            let why = match outcome {
                Ok(answer) => match server_error(&url, answer.status) {
                    None => {
                        self.pinned = at;
                        return Ok(answer);
                    }
                    Some(why) => why,
                },
                Err(why @ Error::Deadline) => return Err(why),
                Err(why) => why,
            };
            if action.is_once {
                self.pinned = (at + 1) % count;
                return Err(why);
            }
            errors.push(why);
        }
        Err(Error::Cluster(errors))
    }

    /// The answer of one endpoint, or of where it sends us.
    async fn ask(
        &mut self,
        endpoint: &Url,
        action: &Action,
        deadline: Option<Instant>,
        stderr: &mut (dyn Write + Send),
    ) -> Result<Answer, Error> {
        let mut url = action.url(endpoint);
        let mut hops = 0;
        loop {
            self.show(&url, action, stderr)?;
            let answer = self.once(endpoint, &url, action, deadline).await?;
            if !answer.status.is_redirection() {
                return Ok(answer);
            }
            let location = answer.headers.get(LOCATION);
            let location = location.map(|value| String::from_utf8_lossy(value.as_bytes()));
            let location = location.filter(|text| !text.is_empty());
            let location = location.ok_or_else(|| Error::other("location header not set"))?;
            url = Url::parse(&location)
                .map_err(|_| Error::Other(format!("location header not valid URL: {location}")))?;
            hops += 1;
            if hops > REDIRECTS_MAX {
                return Err(Error::other("client: too many redirects"));
            }
        }
    }

    /// One request and its answer, each in its time.
    async fn once(
        &mut self,
        endpoint: &Url,
        url: &Url,
        action: &Action,
        deadline: Option<Instant>,
    ) -> Result<Answer, Error> {
        let patience = self.patience.filter(|_| !action.is_wait);
        let request = action.request(url, self.login.as_ref())?;
        let secure = &mut self.secure;
        let exchange = async {
            let sent = wire::send(url, secure, request);
            let head = match patience {
                Some(limit) => match tokio::time::timeout(limit, sent).await {
                    Ok(head) => head?,
                    Err(_) => {
                        return Err(Error::Other(format!(
                            "client: endpoint {endpoint} exceeded header timeout"
                        )));
                    }
                },
                None => sent.await?,
            };
            wire::read(head).await
        };
        match deadline {
            None => exchange.await,
            Some(deadline) if deadline <= Instant::now() => Err(Error::Deadline),
            Some(deadline) => match tokio::time::timeout_at(deadline, exchange).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Error::Deadline),
            },
        }
    }

    /// GETs a URL that is none of the API's.
    pub(super) async fn get(&mut self, url: &str) -> Result<Answer, Error> {
        let url = Url::parse(url).map_err(Error::Other)?;
        let action = Action::get();
        let request = action.request(&url, None)?;
        let head = wire::send(&url, &mut self.secure, request).await?;
        wire::read(head).await
    }

    fn show(
        &self,
        url: &Url,
        action: &Action,
        stderr: &mut (dyn Write + Send),
    ) -> Result<(), Error> {
        if !self.is_debug {
            return Ok(());
        }
        let body = action.body.as_ref();
        let body = body.map_or_else(String::new, |body| format!(" -d {}", quote(body)));
        writeln!(
            stderr,
            "cURL Command: curl -X {} {url}{body}",
            action.method
        )
        .map_err(|why| Error::Other(why.to_string()))
    }
}

/// What an answer of 500 and above says of the member.
fn server_error(url: &Url, status: StatusCode) -> Option<Error> {
    if !status.is_server_error() {
        return None;
    }
    Some(Error::Other(match status.as_u16() {
        500 | 503 => format!("client: etcd member {url} has no leader"),
        _ => format!(
            "client: etcd member {url} returns server error [{}]",
            status.canonical_reason().unwrap_or_default()
        ),
    }))
}

/// The same in any order (Fisher and Yates), so that not all clients ask the same member first.
fn shuffled(mut urls: Vec<Url>) -> Vec<Url> {
    for at in (1..urls.len()).rev() {
        // Each state hashes by a key of its own.
        let random = RandomState::new().build_hasher().finish();
        let other = random % (at as u64 + 1);
        urls.swap(at, usize::try_from(other).unwrap_or(at));
    }
    urls
}

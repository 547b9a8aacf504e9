//! The members of the cluster.

use http::{Method, StatusCode};
use serde::Deserialize;

use super::json::or_default;
use super::{Action, Answer, Error, Url};
use crate::print::json_text::{Object, array, string};

const MEMBERS: &[u8] = b"v2/members";

/// A member.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Member {
    #[serde(deserialize_with = "or_default")]
    pub(crate) id: String,
    /// Empty until it has started.
    #[serde(deserialize_with = "or_default")]
    pub(crate) name: String,
    #[serde(rename = "peerURLs", deserialize_with = "or_default")]
    pub(crate) peer_urls: Vec<String>,
    #[serde(rename = "clientURLs", deserialize_with = "or_default")]
    pub(crate) client_urls: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Members {
    #[serde(deserialize_with = "or_default")]
    members: Vec<Member>,
}

/// What the server says of a request that it refuses.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Refusal {
    #[serde(deserialize_with = "or_default")]
    pub(super) message: String,
}

/// All members.
pub(crate) fn list() -> Action {
    Action::below(Method::GET, &[MEMBERS])
}

/// The answer to [`list`].
pub(crate) fn listed(answer: &Answer) -> Result<Vec<Member>, Error> {
    answer.expect(&[StatusCode::OK])?;
    let members: Members = answer.json()?;
    Ok(members.members)
}

/// The member that leads.
pub(crate) fn leader() -> Action {
    Action::below(Method::GET, &[MEMBERS, b"leader"])
}

/// The answer to [`leader`].
pub(crate) fn led(answer: &Answer) -> Result<Member, Error> {
    answer.expect(&[StatusCode::OK])?;
    answer.json()
}

/// A new member that others reach at this URL.
pub(crate) fn add(url: &str) -> Result<Action, Error> {
    let body = body(&[url])?;
    Ok(Action::below(Method::POST, &[MEMBERS]).json(Some(body)))
}

/// The answer to [`add`].
pub(crate) fn added(answer: &Answer) -> Result<Member, Error> {
    answer.expect(&[StatusCode::CREATED, StatusCode::CONFLICT])?;
    match answer.status {
        StatusCode::CREATED => answer.json(),
        _ => Err(refused(answer)),
    }
}

/// Other URLs of a member.
pub(crate) fn update(id: &[u8], urls: &[&str]) -> Result<Action, Error> {
    let body = body(urls)?;
    Ok(Action::below(Method::PUT, &[MEMBERS, id]).json(Some(body)))
}

/// The answer to [`update`].
pub(crate) fn updated(answer: &Answer) -> Result<(), Error> {
    let (done, missing) = (StatusCode::NO_CONTENT, StatusCode::NOT_FOUND);
    answer.expect(&[done, missing, StatusCode::CONFLICT])?;
    match answer.status {
        StatusCode::NO_CONTENT => Ok(()),
        _ => Err(refused(answer)),
    }
}

/// Takes a member out.
pub(crate) fn remove(id: &[u8]) -> Action {
    Action::below(Method::DELETE, &[MEMBERS, id])
}

/// The answer to [`remove`].
pub(crate) fn removed(answer: &Answer) -> Result<(), Error> {
    answer.expect(&[StatusCode::NO_CONTENT, StatusCode::GONE])
}

pub(super) fn refused(answer: &Answer) -> Error {
    match answer.json::<Refusal>() {
        Ok(refusal) => Error::Other(refusal.message),
        Err(why) => why,
    }
}

/// `{"peerURLs":[…]}`, once the URLs are known to be good.
fn body(urls: &[&str]) -> Result<Vec<u8>, Error> {
    let checked: Result<Vec<String>, String> = urls.iter().map(|url| peer_url(url)).collect();
    let mut checked = checked.map_err(Error::Other)?;
    checked.sort_unstable();
    let mut body: Vec<u8> = Vec::new();
    let mut write = || {
        let mut object = Object::begin(&mut body)?;
        let list = object.key("peerURLs")?;
        array(list, &checked, |out, url| string(out, url))?;
        object.end()
    };
    write().map_err(|why| Error::Other(why.to_string()))?;
    Ok(body)
}

/// A URL that members are reached at: a scheme of four, host and port, no path.
fn peer_url(text: &str) -> Result<String, String> {
    let text = text.trim();
    let url = Url::parse(text)?;
    if !matches!(url.scheme.as_str(), "http" | "https" | "unix" | "unixs") {
        return Err(format!(
            "URL scheme must be http, https, unix, or unixs: {text}"
        ));
    }
    if store::config::url::split_host_port(&url.host).is_none() {
        return Err(format!(
            r#"URL address does not have the form "host:port": {text}"#
        ));
    }
    if !url.path.is_empty() {
        return Err(format!("URL must not contain a path: {text}"));
    }
    Ok(url.to_string())
}

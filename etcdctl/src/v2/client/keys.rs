//! Keys: what is asked about them, and what the answers hold.

use http::{Method, StatusCode};
use serde::Deserialize;

use super::json::or_default;
use super::{Action, Answer, Error};

/// What `set` and its kin say of a key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Set {
    /// The value; none makes a directory.
    pub(crate) value: Option<Vec<u8>>,
    /// Seconds to live; less than one is no limit.
    pub(crate) ttl: i64,
    /// The value it has to have; any if empty.
    pub(crate) prev_value: Vec<u8>,
    /// The index of its last change; any if 0.
    pub(crate) prev_index: u64,
    /// Whether it has to be there.
    pub(crate) prev_exist: Option<bool>,
}

/// What a deleted key has to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delete {
    /// The value it has to have; any if empty.
    pub(crate) prev_value: Vec<u8>,
    /// The index of its last change; any if 0.
    pub(crate) prev_index: u64,
    /// It may be an empty directory.
    pub(crate) dir: bool,
    /// It may be a directory with all that is in it.
    pub(crate) recursive: bool,
}

/// Reads a key or a directory.
pub(crate) fn get(key: &[u8], recursive: bool, sorted: bool, quorum: bool) -> Action {
    Action::key(Method::GET, key)
        .with("recursive", recursive.to_string())
        .with("sorted", sorted.to_string())
        .with("quorum", quorum.to_string())
}

/// Writes a key, or makes a directory.
pub(crate) fn set(key: &[u8], set: &Set) -> Action {
    let mut action = Action::key(Method::PUT, key);
    let mut form = life(set.ttl);
    match &set.value {
        None => action = action.with("dir", "true"),
        Some(value) => {
            if !set.prev_value.is_empty() {
                action = action.with("prevValue", set.prev_value.clone());
            }
            form.push(("value", value.clone()));
        }
    }
    if set.prev_index != 0 {
        action = action.with("prevIndex", set.prev_index.to_string());
    }
    if let Some(exists) = set.prev_exist {
        action = action.with("prevExist", exists.to_string());
    }
    let action = action.form(&form);
    match set.prev_exist {
        Some(false) => action.once(),
        Some(true) | None => action,
    }
}

/// Makes a key below a directory, named by the order in which they were made.
pub(crate) fn create_in_order(dir: &[u8], value: &[u8], ttl: i64) -> Action {
    let mut form = life(ttl);
    form.push(("value", value.to_vec()));
    Action::key(Method::POST, dir).form(&form)
}

/// Removes a key or a directory.
pub(crate) fn delete(key: &[u8], delete: &Delete) -> Action {
    let mut action = Action::key(Method::DELETE, key).formless();
    if !delete.prev_value.is_empty() {
        action = action.with("prevValue", delete.prev_value.clone());
    }
    if delete.prev_index != 0 {
        action = action.with("prevIndex", delete.prev_index.to_string());
    }
    for (name, is_set) in [("dir", delete.dir), ("recursive", delete.recursive)] {
        if is_set {
            action = action.with(name, "true");
        }
    }
    action.once()
}

/// Waits for the first change at `index` or later; at 0 for the next one.
pub(crate) fn wait(key: &[u8], recursive: bool, index: u64) -> Action {
    Action::key(Method::GET, key)
        .with("wait", "true")
        .with("waitIndex", index.to_string())
        .with("recursive", recursive.to_string())
        .wait()
}

/// How long a key lives, as a field of a form. The number is Go's: of nanoseconds in 64 bits.
fn life(ttl: i64) -> Vec<(&'static str, Vec<u8>)> {
    const SECOND: i64 = 1_000_000_000;
    let nanos = ttl.wrapping_mul(SECOND);
    match nanos > 0 {
        true => vec![("ttl", (nanos / SECOND).to_string().into_bytes())],
        false => Vec::new(),
    }
}

/// One key or directory.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Node {
    #[serde(deserialize_with = "or_default")]
    pub(crate) key: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) dir: bool,
    #[serde(deserialize_with = "or_default")]
    pub(crate) value: String,
    /// What is in a directory, if that was asked for.
    pub(crate) nodes: Option<Vec<Node>>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) created_index: u64,
    #[serde(deserialize_with = "or_default")]
    pub(crate) modified_index: u64,
    /// When it goes, in RFC 3339.
    pub(crate) expiration: Option<String>,
    /// Seconds until then.
    #[serde(deserialize_with = "or_default")]
    pub(crate) ttl: i64,
}

/// An answer about keys.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// What was done: `get`, `set`, `expire`, …
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) action: String,
    pub(crate) node: Node,
    /// What it was before.
    #[serde(default)]
    pub(crate) prev_node: Option<Node>,
    /// How many changes the store has seen.
    #[serde(skip)]
    pub(crate) index: u64,
}

/// Reads an answer about keys.
pub(crate) fn response(answer: &Answer) -> Result<Response, Error> {
    if !matches!(answer.status, StatusCode::OK | StatusCode::CREATED) {
        let refusal = serde_json::from_slice(&answer.body);
        return Err(refusal.map_or_else(|_| Error::invalid_json(), Error::Refused));
    }
    if answer.body.is_empty() {
        return Err(Error::Empty);
    }
    let response = serde_json::from_slice(&answer.body);
    let mut response: Response = response.map_err(|_| Error::invalid_json())?;
    let index = answer.headers.get("x-etcd-index");
    if let Some(index) = index.filter(|index| !index.is_empty()) {
        let number = crate::go::number::parse_uint(index.as_bytes(), 10);
        response.index = number.map_err(Error::Other)?;
    }
    Ok(response)
}

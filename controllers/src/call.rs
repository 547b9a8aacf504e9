//! Requests to the server, with objects as they come: no field is lost that this build does not know.

#[cfg(test)]
mod tests;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request};
use kube::Client;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::Error;
use crate::discovery::Resource;

/// How often a change is tried when others change the object as well; upstream's `DefaultRetry` has as many.
const TRIES: usize = 5;
/// Objects in one page of a list.
const PAGE: u32 = 500;
const JSON: &str = "application/json";
const METADATA: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
/// What stands for itself within a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':');

impl Resource {
    /// The path of its collection; `namespace` is left out where the resource has none or all are meant.
    #[must_use]
    pub fn collection(&self, namespace: &str) -> String {
        let root = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        if self.namespaced && !namespace.is_empty() {
            let namespace = utf8_percent_encode(namespace, SEGMENT);
            format!("{root}/namespaces/{namespace}/{}", self.plural)
        } else {
            format!("{root}/{}", self.plural)
        }
    }

    /// The path of one of its objects.
    #[must_use]
    pub fn object(&self, namespace: &str, name: &str) -> String {
        let name = utf8_percent_encode(name, SEGMENT);
        format!("{}/{name}", self.collection(namespace))
    }
}

/// How the dependents of a deleted object fare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// They are collected afterwards.
    Background,
    /// They are collected first.
    Foreground,
    /// They stay.
    Orphan,
}

impl Propagation {
    fn name(self) -> &'static str {
        match self {
            Self::Background => "Background",
            Self::Foreground => "Foreground",
            Self::Orphan => "Orphan",
        }
    }
}

/// The options of a deletion, as the body that asks for it. An empty `resource_version` is no condition.
#[must_use]
pub fn delete_options(propagation: Propagation, uid: &str, resource_version: &str) -> Value {
    let mut options = json!({
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": propagation.name(),
    });
    let mut conditions = serde_json::Map::new();
    for (key, value) in [("uid", uid), ("resourceVersion", resource_version)] {
        if !value.is_empty() {
            conditions.insert(key.to_owned(), value.into());
        }
    }
    if !conditions.is_empty() {
        options["preconditions"] = conditions.into();
    }
    options
}

/// Reads an object or any document.
///
/// # Errors
///
/// If the server refuses or cannot be reached.
pub async fn get(client: &Client, path: &str) -> Result<Value, Error> {
    send(client, Method::GET, path, JSON, None).await
}

/// Reads the metadata of an object.
///
/// # Errors
///
/// As [`get`].
pub async fn get_metadata(client: &Client, path: &str) -> Result<Value, Error> {
    send(client, Method::GET, path, METADATA, None).await
}

/// Reads a collection, page by page. A page that has expired ends in an error; the caller tries again.
///
/// # Errors
///
/// As [`get`].
pub async fn list(client: &Client, path: &str) -> Result<Vec<Value>, Error> {
    pages(client, path, JSON).await
}

/// As [`list`], with metadata only.
///
/// # Errors
///
/// As [`get`].
pub async fn list_metadata(client: &Client, path: &str) -> Result<Vec<Value>, Error> {
    pages(client, path, METADATA_LIST).await
}

/// Creates an object in a collection.
///
/// # Errors
///
/// As [`get`]; see [`Error::is_already_exists`] and [`Error::is_namespace_terminating`].
pub async fn create(client: &Client, path: &str, object: &Value) -> Result<Value, Error> {
    send(client, Method::POST, path, JSON, Some(object)).await
}

/// Replaces an object, or a part of it by the path of a subresource.
///
/// # Errors
///
/// As [`get`]; see [`Error::is_conflict`].
pub async fn replace(client: &Client, path: &str, object: &Value) -> Result<Value, Error> {
    send(client, Method::PUT, path, JSON, Some(object)).await
}

/// Deletes an object or a collection.
///
/// # Errors
///
/// As [`get`].
pub async fn delete(client: &Client, path: &str, options: &Value) -> Result<Value, Error> {
    send(client, Method::DELETE, path, JSON, Some(options)).await
}

/// Changes an object by reading and replacing it, again where others were quicker. `change` tells whether
/// there is anything to write, and its error ends the matter. `None` if the object is not there.
///
/// # Errors
///
/// As [`get`], or those of `change`.
pub async fn edit(
    client: &Client,
    path: &str,
    change: impl FnMut(&mut Value) -> Result<bool, Error>,
) -> Result<Option<Value>, Error> {
    edit_at(client, path, path, change).await
}

/// As [`edit`], with what is read at `path` written at `target`, which is a subresource of it.
///
/// # Errors
///
/// As [`edit`].
pub async fn edit_at(
    client: &Client,
    path: &str,
    target: &str,
    mut change: impl FnMut(&mut Value) -> Result<bool, Error>,
) -> Result<Option<Value>, Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        let mut object = match get(client, path).await {
            Ok(object) => object,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        if !change(&mut object)? {
            return Ok(Some(object));
        }
        match replace(client, target, &object).await {
            Ok(object) => return Ok(Some(object)),
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) if error.is_conflict() && tries < TRIES => {}
            Err(error) => return Err(error),
        }
    }
}

async fn pages(client: &Client, path: &str, accept: &str) -> Result<Vec<Value>, Error> {
    let mut items = Vec::new();
    let mut next = String::new();
    loop {
        let mut page = format!("{path}?limit={PAGE}");
        if !next.is_empty() {
            let next = utf8_percent_encode(&next, NON_ALPHANUMERIC);
            page.push_str(&format!("&continue={next}"));
        }
        let mut list = send(client, Method::GET, &page, accept, None).await?;
        if let Some(Value::Array(found)) = list.get_mut("items").map(Value::take) {
            items.extend(found);
        }
        next = text(&list, "/metadata/continue").to_owned();
        if next.is_empty() {
            return Ok(items);
        }
    }
}

async fn send(
    client: &Client,
    method: Method,
    path: &str,
    accept: &str,
    body: Option<&Value>,
) -> Result<Value, Error> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(ACCEPT, accept);
    let mut bytes = Vec::new();
    if let Some(body) = body {
        request = request.header(CONTENT_TYPE, JSON);
        bytes = body.to_string().into_bytes();
    }
    let request = request.body(bytes).map_err(|source| Error::Request {
        path: path.to_owned(),
        source,
    })?;
    Ok(client.request(request).await?)
}

/// The text at a JSON pointer; empty where there is none.
#[must_use]
pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The array at a JSON pointer; empty where there is none.
#[must_use]
pub fn array<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Whether an object is being deleted.
#[must_use]
pub fn is_deleting(object: &Value) -> bool {
    !text(object, "/metadata/deletionTimestamp").is_empty()
}

//! What clients read to check objects before they send them, to explain fields and to merge: OpenAPI
//! documents of version 3, one per group version with an index of them, and one of version 2 for clients
//! before 1.28.
//!
//! A document takes a while to make: the server makes each at its first use and keeps it until the
//! registry changes.

mod custom;
mod gnostic;
mod operations;
mod parameters;
mod protobuf;
mod schemas;
mod v2;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha512};

pub use protobuf::encode as v2_protobuf;
pub use v2::document as v2;

use crate::resources::{Registry, Resource};
use crate::schema::TypeId;

/// The media type of [`v2_protobuf`], as its answers name it.
pub const PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// What types and fields are for, in words.
pub trait Descriptions {
    /// What a type is, by its OpenAPI name (`io.k8s.api.core.v1.Pod`).
    fn kind(&self, name: &str) -> Option<&str>;

    /// What a field of a type is for.
    fn field(&self, name: &str, field: &str) -> Option<&str>;
}

/// No words at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Undescribed;

impl Descriptions for Undescribed {
    fn kind(&self, _: &str) -> Option<&str> {
        None
    }

    fn field(&self, _: &str, _: &str) -> Option<&str> {
        None
    }
}

/// What documents are made from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Which resources there are.
    pub registry: &'a Registry,
    /// The `openAPIV3Schema` of a custom resource in its version, if it has one.
    pub custom: &'a dyn Fn(&Resource) -> Option<Value>,
    /// What types and fields are for.
    pub descriptions: &'a dyn Descriptions,
}

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("registry", self.registry)
            .finish_non_exhaustive()
    }
}

/// The path of a group version's document behind `/openapi/v3/`: `api/v1`, `apis/apps/v1`.
#[must_use]
pub fn path(group: &str, version: &str) -> String {
    if group.is_empty() {
        format!("api/{version}")
    } else {
        format!("apis/{group}/{version}")
    }
}

/// The hash of a document's bytes, which is its entity tag and the `hash` of its address.
#[must_use]
pub fn hash(document: &[u8]) -> String {
    crate::discovery::etag(document)
}

/// A hash that changes with what a group version's document is made from, without making it, so that the
/// index can be served at once.
#[must_use]
pub fn fingerprint(source: Source<'_>, group: &str, version: &str) -> String {
    let mut digest = Sha512::new();
    digest.update(env!("CARGO_PKG_VERSION"));
    if let Some(found) = source.registry.version(group, version) {
        for resource in &found.resources {
            digest.update(format!("{resource:?}"));
            if resource.custom {
                let schema = (source.custom)(resource).unwrap_or_default();
                digest.update(schema.to_string());
            }
        }
    }
    let mut text = String::with_capacity(128);
    for byte in digest.finalize() {
        write!(text, "{byte:02X}").expect("text takes all");
    }
    text
}

/// `/openapi/v3`: where each document is; by [`path`] and hash. A document that is asked for by its hash
/// never changes.
#[must_use]
pub fn index<'a>(documents: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    let mut paths = Map::new();
    for (path, hash) in documents {
        let url = format!("/openapi/v3/{path}?hash={hash}");
        paths.insert(path.into(), json!({"serverRelativeURL": url}));
    }
    json!({"paths": paths})
}

/// The document of a group version; `None` if there is no such version.
#[must_use]
pub fn group_version(source: Source<'_>, group: &str, version: &str) -> Option<Value> {
    let found = source.registry.version(group, version)?;
    let mut paths = Map::new();
    let mut parts = Parts::new(source);
    for resource in &found.resources {
        operations::add(&mut paths, &mut parts, resource);
    }
    let mut schemas = parts.schemas();
    // Each group knows the options of deletions under its own version, too.
    let kinds = schemas
        .get_mut(&schemas::meta("DeleteOptions"))
        .and_then(|it| it.get_mut("x-kubernetes-group-version-kind"))
        .and_then(Value::as_array_mut);
    if let Some(kinds) = kinds.filter(|_| !group.is_empty()) {
        kinds.push(json!({"group": group, "version": version, "kind": "DeleteOptions"}));
    }
    Some(json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"BearerToken": {
                "type": "apiKey", "name": "authorization", "in": "header",
                "description": "Bearer Token authentication",
            }},
        },
    }))
}

/// The schemas that paths refer to.
struct Parts<'a> {
    source: Source<'a>,
    types: BTreeSet<TypeId>,
    made: BTreeMap<String, Value>,
}

impl<'a> Parts<'a> {
    fn new(source: Source<'a>) -> Self {
        Self {
            source,
            types: BTreeSet::new(),
            made: BTreeMap::new(),
        }
    }

    /// All of them, with those that they refer to.
    fn schemas(self) -> Map<String, Value> {
        let mut schemas = schemas::reached(&self.types, self.source.descriptions);
        schemas.extend(self.made);
        schemas.into_iter().collect()
    }
}

#[cfg(test)]
mod tests;

//! The OpenAPI documents, each made when it is first asked for.

use std::collections::HashMap;

use api::openapi::{self, Source, Undescribed};
use api::resources::{Registry, Resource};
use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::Value;

/// Documents by their names: `v2`, `v2.pb`, `api/v1`, `apis/apps/v1`.
#[derive(Debug, Default)]
pub struct Documents {
    made: Mutex<HashMap<String, Bytes>>,
}

fn source(registry: &Registry) -> Source<'_> {
    Source {
        registry,
        custom: &|_: &Resource| None,
        descriptions: &Undescribed,
    }
}

impl Documents {
    fn get(&self, name: &str, make: impl FnOnce() -> Option<Vec<u8>>) -> Option<Bytes> {
        // Whoever asks for the same meanwhile waits for it instead of making it twice.
        let mut made = self.made.lock();
        if let Some(found) = made.get(name) {
            return Some(found.clone());
        }
        let document = Bytes::from(make()?);
        made.insert(name.to_owned(), document.clone());
        Some(document)
    }

    /// That of a group version, in version 3.
    pub fn v3(&self, registry: &Registry, group: &str, version: &str) -> Option<Bytes> {
        self.get(&openapi::path(group, version), || {
            let document = openapi::group_version(source(registry), group, version)?;
            Some(document.to_string().into_bytes())
        })
    }

    /// All in one, in version 2, as JSON.
    pub fn v2(&self, registry: &Registry) -> Option<Bytes> {
        self.get("v2", || {
            Some(openapi::v2(source(registry)).to_string().into_bytes())
        })
    }

    /// The same as protobuf.
    pub fn v2_protobuf(&self, registry: &Registry) -> Option<Bytes> {
        self.get("v2.pb", || {
            Some(openapi::v2_protobuf(&openapi::v2(source(registry))))
        })
    }
}

/// Which documents of version 3 there are, and where.
#[must_use]
pub fn index(registry: &Registry) -> Value {
    let versions = registry.groups().iter().flat_map(|group| {
        let name = &group.name;
        group
            .versions
            .iter()
            .map(move |version| (&**name, &*version.name))
    });
    let known: Vec<(String, String)> = versions
        .map(|(group, version)| {
            let hash = openapi::fingerprint(source(registry), group, version);
            (openapi::path(group, version), hash)
        })
        .collect();
    openapi::index(
        known
            .iter()
            .map(|(path, hash)| (path.as_str(), hash.as_str())),
    )
}

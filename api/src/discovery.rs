//! What a server tells of its resources: one document per level (`APIVersions`, `APIGroupList`,
//! `APIGroup`, `APIResourceList`), or all in one (`APIGroupDiscoveryList`).
//!
//! A document is made once per [`Registry`] and kept by the server.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha512};

use crate::resources::{Group, Registry, Resource, Subresource, Verb, Verbs, api_version};

/// The versions of the aggregated document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregated {
    /// `apidiscovery.k8s.io/v2`.
    V2,
    /// `apidiscovery.k8s.io/v2beta1`, which clients before 1.30 ask for.
    V2Beta1,
}

/// `/api`. The address is where clients reach the server: `host:port`.
#[must_use]
pub fn versions(registry: &Registry, address: &str) -> Value {
    let core = registry.group("");
    let versions = core.map_or(&[][..], |group| &group.versions);
    let names: Vec<&str> = versions.iter().map(|it| &*it.name).collect();
    json!({
        "kind": "APIVersions",
        "versions": names,
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    })
}

/// `/apis`.
#[must_use]
pub fn groups(registry: &Registry) -> Value {
    let named = registry.groups().iter().filter(|it| !it.name.is_empty());
    let groups: Vec<Value> = named.map(|it| group_fields(it).into()).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/<group>`; `None` if there is no such group.
#[must_use]
pub fn group(registry: &Registry, name: &str) -> Option<Value> {
    let found = registry.group(name).filter(|it| !it.name.is_empty())?;
    let mut made = group_fields(found);
    made.insert("kind".into(), "APIGroup".into());
    made.insert("apiVersion".into(), "v1".into());
    Some(made.into())
}

fn group_fields(group: &Group) -> Map<String, Value> {
    let versions = group.versions.iter().map(
        |it| json!({"groupVersion": api_version(&group.name, &it.name), "version": &*it.name}),
    );
    let versions: Vec<Value> = versions.collect();
    let mut made = Map::new();
    made.insert("name".into(), group.name.as_ref().into());
    if let Some(first) = versions.first() {
        made.insert("preferredVersion".into(), first.clone());
    }
    made.insert("versions".into(), versions.into());
    made
}

/// `/api/<version>` and `/apis/<group>/<version>`; `None` if there is no such version.
#[must_use]
pub fn resources(registry: &Registry, group: &str, version: &str) -> Option<Value> {
    let found = registry.version(group, version)?;
    let mut resources = Vec::new();
    for resource in &found.resources {
        resources.push(listed(resource));
        for sub in &resource.subresources {
            resources.push(listed_below(resource, sub));
        }
    }
    let mut made = Map::new();
    made.insert("kind".into(), "APIResourceList".into());
    if !group.is_empty() {
        made.insert("apiVersion".into(), "v1".into());
    }
    made.insert("groupVersion".into(), api_version(group, version).into());
    made.insert("resources".into(), resources.into());
    Some(made.into())
}

fn listed(resource: &Resource) -> Value {
    let mut made = Map::new();
    made.insert("name".into(), resource.plural.as_ref().into());
    made.insert("singularName".into(), resource.singular.as_ref().into());
    made.insert("namespaced".into(), resource.namespaced.into());
    made.insert("kind".into(), resource.kind.as_ref().into());
    made.insert("verbs".into(), verbs(resource.verbs, resource.custom));
    put_list(&mut made, "shortNames", &resource.short_names);
    put_list(&mut made, "categories", &resource.categories);
    if let Some(hash) = &resource.storage_hash {
        made.insert("storageVersionHash".into(), hash.as_ref().into());
    }
    made.into()
}

fn listed_below(resource: &Resource, sub: &Subresource) -> Value {
    let mut made = Map::new();
    let name = format!("{}/{}", resource.plural, sub.name);
    made.insert("name".into(), name.into());
    made.insert("singularName".into(), "".into());
    made.insert("namespaced".into(), resource.namespaced.into());
    if sub.foreign {
        made.insert("group".into(), sub.group.as_ref().into());
        made.insert("version".into(), sub.version.as_ref().into());
    }
    made.insert("kind".into(), sub.kind.as_ref().into());
    made.insert("verbs".into(), verbs(sub.verbs, false));
    made.into()
}

/// Those of custom resources have an order of their own.
fn verbs(of: Verbs, custom: bool) -> Value {
    let mut verbs: Vec<Verb> = of.iter().collect();
    if custom {
        verbs.sort_by_key(|verb| match verb {
            Verb::Delete => 0,
            Verb::DeleteCollection => 1,
            Verb::Get => 2,
            Verb::List => 3,
            Verb::Patch => 4,
            Verb::Create => 5,
            Verb::Update => 6,
            Verb::Watch => 7,
        });
    }
    verbs.into_iter().map(Verb::as_str).collect()
}

fn put_list(into: &mut Map<String, Value>, key: &str, items: &[Box<str>]) {
    if !items.is_empty() {
        let items: Value = items.iter().map(|it| &**it).collect();
        into.insert(key.into(), items);
    }
}

/// `/api`, aggregated.
#[must_use]
pub fn aggregated_core(registry: &Registry, form: Aggregated) -> Value {
    aggregated(registry, form, true)
}

/// `/apis`, aggregated.
#[must_use]
pub fn aggregated_groups(registry: &Registry, form: Aggregated) -> Value {
    aggregated(registry, form, false)
}

fn aggregated(registry: &Registry, form: Aggregated, core: bool) -> Value {
    let groups = registry.groups().iter();
    let groups = groups.filter(|it| it.name.is_empty() == core);
    let items: Vec<Value> = groups.map(aggregated_group).collect();
    let version = match form {
        Aggregated::V2 => "apidiscovery.k8s.io/v2",
        Aggregated::V2Beta1 => "apidiscovery.k8s.io/v2beta1",
    };
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": version, "metadata": {}, "items": items})
}

fn aggregated_group(group: &Group) -> Value {
    let mut metadata = Map::new();
    if !group.name.is_empty() {
        metadata.insert("name".into(), group.name.as_ref().into());
    }
    let versions: Vec<Value> = group
        .versions
        .iter()
        .map(|version| {
            let resources = version.resources.iter().map(|it| aggregated_resource(it));
            let resources: Vec<Value> = resources.collect();
            json!({"version": &*version.name, "resources": resources, "freshness": "Current"})
        })
        .collect();
    json!({"metadata": metadata, "versions": versions})
}

fn aggregated_resource(resource: &Resource) -> Value {
    let mut made = Map::new();
    let scope = if resource.namespaced {
        "Namespaced"
    } else {
        "Cluster"
    };
    let (group, version) = (&*resource.group, &*resource.version);
    let shown = shown_kind(resource.custom, group, version, &resource.kind);
    made.insert("resource".into(), resource.plural.as_ref().into());
    made.insert("responseKind".into(), shown);
    made.insert("scope".into(), scope.into());
    made.insert("singularResource".into(), resource.singular.as_ref().into());
    made.insert("verbs".into(), verbs(resource.verbs, resource.custom));
    put_list(&mut made, "shortNames", &resource.short_names);
    put_list(&mut made, "categories", &resource.categories);
    if !resource.subresources.is_empty() {
        let below = resource.subresources.iter().map(|sub| {
            let whole = resource.custom || sub.foreign;
            json!({
                "subresource": &*sub.name,
                "responseKind": shown_kind(whole, &sub.group, &sub.version, &sub.kind),
                "verbs": verbs(sub.verbs, false),
            })
        });
        made.insert("subresources".into(), below.collect());
    }
    made.into()
}

/// Upstream leaves group and version empty where they are those of the path.
fn shown_kind(whole: bool, group: &str, version: &str, kind: &str) -> Value {
    if whole {
        json!({"group": group, "version": version, "kind": kind})
    } else {
        json!({"group": "", "version": "", "kind": kind})
    }
}

/// The entity tag of a document, without quotes: its SHA-512 in upper-case hexadecimal digits.
#[must_use]
pub fn etag(document: &[u8]) -> String {
    let mut tag = String::with_capacity(128);
    for byte in Sha512::digest(document) {
        write!(tag, "{byte:02X}").expect("text takes all");
    }
    tag
}

#[cfg(test)]
mod tests;

//! The resources that are served, each with what serving it takes.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use api::columns::Printer;
use api::resources::{Registry, Resource};
use api::schema::{Gvk, Schema, TypeId, builtin};
use api::selector::Selectable;

use crate::openapi::Documents;
use crate::storage::keys;

/// A resource in one of its versions.
#[derive(Debug)]
pub struct Endpoint {
    /// What it is.
    pub resource: Arc<Resource>,
    /// Where its objects are stored.
    pub folder: String,
    /// What the JSON of its objects begins with: `{"kind":…,"apiVersion":…,`.
    pub head: Vec<u8>,
    /// What its objects can be selected by.
    pub selectable: Arc<Selectable>,
    /// How its objects are shown as rows of a table.
    pub printer: Printer,
    /// The schema of a custom resource.
    pub custom: Option<(Arc<Schema>, TypeId)>,
}

impl Deref for Endpoint {
    type Target = Resource;

    fn deref(&self) -> &Resource {
        &self.resource
    }
}

impl Endpoint {
    /// Of a built-in resource.
    #[must_use]
    pub fn builtin(resource: Arc<Resource>) -> Self {
        let kind = Gvk::new(&resource.group, &resource.version, &resource.kind);
        Self {
            folder: keys::folder(&resource.group, &resource.plural),
            head: head(&kind),
            selectable: Arc::new(Selectable::builtin(&resource.group, &resource.kind)),
            printer: Printer::builtin(&resource.group, &resource.kind),
            custom: None,
            resource,
        }
    }

    /// Group, version and kind of its objects.
    #[must_use]
    pub fn gvk(&self) -> Gvk {
        Gvk::new(&self.group, &self.version, &self.kind)
    }

    /// The schema of its objects and their type in it; nothing where the kind has none.
    #[must_use]
    pub fn schema(&self) -> Option<(&Schema, TypeId)> {
        match (&self.custom, self.resource.type_id) {
            (Some((schema, id)), _) => Some((schema, *id)),
            (None, Some(id)) => Some((builtin(), id)),
            (None, None) => None,
        }
    }

    /// Whether objects have a protobuf form.
    #[must_use]
    pub fn has_protobuf(&self) -> bool {
        self.custom.is_none() && self.resource.type_id.is_some()
    }

    /// The rest of the key of an object within the folder.
    #[must_use]
    pub fn rest(&self, namespace: &str, name: &str) -> String {
        if self.namespaced {
            format!("{namespace}/{name}")
        } else {
            name.to_owned()
        }
    }
}

/// All that is served at one time. It never changes: when a definition comes or goes another takes its place.
#[derive(Debug)]
pub struct Served {
    /// For discovery.
    pub registry: Registry,
    /// The OpenAPI documents that have been asked for.
    pub documents: Documents,
    endpoints: HashMap<Box<str>, Vec<Arc<Endpoint>>>,
}

impl Served {
    /// The built-in resources.
    #[must_use]
    pub fn builtin() -> Self {
        let registry = Registry::builtin();
        let mut endpoints: HashMap<Box<str>, Vec<Arc<Endpoint>>> = HashMap::new();
        for resource in registry.resources() {
            let endpoint = Arc::new(Endpoint::builtin(resource.clone()));
            endpoints
                .entry(resource.plural.clone())
                .or_default()
                .push(endpoint);
        }
        Self {
            registry,
            documents: Documents::default(),
            endpoints,
        }
    }

    /// The resource of this path.
    #[must_use]
    pub fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Endpoint>> {
        let named = self.endpoints.get(plural)?;
        named
            .iter()
            .find(|known| &*known.group == group && &*known.version == version)
    }
}

/// What the JSON of objects of a kind begins with.
#[must_use]
pub fn head(kind: &Gvk) -> Vec<u8> {
    let api_version = kind.api_version();
    format!("{{\"kind\":{:?},\"apiVersion\":{api_version:?},", kind.kind).into_bytes()
}

//! The resources that are served, by group, version and plural name.

use std::collections::HashMap;
use std::sync::Arc;

use api::schema::{Gvk, Schema, TypeId, builtin};

use crate::storage::keys;

/// A resource in one of its versions.
#[derive(Debug)]
pub struct Endpoint {
    /// The group, empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The plural name, as paths have it.
    pub plural: String,
    /// The singular name.
    pub singular: String,
    /// The kind of its objects.
    pub kind: String,
    /// Whether its objects lie in namespaces.
    pub namespaced: bool,
    /// What can be done with it.
    pub verbs: Vec<String>,
    /// Short names.
    pub short: Vec<String>,
    /// Categories, `all` for example.
    pub categories: Vec<String>,
    /// What tells one way of storing it from another; opaque.
    pub hash: String,
    /// Its parts.
    pub subresources: Vec<Part>,
    /// Where its objects are stored.
    pub folder: String,
    /// What its fields are.
    pub schema: Shape,
    /// What the JSON of its objects begins with: `{"kind":…,"apiVersion":…,`.
    pub head: Vec<u8>,
}

/// The schema of a resource.
#[derive(Debug, Clone)]
pub enum Shape {
    /// One of the built-in kinds.
    Builtin(TypeId),
    /// A custom one.
    Custom(Arc<Schema>, TypeId),
}

impl Shape {
    /// The schema and the type in it.
    #[must_use]
    pub fn get(&self) -> (&Schema, TypeId) {
        match self {
            Self::Builtin(id) => (builtin(), *id),
            Self::Custom(schema, id) => (schema, *id),
        }
    }
}

/// A part of a resource: `status`, `scale`.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// The kind it is read and written as.
    pub kind: Gvk,
    /// What can be done with it.
    pub verbs: Vec<String>,
}

impl Endpoint {
    /// Group, version and kind of its objects.
    #[must_use]
    pub fn gvk(&self) -> Gvk {
        Gvk::new(&self.group, &self.version, &self.kind)
    }

    /// `v1`, `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        self.gvk().api_version()
    }

    /// Whether a verb is offered.
    #[must_use]
    pub fn offers(&self, verb: &str) -> bool {
        self.verbs.iter().any(|known| known == verb)
    }

    /// A part by its name.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.subresources.iter().find(|part| part.name == name)
    }

    /// Whether objects have a protobuf form.
    #[must_use]
    pub fn has_protobuf(&self) -> bool {
        matches!(self.schema, Shape::Builtin(_))
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

/// All resources at one time.
#[derive(Debug, Default, Clone)]
pub struct Registry {
    endpoints: Vec<Arc<Endpoint>>,
    by_path: HashMap<(String, String, String), Arc<Endpoint>>,
}

impl Registry {
    /// The built-in resources.
    ///
    /// # Panics
    /// If the table within this binary is damaged, which its test rules out.
    #[must_use]
    pub fn builtin() -> Self {
        let mut registry = Self::default();
        for endpoint in read(TABLE) {
            registry.add(Arc::new(endpoint));
        }
        registry
    }

    /// Adds one, or replaces that of the same path.
    pub fn add(&mut self, endpoint: Arc<Endpoint>) {
        let path = (
            endpoint.group.clone(),
            endpoint.version.clone(),
            endpoint.plural.clone(),
        );
        match self.by_path.insert(path, endpoint.clone()) {
            Some(old) => {
                let found = self.endpoints.iter_mut().find(|known| Arc::ptr_eq(known, &old));
                if let Some(known) = found {
                    *known = endpoint;
                }
            }
            None => self.endpoints.push(endpoint),
        }
    }

    /// The one of this path.
    #[must_use]
    pub fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Endpoint>> {
        let path = (group.to_owned(), version.to_owned(), plural.to_owned());
        self.by_path.get(&path)
    }

    /// All of them, those of one group version together.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Endpoint>> {
        self.endpoints.iter()
    }
}

const TABLE: &str = api::schema::RESOURCES;

fn read(table: &str) -> Vec<Endpoint> {
    let mut found: Vec<Endpoint> = Vec::new();
    let (mut group, mut version) = ("", "");
    for line in table.lines() {
        if let Some(line) = line.strip_prefix("  ") {
            let row = Row::read(line);
            let (_, name) = row.name.split_once('/').expect("a part has the name of its whole");
            let kind = match row.kind_of {
                Some((group, version)) => Gvk::new(group, version, row.kind),
                None => Gvk::new(group, version, row.kind),
            };
            let whole = found.last_mut().expect("a part follows its whole");
            whole.subresources.push(Part {
                name: name.to_owned(),
                kind,
                verbs: row.verbs,
            });
        } else if let Some(line) = line.strip_prefix(' ') {
            let row = Row::read(line);
            let kind = Gvk::new(group, version, row.kind);
            let id = builtin().kind(&kind).expect("every resource has a type");
            found.push(Endpoint {
                group: group.to_owned(),
                version: version.to_owned(),
                plural: row.name.to_owned(),
                singular: match row.singular {
                    "" => row.kind.to_lowercase(),
                    singular => singular.to_owned(),
                },
                kind: row.kind.to_owned(),
                namespaced: row.namespaced,
                verbs: row.verbs,
                short: row.short,
                categories: row.categories,
                hash: row.hash.to_owned(),
                subresources: Vec::new(),
                folder: keys::folder(group, row.name),
                schema: Shape::Builtin(id),
                head: head(&kind),
            });
        } else {
            (group, version) = line.split_once('/').unwrap_or(("", line));
        }
    }
    found
}

/// What the JSON of objects of a kind begins with.
#[must_use]
pub fn head(kind: &Gvk) -> Vec<u8> {
    let api_version = kind.api_version();
    format!("{{\"kind\":{:?},\"apiVersion\":{api_version:?},", kind.kind).into_bytes()
}

#[derive(Default)]
struct Row<'a> {
    name: &'a str,
    kind: &'a str,
    kind_of: Option<(&'a str, &'a str)>,
    singular: &'a str,
    namespaced: bool,
    verbs: Vec<String>,
    short: Vec<String>,
    categories: Vec<String>,
    hash: &'a str,
}

impl<'a> Row<'a> {
    fn read(line: &'a str) -> Self {
        let mut words = line.split(' ');
        let mut row = Self {
            name: words.next().unwrap_or_default(),
            kind: words.next().unwrap_or_default(),
            ..Self::default()
        };
        let list = |text: &str| text.split(',').map(str::to_owned).collect();
        for word in words {
            match word.split_once(':') {
                Some(("as", kind)) => row.kind_of = kind.split_once('/'),
                Some(("singular", text)) => row.singular = text,
                Some(("verbs", text)) => row.verbs = list(text),
                Some(("short", text)) => row.short = list(text),
                Some(("categories", text)) => row.categories = list(text),
                Some(("hash", text)) => row.hash = text,
                _ => row.namespaced |= word == "namespaced",
            }
        }
        row
    }
}

#[cfg(test)]
mod tests;

//! Which resources a server has: the built-in ones, read from a table, and those that custom resource
//! definitions add while it runs.
//!
//! A [`Registry`] never changes: the server puts a new one in its place when a definition comes or goes,
//! and a request keeps the one it began with.

mod custom;
mod order;
mod table;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

pub use custom::custom;
pub use order::compare_versions;

use crate::schema::TypeId;

/// What can be done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are those of the API")]
pub enum Verb {
    Create,
    Delete,
    DeleteCollection,
    Get,
    List,
    Patch,
    Update,
    Watch,
}

impl Verb {
    /// All of them, by name.
    pub const ALL: [Self; 8] = [
        Self::Create,
        Self::Delete,
        Self::DeleteCollection,
        Self::Get,
        Self::List,
        Self::Patch,
        Self::Update,
        Self::Watch,
    ];

    /// As discovery and authorization write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
            Self::Get => "get",
            Self::List => "list",
            Self::Patch => "patch",
            Self::Update => "update",
            Self::Watch => "watch",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == text)
    }
}

/// A set of verbs.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Verbs(u8);

impl Verbs {
    /// Whether this one is among them.
    #[must_use]
    pub const fn has(self, verb: Verb) -> bool {
        self.0 & (1 << verb as u8) != 0
    }

    /// They, by name.
    pub fn iter(self) -> impl Iterator<Item = Verb> {
        Verb::ALL.into_iter().filter(move |verb| self.has(*verb))
    }
}

impl FromIterator<Verb> for Verbs {
    fn from_iter<T: IntoIterator<Item = Verb>>(verbs: T) -> Self {
        let bits = verbs.into_iter().map(|verb| 1 << verb as u8);
        Self(bits.fold(0, |all, bit| all | bit))
    }
}

impl fmt::Debug for Verbs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Objects of one kind under one path, in one version.
#[derive(Clone, Debug)]
pub struct Resource {
    /// The API group, empty for the core group.
    pub group: Box<str>,
    /// The version, `v1` for example.
    pub version: Box<str>,
    /// The name in paths, `pods` for example.
    pub plural: Box<str>,
    /// The name of one, `pod` for example.
    pub singular: Box<str>,
    /// The kind of its objects.
    pub kind: Box<str>,
    /// Whether its objects lie in namespaces.
    pub namespaced: bool,
    /// What can be done with it.
    pub verbs: Verbs,
    /// Short names for people.
    pub short_names: Vec<Box<str>>,
    /// Groups of resources it belongs to, `all` for example.
    pub categories: Vec<Box<str>>,
    /// The hash of the version that is stored; `None` of what is not stored.
    pub storage_hash: Option<Box<str>>,
    /// Further paths below an object, by name.
    pub subresources: Vec<Subresource>,
    /// The type of its objects in [`crate::schema::builtin`]; `None` of custom resources.
    pub type_id: Option<TypeId>,
    /// It comes from a custom resource definition.
    pub custom: bool,
}

impl Resource {
    /// The subresource of this name.
    #[must_use]
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|sub| &*sub.name == name)
    }

    /// Group and version as objects write them: `v1`, `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        api_version(&self.group, &self.version)
    }

    /// Whether the answer to a deletion is the object that was deleted, instead of a `Status`.
    ///
    /// Source: the answers of `delete` in upstream's OpenAPI documents.
    #[must_use]
    pub fn shows_deleted(&self) -> bool {
        let kinds: &[&str] = match &*self.group {
            "" => &[
                "PersistentVolume",
                "PersistentVolumeClaim",
                "Pod",
                "PodTemplate",
                "ResourceQuota",
                "Service",
                "ServiceAccount",
            ],
            "resource.k8s.io" => &[
                "DeviceClass",
                "ResourceClaim",
                "ResourceClaimTemplate",
                "ResourceSlice",
            ],
            "storage.k8s.io" => &[
                "CSIDriver",
                "CSINode",
                "StorageClass",
                "VolumeAttachment",
                "VolumeAttributesClass",
            ],
            _ => &[],
        };
        kinds.contains(&&*self.kind)
    }
}

/// A path below an object, `pods/status` for example.
#[derive(Clone, Debug)]
pub struct Subresource {
    /// Its name behind the slash.
    pub name: Box<str>,
    /// The group of the kind it takes and gives.
    pub group: Box<str>,
    /// The version of that kind.
    pub version: Box<str>,
    /// That kind.
    pub kind: Box<str>,
    /// The kind is of another group or version than the resource.
    pub foreign: bool,
    /// What can be done with it.
    pub verbs: Verbs,
    /// The type of that kind in [`crate::schema::builtin`], if it is there.
    pub type_id: Option<TypeId>,
}

/// A version of an API group.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its name.
    pub name: Box<str>,
    /// Its resources, by name.
    pub resources: Vec<Arc<Resource>>,
}

/// An API group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name, empty for the core group.
    pub name: Box<str>,
    /// Its versions, the preferred one first.
    pub versions: Vec<Version>,
}

/// All resources of a server, at one moment. A clone costs a count.
#[derive(Clone, Debug)]
pub struct Registry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    groups: Vec<Group>,
    by_plural: HashMap<Box<str>, Vec<Arc<Resource>>>,
}

impl Registry {
    /// The built-in resources.
    ///
    /// # Panics
    ///
    /// If the table within this binary is damaged, which its test rules out.
    #[must_use]
    pub fn builtin() -> Self {
        static BUILTIN: LazyLock<Registry> = LazyLock::new(|| {
            let table = include_str!("schema/resources.txt");
            let read = table::read(table).expect("the table of resources is whole");
            Registry::of(read.into_iter().map(Arc::new))
        });
        BUILTIN.clone()
    }

    /// Of these; of two under one path the last one counts.
    #[must_use]
    pub fn of(resources: impl IntoIterator<Item = Arc<Resource>>) -> Self {
        let mut by_plural: HashMap<Box<str>, Vec<Arc<Resource>>> = HashMap::new();
        for resource in resources {
            let same = by_plural.entry(resource.plural.clone()).or_default();
            same.retain(|it| it.group != resource.group || it.version != resource.version);
            same.push(resource);
        }
        let mut all: Vec<&Arc<Resource>> = by_plural.values().flatten().collect();
        all.sort_by(|a, b| {
            (Reverse(order::priority(&a.group)), &a.group)
                .cmp(&(Reverse(order::priority(&b.group)), &b.group))
                .then_with(|| compare_versions(&b.version, &a.version))
                .then_with(|| a.plural.cmp(&b.plural))
        });
        let mut groups: Vec<Group> = Vec::new();
        for resource in all {
            if groups.last().is_none_or(|it| it.name != resource.group) {
                groups.push(Group {
                    name: resource.group.clone(),
                    versions: Vec::new(),
                });
            }
            let versions = &mut groups.last_mut().expect("one was pushed").versions;
            if versions.last().is_none_or(|it| it.name != resource.version) {
                versions.push(Version {
                    name: resource.version.clone(),
                    resources: Vec::new(),
                });
            }
            let version = versions.last_mut().expect("one was pushed");
            version.resources.push(Arc::clone(resource));
        }
        Self(Arc::new(Inner { groups, by_plural }))
    }

    /// One with these, too.
    #[must_use]
    pub fn with(&self, more: impl IntoIterator<Item = Resource>) -> Self {
        let all = self.resources().cloned();
        Self::of(all.chain(more.into_iter().map(Arc::new)))
    }

    /// One without any version of this resource.
    #[must_use]
    pub fn without(&self, group: &str, plural: &str) -> Self {
        let stays = |it: &&Arc<Resource>| &*it.group != group || &*it.plural != plural;
        Self::of(self.resources().filter(stays).cloned())
    }

    /// The groups as discovery shows them: by falling priority, then by name; the core group is the first.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.0.groups
    }

    /// The group of this name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.0.groups.iter().find(|group| &*group.name == name)
    }

    /// This version of this group.
    #[must_use]
    pub fn version(&self, group: &str, version: &str) -> Option<&Version> {
        let group = self.group(group)?;
        group.versions.iter().find(|it| &*it.name == version)
    }

    /// The resource of this path.
    #[must_use]
    pub fn get(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Resource>> {
        let same = self.0.by_plural.get(plural)?;
        let mut same = same.iter();
        same.find(|it| &*it.group == group && &*it.version == version)
    }

    /// The resource whose objects are of this kind.
    #[must_use]
    pub fn kind(&self, group: &str, version: &str, kind: &str) -> Option<&Arc<Resource>> {
        let version = self.version(group, version)?;
        version.resources.iter().find(|it| &*it.kind == kind)
    }

    /// All resources, in the order of groups, versions and names.
    pub fn resources(&self) -> impl Iterator<Item = &Arc<Resource>> {
        let versions = self.0.groups.iter().flat_map(|group| &group.versions);
        versions.flat_map(|version| &version.resources)
    }
}

/// Group and version as objects write them: `v1`, `apps/v1`.
#[must_use]
pub fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}

#[cfg(test)]
mod tests;

//! What the graph knows of objects: who they are and whom they name as owners.

use std::fmt;
use std::sync::Arc;

use kube::core::{DynamicObject, PartialObjectMeta};
use serde_json::Value;

use crate::call::{array, text};
use crate::discovery::Resource;

/// The finalizer of foreground deletion.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer of orphaning.
pub(crate) const ORPHAN: &str = "orphan";

/// The UID of an object, which no other object ever has.
pub(crate) type Uid = Arc<str>;

/// An object as a reference names it, with the namespace it is looked for in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) uid: Uid,
    /// Empty for objects of the cluster.
    pub(crate) namespace: String,
}

impl fmt::Display for Identity {
    /// As upstream prints it; events show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "[{}/{}, namespace: {}, name: {}, uid: {}]",
            self.api_version, self.kind, self.namespace, self.name, self.uid
        )
    }
}

impl Identity {
    /// The order in which identities of one UID are tried.
    pub(crate) fn order(&self) -> (&str, &str, &str, &str, &str) {
        (
            &self.kind,
            &self.api_version,
            &self.namespace,
            &self.name,
            &self.uid,
        )
    }
}

/// A reference to an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) uid: Uid,
    /// Whether the owner, when deleted in the foreground, waits for the dependent.
    pub(crate) blocks: bool,
}

impl Owner {
    /// Whether this is how `identity` is called, apart from the namespace.
    pub(crate) fn names(&self, identity: &Identity) -> bool {
        self.api_version == identity.api_version
            && self.kind == identity.kind
            && self.name == identity.name
            && self.uid == identity.uid
    }

    /// The owner in a namespace.
    pub(crate) fn within(&self, namespace: &str) -> Identity {
        Identity {
            api_version: self.api_version.clone(),
            kind: self.kind.clone(),
            name: self.name.clone(),
            uid: self.uid.clone(),
            namespace: namespace.to_owned(),
        }
    }
}

/// What an informer saw of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) identity: Identity,
    pub(crate) owners: Vec<Owner>,
    pub(crate) deleting: bool,
    /// It has the finalizer of orphaning.
    pub(crate) orphan: bool,
    /// It has the finalizer of foreground deletion.
    pub(crate) foreground: bool,
}

impl Seen {
    /// What matters of an object's metadata.
    pub(crate) fn of(resource: &Resource, object: PartialObjectMeta<DynamicObject>) -> Self {
        let metadata = object.metadata;
        let finalizers = metadata.finalizers.unwrap_or_default();
        let has = |name: &str| finalizers.iter().any(|finalizer| finalizer == name);
        Self {
            identity: Identity {
                api_version: resource.api_version(),
                kind: resource.kind.clone(),
                name: metadata.name.unwrap_or_default(),
                uid: metadata.uid.unwrap_or_default().into(),
                namespace: metadata.namespace.unwrap_or_default(),
            },
            owners: metadata
                .owner_references
                .unwrap_or_default()
                .into_iter()
                .map(|owner| Owner {
                    api_version: owner.api_version,
                    kind: owner.kind,
                    name: owner.name,
                    uid: owner.uid.into(),
                    blocks: owner.block_owner_deletion.unwrap_or_default(),
                })
                .collect(),
            deleting: metadata.deletion_timestamp.is_some(),
            orphan: has(ORPHAN),
            foreground: has(FOREGROUND),
        }
    }
}

/// The references of an object as it was read.
pub(crate) fn owners_of(object: &Value) -> Vec<Owner> {
    array(object, "/metadata/ownerReferences")
        .iter()
        .map(|owner| Owner {
            api_version: text(owner, "/apiVersion").to_owned(),
            kind: text(owner, "/kind").to_owned(),
            name: text(owner, "/name").to_owned(),
            uid: text(owner, "/uid").into(),
            blocks: owner
                .pointer("/blockOwnerDeletion")
                .and_then(Value::as_bool)
                .unwrap_or_default(),
        })
        .collect()
}

/// Whether an object as it was read has a finalizer.
pub(crate) fn has_finalizer(object: &Value, name: &str) -> bool {
    array(object, "/metadata/finalizers")
        .iter()
        .any(|finalizer| finalizer.as_str() == Some(name))
}

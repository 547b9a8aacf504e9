//! What a plugin is told of a request.

use std::collections::BTreeMap;
use std::fmt;

use parking_lot::Mutex;
use serde_json::Value;

use super::tree;
use crate::authn::User;
use crate::fault::Status;
use crate::object;

/// What is done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are those of the API")]
pub enum Operation {
    Create,
    Update,
    Delete,
    Connect,
}

impl Operation {
    /// As messages and webhooks write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A further permission that a plugin asks for, of the user of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask<'a> {
    /// The verb, `approve` for example.
    pub verb: &'a str,
    /// The API group.
    pub group: &'a str,
    /// The version; `*` for all of them.
    pub version: &'a str,
    /// The plural resource, which need not be served.
    pub resource: &'a str,
    /// The namespace, or empty.
    pub namespace: &'a str,
    /// The name, or empty.
    pub name: &'a str,
}

/// What plugins say besides yes and no.
#[derive(Debug, Default)]
pub struct Notes {
    /// What the client is warned of, in order.
    pub warnings: Mutex<Vec<String>>,
    /// Annotations of the audit event, by `plugin/key`.
    pub audit: Mutex<BTreeMap<String, String>>,
}

/// A request, without the object that it brings (upstream's `admission.Attributes`).
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// What is done.
    pub operation: Operation,
    /// The API group of the resource, empty for the core group.
    pub group: &'a str,
    /// The version within the group.
    pub version: &'a str,
    /// The plural resource.
    pub resource: &'a str,
    /// The part of the resource, `status` for example, or empty.
    pub subresource: &'a str,
    /// The kind of the object that the request brings; for `pods/eviction` it is `Eviction`.
    pub kind: &'a str,
    /// The namespace of the path; of a namespace itself, its name. Empty if there is none.
    pub namespace: &'a str,
    /// The name of the path; on CREATE that in the object. Empty while it is not made yet, of
    /// `generateName`.
    pub name: &'a str,
    /// Who asks.
    pub user: &'a User,
    /// Whether nothing is stored.
    pub is_dry: bool,
    /// The options of the operation, a tree of `CreateOptions` for example, where they are known.
    pub options: Option<&'a Value>,
    /// The object that is there, for UPDATE and DELETE.
    pub old: Option<&'a Value>,
    /// Whether the user has a further permission.
    pub may: &'a dyn Fn(&Ask<'_>) -> bool,
    /// Where warnings go.
    pub notes: &'a Notes,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("operation", &self.operation)
            .field("group", &self.group)
            .field("resource", &self.resource)
            .field("subresource", &self.subresource)
            .field("namespace", &self.namespace)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl<'a> Request<'a> {
    /// Whether it is about this resource, in whatever part of it.
    #[must_use]
    pub fn is_of(&self, group: &str, resource: &str) -> bool {
        self.group == group && self.resource == resource
    }

    /// Whether it is about objects of this resource as a whole.
    #[must_use]
    pub fn is_whole(&self, group: &str, resource: &str) -> bool {
        self.is_of(group, resource) && self.subresource.is_empty()
    }

    /// The object that is there; `null` if there is none.
    #[must_use]
    pub fn previous(&self) -> &'a Value {
        self.old.unwrap_or(&tree::NULL)
    }

    /// 403 of the object, for the reason given. Objects without a name yet are called by what it is made
    /// of, others `Unknown` (upstream's `admission.NewForbidden`).
    #[must_use]
    pub fn forbidden(&self, object: Option<&Value>, why: impl fmt::Display) -> Status {
        let object = object.unwrap_or(&tree::NULL);
        let names = [
            self.name,
            object::name(object),
            object::text(object, "generateName"),
        ];
        let name = names.into_iter().find(|name| !name.is_empty());
        Status::forbidden(self.group, self.resource, name.unwrap_or("Unknown"), why)
    }

    /// Warns the client.
    pub fn warn(&self, text: impl Into<String>) {
        self.notes.warnings.lock().push(text.into());
    }
}

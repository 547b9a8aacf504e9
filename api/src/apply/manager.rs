//! Who owns which field, and what requests do to that.

mod agent;
mod applying;
mod cap;
mod conflict;
mod empty;
mod last_applied;
mod owners;
mod scale;
mod times;
mod updater;
mod updating;
mod versions;

pub use self::agent::manager_of_agent;
pub use self::applying::apply;
pub use self::conflict::{ApplyError, Conflict, Conflicts};
pub use self::empty::empty;
pub use self::owners::validate_managed_fields;
pub use self::scale::{Replicas, parent_of, scale_of};
pub use self::times::keep_times;
pub use self::updating::update;
pub use self::versions::{SameSchema, Versions};

use std::sync::LazyLock;

use super::fields::FieldSet;
use crate::schema::{Schema, TypeId};

/// A request as far as fields are concerned.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The schema of the kind.
    pub schema: &'a Schema,
    /// The type of the object in the version of the request.
    pub id: TypeId,
    /// The version of the request as objects write it: `apps/v1`.
    pub api_version: &'a str,
    /// The kind: `Deployment`.
    pub kind: &'a str,
    /// The subresource, `status` for example; empty if there is none.
    pub subresource: &'a str,
    /// The name of the client (`fieldManager`).
    pub manager: &'a str,
    /// The time of the request in seconds, as objects write it: `2026-01-02T03:04:05Z`.
    pub now: &'a str,
    /// Fields the request may not own, with all below them: what the resource's strategy takes back.
    pub reset: &'a FieldSet,
    /// The object in other versions, in which owners may have seen it.
    pub versions: &'a dyn Versions,
    /// A custom resource, whose new object has no fields yet; one of a built-in kind has those that Go's has.
    pub custom: bool,
}

/// Fields that nobody owns.
static STRIPPED: LazyLock<FieldSet> = LazyLock::new(|| {
    FieldSet::of(&[
        "apiVersion",
        "kind",
        "metadata",
        "metadata.name",
        "metadata.namespace",
        "metadata.creationTimestamp",
        "metadata.selfLink",
        "metadata.uid",
        "metadata.clusterName",
        "metadata.generation",
        "metadata.managedFields",
        "metadata.resourceVersion",
    ])
});

#[cfg(test)]
mod tests;

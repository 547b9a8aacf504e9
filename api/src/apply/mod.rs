//! Server-side apply, and who owns which field of an object (`metadata.managedFields`).
//!
//! Every write is tracked: [`update`] after a create, an update or a patch, [`apply`] for an apply patch, which also
//! merges. Behaviour and texts are those of upstream's `managedfields` and `structured-merge-diff`.
//!
//! An object's fields are a set of paths ([`FieldSet`]); the schema says which lists are merged by key, which lists and
//! objects are one value ([`typed`]).

mod element;
mod fields;
mod manager;
mod typed;
mod value;

pub use self::element::{Path, PathElement, show};
pub use self::fields::{FieldSet, FieldsError};
pub use self::manager::{
    ApplyError, Conflict, Conflicts, Replicas, Request, SameSchema, Versions, apply, empty,
    keep_times, manager_of_agent, parent_of, scale_of, update, validate_managed_fields,
};

/// The deepest nesting of objects that are stored: managed fields are as deep as the object, and lie within it.
const STORED_DEPTH: usize = crate::patch::MAX_DEPTH + 16;

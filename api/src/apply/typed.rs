//! Trees together with the schema they follow: what fields they set, how they differ, how they are merged.
//!
//! A place in the schema says what may stand there: an [`Atom`], which is a scalar, a list, an object, or a choice
//! of them. What a schema does not describe is typed by what stands there: objects are merged field by
//! field, lists are taken as a whole.

mod atom;
mod compare;
mod errors;
mod item;
mod merge;
mod reconcile;
mod remove;
mod to_set;
mod validate;

use std::borrow::Cow;

use serde_json::Value;

pub(super) use self::atom::Place;
pub(super) use self::compare::Comparison;
pub(super) use self::errors::Errors;
pub(super) use self::validate::Duplicates;
use super::fields::FieldSet;
use crate::schema::{Schema, TypeId};

/// A tree that follows a type of a schema.
#[derive(Clone)]
pub(super) struct Typed<'a> {
    pub(super) schema: &'a Schema,
    pub(super) id: TypeId,
    pub(super) value: Cow<'a, Value>,
}

impl<'a> Typed<'a> {
    /// The tree, if it follows the type.
    pub(super) fn new(
        schema: &'a Schema,
        id: TypeId,
        value: Cow<'a, Value>,
        duplicates: Duplicates,
    ) -> Result<Self, Errors> {
        let mut errors = Errors::default();
        validate::validate(Place::root(schema, id), &value, duplicates, &mut errors);
        errors.or(Self { schema, id, value })
    }

    fn place(&self) -> Place<'a> {
        Place::root(self.schema, self.id)
    }

    /// The same type with another tree.
    fn with(&self, value: Value) -> Self {
        Self {
            value: Cow::Owned(value),
            ..*self
        }
    }

    /// The fields that the tree sets: scalars, items of lists, lists and objects that are taken as a whole.
    pub(super) fn to_set(&self) -> Result<FieldSet, Errors> {
        let mut errors = Errors::default();
        let node = to_set::to_set(self.place(), &self.value, &mut errors);
        errors.or(node.set)
    }

    /// What the other tree adds, changes and takes away.
    pub(super) fn compare(&self, other: &Self) -> Result<Comparison, Errors> {
        let mut errors = Errors::default();
        let made = compare::compare(
            self.place(),
            Some(&self.value),
            Some(&other.value),
            &mut errors,
        );
        errors.or(made.into())
    }

    /// This tree with all that the other one sets.
    pub(super) fn merge(&self, other: &Self) -> Result<Self, Errors> {
        let mut errors = Errors::default();
        let merged = merge::merge(
            self.place(),
            Some(&self.value),
            Some(&other.value),
            &mut errors,
        );
        errors.or(self.with(merged.unwrap_or_default()))
    }

    /// The tree without these fields.
    pub(super) fn remove(&self, fields: &FieldSet) -> Self {
        self.with(remove::remove(self.place(), &self.value, fields))
    }

    /// The set with all fields of objects that have others of the set below them.
    pub(super) fn with_named_fields(&self, set: &FieldSet) -> FieldSet {
        to_set::with_named_fields(self.place(), set)
    }

    /// The set as it is by this schema, if lists or objects were not taken as a whole when it was made; none if it
    /// is the same.
    pub(super) fn reconcile(&self, set: &FieldSet) -> Result<Option<FieldSet>, Errors> {
        reconcile::reconcile(self.place(), set)
    }
}

#[cfg(test)]
mod tests;

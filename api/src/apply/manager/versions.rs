//! An object in the versions it is served in.

use std::borrow::Cow;

use serde_json::Value;

use crate::apply::typed::{Duplicates, Typed};
use crate::schema::{Schema, TypeId};

/// Converts objects of one kind between versions.
pub trait Versions {
    /// The object in a version (`apps/v1`), and the type it has there; none if there is no such version, whose owners
    /// are then forgotten.
    ///
    /// # Errors
    /// With the reason when it cannot be converted: an apply fails with it, and other requests track no fields.
    fn convert<'v>(
        &self,
        object: &'v Value,
        api_version: &str,
    ) -> Result<Option<(Cow<'v, Value>, TypeId)>, String>;
}

/// Versions that all have one schema, so that only `apiVersion` differs.
pub struct SameSchema<'a> {
    /// The type in all versions.
    pub id: TypeId,
    /// The versions there are; if empty, any.
    pub served: &'a [&'a str],
}

impl Versions for SameSchema<'_> {
    fn convert<'v>(
        &self,
        object: &'v Value,
        api_version: &str,
    ) -> Result<Option<(Cow<'v, Value>, TypeId)>, String> {
        let served = self.served.is_empty() || self.served.contains(&api_version);
        // Nobody owns `apiVersion`, so that it can stay.
        Ok(served.then_some((Cow::Borrowed(object), self.id)))
    }
}

/// A tree and the version it is in.
#[derive(Clone)]
pub(super) struct Versioned<'a> {
    pub(super) typed: Typed<'a>,
    pub(super) version: String,
}

impl<'a> Versioned<'a> {
    /// The same with a tree of its own.
    pub(super) fn into_owned<'s>(self, schema: &'s Schema) -> Versioned<'s> {
        let value = Cow::Owned(self.typed.value.into_owned());
        Versioned {
            typed: Typed {
                schema,
                id: self.typed.id,
                value,
            },
            version: self.version,
        }
    }

    /// The same in another version; none if there is no such version.
    pub(super) fn convert<'s>(
        &'s self,
        schema: &'s Schema,
        versions: &dyn Versions,
        version: &str,
    ) -> Result<Option<Versioned<'s>>, String>
    where
        'a: 's,
    {
        if version.matches('/').count() > 1 {
            return Err(format!("unexpected GroupVersion string: {version}"));
        }
        if version == self.version {
            let typed = Typed {
                schema,
                id: self.typed.id,
                value: Cow::Borrowed(&*self.typed.value),
            };
            return Ok(Some(Versioned {
                typed,
                version: version.into(),
            }));
        }
        let Some((value, id)) = versions.convert(&self.typed.value, version)? else {
            return Ok(None);
        };
        // Upstream checks again what it converts, and then refuses what is there twice.
        let typed = Typed::new(schema, id, value, Duplicates::Refused)
            .map_err(|errors| errors.to_string())?;
        Ok(Some(Versioned {
            typed,
            version: version.into(),
        }))
    }
}

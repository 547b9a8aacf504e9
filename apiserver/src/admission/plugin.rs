//! What a plugin is, and where it looks things up.

use std::fmt;

use serde_json::Value;

use super::request::{Operation, Request};
use crate::fault::Result;

/// What else there is in the cluster, as new as the server knows it. The server answers from its watch
/// cache; an answer may be older than what is stored.
pub trait Lookup {
    /// An object; the namespace is empty for resources that lie in none.
    fn get(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Value>;

    /// All objects of a namespace, in the order of their names; those of all namespaces if it is empty.
    fn list(&self, group: &str, resource: &str, namespace: &str) -> Vec<Value>;
}

/// One set of rules.
pub trait Plugin: fmt::Debug + Send + Sync {
    /// As the flags of the server call it.
    fn name(&self) -> &'static str;

    /// Whether it has to do with such operations.
    fn handles(&self, operation: Operation) -> bool;

    /// Changes the object that is to be written; DELETE and some of CONNECT bring `null`.
    ///
    /// # Errors
    /// The request is refused.
    fn admit(&self, _: &Request<'_>, _: &mut Value, _: &dyn Lookup) -> Result<()> {
        Ok(())
    }

    /// Judges the object as it will be written; DELETE has none.
    ///
    /// # Errors
    /// The request is refused.
    fn validate(&self, _: &Request<'_>, _: Option<&Value>, _: &dyn Lookup) -> Result<()> {
        Ok(())
    }
}

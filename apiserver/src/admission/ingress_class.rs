//! `DefaultIngressClass`: ingresses that name no class get the default one.

use serde_json::Value;

use super::plugin::{Lookup, Plugin};
use super::request::{Operation, Request};
use super::storage_class::newest;
use super::tree;
use crate::fault::Result;
use crate::object;

/// The plugin's name.
pub const NAME: &str = "DefaultIngressClass";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultIngressClass;

impl Plugin for DefaultIngressClass {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    fn admit(&self, request: &Request<'_>, object: &mut Value, look: &dyn Lookup) -> Result<()> {
        let has_class = object["spec"]["ingressClassName"].is_string()
            || tree::annotation(object, "kubernetes.io/ingress.class").is_some();
        if !request.is_whole("networking.k8s.io", "ingresses") || has_class {
            return Ok(());
        }
        let mut classes = look.list("networking.k8s.io", "ingressclasses", "");
        let mark = "ingressclass.kubernetes.io/is-default-class";
        classes.retain(|class| tree::annotation(class, mark) == Some("true"));
        if let Some(class) = newest(&classes) {
            let name = object::name(class).into();
            tree::set(tree::field(object, "spec"), "ingressClassName", Some(name));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

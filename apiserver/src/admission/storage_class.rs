//! `DefaultStorageClass`: claims that name no class get the default one.

use serde_json::Value;

use super::plugin::{Lookup, Plugin};
use super::request::{Operation, Request};
use super::tree;
use crate::fault::Result;
use crate::object;

/// The plugin's name.
pub const NAME: &str = "DefaultStorageClass";

const OLD_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
const IS_DEFAULT: [&str; 2] = [
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
];

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultStorageClass;

impl Plugin for DefaultStorageClass {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    fn admit(&self, request: &Request<'_>, object: &mut Value, look: &dyn Lookup) -> Result<()> {
        let has_class = tree::annotation(object, OLD_CLASS).is_some()
            || object["spec"]["storageClassName"].is_string();
        if !request.is_whole("", "persistentvolumeclaims") || has_class {
            return Ok(());
        }
        let mut classes = look.list("storage.k8s.io", "storageclasses", "");
        classes.retain(|class| {
            let mut marks = IS_DEFAULT.iter().map(|key| tree::annotation(class, key));
            marks.any(|mark| mark == Some("true"))
        });
        if let Some(class) = newest(&classes) {
            let name = object::name(class).into();
            tree::set(tree::field(object, "spec"), "storageClassName", Some(name));
        }
        Ok(())
    }
}

/// The object that was made last; of several the first by name.
pub(super) fn newest(objects: &[Value]) -> Option<&Value> {
    objects.iter().min_by(|a, b| {
        let made = |of: &Value| -> Option<jiff::Timestamp> {
            object::text(of, "creationTimestamp").parse().ok()
        };
        let by_name = || object::name(a).cmp(object::name(b));
        made(b).cmp(&made(a)).then_with(by_name)
    })
}

/// The class of a claim: that of the old annotation, or of the field; empty if there is none.
pub(super) fn class_of(claim: &Value) -> &str {
    let field = tree::text(&claim["spec"]["storageClassName"]);
    tree::annotation(claim, OLD_CLASS).unwrap_or(field)
}

#[cfg(test)]
mod tests;

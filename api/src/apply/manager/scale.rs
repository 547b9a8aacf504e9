//! Managed fields of the subresource `scale`, whose object is another kind than the one it belongs to.

use serde_json::{Value, json};

use super::owners::{Managed, entries, set_entries};
use crate::apply::element::PathElement;
use crate::apply::fields::FieldSet;

/// The version scales are in.
const SCALE: &str = "autoscaling/v1";

/// Where the number of replicas stands in an object, by its version: `spec.replicas`; none in a version without scale.
/// Versions that are not listed are unknown, and their owners are left out.
pub type Replicas<'a> = &'a [(&'a str, Option<&'a [&'a str]>)];

fn path_in<'a>(replicas: Replicas<'a>, version: &str) -> Option<Option<Vec<PathElement>>> {
    let (_, path) = replicas.iter().find(|(known, _)| *known == version)?;
    let elements = |path: &[&str]| path.iter().map(|name| PathElement::field(name)).collect();
    Some(path.map(elements))
}

fn in_scale() -> FieldSet {
    FieldSet::of(&["spec.replicas"])
}

/// The managed fields of the scale of an object: those who own its number of replicas.
///
/// # Errors
/// With the reason if the object's managed fields cannot be read.
pub fn scale_of(parent: &[Value], replicas: Replicas<'_>) -> Result<Vec<Value>, String> {
    let mut managed = Managed::decode(parent)?;
    managed.owners.retain(|_, owned| {
        let path = path_in(replicas, &owned.version).flatten();
        path.is_some_and(|path| owned.set.has(&path))
    });
    for owned in managed.owners.values_mut() {
        owned.set = in_scale();
        owned.version = SCALE.into();
    }
    Ok(encoded(&managed))
}

/// The managed fields of an object, in a version, after a write to its scale, which has these managed fields then.
///
/// # Errors
/// With the reason if either managed fields cannot be read.
pub fn parent_of(
    scale: &[Value],
    parent: &[Value],
    version: &str,
    replicas: Replicas<'_>,
) -> Result<Vec<Value>, String> {
    let before = Managed::decode(parent)?;
    let mut scale = Managed::decode(scale)?;
    let mut after = Managed {
        times: before.times.clone(),
        ..Managed::default()
    };
    for (id, owned) in &before.owners {
        let Some(path) = path_in(replicas, &owned.version) else {
            continue;
        };
        let mut owned = owned.clone();
        if let Some(path) = path.filter(|path| owned.set.has(path))
            && scale.owners.remove(id).is_none()
        {
            let mut taken = FieldSet::new();
            taken.insert(path);
            owned.set = owned.set.difference(&taken);
            if owned.set.is_empty() {
                continue;
            }
        }
        after.owners.insert(id.clone(), owned);
    }
    let mut set = FieldSet::new();
    set.insert(path_in(replicas, version).flatten().unwrap_or_default());
    let wanted = [PathElement::field("spec"), PathElement::field("replicas")];
    for (id, mut owned) in scale.owners {
        if owned.set.has(&wanted) {
            owned.set = set.clone();
            owned.version = version.into();
            after.owners.insert(id, owned);
        }
    }
    Ok(encoded(&after))
}

fn encoded(managed: &Managed) -> Vec<Value> {
    let mut object = json!({});
    set_entries(&mut object, None);
    managed.encode(&mut object);
    entries(&object).cloned().unwrap_or_default()
}

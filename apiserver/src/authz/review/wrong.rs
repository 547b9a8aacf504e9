//! What may not stand in a review (upstream's validation of `authorization.k8s.io`).

use serde_json::Value;

use super::{Wrong, texts};

/// What is wrong with the spec of a review; of one that names a user or not.
pub(super) fn wrong_spec(review: &Value, has_user: bool) -> Vec<Wrong> {
    let spec = &review["spec"];
    let mut wrong = Vec::new();
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    if resource.is_null() == path.is_null() {
        wrong.push(Wrong {
            field: "spec",
            value: path.clone(),
            why: "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        });
    }
    let is_named =
        !spec["user"].as_str().unwrap_or_default().is_empty() || !texts(&spec["groups"]).is_empty();
    if has_user && !is_named {
        wrong.push(Wrong {
            field: "spec.user",
            value: "".into(),
            why: "at least one of user or group must be specified",
        });
    }
    let selectors = [
        (
            "fieldSelector",
            "spec.resourceAttributes.fieldSelector.rawSelector",
        ),
        (
            "labelSelector",
            "spec.resourceAttributes.labelSelector.rawSelector",
        ),
    ];
    for (key, field) in selectors {
        let selector = &resource[key];
        let raw = selector["rawSelector"].as_str().unwrap_or_default();
        let has_requirements = selector["requirements"]
            .as_array()
            .is_some_and(|all| !all.is_empty());
        if !raw.is_empty() && has_requirements {
            wrong.push(Wrong {
                field,
                value: raw.into(),
                why: "may not specified at the same time as requirements",
            });
        }
    }
    wrong
}

/// Reviews have no metadata, or a namespace only.
pub(super) fn wrong_metadata(review: &Value, is_local: bool) -> Option<Wrong> {
    let metadata = review["metadata"].as_object()?;
    let is_open = |key: &str| key == "managedFields" || is_local && key == "namespace";
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    };
    let mut filled = metadata.iter().filter(|(_, value)| !is_empty(value));
    filled.any(|(key, _)| !is_open(key)).then(|| Wrong {
        field: "metadata",
        value: metadata.clone().into(),
        why: match is_local {
            true => "must be empty except for namespace",
            false => "must be empty",
        },
    })
}

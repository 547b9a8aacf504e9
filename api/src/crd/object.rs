//! What is checked of custom objects besides their schema.

use serde_json::Value;

use super::get::{items, text};
use super::scale::ScalePaths;
use crate::status::field::{Error, Path};

/// Whether an object is of the kind and version that was asked for; if not, nothing else is looked at.
#[must_use]
pub fn validate_kind(definition: &Value, version: &str, object: &Value) -> Vec<Error> {
    let spec = &definition["spec"];
    let api_version = format!("{}/{version}", text(&spec["group"]));
    let wanted = [
        ("kind", text(&spec["names"]["kind"])),
        ("apiVersion", &api_version),
    ];
    let mut errors = Vec::new();
    for (key, wanted) in wanted {
        let found = text(&object[key]);
        if found != wanted {
            let detail = format!("must be {wanted}");
            errors.push(Error::invalid(&Path::new(key), found, detail));
        }
    }
    errors
}

/// Whether the numbers that a version's scale shows are such that it can; the status alone if `status`.
#[must_use]
pub fn validate_scale(version: &Value, object: &Value, status: bool) -> Vec<Error> {
    let mut errors = Vec::new();
    let Some(paths) = ScalePaths::of_version(version) else {
        return errors;
    };
    let scale = &version["subresources"]["scale"];
    let found = [
        ("specReplicasPath", !status, paths.wanted(object)),
        ("statusReplicasPath", true, paths.present(object)),
    ];
    for (key, asked, found) in found {
        let path = Path::new(text(&scale[key]));
        match found {
            _ if !asked => {}
            Err(error) => errors.push(Error::invalid(&path, 0, error.to_string())),
            Ok(count) if count < 0 => {
                errors.push(Error::invalid(
                    &path,
                    count,
                    "should be a non-negative integer",
                ));
            }
            Ok(count) if count > i64::from(i32::MAX) => {
                let detail = format!("should be less than or equal to {}", i32::MAX);
                errors.push(Error::invalid(&path, count, detail));
            }
            Ok(_) => {}
        }
    }
    if let Err(error) = paths.selector(object) {
        let path = Path::new(text(&scale["labelSelectorPath"]));
        errors.push(Error::invalid(&path, "", error.to_string()));
    }
    errors
}

/// Whether the objects within an object (`x-kubernetes-embedded-resource`) have a version and a kind.
#[must_use]
pub fn validate_embedded(open_api: &Value, object: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    walk(open_api, object, &Path::EMPTY, &mut errors);
    errors
}

fn walk(schema: &Value, value: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    match value {
        Value::Object(map) => {
            if schema["x-kubernetes-embedded-resource"] == true {
                embedded(map, path, errors);
            }
            for (key, value) in map {
                let property = &schema["properties"][key];
                if property.is_object() {
                    walk(property, value, &path.child(key), errors);
                } else if schema["additionalProperties"].is_object() {
                    walk(
                        &schema["additionalProperties"],
                        value,
                        &path.key(key),
                        errors,
                    );
                }
            }
        }
        Value::Array(_) if schema["items"].is_object() => {
            for (at, value) in items(value).iter().enumerate() {
                walk(&schema["items"], value, &path.index(at), errors);
            }
        }
        _ => {}
    }
}

fn embedded(map: &serde_json::Map<String, Value>, path: &Path<'_>, errors: &mut Vec<Error>) {
    for key in ["apiVersion", "kind"] {
        let path = path.child(key);
        match map.get(key) {
            None => errors.push(Error::required(&path, "")),
            Some(Value::String(text)) if text.is_empty() => {
                errors.push(Error::invalid(&path, "", "must not be empty"));
            }
            Some(Value::String(text)) => {
                if let Some(detail) = malformed(key, text) {
                    errors.push(Error::invalid(&path, text.as_str(), detail));
                }
            }
            Some(other) => {
                errors.push(Error::invalid(&path, other.clone(), "must be a string"));
            }
        }
    }
}

fn malformed(key: &str, value: &str) -> Option<String> {
    if key == "apiVersion" {
        let parts = value.split('/').count();
        return (parts > 2).then(|| format!("unexpected GroupVersion string: {value}"));
    }
    let wrong = super::definition::label_1035(&value.to_lowercase())?;
    Some(format!(
        "may have mixed case, but should otherwise match: {wrong}"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::schema::{tests::cron_tab, version};
    use super::*;

    fn texts(errors: &[Error]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn kinds_scales_and_embedded_objects() {
        let definition = cron_tab();
        let object = json!({"apiVersion": "stable.example.com/v2", "kind": "CronTab",
            "spec": {"replicas": -1, "inner": {"kind": "A_"}}, "status": {"labelSelector": 3}});
        assert_eq!(
            texts(&validate_kind(&definition, "v1", &object)),
            [
                r#"apiVersion: Invalid value: "stable.example.com/v2": must be stable.example.com/v1"#
            ]
        );
        let of = version(&definition, "v1").unwrap();
        assert_eq!(
            texts(&validate_scale(of, &object, false)),
            [
                ".spec.replicas: Invalid value: -1: should be a non-negative integer",
                r#".status.labelSelector: Invalid value: "": .status.labelSelector accessor error: 3 is of the type int64, expected string"#,
            ]
        );
        let found = texts(&validate_embedded(
            &of["schema"]["openAPIV3Schema"],
            &object,
        ));
        assert_eq!(found[0], "spec.inner.apiVersion: Required value");
        assert!(
            found[1].starts_with(r#"spec.inner.kind: Invalid value: "A_": may have mixed case"#)
        );
    }
}

//! The versions of a definition.

use std::collections::HashSet;

use serde_json::Value;

use super::super::get::{empty, items, text};
use super::labels::label_1035;
use super::{defaults, open_api, structural};
use crate::status::field::{Error, Path};

const TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const FORMATS: [&str; 8] = [
    "byte",
    "date",
    "date-time",
    "double",
    "float",
    "int32",
    "int64",
    "password",
];

pub(super) fn all(spec: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    let versions = items(&spec["versions"]);
    let at = path.child("versions");
    let shared = |key: &str| {
        let first = versions.first();
        first.is_some_and(|first| versions.iter().all(|it| it[key] == first[key]))
    };
    for (index, version) in versions.iter().enumerate() {
        if !version["schema"]["openAPIV3Schema"].is_object() {
            let at = at.index(index);
            let at = at.child("schema");
            errors.push(Error::required(&at.child("openAPIV3Schema"), ""));
        }
    }
    let (mut names, mut unique, mut stored) = (HashSet::new(), true, 0);
    for (index, version) in versions.iter().enumerate() {
        let at = at.index(index);
        let name = text(&version["name"]);
        stored += u32::from(version["storage"] == true);
        unique &= names.insert(name);
        if let Some(wrong) = label_1035(name) {
            errors.push(Error::invalid(&at.child("name"), name, wrong));
        }
        deprecation(version, &at, errors);
        let status = version["subresources"]["status"].is_object();
        if !shared("schema") {
            schema(&version["schema"], status, &at.child("schema"), errors);
        }
        if !shared("subresources") {
            let at = at.child("subresources");
            subresources(&version["subresources"], &at, errors);
        }
        if !shared("additionalPrinterColumns") {
            columns(&version["additionalPrinterColumns"], &at, errors);
        }
        if !shared("selectableFields") {
            selectable(version, &at, errors);
        }
    }
    if !unique {
        let detail = "must contain unique version names";
        errors.push(Error::invalid(&at, spec["versions"].clone(), detail));
    }
    if stored != 1 {
        let detail = "must have exactly one version marked as storage version";
        errors.push(Error::invalid(&at, spec["versions"].clone(), detail));
    }
    let Some(first) = versions.first() else {
        return;
    };
    // The first version is the one of definitions that have only one field for it.
    let name = text(&first["name"]);
    if let Some(wrong) = label_1035(name).filter(|_| !name.is_empty()) {
        errors.push(Error::invalid(&path.child("version"), name, wrong));
    }
    let schemas = versions.iter().map(|it| &it["schema"]["openAPIV3Schema"]);
    if spec["preserveUnknownFields"] == true && schemas.clone().any(defaults::any) {
        let detail = "must be false in order to use defaults in the schema";
        let path = path.child("preserveUnknownFields");
        errors.push(Error::invalid(&path, true, detail));
    }
    if shared("schema") {
        let mut all = versions.iter();
        let status = all.any(|it| it["subresources"]["status"].is_object());
        schema(&first["schema"], status, &path.child("validation"), errors);
    }
    if shared("subresources") {
        let at = path.child("subresources");
        subresources(&first["subresources"], &at, errors);
    }
    if shared("additionalPrinterColumns") {
        columns(&first["additionalPrinterColumns"], path, errors);
    }
    if shared("selectableFields") {
        selectable(first, path, errors);
    }
}

fn deprecation(version: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    let Some(warning) = version["deprecationWarning"].as_str() else {
        return;
    };
    let mut wrong = Vec::new();
    if version["deprecated"] == true {
        if warning.len() > 256 {
            wrong.push("must be <= 256 characters long".to_owned());
        }
        if warning.is_empty() {
            wrong.push("must not be an empty string".to_owned());
        }
        let unprintable = |c: char| c.is_control() || (c.is_whitespace() && c != ' ');
        if let Some(at) = warning.find(unprintable) {
            wrong.push(format!(
                "must only contain printable UTF-8 characters; non-printable character found at index {at}"
            ));
        }
    } else {
        wrong.push("can only be set for deprecated versions".to_owned());
    }
    for detail in wrong {
        let path = path.child("deprecationWarning");
        errors.push(Error::invalid(&path, warning, detail));
    }
}

fn schema(given: &Value, status: bool, path: &Path<'_>, errors: &mut Vec<Error>) {
    let schema = &given["openAPIV3Schema"];
    if !schema.is_object() {
        return;
    }
    let path = path.child("openAPIV3Schema");
    if status {
        root(schema, &path, errors);
    }
    if schema["nullable"] == true {
        let detail = "nullable cannot be true at the root";
        errors.push(Error::forbidden(&path.child("nullable"), detail));
    }
    let violations = structural::check(schema, &path);
    if violations.is_empty() {
        defaults::check(schema, &path, errors);
    } else {
        errors.extend(violations);
    }
    open_api::check(schema, &path, errors);
}

/// What may stand at the root if the status is a subresource, by Go's names.
fn root(schema: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    const ALLOWED: [&str; 22] = [
        "Description",
        "Type",
        "Format",
        "Title",
        "Maximum",
        "ExclusiveMaximum",
        "Minimum",
        "ExclusiveMinimum",
        "MaxLength",
        "MinLength",
        "Pattern",
        "MaxItems",
        "MinItems",
        "UniqueItems",
        "MultipleOf",
        "Required",
        "Items",
        "Properties",
        "ExternalDocs",
        "Example",
        "XPreserveUnknownFields",
        "XValidations",
    ];
    let of = text(&schema["type"]);
    if !of.is_empty() && of != "object" {
        let detail = "only \"object\" is allowed as the type at the root of the schema if the status \
                      subresource is enabled";
        errors.push(Error::invalid(&path.child("type"), of, detail));
        return;
    }
    let known = |key: &str| match key {
        "x-kubernetes-preserve-unknown-fields" | "x-kubernetes-validations" => true,
        key => ALLOWED.iter().any(|it| it.eq_ignore_ascii_case(key)),
    };
    let mut keys = schema.as_object().into_iter().flatten();
    if keys.any(|(key, value)| !empty(value) && !known(key)) {
        let detail = format!(
            "only [{}] fields are allowed at the root of the schema if the status subresource is enabled",
            ALLOWED.join(" ")
        );
        errors.push(Error::invalid(path, schema.clone(), detail));
    }
}

fn subresources(given: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    let scale = &given["scale"];
    if !scale.is_object() {
        return;
    }
    let wanted = [
        ("specReplicasPath", &[".spec."][..], ".spec"),
        ("statusReplicasPath", &[".status."], ".status"),
        (
            "labelSelectorPath",
            &[".spec.", ".status."],
            "either .spec or .status",
        ),
    ];
    for (key, below, shown) in wanted {
        let at = path.child("scale");
        let at = at.child(key);
        let given = text(&scale[key]);
        if given.is_empty() {
            if key != "labelSelectorPath" {
                errors.push(Error::required(&at, ""));
            }
        } else if !given.starts_with('.') {
            let detail = "must be a simple json path starting with .";
            errors.push(Error::invalid(&at, given, detail));
        } else if !below.iter().any(|it| given.starts_with(it)) {
            let detail = format!("should be a json path under {shown}");
            errors.push(Error::invalid(&at, given, detail));
        }
    }
}

fn columns(given: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    let path = path.child("additionalPrinterColumns");
    for (index, column) in items(given).iter().enumerate() {
        let path = path.index(index);
        if text(&column["name"]).is_empty() {
            errors.push(Error::required(&path.child("name"), ""));
        }
        let of = text(&column["type"]);
        let detail = format!("must be one of {}", TYPES.join(","));
        if of.is_empty() {
            errors.push(Error::required(&path.child("type"), detail));
        } else if !TYPES.contains(&of) {
            errors.push(Error::invalid(&path.child("type"), of, detail));
        }
        let format = text(&column["format"]);
        if !format.is_empty() && !FORMATS.contains(&format) {
            let detail = format!("must be one of {}", FORMATS.join(","));
            errors.push(Error::invalid(&path.child("format"), format, detail));
        }
        let json = text(&column["jsonPath"]);
        let at = path.child("JSONPath");
        if json.is_empty() {
            errors.push(Error::required(&at, ""));
        } else if !json.starts_with('.') {
            let detail = "must be a simple json path starting with .";
            errors.push(Error::invalid(&at, json, detail));
        }
    }
}

/// At most eight paths to texts, whole numbers and booleans.
fn selectable(version: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    const MOST: usize = 8;
    let path = path.child("selectableFields");
    let mut seen = HashSet::new();
    for (index, given) in items(&version["selectableFields"]).iter().enumerate() {
        let at = path.index(index);
        let at = at.child("jsonPath");
        let json = text(&given["jsonPath"]);
        if json.is_empty() {
            errors.push(Error::required(&at, ""));
            continue;
        }
        let mut schema = &version["schema"]["openAPIV3Schema"];
        for step in json.split('.').skip(1) {
            schema = &schema["properties"][step];
        }
        let wrong = if !json.starts_with('.') {
            let word = json.split(['.', '[']).next().unwrap_or_default();
            Some(format!("expected [ or . but got: {word}"))
        } else if json.contains('[') {
            Some("array notation is not allowed".into())
        } else {
            let missing = !schema.is_object();
            missing.then(|| "does not refer to a valid field".into())
        };
        if let Some(wrong) = wrong {
            let detail = format!("is an invalid path: {wrong}");
            errors.push(Error::invalid(&at, json, detail));
            continue;
        }
        if json.starts_with(".metadata") {
            let detail = "must not point to fields in metadata";
            errors.push(Error::invalid(&at, json, detail));
        }
        if !matches!(text(&schema["type"]), "string" | "boolean" | "integer") {
            let detail = "must point to a field of type string, boolean or integer. Enum string fields and \
                          strings with formats are allowed.";
            errors.push(Error::invalid(&at, json, detail));
        }
        if !seen.insert(json) {
            errors.push(Error::duplicate(&at, json));
        }
    }
    if seen.len() > MOST {
        errors.push(Error::too_many(&path, Some(seen.len()), MOST));
    }
}

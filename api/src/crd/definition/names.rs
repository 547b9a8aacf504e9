//! The names of a definition.

use serde_json::Value;

use super::super::get::{items, text};
use super::labels::label_1035;
use crate::status::field::{Error, Path};

pub(super) fn check(names: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    for key in ["plural", "singular", "kind", "listKind"] {
        if text(&names[key]).is_empty() {
            errors.push(Error::required(&path.child(key), ""));
        }
    }
    for key in ["plural", "singular"] {
        label(text(&names[key]), &path.child(key), errors);
    }
    for key in ["kind", "listKind"] {
        let name = text(&names[key]);
        if name.is_empty() {
            continue;
        }
        if let Some(wrong) = label_1035(&name.to_lowercase()) {
            let detail = format!("may have mixed case, but should otherwise match: {wrong}");
            errors.push(Error::invalid(&path.child(key), name, detail));
        }
    }
    list(&names["shortNames"], &path.child("shortNames"), errors);
    let kind = text(&names["kind"]);
    if !kind.is_empty() && names["kind"] == names["listKind"] {
        let detail = "kind and listKind may not be the same";
        errors.push(Error::invalid(&path.child("listKind"), kind, detail));
    }
    list(&names["categories"], &path.child("categories"), errors);
}

/// What is missing was told before.
fn label(name: &str, path: &Path<'_>, errors: &mut Vec<Error>) {
    if !name.is_empty()
        && let Some(wrong) = label_1035(name)
    {
        errors.push(Error::invalid(path, name, wrong));
    }
}

fn list(names: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    for (at, name) in items(names).iter().map(text).enumerate() {
        if let Some(wrong) = label_1035(name) {
            errors.push(Error::invalid(&path.index(at), name, wrong));
        }
    }
}

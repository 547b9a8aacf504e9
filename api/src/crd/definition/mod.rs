//! Validation of definitions, in upstream's words.
//!
//! Upstream lifts what all versions have in common to the definition before it validates it, so a schema
//! that they share lies at `spec.validation`, subresources at `spec.subresources`, and so on; otherwise at
//! `spec.versions[0].schema`.

mod defaults;
mod labels;
mod names;
mod open_api;
pub(in crate::crd) mod structural;
mod version;

use serde_json::Value;

pub(super) use labels::label_1035;

use super::get::{items, text};
use crate::status::field::{Error, Path};
use crate::status::text::quote;

const APPROVAL: &str = "api-approved.kubernetes.io";

/// What is wrong with a definition that was prepared, new or in place of another one. Not validated: the
/// parts of `metadata` that all kinds share, and rules in CEL. Conversion webhooks are refused, which
/// upstream allows.
#[must_use]
pub fn validate_definition(new: &Value, old: Option<&Value>) -> Vec<Error> {
    let mut errors = Vec::new();
    if old.is_none() {
        name(new, &mut errors);
    }
    let spec = &new["spec"];
    let path = Path::new("spec");
    group_and_scope(spec, &path, &mut errors);
    version::all(spec, &path, &mut errors);
    names::check(&spec["names"], &path.child("names"), &mut errors);
    conversion(&spec["conversion"], &path.child("conversion"), &mut errors);
    if let Some(old) = old {
        immutable(new, old, &path, &mut errors);
    }
    stored_versions(new, &mut errors);
    approval(new, old, &mut errors);
    let kept = old.is_some_and(|old| old["spec"]["preserveUnknownFields"] == true);
    if spec["preserveUnknownFields"] == true && !kept {
        let detail = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in \
                      spec.versions[*].schema instead";
        let path = path.child("preserveUnknownFields");
        errors.push(Error::invalid(&path, true, detail));
    }
    errors
}

fn name(new: &Value, errors: &mut Vec<Error>) {
    let name = text(&new["metadata"]["name"]);
    let spec = &new["spec"];
    let wanted = format!(
        "{}.{}",
        text(&spec["names"]["plural"]),
        text(&spec["group"])
    );
    let path = Path::new("metadata.name");
    if name.is_empty() {
        let detail = "name or generateName is required";
        errors.push(Error::required(&path, detail));
        return;
    }
    for detail in labels::subdomain_1123(name) {
        errors.push(Error::invalid(&path, name, detail));
    }
    if name != wanted {
        let detail = r#"must be spec.names.plural+"."+spec.group"#;
        errors.push(Error::invalid(&path, name, detail));
    }
}

fn group_and_scope(spec: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    let group = text(&spec["group"]);
    let at = path.child("group");
    let wrong = labels::subdomain_1123(group);
    if group.is_empty() {
        errors.push(Error::required(&at, ""));
    } else if !wrong.is_empty() {
        errors.push(Error::invalid(&at, group, wrong.join(",")));
    } else if !group.contains('.') {
        let detail = "should be a domain with at least one dot";
        errors.push(Error::invalid(&at, group, detail));
    }
    let scope = text(&spec["scope"]);
    let at = path.child("scope");
    match scope {
        "" => errors.push(Error::required(&at, "")),
        "Cluster" | "Namespaced" => {}
        scope => errors.push(Error::not_supported(&at, scope, ["Cluster", "Namespaced"])),
    }
}

fn conversion(given: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    if given.is_null() {
        return;
    }
    let at = path.child("strategy");
    match text(&given["strategy"]) {
        "" => errors.push(Error::required(&at, "")),
        "None" => {
            let webhook = &given["webhook"];
            let unused = "should not be set when strategy is not set to Webhook";
            if !webhook["clientConfig"].is_null() {
                errors.push(Error::forbidden(&path.child("webhookClientConfig"), unused));
            }
            if !items(&webhook["conversionReviewVersions"]).is_empty() {
                let at = path.child("conversionReviewVersions");
                errors.push(Error::forbidden(&at, unused));
            }
        }
        "Webhook" => {
            let detail = "conversion webhooks are not supported by this server";
            errors.push(Error::forbidden(&at, detail));
        }
        other => errors.push(Error::not_supported(&at, other, ["None", "Webhook"])),
    }
}

fn immutable(new: &Value, old: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    let conditions = items(&old["status"]["conditions"]);
    let established = conditions
        .iter()
        .any(|it| it["type"] == "Established" && it["status"] == "True");
    let names = path.child("names");
    let fields = [
        (path.child("scope"), "/spec/scope", established),
        (names.child("kind"), "/spec/names/kind", established),
        (path.child("group"), "/spec/group", true),
        (names.child("plural"), "/spec/names/plural", true),
    ];
    for (path, pointer, fixed) in fields {
        let value = |of: &Value| of.pointer(pointer).map(text).unwrap_or_default().to_owned();
        let (before, after) = (value(old), value(new));
        if fixed && before != after {
            errors.push(Error::invalid(&path, after, "field is immutable"));
        }
    }
}

fn stored_versions(new: &Value, errors: &mut Vec<Error>) {
    let path = Path::new("status.storedVersions");
    let list = &new["status"]["storedVersions"];
    let stored = items(list);
    if stored.is_empty() {
        let detail = "must have at least one stored version";
        errors.push(Error::invalid(&path, list.clone(), detail));
        return;
    }
    let versions = items(&new["spec"]["versions"]);
    for version in versions.iter().filter(|it| it["storage"] == true) {
        if !stored.contains(&version["name"]) {
            let detail = format!("must have the storage version {}", text(&version["name"]));
            errors.push(Error::invalid(&path, list.clone(), detail));
        }
    }
    for (at, name) in stored.iter().enumerate() {
        if !versions.iter().any(|it| it["name"] == *name) {
            let shown = text(name);
            let detail = format!(
                "missing from spec.versions; {shown} was previously a storage version, and must remain in \
                 spec.versions until a storage migration ensures no data remains persisted in {shown} and \
                 removes {shown} from status.storedVersions"
            );
            errors.push(Error::invalid(&path.index(at), shown, detail));
        }
    }
}

/// How a definition of a group of the Kubernetes project says that it may be.
#[derive(PartialEq)]
enum Approval {
    Missing,
    Invalid,
    Given,
    Bypassed,
}

fn approval(new: &Value, old: Option<&Value>, errors: &mut Vec<Error>) {
    let group = text(&new["spec"]["group"]);
    let protected = ["k8s.io", "kubernetes.io"].iter().any(|domain| {
        let rest = group.strip_suffix(domain);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    if !protected {
        return;
    }
    let state = |of: &Value| {
        let given = text(&of["metadata"]["annotations"][APPROVAL]);
        let host = given.split_once("://").map_or("", |(_, rest)| rest);
        match given {
            "" => Approval::Missing,
            it if it.starts_with("unapproved") => Approval::Bypassed,
            _ if !host.is_empty() && !host.starts_with('/') => Approval::Given,
            _ => Approval::Invalid,
        }
    };
    let found = state(new);
    if old.is_some_and(|old| state(old) == found) {
        return;
    }
    let path = Path::new("metadata.annotations");
    let path = path.key(APPROVAL);
    let name = quote(APPROVAL);
    let see = "see https://github.com/kubernetes/enhancements/pull/1111";
    match found {
        Approval::Missing => {
            let detail = format!("protected groups must have approval annotation {name}, {see}");
            errors.push(Error::required(&path, detail));
        }
        Approval::Invalid => {
            let given = new["metadata"]["annotations"][APPROVAL].clone();
            let detail = format!(
                "protected groups must have approval annotation {name} with either a URL or a reason \
                 starting with \"unapproved\", {see}"
            );
            errors.push(Error::invalid(&path, given, detail));
        }
        Approval::Given | Approval::Bypassed => {}
    }
}

#[cfg(test)]
mod tests;

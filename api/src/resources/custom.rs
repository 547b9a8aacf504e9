//! The resources of a custom resource definition.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Resource, Subresource, Verb, Verbs};
use crate::schema::{Gvk, builtin};

/// One resource for each version that a definition (`apiextensions.k8s.io/v1`) serves; none before it is
/// established. Names are those that the server accepted (`status.acceptedNames`). While it is being
/// deleted, objects can be read and deleted only.
#[must_use]
pub fn custom(definition: &Value) -> Vec<Resource> {
    let (spec, status) = (&definition["spec"], &definition["status"]);
    if !holds(status, "Established") {
        return Vec::new();
    }
    let group = text(&spec["group"]);
    let names = &status["acceptedNames"];
    let kind = text(&names["kind"]);
    let verbs = if holds(status, "Terminating") {
        use Verb::{Delete, DeleteCollection, Get, List, Watch};
        [Delete, DeleteCollection, Get, List, Watch]
            .into_iter()
            .collect()
    } else {
        Verb::ALL.into_iter().collect()
    };
    let versions = spec["versions"].as_array().map_or(&[][..], Vec::as_slice);
    let stored = versions.iter().find(|it| it["storage"] == true);
    // Upstream writes the hash only if the stored version is served, too.
    let stored = stored.filter(|it| it["served"] == true);
    let hash =
        stored.map(|it| storage_hash(group, text(&it["name"]), text(&spec["names"]["kind"])));
    let served = versions.iter().filter(|it| it["served"] == true);
    let made = served.map(|it| {
        let version = text(&it["name"]);
        Resource {
            group: group.into(),
            version: version.into(),
            plural: text(&names["plural"]).into(),
            singular: text(&names["singular"]).into(),
            kind: kind.into(),
            namespaced: spec["scope"] == "Namespaced",
            verbs,
            short_names: texts(&names["shortNames"]),
            categories: texts(&names["categories"]),
            storage_hash: hash.clone(),
            subresources: subresources(&it["subresources"], group, version, kind),
            type_id: None,
            custom: true,
        }
    });
    made.collect()
}

fn subresources(declared: &Value, group: &str, version: &str, kind: &str) -> Vec<Subresource> {
    let verbs: Verbs = [Verb::Get, Verb::Patch, Verb::Update].into_iter().collect();
    let mut made = Vec::new();
    if declared["status"].is_object() {
        made.push(Subresource {
            name: "status".into(),
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            foreign: false,
            verbs,
            type_id: None,
        });
    }
    if declared["scale"].is_object() {
        made.push(Subresource {
            name: "scale".into(),
            group: "autoscaling".into(),
            version: "v1".into(),
            kind: "Scale".into(),
            foreign: true,
            verbs,
            type_id: builtin().kind(&Gvk::new("autoscaling", "v1", "Scale")),
        });
    }
    made
}

/// What discovery shows of a stored version: clients see when it changes.
fn storage_hash(group: &str, version: &str, kind: &str) -> Box<str> {
    let digest = Sha256::digest(format!("{group}/{version}/{kind}"));
    STANDARD.encode(&digest[..8]).into()
}

fn holds(status: &Value, condition: &str) -> bool {
    let conditions = status["conditions"].as_array();
    conditions.is_some_and(|all| {
        all.iter()
            .any(|it| it["type"] == condition && it["status"] == "True")
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn texts(value: &Value) -> Vec<Box<str>> {
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    let texts = items.iter().filter_map(Value::as_str);
    texts.map(Into::into).collect()
}

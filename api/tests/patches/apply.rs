//! Server-side apply and managed fields: sequences of requests by many managers.

use api::apply::{self, ApplyError, FieldSet, Request, SameSchema};
use api::schema::{Gvk, Schema, TypeId, builtin};
use serde::Deserialize;
use serde_json::Value;

use crate::{differences, none_differ, program, thing};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    schema: String,
    api_version: String,
    kind: String,
    verb: String,
    manager: String,
    subresource: String,
    force: bool,
    now: String,
    reset: Vec<String>,
    live: Option<Value>,
    given: Value,
    object: Option<Value>,
    #[serde(default)]
    fields: Vec<String>,
    error: Option<String>,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    causes: Vec<Cause>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Cause {
    #[serde(rename = "type")]
    of: String,
    message: String,
    field: String,
}

impl Step {
    fn run(&self, schema: &Schema, id: TypeId, custom: bool) -> Result<Value, ApplyError> {
        let reset: Vec<&str> = self.reset.iter().map(String::as_str).collect();
        let group = self
            .api_version
            .split_once('/')
            .map_or("", |(group, _)| group);
        let versions = [self.api_version.clone(), join(group, "v9")];
        let served: Vec<&str> = versions.iter().map(String::as_str).collect();
        let request = Request {
            schema,
            id,
            api_version: &self.api_version,
            kind: &self.kind,
            subresource: &self.subresource,
            manager: &self.manager,
            now: &self.now,
            reset: &FieldSet::of(&reset),
            versions: &SameSchema {
                id,
                served: &served,
            },
            custom,
        };
        if self.verb == "apply" {
            apply::apply(&request, self.live.as_ref(), &self.given, self.force)
        } else {
            let fresh = apply::empty(&request);
            let live = self.live.as_ref().unwrap_or(&fresh);
            Ok(apply::update(&request, live, self.given.clone()))
        }
    }

    /// What differs, if anything does.
    fn difference(&self, result: &Result<Value, ApplyError>) -> Option<String> {
        let error = match result {
            Ok(object) => {
                let wanted = self.object.as_ref().unwrap_or(&Value::Null);
                if wanted != object {
                    let mut found = Vec::new();
                    differences(object, wanted, "", &mut found);
                    return Some(format!("the object at {}", found.join("\n  ")));
                }
                return self.bytes(object);
            }
            Err(error) => error,
        };
        let (wanted, ours) = (self.error.as_deref().unwrap_or_default(), error.to_string());
        // At an unknown field upstream stops looking, wherever it comes to it.
        let unknown = |text: &str| text.contains("field not declared in schema");
        let same = same_lines(wanted, &ours) || unknown(wanted) && unknown(&ours);
        if !same {
            return Some("the error".into());
        }
        let (status, causes) = match error {
            ApplyError::Conflicts(conflicts) => {
                let causes = conflicts.iter().map(|conflict| Cause {
                    of: "FieldManagerConflict".into(),
                    message: conflict.message(),
                    field: conflict.field.clone(),
                });
                (409, causes.collect())
            }
            ApplyError::Malformed(_) => (400, Vec::new()),
            ApplyError::Failed(_) => (500, Vec::new()),
        };
        if status != self.status {
            return Some("the status".into());
        }
        // Upstream goes through managers in random order.
        let same = causes.len() == self.causes.len()
            && causes.iter().all(|cause| self.causes.contains(cause));
        (!same).then(|| "the causes".into())
    }

    /// Upstream's bytes have to be the same ones.
    fn bytes(&self, object: &Value) -> Option<String> {
        let none = Vec::new();
        let entries = object["metadata"]["managedFields"]
            .as_array()
            .unwrap_or(&none);
        for (raw, entry) in self.fields.iter().zip(entries) {
            let read = FieldSet::from_json(raw).map(|set| set.to_json());
            if read.as_ref() != Ok(raw) {
                return Some(format!("the bytes {raw}, read and written: {read:?}"));
            }
            let ours = FieldSet::from_value(&entry["fieldsV1"]).map(|set| set.to_json());
            if ours.as_ref() != Ok(raw) {
                return Some(format!("the bytes {raw}, written from a tree: {ours:?}"));
            }
        }
        None
    }
}

/// Whether two texts have the same lines: upstream goes through fields in random order.
fn same_lines(left: &str, right: &str) -> bool {
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(String::from).collect();
        lines.sort();
        lines
    };
    sorted(left) == sorted(right)
}

fn join(group: &str, version: &str) -> String {
    let kind = Gvk::new(group, version, "");
    kind.api_version()
}

#[test]
fn sequences_of_writes_and_applies() {
    let steps: Vec<Step> = program::cases("apply", 3000);
    let (things, thing) = thing::thing();
    let (loose, any) = thing::loose();
    let mut different = Vec::new();
    for step in &steps {
        let result = match step.schema.as_str() {
            "builtin" => {
                let kind = Gvk::parse(&step.api_version, &step.kind);
                let id = builtin().kind(&kind).expect("a built-in kind");
                step.run(builtin(), id, false)
            }
            "thing" => step.run(&things, thing, true),
            _ => step.run(&loose, any, true),
        };
        if let Some(what) = step.difference(&result) {
            let Step {
                verb,
                manager,
                live,
                given,
                ..
            } = step;
            different.push(format!(
                "{what} of {verb} {}/{} by {manager:?} {:?} reset {:?} force {}\n   live: {}\n  given: {given}\n   ours: {}\n wanted: {} {:?}",
                step.kind, step.subresource, step.now, step.reset, step.force,
                live.as_ref().unwrap_or(&Value::Null),
                result.map_or_else(|error| error.to_string(), |object| object.to_string()),
                step.object.as_ref().unwrap_or(&Value::Null),
                step.error,
            ));
        }
    }
    none_differ(&different, steps.len());
}

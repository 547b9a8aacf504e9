//! Managed fields on their way to a scale and back.

use api::apply::{Replicas, parent_of, scale_of};
use serde::Deserialize;
use serde_json::Value;

use crate::{none_differ, program};

#[derive(Deserialize)]
struct Case {
    parent: Vec<Value>,
    scale: Option<Vec<Value>>,
    written: Option<Vec<Value>>,
    after: Option<Vec<Value>>,
}

const REPLICAS: Replicas<'_> = &[("apps/v1", Some(&["spec", "replicas"])), ("apps/v0", None)];

#[test]
fn scales() {
    let cases: Vec<Case> = program::cases("scale", 2000);
    let mut different = Vec::new();
    for case in &cases {
        let scale = case.scale.clone().unwrap_or_default();
        let written = case.written.clone().unwrap_or_default();
        let after = case.after.clone().unwrap_or_default();
        let ours = scale_of(&case.parent, REPLICAS).unwrap();
        if ours != scale {
            different.push(format!(
                "the scale of {:?}: {ours:?} {scale:?}",
                case.parent
            ));
        }
        let ours = parent_of(&written, &case.parent, "apps/v1", REPLICAS).unwrap();
        if ours != after {
            different.push(format!(
                "{:?} after {written:?}:\n{ours:?}\n{after:?}",
                case.parent
            ));
        }
    }
    none_differ(&different, cases.len());
}

//! JSON patches and merge patches, which need no schema.

use api::patch::{PatchError, json, merge};
use serde::Deserialize;
use serde_json::Value;

use crate::{none_differ, program};

#[derive(Deserialize)]
struct Case {
    document: Value,
    patch: Value,
    #[serde(default)]
    object: Value,
    error: Option<String>,
    #[serde(default)]
    panic: bool,
}

fn compare(sort: &str, apply: impl Fn(&Case) -> Result<Value, PatchError>) {
    let cases: Vec<Case> = program::cases(sort, 3000);
    let mut differences = Vec::new();
    for case in &cases {
        let result = apply(case).map_err(|error| error.to_string());
        let same = match (&result, &case.error) {
            (Ok(object), None) => *object == case.object,
            // Where upstream's library panics, anything goes that does not.
            (_, Some(_)) if case.panic => true,
            (Err(error), Some(wanted)) => error == wanted,
            _ => false,
        };
        if !same {
            differences.push(format!(
                "{}\n  patch: {}\n   ours: {result:?}\n wanted: {} {:?}",
                case.document, case.patch, case.object, case.error
            ));
        }
    }
    none_differ(&differences, cases.len());
}

#[test]
fn json_patches() {
    compare("json", |case| {
        json::apply(&case.document, case.patch.to_string().as_bytes())
    });
}

#[test]
fn merge_patches() {
    compare("merge", |case| {
        merge::apply(case.document.clone(), case.patch.clone())
    });
}

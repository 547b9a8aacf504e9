//! Strategic merge patches of built-in kinds.

use api::patch::strategic;
use api::schema::{Gvk, builtin};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{none_differ, program};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    api_version: String,
    kind: String,
    original: Value,
    patch: Value,
    outcomes: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    object: Option<Value>,
    error: Option<String>,
    #[serde(default)]
    panic: bool,
}

impl Outcome {
    fn is(&self, result: &Result<Value, String>) -> bool {
        match result {
            Ok(object) => {
                self.error.is_none() && *self.object.as_ref().unwrap_or(&json!({})) == *object
            }
            Err(_) if self.panic => true,
            Err(error) => self.error.as_ref() == Some(error),
        }
    }
}

#[test]
fn strategic_merge_patches() {
    let cases: Vec<Case> = program::cases("strategic", 2000);
    let mut differences = Vec::new();
    let mut other_errors = 0;
    for case in &cases {
        let kind = Gvk::parse(&case.api_version, &case.kind);
        let id = builtin().kind(&kind).expect("a built-in kind");
        let result = strategic::apply(builtin(), id, &case.original, &case.patch);
        let result = result.map_err(|error| error.to_string());
        if !case.outcomes.iter().any(|outcome| outcome.is(&result)) {
            // Of several mistakes upstream tells the one it comes to first, which not all runs have shown.
            if result.is_err() && case.outcomes.iter().all(|outcome| outcome.error.is_some()) {
                other_errors += 1;
                continue;
            }
            let wanted: Vec<_> = case
                .outcomes
                .iter()
                .map(|o| (&o.object, &o.error))
                .collect();
            differences.push(format!(
                "{} {}\n  patch: {}\n   ours: {result:?}\n wanted: {wanted:?}",
                case.kind, case.original, case.patch
            ));
        }
    }
    none_differ(&differences, cases.len());
    assert!(
        other_errors * 100 <= cases.len(),
        "{other_errors} of {} errors are others than upstream's",
        cases.len()
    );
}

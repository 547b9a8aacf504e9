//! Patches against upstream: a program in Go (`tests/interop/go/patches`) makes random objects and patches and says
//! what upstream's own libraries make of them; here the same is done to them, and nothing may differ.
//!
//! `PINTLE_PATCH_CASES` sets how many cases of each sort there are, `PINTLE_PATCH_SEED` their seed.

use serde_json::Value;

mod apply;
mod plain;
mod program;
mod scale;
mod strategic;
mod thing;

/// How many differences are shown before the test gives up.
const SHOWN: usize = 5;

/// Fails if there are differences, with the first of them.
fn none_differ(differences: &[String], cases: usize) {
    let shown: Vec<&str> = differences.iter().take(SHOWN).map(String::as_str).collect();
    assert!(
        differences.is_empty(),
        "{} of {cases} cases differ:\n{}",
        differences.len(),
        shown.join("\n\n")
    );
}

/// Where two trees differ.
fn differences(ours: &Value, wanted: &Value, path: &str, found: &mut Vec<String>) {
    match (ours, wanted) {
        (Value::Object(left), Value::Object(right)) => {
            let keys: std::collections::BTreeSet<&String> =
                left.keys().chain(right.keys()).collect();
            for key in keys {
                let path = format!("{path}.{key}");
                match (left.get(key), right.get(key)) {
                    (Some(left), Some(right)) => differences(left, right, &path, found),
                    (left, right) => found.push(format!("{path}: ours {left:?}, wanted {right:?}")),
                }
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (at, (left, right)) in left.iter().zip(right).enumerate() {
                differences(left, right, &format!("{path}[{at}]"), found);
            }
        }
        (left, right) if left != right => {
            found.push(format!("{path}: ours {left}, wanted {right}"));
        }
        _ => {}
    }
}

//! Patches against upstream: a program in Go (`tests/interop/go/patches`) makes random objects and patches and says
//! what upstream's own libraries make of them; here the same is done to them, and nothing may differ.
//!
//! `PINTLE_PATCH_CASES` sets how many cases of each sort there are, `PINTLE_PATCH_SEED` their seed.

mod plain;
mod program;
mod strategic;

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

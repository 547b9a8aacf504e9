//! Upstream's own samples: one full object of every kind in JSON and protobuf, from the module k8s.io/api.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::*;
use crate::schema::{Gvk, builtin};

/// The folder of the samples.
fn samples() -> PathBuf {
    let output = Command::new("go")
        .args(["mod", "download", "-json", "k8s.io/api@v0.37.2"])
        .current_dir(std::env::temp_dir())
        .output()
        .expect("go is there");
    let told: Value = serde_json::from_slice(&output.stdout).expect("go tells of the module");
    let folder = told["Dir"].as_str().expect("the module is there");
    PathBuf::from(folder).join("testdata/HEAD")
}

#[test]
fn upstreams_samples_are_read_and_written_byte_by_byte() {
    let mut seen = 0;
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(samples()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let json = std::fs::read(&path).unwrap();
        let expected: Value = serde_json::from_slice(&json).unwrap();
        let text = |key: &str| expected[key].as_str().unwrap_or_default();
        let kind = Gvk::parse(text("apiVersion"), text("kind"));
        let Some(id) = builtin().kind(&kind) else {
            continue;
        };
        seen += 1;
        let read = json::read(builtin(), id, &json).unwrap();
        if read.value != expected || !read.problems.is_empty() {
            wrong.push(format!("{kind:?}: JSON {:?}", read.problems));
        }
        let bytes = std::fs::read(path.with_extension("pb")).unwrap();
        match envelope::open(&bytes) {
            Ok(opened) if opened == expected => {}
            Ok(_) => wrong.push(format!("{kind:?}: protobuf read")),
            Err(error) => wrong.push(format!("{kind:?}: protobuf read: {error}")),
        }
        if envelope::seal(&expected).as_ref() != Ok(&bytes) {
            wrong.push(format!("{kind:?}: protobuf written"));
        }
    }
    assert!(wrong.is_empty(), "{} of {seen}: {wrong:#?}", wrong.len());
    assert!(seen > 80, "{seen}");
}

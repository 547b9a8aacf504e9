//! Upstream's own objects: k8s.io/api comes with one full object of every kind in all three encodings.
//! What we write has to be what Go wrote, byte for byte.
//!
//! The objects are taken from the folder that `PINTLE_K8S_API_TESTDATA` names, or from the Go module.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use api::schema::{Gvk, Schema, TypeId, builtin};
use api::wire::{envelope, json, normalize, protobuf, yaml};
use serde_json::Value;

const MODULE: &str = "k8s.io/api@v0.37.2";

fn folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("PINTLE_K8S_API_TESTDATA") {
        return folder.into();
    }
    let output = Command::new("go")
        .args(["mod", "download", "-json", MODULE])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../xtask/kinds"))
        .output()
        .expect("start go, which has upstream's objects");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "go has no {MODULE}: {error}");
    let told: Value = serde_json::from_slice(&output.stdout).expect("go tells JSON");
    let module = told["Dir"].as_str().expect("go tells where the module is");
    Path::new(module).join("testdata/HEAD")
}

/// An object of a kind that is in our table.
struct Object {
    name: String,
    id: TypeId,
    json: Vec<u8>,
    protobuf: Vec<u8>,
    yaml: Vec<u8>,
}

fn objects() -> Vec<Object> {
    let folder = folder();
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(&folder).expect("the folder of upstream's objects") {
        let path = entry.expect("an entry of the folder").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let json = fs::read(&path).expect("an object of upstream's");
        let tree: Value = serde_json::from_slice(&json).expect("upstream's JSON");
        // A WatchEvent has neither.
        let (Some(version), Some(kind)) = (tree["apiVersion"].as_str(), tree["kind"].as_str())
        else {
            continue;
        };
        let kind = Gvk::parse(version, kind);
        let Some(id) = schema().kind(&kind) else {
            continue;
        };
        seen.insert(kind);
        let name = path
            .file_stem()
            .expect("a file has a name")
            .to_string_lossy()
            .into_owned();
        let beside = |extension| {
            fs::read(path.with_extension(extension)).expect("the object in its other encodings")
        };
        let object = Object {
            name: name.clone(),
            id,
            json,
            protobuf: beside("pb"),
            yaml: beside("yaml"),
        };
        found.insert(name, object);
    }
    for kind in schema().types().flat_map(|(_, of)| &of.kinds) {
        // These come without an object, or without its kind.
        let without = kind.kind.ends_with("List")
            || &*kind.kind == "WatchEvent"
            || matches!(
                &*kind.group,
                "apiextensions.k8s.io" | "apiregistration.k8s.io"
            );
        assert!(
            without || seen.contains(kind),
            "{kind:?} is not in {}",
            folder.display()
        );
    }
    found.into_values().collect()
}

fn schema() -> &'static Schema {
    builtin()
}

/// Runs a check over all objects, and tells all that fail at once.
fn each(check: impl Fn(&Object) -> Result<(), String>) {
    let mut failed = Vec::new();
    let objects = objects();
    for object in &objects {
        if let Err(reason) = check(object) {
            failed.push(format!("{}: {reason}", object.name));
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {}:\n{}",
        failed.len(),
        objects.len(),
        failed.join("\n")
    );
}

fn same(ours: &Value, theirs: &Value) -> Result<(), String> {
    match difference("", ours, theirs) {
        Some(difference) => Err(difference),
        None => Ok(()),
    }
}

/// The first place where two trees differ.
fn difference(path: &str, ours: &Value, theirs: &Value) -> Option<String> {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys());
            keys.filter_map(|key| {
                let none = Value::String("(nothing)".into());
                difference(
                    &format!("{path}.{key}"),
                    a.get(key).unwrap_or(&none),
                    b.get(key).unwrap_or(&none),
                )
            })
            .next()
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let items = a.iter().zip(b).enumerate();
            items
                .filter_map(|(at, (a, b))| difference(&format!("{path}[{at}]"), a, b))
                .next()
        }
        (a, b) if a == b => None,
        (a, b) => Some(format!("{path}: {a}, upstream has {b}")),
    }
}

#[test]
fn json_is_read_as_it_is() {
    each(|object| {
        let read =
            json::read(schema(), object.id, &object.json).map_err(|error| error.to_string())?;
        assert!(
            read.problems.is_empty(),
            "{}: {:?}",
            object.name,
            read.problems
        );
        let theirs = serde_json::from_slice(&object.json).unwrap();
        same(&read.value, &theirs)
    });
}

#[test]
fn json_becomes_upstreams_protobuf() {
    each(|object| {
        let read =
            json::read(schema(), object.id, &object.json).map_err(|error| error.to_string())?;
        let ours =
            envelope::write(schema(), object.id, &read.value).map_err(|error| error.to_string())?;
        if ours == object.protobuf {
            return Ok(());
        }
        let at = ours.iter().zip(&object.protobuf).position(|(a, b)| a != b);
        Err(format!(
            "{} bytes, upstream {}, differ at {at:?}",
            ours.len(),
            object.protobuf.len()
        ))
    });
}

#[test]
fn protobuf_becomes_upstreams_json() {
    each(|object| {
        let ours = envelope::read(schema(), &object.protobuf).map_err(|error| error.to_string())?;
        let theirs = serde_json::from_slice(&object.json).unwrap();
        same(&ours, &theirs)
    });
}

#[test]
fn an_envelope_is_joined_as_upstream_does() {
    each(|object| {
        let around = envelope::split(&object.protobuf).map_err(|error| error.to_string())?;
        let joined = envelope::join(around.api_version, around.kind, around.raw);
        assert_eq!(joined, object.protobuf, "{}", object.name);
        let value =
            protobuf::read(schema(), object.id, around.raw).map_err(|error| error.to_string())?;
        let raw =
            protobuf::write(schema(), object.id, &value).map_err(|error| error.to_string())?;
        if raw == around.raw {
            Ok(())
        } else {
            Err("the message changes".into())
        }
    });
}

#[test]
fn what_is_canonical_stays() {
    each(|object| {
        let theirs: Value = serde_json::from_slice(&object.json).unwrap();
        let mut ours = theirs.clone();
        normalize(schema(), object.id, &mut ours).map_err(|error| error.to_string())?;
        same(&ours, &theirs)
    });
}

#[test]
fn yaml_is_read_and_printed_as_upstream_does() {
    each(|object| {
        let read =
            yaml::read(schema(), object.id, &object.yaml).map_err(|error| error.to_string())?;
        assert!(
            read.problems.is_empty(),
            "{}: {:?}",
            object.name,
            read.problems
        );
        let theirs = serde_json::from_slice(&object.json).unwrap();
        same(&read.value, &theirs)?;
        if yaml::write(&read.value).as_bytes() == object.yaml {
            Ok(())
        } else {
            Err("is printed otherwise".into())
        }
    });
}

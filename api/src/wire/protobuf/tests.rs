use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::schema::{Gvk, builtin};

fn id(kind: &str) -> TypeId {
    builtin().kind(&Gvk::new("", "v1", kind)).unwrap()
}

fn error(kind: &str, bytes: &[u8]) -> String {
    read(builtin(), id(kind), bytes).unwrap_err().to_string()
}

#[test]
fn a_config_map_is_these_bytes() {
    let value = json!({"metadata": {"name": "a"}, "data": {"k": "v"}, "immutable": false});
    let written = write(builtin(), id("ConfigMap"), &value).unwrap();
    let meta = b"\x0a\x01a\x12\0\x1a\0\"\0*\x002\x008\0B\0";
    assert_eq!(meta.len(), 17);
    let expected = [b"\x0a\x11", &meta[..], b"\x12\x06\x0a\x01k\x12\x01v\x20\0"].concat();
    assert_eq!(written, expected);
    assert_eq!(read(builtin(), id("ConfigMap"), &written).unwrap(), value);
}

#[test]
fn unknown_numbers_are_skipped() {
    let bytes = b"\xf8\x06\x05\xfa\x06\x02ab\xf9\x06\0\0\0\0\0\0\0\0\xfd\x06\0\0\0\0";
    let value = read(builtin(), id("ConfigMap"), bytes).unwrap();
    assert_eq!(value, json!({"metadata": {}}));
}

#[test]
fn bad_messages_are_refused() {
    assert_eq!(error("ConfigMap", b"\x0a\x05a"), "unexpected EOF");
    assert_eq!(
        error("ConfigMap", b"\x0a\xff\xff\xff\xff\x07"),
        "unexpected EOF"
    );
    assert_eq!(
        error("ConfigMap", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        "proto: negative length found during unmarshaling"
    );
    assert_eq!(error("ConfigMap", &[0xff; 12]), "proto: integer overflow");
    assert_eq!(error("ConfigMap", b"\x0b\x0c"), "proto: illegal wireType 3");
    assert_eq!(
        error("ConfigMap", b"\x02\0"),
        "proto: illegal tag 0 (wire type 2)"
    );
    assert_eq!(
        error("ConfigMap", b"\x08\0"),
        "proto: wrong wireType = 0 for field Metadata"
    );
}

#[test]
fn a_message_that_is_there_twice_is_merged() {
    let bytes = b"\x0a\x03\x0a\x01a\x0a\x03\x1a\x01n\x12\x06\x0a\x01k\x12\x01v";
    let value = read(builtin(), id("ConfigMap"), bytes).unwrap();
    let expected = json!({"metadata": {"name": "a", "namespace": "n"}, "data": {"k": "v"}});
    assert_eq!(value, expected);
    // The last one of what cannot be merged counts, empty or not.
    let bytes = b"\x0a\x06\x0a\x01a\x0a\x01b\x0a\x02\x0a\0";
    let value = read(builtin(), id("ConfigMap"), bytes).unwrap();
    assert_eq!(value["metadata"], json!({"name": "b"}));
}

#[test]
fn lists_of_numbers_may_be_packed() {
    let group = builtin()
        .named("io.k8s.api.core.v1.PodSecurityContext")
        .unwrap();
    let packed = read(builtin(), group, b"\x22\x03\x01\xac\x02").unwrap();
    let loose = read(builtin(), group, b"\x20\x01\x20\xac\x02").unwrap();
    assert_eq!(packed, json!({"supplementalGroups": [1, 300]}));
    assert_eq!(packed, loose);
    assert_eq!(
        write(builtin(), group, &packed).unwrap(),
        b"\x20\x01\x20\xac\x02"
    );
}

#[test]
fn nesting_is_bounded() {
    let name = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
    let schema = builtin().named(name).unwrap();
    let field = builtin().get(schema).field("not").unwrap().number;
    let mut buffer = Buffer::new();
    for _ in 0..10_000 {
        buffer.close(field, 0);
    }
    let error = read(builtin(), schema, &buffer.into_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "exceeded max depth");
    let mut value = json!({});
    for _ in 0..1000 {
        value = json!({ "not": value });
    }
    assert_eq!(write(builtin(), schema, &value), Err(EncodeError::Depth));
}

#[test]
fn a_tree_that_is_not_canonical_is_refused() {
    let wrong = write(builtin(), id("ConfigMap"), &json!({"immutable": "yes"})).unwrap_err();
    assert_eq!(wrong.to_string(), "immutable: cannot encode string as bool");
    let wrong = write(builtin(), id("Secret"), &json!({"data": {"a": "*"}})).unwrap_err();
    assert_eq!(wrong.to_string(), "data: cannot encode string as bytes");
    assert!(write(builtin(), id("Secret"), &json!([])).is_err());
}

#[test]
fn an_object_within_may_be_in_an_envelope() {
    let inner = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    let enveloped = crate::wire::envelope::write(builtin(), id("ConfigMap"), &inner).unwrap();
    let mut buffer = Buffer::new();
    buffer.bytes(1, &enveloped);
    buffer.close(2, 0);
    let list = read(builtin(), id("List"), &buffer.into_bytes()).unwrap();
    assert_eq!(list["items"], json!([inner]));
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for kind in ["Pod", "ConfigMap", "List"] {
            if let Ok(value) = read(builtin(), id(kind), &bytes) {
                let _ = write(builtin(), id(kind), &value);
            }
        }
    }

    #[test]
    fn damaged_messages_are_read_or_refused(at in 0_usize..400, byte in any::<u8>()) {
        let value = json!({"metadata": {"name": "a", "labels": {"a": "b"}}, "spec": {
            "containers": [{"name": "c", "resources": {"limits": {"cpu": "1"}}, "ports": [{"containerPort": 80}],
                "livenessProbe": {"httpGet": {"port": "x"}}}],
            "volumes": [{"name": "v", "emptyDir": {}}],
        }});
        let mut bytes = write(builtin(), id("Pod"), &value).unwrap();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(read_back) = read(builtin(), id("Pod"), &bytes) {
            let mut normal = read_back.clone();
            crate::wire::normalize(builtin(), id("Pod"), &mut normal).unwrap();
            prop_assert_eq!(normal, read_back);
        }
    }
}

use serde_json::json;

use super::*;
use crate::resources;

struct Words;

impl Descriptions for Words {
    fn kind(&self, name: &str) -> Option<&str> {
        (name == "io.k8s.api.core.v1.Pod").then_some("A pod.")
    }

    fn field(&self, name: &str, field: &str) -> Option<&str> {
        (name == "io.k8s.api.core.v1.Pod" && field == "spec").then_some("What it should be.")
    }
}

fn builtin(group: &str, version: &str) -> Value {
    let registry = Registry::builtin();
    let source = Source {
        registry: &registry,
        custom: &|_| None,
        descriptions: &Undescribed,
    };
    group_version(source, group, version).unwrap()
}

fn definition() -> Value {
    json!({
        "spec": {
            "group": "stable.example.com", "scope": "Namespaced", "names": {"kind": "CronTab"},
            "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"scale": {}}}],
        },
        "status": {
            "acceptedNames": {"plural": "crontabs", "singular": "crontab", "kind": "CronTab"},
            "conditions": [{"type": "Established", "status": "True"}],
        },
    })
}

fn custom_schema() -> Value {
    json!({
        "type": "object",
        "properties": {"spec": {"type": "object", "required": ["size"], "properties": {
            "size": {"type": "integer", "minimum": 1},
            "port": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
            "maybe": {"type": "string", "nullable": true},
            "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {}},
            "template": {"type": "object", "x-kubernetes-embedded-resource": true},
        }}},
    })
}

fn with_custom<T>(make: impl FnOnce(Source<'_>) -> T) -> T {
    let registry = Registry::builtin().with(resources::custom(&definition()));
    let source = Source {
        registry: &registry,
        custom: &|_| Some(custom_schema()),
        descriptions: &Undescribed,
    };
    make(source)
}

#[test]
fn schemas_have_what_clients_merge_by() {
    let document = builtin("", "v1");
    let schemas = &document["components"]["schemas"];
    let container = &schemas["io.k8s.api.core.v1.Container"];
    assert_eq!(container["required"], json!(["name"]));
    assert_eq!(
        container["properties"]["name"],
        json!({"type": "string", "default": ""})
    );
    assert_eq!(
        container["properties"]["ports"],
        json!({
            "type": "array",
            "items": {"$ref": "#/components/schemas/io.k8s.api.core.v1.ContainerPort"},
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["containerPort", "protocol"],
            "x-kubernetes-patch-strategy": "merge",
            "x-kubernetes-patch-merge-key": "containerPort",
        })
    );
    assert_eq!(
        container["properties"]["resources"],
        json!({
            "allOf": [{"$ref": "#/components/schemas/io.k8s.api.core.v1.ResourceRequirements"}],
            "default": {},
        })
    );
    assert_eq!(
        schemas["io.k8s.api.core.v1.ContainerPort"]["properties"]["protocol"]["default"],
        "TCP"
    );
    assert_eq!(
        schemas["io.k8s.api.core.v1.Pod"]["x-kubernetes-group-version-kind"],
        json!([{"group": "", "version": "v1", "kind": "Pod"}])
    );
    assert_eq!(
        schemas["io.k8s.apimachinery.pkg.api.resource.Quantity"],
        json!({"oneOf": [{"type": "string"}, {"type": "number"}]})
    );
    // The items of a list are no list that anybody merges.
    let items = &schemas["io.k8s.api.core.v1.PodList"]["properties"]["items"];
    assert_eq!(items.get("x-kubernetes-list-type"), None);
}

#[test]
fn paths_tell_what_can_be_asked_of_whom() {
    let document = builtin("apps", "v1");
    let item = &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"];
    let patch = &item["patch"];
    assert_eq!(patch["operationId"], "patchAppsV1NamespacedDeployment");
    assert_eq!(patch["x-kubernetes-action"], "patch");
    assert_eq!(
        patch["x-kubernetes-group-version-kind"],
        json!({"group": "apps", "version": "v1", "kind": "Deployment"})
    );
    let names: Vec<_> = patch["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(
        names,
        ["dryRun", "fieldManager", "fieldValidation", "force"]
    );
    let scale = &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"];
    assert_eq!(
        scale["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/io.k8s.api.autoscaling.v1.Scale"
    );
    assert_eq!(
        document["paths"]["/apis/apps/v1/deployments"]["get"]["operationId"],
        "listAppsV1DeploymentForAllNamespaces"
    );
    let core = builtin("", "v1");
    let exec = &core["paths"]["/api/v1/namespaces/{namespace}/pods/{name}/exec"];
    assert_eq!(exec["post"]["x-kubernetes-action"], "connect");
    let names: Vec<_> = exec["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"command") && names.contains(&"name"),
        "{names:?}"
    );
    // A pod that is deleted is shown, a config map is not.
    let deleted = |plural: &str| {
        let path = format!("/api/v1/namespaces/{{namespace}}/{plural}/{{name}}");
        let answer = &core["paths"][path]["delete"]["responses"]["200"];
        answer["content"]["application/json"]["schema"]["$ref"].clone()
    };
    assert_eq!(
        deleted("pods"),
        "#/components/schemas/io.k8s.api.core.v1.Pod"
    );
    assert_eq!(
        deleted("configmaps"),
        "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.Status"
    );
}

/// Each `$ref` of a document leads somewhere.
fn check_references(document: &Value) {
    let mut waiting = vec![document];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Array(items) => waiting.extend(items),
            Value::Object(fields) => {
                if let Some(Value::String(target)) = fields.get("$ref") {
                    let pointer = target.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{target}");
                }
                waiting.extend(fields.values());
            }
            _ => {}
        }
    }
}

#[test]
fn every_document_is_whole() {
    with_custom(|source| {
        for group in source.registry.groups() {
            for version in &group.versions {
                check_references(&group_version(source, &group.name, &version.name).unwrap());
            }
        }
        // A field named $ref is a field, not a reference.
        let mut document = v2(source);
        let props = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
        document["definitions"][props]["properties"]["$ref"] = Value::Null;
        check_references(&document);
        assert!(group_version(source, "apps", "v2").is_none());
    });
}

#[test]
fn words_go_where_they_belong() {
    let registry = Registry::builtin();
    let source = Source {
        registry: &registry,
        custom: &|_| None,
        descriptions: &Words,
    };
    let document = group_version(source, "", "v1").unwrap();
    let pod = &document["components"]["schemas"]["io.k8s.api.core.v1.Pod"];
    assert_eq!(pod["description"], "A pod.");
    assert_eq!(
        pod["properties"]["spec"]["description"],
        "What it should be."
    );
    let definition = &v2(source)["definitions"]["io.k8s.api.core.v1.Pod"];
    assert_eq!(
        definition["properties"]["spec"],
        json!({"$ref": "#/definitions/io.k8s.api.core.v1.PodSpec", "default": {},
               "description": "What it should be."})
    );
}

#[test]
fn custom_resources_are_there_too() {
    with_custom(|source| {
        let document = group_version(source, "stable.example.com", "v1").unwrap();
        let schemas = &document["components"]["schemas"];
        let tab = &schemas["com.example.stable.v1.CronTab"];
        assert_eq!(
            tab["x-kubernetes-group-version-kind"],
            json!([{"group": "stable.example.com", "version": "v1", "kind": "CronTab"}])
        );
        assert_eq!(
            tab["properties"]["metadata"]["$ref"],
            "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
        );
        let spec = &tab["properties"]["spec"]["properties"];
        assert_eq!(spec["maybe"], json!({"type": "string", "nullable": true}));
        assert!(spec["template"]["properties"]["metadata"].is_object());
        assert!(schemas["com.example.stable.v1.CronTabList"].is_object());
        let path = "/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}";
        let patch = &document["paths"][path]["patch"];
        assert_eq!(
            patch["operationId"],
            "patchStableExampleComV1NamespacedCronTab"
        );
        let forms = patch["requestBody"]["content"].as_object().unwrap();
        assert!(!forms.contains_key("application/strategic-merge-patch+json"));

        let spec =
            &v2(source)["definitions"]["com.example.stable.v1.CronTab"]["properties"]["spec"];
        assert_eq!(spec["required"], json!(["size"]));
        let spec = &spec["properties"];
        assert_eq!(spec["size"], json!({"type": "integer", "minimum": 1}));
        assert_eq!(spec["maybe"], json!({}));
        assert_eq!(spec["port"], json!({"x-kubernetes-int-or-string": true}));
        assert_eq!(
            spec["any"],
            json!({"x-kubernetes-preserve-unknown-fields": true})
        );
    });
}

#[test]
fn version_2_has_bodies_as_parameters() {
    with_custom(|source| {
        let document = v2(source);
        let create = &document["paths"]["/api/v1/namespaces/{namespace}/pods"]["post"];
        assert_eq!(
            create["parameters"][0],
            json!({"name": "body", "in": "body", "required": true,
                   "schema": {"$ref": "#/definitions/io.k8s.api.core.v1.Pod"}})
        );
        assert_eq!(create["parameters"][1]["type"], "string");
        assert_eq!(
            create["responses"]["201"]["schema"]["$ref"],
            "#/definitions/io.k8s.api.core.v1.Pod"
        );
        assert_eq!(
            document["definitions"]["io.k8s.apimachinery.pkg.util.intstr.IntOrString"],
            json!({"type": "string", "format": "int-or-string"})
        );
        assert_eq!(
            document["definitions"]["io.k8s.apimachinery.pkg.api.resource.Quantity"],
            json!({"type": "string"})
        );
    });
}

#[test]
fn the_protobuf_form_holds_the_same() {
    use prost::Message as _;
    with_custom(|source| {
        let document = v2(source);
        let read = gnostic::Document::decode(&*v2_protobuf(&document)).unwrap();
        assert_eq!(read.swagger, "2.0");
        let definitions = read.definitions.unwrap().named;
        assert_eq!(
            definitions.len(),
            document["definitions"].as_object().unwrap().len()
        );
        let find = |name: &str| {
            let found = definitions.iter().find(|it| it.name == name);
            found.and_then(|it| it.value.clone()).unwrap()
        };
        let container = find("io.k8s.api.core.v1.Container");
        assert_eq!(container.required, ["name"]);
        let properties = container.properties.unwrap().named;
        let ports = properties.iter().find(|it| it.name == "ports").unwrap();
        let ports = ports.value.clone().unwrap();
        assert_eq!(ports.kind.unwrap().value, ["array"]);
        let keys = ports
            .extensions
            .iter()
            .find(|it| it.name == "x-kubernetes-list-map-keys");
        assert_eq!(
            keys.unwrap().value.as_ref().unwrap().yaml,
            r#"["containerPort","protocol"]"#
        );
        let paths = read.paths.unwrap().named;
        let pods = paths
            .iter()
            .find(|it| it.name == "/api/v1/namespaces/{namespace}/pods")
            .and_then(|it| it.value.clone())
            .unwrap();
        let create = pods.post.unwrap();
        assert_eq!(create.operation_id, "createCoreV1NamespacedPod");
        assert!(
            create.parameters[0]
                .parameter
                .as_ref()
                .unwrap()
                .body
                .is_some()
        );
        assert!(
            create
                .extensions
                .iter()
                .any(|it| it.name == "x-kubernetes-group-version-kind")
        );
    });
}

#[test]
fn the_index_leads_to_documents_by_their_hash() {
    assert_eq!(path("", "v1"), "api/v1");
    let apps = path("apps", "v1");
    assert_eq!(
        index([(&*apps, "AB")]),
        json!({"paths": {"apis/apps/v1": {"serverRelativeURL": "/openapi/v3/apis/apps/v1?hash=AB"}}})
    );
    with_custom(|source| {
        let print = fingerprint(source, "stable.example.com", "v1");
        assert_eq!(print.len(), 128);
        assert_eq!(print, fingerprint(source, "stable.example.com", "v1"));
        let other = Source {
            custom: &|_| None,
            ..source
        };
        assert_ne!(print, fingerprint(other, "stable.example.com", "v1"));
        assert_ne!(print, fingerprint(source, "apps", "v1"));
    });
}

#[test]
fn a_schema_without_end_is_cut() {
    let mut deep = json!({"type": "object"});
    for _ in 0..300 {
        deep = json!({"type": "object", "properties": {"a": deep}, "not": {"type": "string"}});
    }
    let registry = Registry::builtin().with(resources::custom(&definition()));
    let source = Source {
        registry: &registry,
        custom: &|_| Some(deep.clone()),
        descriptions: &Undescribed,
    };
    let document = v2(source);
    assert!(v2_protobuf(&document).len() > 1000);
}

use serde_json::{Value, json};

use super::super::prepare::prepare;
use super::super::schema::tests::cron_tab;
use super::*;

fn check(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut definition = cron_tab();
    change(&mut definition);
    prepare(&mut definition, None);
    let errors = validate_definition(&definition, None);
    errors.iter().map(ToString::to_string).collect()
}

fn spec_schema(change: impl FnOnce(&mut Value)) -> Vec<String> {
    check(|it| {
        change(&mut it["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]);
    })
}

#[test]
fn the_example_is_valid() {
    assert_eq!(check(|_| {}), Vec::<String>::new());
}

#[test]
fn names_and_group() {
    assert_eq!(
        check(|it| it["metadata"]["name"] = "x.stable.example.com".into()),
        [
            r#"metadata.name: Invalid value: "x.stable.example.com": must be spec.names.plural+"."+spec.group"#
        ]
    );
    assert_eq!(
        check(|it| {
            it["spec"]["group"] = "stable".into();
            it["metadata"]["name"] = "crontabs.stable".into();
            it["spec"]["scope"] = "X".into();
            it["spec"]["names"]["listKind"] = "CronTab".into();
        }),
        [
            r#"spec.group: Invalid value: "stable": should be a domain with at least one dot"#,
            r#"spec.scope: Unsupported value: "X": supported values: "Cluster", "Namespaced""#,
            r#"spec.names.listKind: Invalid value: "CronTab": kind and listKind may not be the same"#,
        ]
    );
    let errors = check(|it| it["spec"]["names"]["shortNames"] = json!(["A_"]));
    assert!(
        errors[0].starts_with(r#"spec.names.shortNames[0]: Invalid value: "A_": a DNS-1035 label"#)
    );
}

#[test]
fn versions_and_their_parts() {
    let errors = check(|it| it["spec"]["versions"][0]["storage"] = false.into());
    assert!(
        errors[0].ends_with("must have exactly one version marked as storage version"),
        "{errors:?}"
    );
    assert_eq!(
        check(|it| it["spec"]["versions"][0]["schema"] = Value::Null),
        ["spec.versions[0].schema.openAPIV3Schema: Required value"]
    );
    assert_eq!(
        check(|it| {
            let version = &mut it["spec"]["versions"][0];
            version["subresources"]["scale"]["specReplicasPath"] = ".status.x".into();
            version["additionalPrinterColumns"] =
                json!([{"name": "a", "type": "x", "jsonPath": "y"}]);
        }),
        [
            r#"spec.subresources.scale.specReplicasPath: Invalid value: ".status.x": should be a json path under .spec"#,
            r#"spec.additionalPrinterColumns[0].type: Invalid value: "x": must be one of boolean,date,integer,number,string"#,
            r#"spec.additionalPrinterColumns[0].JSONPath: Invalid value: "y": must be a simple json path starting with ."#,
        ]
    );
}

#[test]
fn schemas_have_to_be_structural() {
    let at = "spec.validation.openAPIV3Schema.properties[spec]";
    assert_eq!(
        spec_schema(|it| it["properties"]["x"] = json!({})),
        [format!(
            "{at}.properties[x].type: Required value: must not be empty for specified object fields"
        )]
    );
    assert_eq!(
        spec_schema(|it| it["anyOf"] = json!([{"type": "object", "description": "x"}])),
        [
            format!("{at}.anyOf[0].description: Forbidden: must be empty to be structural"),
            format!("{at}.anyOf[0].type: Forbidden: must be empty to be structural"),
        ]
    );
    assert_eq!(
        spec_schema(|it| it["properties"]["x"] = json!({
            "x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]
        })),
        Vec::<String>::new()
    );
    assert_eq!(
        spec_schema(|it| it["properties"]["ports"]["items"]["required"] = json!([])),
        [format!(
            "{at}.properties[ports].items.properties[name].default: Required value: this property is in \
             x-kubernetes-list-map-keys, so it must have a default or be a required property"
        )]
    );
    assert_eq!(
        spec_schema(|it| {
            it["properties"]["set"]["uniqueItems"] = true.into();
            it["properties"]["labels"]["properties"] = json!({"a": {"type": "string"}});
        }),
        [
            format!(
                "{at}.properties[labels].additionalProperties: Forbidden: additionalProperties and properties \
                 are mutual exclusive"
            ),
            format!(
                "{at}.properties[set].uniqueItems: Forbidden: uniqueItems cannot be set to true since the \
                 runtime complexity becomes quadratic"
            ),
        ]
    );
}

#[test]
fn defaults_have_to_fit() {
    let at = "spec.validation.openAPIV3Schema.properties[spec].properties[image].default";
    assert_eq!(
        spec_schema(|it| it["properties"]["image"]["default"] = 7.into()),
        [format!(
            r#"{at}: Invalid value: "integer":  in body must be of type string: "integer""#
        )]
    );
    assert_eq!(
        spec_schema(|it| it["default"] = json!({"cronSpec": "* * * * *", "y": 1})),
        [
            r#"spec.validation.openAPIV3Schema.properties[spec].default: Invalid value: {"cronSpec":"* * * * *","y":1}: must not have unknown fields"#
        ]
    );
}

#[test]
fn updates_keep_names_and_stored_versions() {
    let mut old = cron_tab();
    prepare(&mut old, None);
    old["status"]["conditions"] = json!([{"type": "Established", "status": "True"}]);
    let mut new = old.clone();
    new["spec"]["scope"] = "Cluster".into();
    new["spec"]["versions"][0]["name"] = "v2".into();
    prepare(&mut new, Some(&old));
    let errors = validate_definition(&new, Some(&old));
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert_eq!(
        errors[0],
        r#"spec.scope: Invalid value: "Cluster": field is immutable"#
    );
    assert!(errors[1].starts_with(
        r#"status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was"#
    ));
}

#[test]
fn groups_of_the_project_need_approval() {
    let errors = check(|it| {
        it["spec"]["group"] = "x.k8s.io".into();
        it["metadata"]["name"] = "crontabs.x.k8s.io".into();
    });
    assert_eq!(
        errors,
        [
            "metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have \
             approval annotation \"api-approved.kubernetes.io\", see \
             https://github.com/kubernetes/enhancements/pull/1111"
        ]
    );
}

/// What upstream's own validation says of changed examples: a line each of changes (a pointer, and a value
/// unless it goes) and errors by text.
#[test]
fn all_is_said_as_upstream_says_it() {
    let mut wrong = Vec::new();
    for line in include_str!("upstream.jsonl").lines() {
        let (changes, mut wanted): (Vec<Vec<Value>>, Vec<String>) =
            serde_json::from_str(line).unwrap();
        let found = check(|definition| {
            for change in &changes {
                let (at, key) = text(&change[0]).rsplit_once('/').unwrap();
                let at = definition.pointer_mut(at).unwrap();
                match (at, change.get(1)) {
                    (Value::Object(map), None) => {
                        map.remove(key);
                    }
                    (Value::Array(items), Some(value)) => {
                        items[key.parse::<usize>().unwrap()] = value.clone();
                    }
                    (at, value) => at[key] = value.unwrap().clone(),
                }
            }
        });
        // Go shows whole schemas and versions as its own structs.
        let plain = |text: &mut String| {
            if let Some((path, rest)) = text
                .split_once(r#": Invalid value: {"#)
                .filter(|(path, _)| path.ends_with("openAPIV3Schema"))
                .or_else(|| text.split_once(r#": Invalid value: [{"#))
            {
                let (_, detail) = rest.rsplit_once(": ").unwrap();
                *text = format!("{path}: {detail}");
            }
        };
        let mut found = found;
        found.iter_mut().for_each(plain);
        wanted.iter_mut().for_each(plain);
        found.sort();
        wanted.sort();
        if found != wanted {
            let changes = Value::from(changes.concat());
            wrong.push(format!(
                "{changes}\n  wanted {wanted:#?}\n  found  {found:#?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

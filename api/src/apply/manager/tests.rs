use serde_json::{Value, json};

use super::*;
use crate::patch::MAX_DEPTH;
use crate::schema::{Gvk, builtin};

struct Client<'a> {
    manager: &'a str,
    now: &'a str,
    subresource: &'a str,
    reset: FieldSet,
}

impl Client<'_> {
    fn with<T>(&self, run: impl FnOnce(&Request<'_>) -> T) -> T {
        let id = builtin()
            .kind(&Gvk::new("apps", "v1", "Deployment"))
            .unwrap();
        run(&Request {
            schema: builtin(),
            id,
            api_version: "apps/v1",
            kind: "Deployment",
            subresource: self.subresource,
            manager: self.manager,
            now: self.now,
            reset: &self.reset,
            versions: &SameSchema { id, served: &[] },
            custom: false,
        })
    }

    fn apply(&self, live: Option<&Value>, spec: Value, force: bool) -> Result<Value, ApplyError> {
        self.with(|request| apply(request, live, &deployment(spec), force))
    }

    fn update(&self, live: &Value, new: Value) -> Value {
        self.with(|request| update(request, live, new))
    }
}

fn client<'a>(manager: &'a str, now: &'a str) -> Client<'a> {
    Client {
        manager,
        now,
        subresource: "",
        reset: FieldSet::new(),
    }
}

fn deployment(spec: Value) -> Value {
    let meta = json!({"name": "x", "namespace": "default"});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec})
}

const FIRST: &str = "2026-01-01T00:00:00Z";
const SECOND: &str = "2026-01-01T00:00:01Z";

/// Who owns what, as `manager operation: fields`.
fn owners(object: &Value) -> Vec<String> {
    let none = Vec::new();
    let entries = object["metadata"]["managedFields"]
        .as_array()
        .unwrap_or(&none);
    let show = |entry: &Value| {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let set = FieldSet::from_value(&entry["fieldsV1"]).unwrap();
        let paths: Vec<String> = set
            .paths()
            .iter()
            .map(|path| crate::apply::show(path))
            .collect();
        format!(
            "{} {} {}: {}",
            text("manager"),
            text("operation"),
            &text("time")[17..],
            paths.join(" ")
        )
    };
    entries.iter().map(show).collect()
}

fn stored(mut object: Value) -> Value {
    object["metadata"]["uid"] = json!("u");
    object
}

#[test]
fn applied_fields_are_owned_and_go_when_they_are_not_applied() {
    let one = client("a", FIRST)
        .apply(None, json!({"replicas": 1, "paused": true}), false)
        .unwrap();
    assert_eq!(owners(&one), ["a Apply 00Z: .spec.paused .spec.replicas"]);
    let two = client("a", SECOND)
        .apply(Some(&stored(one)), json!({"replicas": 2}), false)
        .unwrap();
    assert_eq!(owners(&two), ["a Apply 01Z: .spec.replicas"]);
    assert_eq!(two["spec"]["replicas"], 2);
    assert_eq!(two["spec"].get("paused"), None);
}

#[test]
fn an_apply_that_changes_nothing_keeps_the_time() {
    let one = stored(
        client("a", FIRST)
            .apply(None, json!({"replicas": 1}), false)
            .unwrap(),
    );
    let two = client("a", SECOND)
        .apply(Some(&one), json!({"replicas": 1}), false)
        .unwrap();
    assert_eq!(two, one);
}

#[test]
fn others_fields_are_conflicts() {
    let one = stored(
        client("a", FIRST)
            .apply(None, json!({"replicas": 1}), false)
            .unwrap(),
    );
    let mut new = one.clone();
    new["spec"]["replicas"] = json!(2);
    let two = client("kubectl-edit", SECOND).update(&one, new);
    assert_eq!(owners(&two), ["kubectl-edit Update 01Z: .spec.replicas"]);

    let error = client("a", SECOND)
        .apply(Some(&two), json!({"replicas": 3}), false)
        .unwrap_err();
    let wanted = "Apply failed with 1 conflict: conflict with \"kubectl-edit\" using apps/v1: .spec.replicas";
    assert_eq!(error.to_string(), wanted);
    let ApplyError::Conflicts(conflicts) = error else {
        panic!("{error}");
    };
    let cause = conflicts.iter().next().unwrap();
    assert_eq!(
        cause.message(),
        "conflict with \"kubectl-edit\" using apps/v1"
    );
    assert_eq!(cause.field, ".spec.replicas");

    let three = client("a", SECOND)
        .apply(Some(&two), json!({"replicas": 3}), true)
        .unwrap();
    assert_eq!(owners(&three), ["a Apply 01Z: .spec.replicas"]);
}

#[test]
fn several_conflicts_have_lines_of_their_own() {
    let spec = json!({"replicas": 1, "paused": true});
    let one = stored(client("a", FIRST).apply(None, spec, false).unwrap());
    let mut status = client("b", FIRST);
    status.subresource = "status";
    let two = status
        .apply(Some(&one), json!({"minReadySeconds": 1}), false)
        .unwrap();
    let spec = json!({"replicas": 2, "paused": false, "minReadySeconds": 2});
    let error = client("c", SECOND)
        .apply(Some(&two), spec, false)
        .unwrap_err();
    let wanted = "Apply failed with 3 conflicts: conflicts with \"a\":\n- .spec.paused\n- .spec.replicas\nconflicts with \"b\" with subresource \"status\":\n- .spec.minReadySeconds";
    assert_eq!(error.to_string(), wanted);
}

#[test]
fn what_was_there_before_has_an_owner() {
    let live = stored(deployment(json!({"replicas": 1})));
    let made = client("a", FIRST)
        .apply(Some(&live), json!({"paused": true}), false)
        .unwrap();
    let wanted = [
        "a Apply 00Z: .spec.paused",
        "before-first-apply Update 00Z: .spec.replicas",
    ];
    assert_eq!(owners(&made), wanted);
}

#[test]
fn objects_without_managed_fields_are_not_tracked() {
    let live = stored(deployment(json!({"replicas": 1})));
    let new = stored(deployment(json!({"replicas": 2})));
    assert_eq!(client("a", FIRST).update(&live, new.clone()), new);
}

#[test]
fn managed_fields_can_be_given_up() {
    let one = stored(
        client("a", FIRST)
            .apply(None, json!({"replicas": 1}), false)
            .unwrap(),
    );
    for empty in [json!([]), json!([{}])] {
        let mut new = one.clone();
        new["metadata"]["managedFields"] = empty;
        let two = client("a", SECOND).update(&one, new);
        assert!(owners(&two).is_empty());
    }
    for unread in [json!(null), json!([{"operation": "x"}])] {
        let mut new = one.clone();
        new["metadata"]["managedFields"] = unread;
        assert_eq!(client("a", SECOND).update(&one, new), one);
    }
}

#[test]
fn a_status_is_not_owned_by_who_may_not_write_it() {
    let mut main = client("a", FIRST);
    main.reset = FieldSet::of(&["status"]);
    let mut new = deployment(json!({"replicas": 1}));
    new["status"] = json!({"replicas": 1});
    let fresh = main.with(empty);
    assert_eq!(
        owners(&main.update(&fresh, new)),
        ["a Update 00Z: .spec.replicas"]
    );
}

#[test]
fn there_are_ten_who_update_at_most() {
    let mut live = stored(client("m00", FIRST).update(
        &client("", FIRST).with(empty),
        deployment(json!({"replicas": 1})),
    ));
    for n in 1..15 {
        let now = format!("2026-01-01T00:00:{n:02}Z");
        let mut new = live.clone();
        new["metadata"]["labels"][format!("l{n:02}")] = json!("x");
        live = client(&format!("m{n:02}"), &now).update(&live, new);
    }
    let owners = owners(&live);
    assert_eq!(owners.len(), 10);
    assert!(
        owners[0].starts_with("ancient-changes Update 05Z: .metadata.labels"),
        "{owners:?}"
    );
}

#[test]
fn kubectl_takes_over_from_itself() {
    let last = deployment(json!({"replicas": 1})).to_string();
    let annotations = json!({"kubectl.kubernetes.io/last-applied-configuration": last});
    let mut new = deployment(json!({"replicas": 1}));
    new["metadata"]["annotations"] = annotations;
    let fresh = client("", FIRST).with(empty);
    let live = stored(client("kubectl-client-side-apply", FIRST).update(&fresh, new));
    assert!(
        client("other", SECOND)
            .apply(Some(&live), json!({"replicas": 2}), false)
            .is_err()
    );
    let made = client("kubectl", SECOND)
        .apply(Some(&live), json!({"replicas": 2}), false)
        .unwrap();
    let note = made["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
        .as_str();
    assert!(
        note.unwrap().ends_with("\"spec\":{\"replicas\":2}}\n"),
        "{note:?}"
    );
}

#[test]
fn what_may_not_be_applied() {
    let run =
        |applied: Value| client("a", FIRST).with(|request| apply(request, None, &applied, false));
    let mut applied = deployment(json!({}));
    applied["metadata"]["managedFields"] = json!([{}]);
    let error = ApplyError::Malformed("metadata.managedFields must be nil".into());
    assert_eq!(run(applied), Err(error));
    let other = json!({"apiVersion": "v1", "kind": "Pod"});
    let error = ApplyError::Malformed("invalid object type: /v1, Kind=Pod".into());
    assert_eq!(run(other), Err(error));
    let error = run(deployment(json!({"x": 1}))).unwrap_err().to_string();
    let wanted = "failed to create typed patch object (default/x; apps/v1, Kind=Deployment): .spec.x: field not declared in schema";
    assert_eq!(error, wanted);
}

#[test]
fn a_write_that_only_changes_times_is_none() {
    let one = stored(
        client("a", FIRST)
            .apply(None, json!({"replicas": 1}), false)
            .unwrap(),
    );
    let mut new = one.clone();
    new["metadata"]["managedFields"][0]["time"] = json!(SECOND);
    assert_eq!(keep_times(&one, new.clone()), one);
    new["spec"]["replicas"] = json!(2);
    assert_eq!(keep_times(&one, new.clone()), new);
    let mut new = one.clone();
    new["metadata"]["resourceVersion"] = json!("2");
    assert_eq!(keep_times(&one, new.clone()), new);
}

#[test]
fn managers_without_a_name_are_called_by_their_program() {
    assert_eq!(manager_of_agent("x", "kubectl/v1"), "x");
    assert_eq!(
        manager_of_agent("", "kub\u{7}ectl/v1.37 (linux)"),
        "kubectl"
    );
    assert_eq!(manager_of_agent("", &"ä".repeat(100)).len(), 128);
}

#[test]
fn managed_fields_are_checked() {
    let entry = |name: &str, value: Value| {
        let mut entry =
            json!({"operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1"});
        entry[name] = value;
        validate_managed_fields(&[entry])
    };
    assert_eq!(entry("manager", json!("x")), Ok(()));
    assert_eq!(
        entry("operation", json!("x")).unwrap_err(),
        "operation must be `Apply` or `Update`"
    );
    assert_eq!(
        entry("apiVersion", json!("")).unwrap_err(),
        "apiVersion must not be empty"
    );
    let missing = "missing fieldsType in managed fields entry 0";
    assert_eq!(entry("fieldsType", json!(null)).unwrap_err(), missing);
    let invalid = "invalid fieldsType \"x\" in managed fields entry 0";
    assert_eq!(entry("fieldsType", json!("x")).unwrap_err(), invalid);
    assert!(entry("fieldsV1", json!({"f": 1})).is_err());
}

#[test]
fn trees_have_a_depth() {
    let deep = |levels: usize| (0..levels).fold(json!("x"), |value, _| json!({ "a": value }));
    let mut schema = Schema::new();
    let mut of = crate::schema::Type::new("Any", Vec::new());
    of.preserve = true;
    let id = schema.add(of);
    let reset = FieldSet::new();
    let versions = SameSchema { id, served: &[] };
    let request = Request {
        schema: &schema,
        id,
        api_version: "a/v1",
        kind: "Any",
        subresource: "",
        manager: "m",
        now: FIRST,
        reset: &reset,
        versions: &versions,
        custom: true,
    };
    let object = |levels: usize| json!({"apiVersion": "a/v1", "kind": "Any", "a": deep(levels)});
    let live = apply(&request, None, &object(MAX_DEPTH - 1), false).unwrap();
    assert_eq!(owners(&live).len(), 1);
    let again = apply(&request, Some(&live), &object(3), false);
    assert!(again.is_ok(), "{again:?}");
    let error = apply(&request, None, &object(MAX_DEPTH), false).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("nested deeper than {MAX_DEPTH} levels")
    );
    let untracked = update(&request, &empty(&request), object(MAX_DEPTH));
    assert!(owners(&untracked).is_empty());
}

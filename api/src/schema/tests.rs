use super::*;

fn of(kind: &Gvk) -> &'static Type {
    builtin().get(builtin().kind(kind).expect("a built-in kind"))
}

#[test]
fn a_pod_has_containers_by_name() {
    let pod = of(&Gvk::new("", "v1", "Pod"));
    assert_eq!(&*pod.name, "io.k8s.api.core.v1.Pod");
    let Shape::Object(spec) = pod.field("spec").unwrap().slot.shape else {
        panic!("a spec is an object");
    };
    let containers = builtin().get(spec).field("containers").unwrap();
    assert_eq!(containers.number, 2);
    assert!(containers.required && containers.patch.merge);
    assert_eq!(containers.patch.key.as_deref(), Some("name"));
    let Shape::List(list) = &containers.slot.shape else {
        panic!("containers are a list");
    };
    assert_eq!(list.kind, ListKind::Map(vec!["name".into()]));
}

#[test]
fn fields_are_found_by_the_messages_they_lie_in() {
    let id = builtin().named("io.k8s.api.core.v1.Volume").unwrap();
    let volume = builtin().get(id);
    assert_eq!(&*volume.number(&[], 1).unwrap().json, "name");
    assert_eq!(&*volume.number(&[2], 2).unwrap().json, "emptyDir");
    assert!(volume.number(&[], 2).is_none());
    assert_eq!(volume.by_name().count(), volume.fields.len());
}

#[test]
fn every_type_that_is_spoken_of_is_there() {
    for (_, made) in builtin().types() {
        // Some types are empty in Go, too; none of them is a kind.
        assert!(
            !made.fields.is_empty() || made.kinds.is_empty(),
            "{}",
            made.name
        );
    }
    assert!(
        builtin().types().count() > 600,
        "{}",
        builtin().types().count()
    );
}

#[test]
fn a_bad_line_is_told() {
    let error = table::read("type x\n name one s\n").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("line 2 of the table of kinds: \"one\""),
        "{error}"
    );
}

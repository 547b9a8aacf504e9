//! The schema of the custom resource in `thing.go`.

use api::schema::{Field, List, ListKind, Map, Patch, Schema, Shape, Slot, Type, TypeId};
use serde_json::json;

/// The schema, and the type of the resource in it.
pub(crate) fn thing() -> (Schema, TypeId) {
    let mut schema = Schema::new();
    let texts = || map(Shape::String, false);
    let meta = object(
        &mut schema,
        "Meta",
        vec![
            ("name", Shape::String),
            ("namespace", Shape::String),
            ("uid", Shape::String),
            ("generation", Shape::Int64),
            ("labels", texts()),
            ("annotations", texts()),
            ("finalizers", list(Shape::String, ListKind::Set)),
            ("managedFields", list(Shape::Fields, ListKind::Atomic)),
        ],
    );
    let port = object(
        &mut schema,
        "Port",
        vec![
            ("port", Shape::Int64),
            ("protocol", Shape::String),
            ("note", Shape::String),
            ("labels", texts()),
        ],
    );
    let child = object(
        &mut schema,
        "Child",
        vec![("id", Shape::Int64), ("value", Shape::String)],
    );
    let nested = object(
        &mut schema,
        "Nested",
        vec![
            ("name", Shape::String),
            ("children", list(Shape::Object(child), keys(&["id"]))),
        ],
    );
    let whole = object(&mut schema, "Whole", vec![("a", Shape::String)]);
    let mut atom = made("Atom", vec![("a", Shape::String), ("b", Shape::Int64)]);
    atom.atomic = true;
    let atom = schema.add(atom);
    let mut any = made("Any", vec![("known", Shape::String)]);
    any.preserve = true;
    let any = schema.add(any);
    let free = object(&mut schema, "Free", Vec::new());
    let deep = object(
        &mut schema,
        "Deep",
        vec![("x", Shape::Int64), ("y", Shape::String)],
    );
    let lists = list(list(Shape::String, ListKind::Atomic), ListKind::Atomic);
    let spec = object(
        &mut schema,
        "Spec",
        vec![
            ("count", Shape::Int64),
            ("name", Shape::String),
            ("flag", Shape::Bool),
            ("ratio", Shape::Double),
            ("any", Shape::Object(any)),
            ("free", Shape::Object(free)),
            ("port", Shape::IntOrString),
            ("tags", list(Shape::String, ListKind::Set)),
            ("numbers", list(Shape::Int64, ListKind::Set)),
            (
                "ports",
                list(Shape::Object(port), keys(&["port", "protocol"])),
            ),
            ("nested", list(Shape::Object(nested), keys(&["name"]))),
            ("whole", list(Shape::Object(whole), ListKind::Atomic)),
            ("lists", lists),
            ("atom", Shape::Object(atom)),
            ("atoms", map(Shape::String, true)),
            ("deep", map(Shape::Object(deep), false)),
        ],
    );
    let condition = object(
        &mut schema,
        "Condition",
        vec![("type", Shape::String), ("status", Shape::String)],
    );
    let status = object(
        &mut schema,
        "Status",
        vec![
            ("phase", Shape::String),
            (
                "conditions",
                list(Shape::Object(condition), keys(&["type"])),
            ),
        ],
    );
    let root = object(
        &mut schema,
        "Thing",
        vec![
            ("apiVersion", Shape::String),
            ("kind", Shape::String),
            ("metadata", Shape::Object(meta)),
            ("spec", Shape::Object(spec)),
            ("status", Shape::Object(status)),
        ],
    );
    (schema, root)
}

/// A schema that knows nothing of its objects.
pub(crate) fn loose() -> (Schema, TypeId) {
    let mut schema = Schema::new();
    let mut of = Type::new("Loose", Vec::new());
    of.preserve = true;
    let id = schema.add(of);
    (schema, id)
}

fn object(schema: &mut Schema, name: &str, fields: Vec<(&str, Shape)>) -> TypeId {
    schema.add(made(name, fields))
}

fn made(name: &str, fields: Vec<(&str, Shape)>) -> Type {
    let field = |(json, shape): (&str, Shape)| {
        let mut slot = Slot::of(shape);
        if json == "protocol" {
            slot.default = Some(json!("TCP"));
        }
        Field {
            json: json.into(),
            number: 0,
            within: Box::default(),
            slot,
            required: false,
            pointer: false,
            omit: true,
            patch: Patch::default(),
        }
    };
    Type::new(name, fields.into_iter().map(field).collect())
}

fn list(item: Shape, kind: ListKind) -> Shape {
    let item = Slot::of(item);
    Shape::List(Box::new(List { item, kind }))
}

fn keys(keys: &[&str]) -> ListKind {
    ListKind::Map(keys.iter().map(|key| (*key).into()).collect())
}

fn map(value: Shape, atomic: bool) -> Shape {
    let value = Slot::of(value);
    Shape::Map(Box::new(Map { value, atomic }))
}

//! The parameters of requests.

use serde_json::{Value, json};

use crate::schema::{Shape, Type};

/// Name, type, and what it is for, in our own words.
type Row = (&'static str, &'static str, &'static str);

const PRETTY: Row = (
    "pretty",
    "string",
    "If 'true', the answer is indented for people.",
);
const DRY_RUN: Row = (
    "dryRun",
    "string",
    "All: go through all steps, but store nothing.",
);
const MANAGER: Row = (
    "fieldManager",
    "string",
    "Who makes the change; at most 128 printable characters. Needed for apply.",
);
const VALIDATION: Row = (
    "fieldValidation",
    "string",
    "What to do about unknown and duplicate fields: Ignore, Warn or Strict.",
);
const FORCE: Row = (
    "force",
    "boolean",
    "Take over fields that others have set; for apply only.",
);
const LIST: [Row; 9] = [
    (
        "continue",
        "string",
        "Where a list goes on, from the one before.",
    ),
    (
        "fieldSelector",
        "string",
        "Fields that the objects must have.",
    ),
    (
        "labelSelector",
        "string",
        "Labels that the objects must have.",
    ),
    ("limit", "integer", "How many objects to list at most."),
    ("resourceVersion", "string", "From which version on."),
    (
        "resourceVersionMatch",
        "string",
        "How the version is meant.",
    ),
    (
        "sendInitialEvents",
        "boolean",
        "Begin a watch with all objects.",
    ),
    (
        "shardSelector",
        "string",
        "Which part of the objects to list.",
    ),
    (
        "timeoutSeconds",
        "integer",
        "How long to go on, in seconds.",
    ),
];
const WATCH: [Row; 2] = [
    (
        "allowWatchBookmarks",
        "boolean",
        "Send bookmarks with newer versions.",
    ),
    ("watch", "boolean", "Tell of changes instead of listing."),
];
const DELETE: [Row; 4] = [
    (
        "gracePeriodSeconds",
        "integer",
        "How long the object has to end, in seconds.",
    ),
    (
        "ignoreStoreReadErrorWithClusterBreakingPotential",
        "boolean",
        "Delete an object that cannot be read, without any further step.",
    ),
    (
        "orphanDependents",
        "boolean",
        "Deprecated: whether dependents stay; see propagationPolicy.",
    ),
    (
        "propagationPolicy",
        "string",
        "What becomes of dependents: Orphan, Background or Foreground.",
    ),
];

/// What a request does, as far as its parameters go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Read,
    Write,
    Patch,
    List,
    Delete,
    DeleteCollection,
}

/// The parameters of such requests in the query.
pub(super) fn of(what: Of) -> Vec<Value> {
    let rows: Vec<Row> = match what {
        Of::Read => Vec::new(),
        Of::Write => vec![DRY_RUN, MANAGER, VALIDATION],
        Of::Patch => vec![DRY_RUN, MANAGER, VALIDATION, FORCE],
        Of::List => [&LIST[..], &WATCH].concat(),
        Of::Delete => [&[DRY_RUN][..], &DELETE].concat(),
        Of::DeleteCollection => [&[DRY_RUN][..], &LIST, &DELETE].concat(),
    };
    rows.into_iter().map(query).collect()
}

/// The parameters of all requests of a path.
pub(super) fn of_path(path: &str, kind: &str, plain: bool) -> Vec<Value> {
    let mut made = Vec::new();
    if path.contains("{name}") {
        made.push(in_path("name", &format!("name of the {kind}")));
    }
    if path.contains("{namespace}") {
        made.push(in_path("namespace", "the namespace of the object"));
    }
    if plain {
        made.push(query(PRETTY));
    }
    made
}

/// The fields of a type of options, which stand in the query.
pub(super) fn of_options(options: &Type) -> Vec<Value> {
    let own = options
        .by_name()
        .filter(|field| !matches!(&*field.json, "kind" | "apiVersion"));
    let made = own.filter_map(|field| {
        let item = match &field.slot.shape {
            Shape::List(list) => &list.item.shape,
            shape => shape,
        };
        let kind = match item {
            Shape::Bool => "boolean",
            Shape::Int32 | Shape::Int64 => "integer",
            Shape::String | Shape::Time => "string",
            _ => return None,
        };
        Some(json!({
            "name": &*field.json, "in": "query", "schema": {"type": kind, "uniqueItems": true},
        }))
    });
    made.collect()
}

fn query((name, kind, description): Row) -> Value {
    json!({
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": kind, "uniqueItems": true},
    })
}

fn in_path(name: &str, description: &str) -> Value {
    json!({
        "name": name,
        "in": "path",
        "required": true,
        "description": description,
        "schema": {"type": "string", "uniqueItems": true},
    })
}

//! What fields a kind has, and how each is encoded, merged, defaulted.
//!
//! One [`Schema`] holds types that refer to one another by number. That of the built-in kinds
//! ([`builtin`]) is read from a table that `cargo xtask codegen` distils from upstream's Go modules;
//! a custom resource gets one of its own, made from its definition.
//!
//! Sources: struct tags of k8s.io/api (JSON name, protobuf number, patch strategy), upstream's OpenAPI
//! v3 documents (list and map types, defaults, required fields).

mod table;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Value;

pub use table::TableError;

/// The number of a type within its [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(u32);

/// Types that refer to one another.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    types: Vec<Type>,
    names: HashMap<Box<str>, TypeId>,
    kinds: HashMap<Gvk, TypeId>,
}

/// Group, version and kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gvk {
    /// The API group, empty for the core group.
    pub group: Box<str>,
    /// The version, `v1` for example.
    pub version: Box<str>,
    /// The kind, `Pod` for example.
    pub kind: Box<str>,
}

impl Gvk {
    /// The three of them.
    #[must_use]
    pub fn new(group: &str, version: &str, kind: &str) -> Self {
        Self {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
        }
    }

    /// Group and version as objects write them: `v1`, `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// From `apiVersion` and `kind` of an object.
    #[must_use]
    pub fn parse(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self::new(group, version, kind)
    }
}

/// An object with named fields.
#[derive(Clone, Debug)]
pub struct Type {
    /// The name in OpenAPI documents, `io.k8s.api.core.v1.Pod` for example.
    pub name: Box<str>,
    /// The group, version and kinds that this type stands for in requests; most have none.
    pub kinds: Vec<Gvk>,
    /// The fields, by ascending protobuf numbers: those of the message itself first, then those of
    /// messages that JSON shows inlined.
    pub fields: Vec<Field>,
    /// Merged as a whole by server-side apply (`x-kubernetes-map-type: atomic`).
    pub atomic: bool,
    /// Unknown fields stay (`x-kubernetes-preserve-unknown-fields`).
    pub preserve: bool,
    /// An object with `apiVersion`, `kind` and `metadata` of its own (`x-kubernetes-embedded-resource`).
    pub embedded: bool,
    /// Its fields hold whatever they are given (custom resources): values of another type and `null` stay
    /// for validation to judge, empty ones stay, and absent fields are not filled. Types of its fields
    /// that are not loose themselves, as that of `metadata`, are read by their own rules.
    pub loose: bool,
    /// Positions in `fields` by ascending JSON name.
    by_json: Vec<u16>,
    /// The order of the fields in protobuf.
    layout: Vec<Step>,
}

/// What comes next in the protobuf form of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The field at this position.
    Field(u16),
    /// A message of this number that JSON does not show, and what is in it.
    Inlined(u32, Vec<Step>),
}

impl Type {
    /// A type of these fields.
    #[must_use]
    pub fn new(name: &str, fields: Vec<Field>) -> Self {
        let mut by_json: Vec<u16> = (0..fields.len())
            .map_while(|at| u16::try_from(at).ok())
            .collect();
        by_json.sort_by(|a, b| {
            fields[usize::from(*a)]
                .json
                .cmp(&fields[usize::from(*b)].json)
        });
        let layout = layout(&fields, &[]);
        Self {
            name: name.into(),
            kinds: Vec::new(),
            fields,
            atomic: false,
            preserve: false,
            embedded: false,
            loose: false,
            by_json,
            layout,
        }
    }

    /// The order of the fields in protobuf: by ascending numbers.
    #[must_use]
    pub fn layout(&self) -> &[Step] {
        &self.layout
    }

    /// The field of this JSON name.
    #[must_use]
    pub fn field(&self, json: &str) -> Option<&Field> {
        self.position(json).map(|at| &self.fields[at])
    }

    /// The position of the field of this JSON name in [`Self::fields`].
    #[must_use]
    pub fn position(&self, json: &str) -> Option<usize> {
        let found = self
            .by_json
            .binary_search_by(|at| (*self.fields[usize::from(*at)].json).cmp(json));
        found.ok().map(|at| usize::from(self.by_json[at]))
    }

    /// The field of this protobuf number in the messages of these numbers.
    #[must_use]
    pub fn number(&self, within: &[u32], number: u32) -> Option<&Field> {
        let found = self
            .fields
            .binary_search_by(|field| (&*field.within, field.number).cmp(&(within, number)));
        found.ok().map(|at| &self.fields[at])
    }

    /// The fields by ascending JSON name.
    pub fn by_name(&self) -> impl Iterator<Item = &Field> {
        self.by_json.iter().map(|at| &self.fields[usize::from(*at)])
    }
}

/// The steps within the messages of these numbers.
fn layout(fields: &[Field], within: &[u32]) -> Vec<Step> {
    let mut steps = std::collections::BTreeMap::new();
    for (at, field) in fields.iter().enumerate() {
        let Some(rest) = field.within.strip_prefix(within) else {
            continue;
        };
        match rest.first() {
            None if field.number == 0 => {}
            None => {
                let at = u16::try_from(at).expect("a type has fewer fields than that");
                steps.insert(field.number, Step::Field(at));
            }
            Some(next) => {
                steps.entry(*next).or_insert_with(|| {
                    let mut inner = within.to_vec();
                    inner.push(*next);
                    Step::Inlined(*next, layout(fields, &inner))
                });
            }
        }
    }
    steps.into_values().collect()
}

/// A field of a type.
#[derive(Clone, Debug)]
pub struct Field {
    /// The name in JSON.
    pub json: Box<str>,
    /// The number in protobuf; 0 if the field has no protobuf form.
    pub number: u32,
    /// The numbers of the messages that the field lies in in protobuf, outermost first, where JSON shows
    /// them inlined (Go's `json:",inline"`); mostly empty.
    pub within: Box<[u32]>,
    /// What it holds.
    pub slot: Slot,
    /// Has to be there (OpenAPI's `required`).
    pub required: bool,
    /// Can be absent in Go: a pointer, a slice or a map. What is none of them is written by protobuf
    /// even where it is empty, and by JSON unless `omit` is set.
    pub pointer: bool,
    /// Left out of JSON when empty (`omitempty`, `omitzero`).
    pub omit: bool,
    /// How a strategic merge patch treats it.
    pub patch: Patch,
}

/// A place for a value: in a field, a list, a map.
#[derive(Clone, Debug)]
pub struct Slot {
    /// What may stand there.
    pub shape: Shape,
    /// What stands there if nothing is given.
    pub default: Option<Value>,
    /// `null` may stand there (custom resources).
    pub nullable: bool,
    /// What a value must fulfil besides its shape (custom resources, enums).
    pub rules: Option<Box<Rules>>,
}

impl Slot {
    /// A place for such a value, without default or rules.
    #[must_use]
    pub fn of(shape: Shape) -> Self {
        Self {
            shape,
            default: None,
            nullable: false,
            rules: None,
        }
    }
}

/// What a value is made of.
#[derive(Clone, Debug)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// A 32-bit integer.
    Int32,
    /// A 64-bit integer.
    Int64,
    /// A floating-point number.
    Double,
    /// Text.
    String,
    /// Bytes, base64 in JSON.
    Bytes,
    /// A moment to the second, RFC 3339 in JSON, seconds and nanoseconds in protobuf; may be `null`.
    Time,
    /// A moment to the microsecond; the same otherwise.
    MicroTime,
    /// A duration: Go's text in JSON, nanoseconds in protobuf.
    Duration,
    /// A quantity such as `100m`: text (or a number) in JSON, a message of a text in protobuf.
    Quantity,
    /// An integer or text; a message in protobuf.
    IntOrString,
    /// Any object; its JSON (or `k8s\0`) bytes in protobuf (`RawExtension`).
    Raw,
    /// The set of fields of managed fields; its JSON bytes in protobuf (`FieldsV1`).
    Fields,
    /// Any JSON value; a message of its JSON bytes in protobuf (apiextensions' `JSON`).
    Any,
    /// A list of texts that may be absent in a map; a message of them in protobuf (`ExtraValue`).
    Strings,
    /// An object of this type, or a list of them: in protobuf a message of the two.
    SchemaOrList(TypeId),
    /// An object of this type, or `true` or `false`: in protobuf a message of whether anything is allowed
    /// and of the object.
    SchemaOrBool(TypeId),
    /// An object of this type, or a list of texts: in protobuf a message of the two.
    SchemaOrStrings(TypeId),
    /// An object of this type.
    Object(TypeId),
    /// A list.
    List(Box<List>),
    /// Values by text.
    Map(Box<Map>),
}

/// A list.
#[derive(Clone, Debug)]
pub struct List {
    /// What its items are.
    pub item: Slot,
    /// What an item is known by.
    pub kind: ListKind,
}

/// What makes two items of a list the same one (`x-kubernetes-list-type`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// Nothing: the list is one value.
    Atomic,
    /// Their value.
    Set,
    /// These fields.
    Map(Vec<Box<str>>),
}

/// Values by text.
#[derive(Clone, Debug)]
pub struct Map {
    /// What its values are.
    pub value: Slot,
    /// Merged as a whole by server-side apply.
    pub atomic: bool,
}

/// How a strategic merge patch treats a field (the struct tags `patchStrategy` and `patchMergeKey`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// A list is merged by key, or by value if it has none, instead of replaced.
    pub merge: bool,
    /// Fields that the patch does not name go (`retainKeys`).
    pub retain_keys: bool,
    /// An object is replaced instead of merged.
    pub replace: bool,
    /// The field an item is known by.
    pub key: Option<Box<str>>,
}

/// What a value must fulfil besides its shape: the value validations of JSON schema.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// One of these.
    pub one_of: Vec<Value>,
    /// JSON schema as given, for what is checked value by value (custom resources).
    pub schema: Option<Value>,
}

impl Schema {
    /// One without types.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a type, or replaces the one of its name.
    pub fn add(&mut self, of: Type) -> TypeId {
        let id = self.reserve(&of.name);
        for kind in &of.kinds {
            self.kinds.insert(kind.clone(), id);
        }
        self.types[id.0 as usize] = of;
        id
    }

    /// The number a type of this name has or will have, so that types can refer to one another before
    /// they are there.
    pub fn reserve(&mut self, name: &str) -> TypeId {
        if let Some(id) = self.names.get(name) {
            return *id;
        }
        let id = TypeId(u32::try_from(self.types.len()).expect("fewer types than that"));
        self.types.push(Type::new(name, Vec::new()));
        self.names.insert(name.into(), id);
        id
    }

    /// The type of this number.
    #[must_use]
    pub fn get(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }

    /// The type of this OpenAPI name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<TypeId> {
        self.names.get(name).copied()
    }

    /// The type of this kind.
    #[must_use]
    pub fn kind(&self, kind: &Gvk) -> Option<TypeId> {
        self.kinds.get(kind).copied()
    }

    /// All types.
    pub fn types(&self) -> impl Iterator<Item = (TypeId, &Type)> {
        let numbered = self.types.iter().enumerate();
        numbered.filter_map(|(at, of)| Some((TypeId(u32::try_from(at).ok()?), of)))
    }
}

/// The schema of the built-in kinds.
///
/// # Panics
///
/// If the table within this binary is damaged, which its test rules out.
#[must_use]
pub fn builtin() -> &'static Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
        table::read(include_str!("v1_37.txt")).expect("the table of built-in kinds is whole")
    });
    &SCHEMA
}

#[cfg(test)]
mod tests;

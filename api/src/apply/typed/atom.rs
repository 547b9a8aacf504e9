//! What may stand at a place in the schema.

use serde_json::{Value, json};

use crate::schema::{Field, ListKind, Schema, Shape, Type, TypeId};

/// A place in the schema.
#[derive(Clone, Copy)]
pub(in crate::apply) struct Place<'a> {
    schema: &'a Schema,
    of: Of<'a>,
    /// Unknown fields stay, by a word of an object around this place.
    open: bool,
}

#[derive(Clone, Copy)]
enum Of<'a> {
    /// Nothing may stand there.
    Nothing,
    /// An object of this type.
    Type(TypeId),
    /// The same, but never taken as a whole.
    Granular(TypeId),
    Shape(&'a Shape),
    Text,
    /// Anything, typed by what stands there.
    Deduced,
    /// Anything, taken as a whole.
    Whole,
}

/// What may stand at a place; if none of the three may, nothing.
#[derive(Clone, Copy, Default)]
pub(super) struct Atom<'a> {
    pub(super) scalar: Option<Scalar>,
    pub(super) list: Option<ListAtom<'a>>,
    pub(super) map: Option<MapAtom<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    Number,
    Text,
    Boolean,
    Any,
}

#[derive(Clone, Copy)]
pub(super) struct ListAtom<'a> {
    pub(super) kind: &'a ListKind,
    pub(super) item: Place<'a>,
}

#[derive(Clone, Copy)]
pub(super) struct MapAtom<'a> {
    /// The type of an object with named fields.
    of: Option<&'a Type>,
    /// The place of values whose names are not those of fields.
    pub(super) others: Place<'a>,
    place: Place<'a>,
    /// Taken as a whole.
    pub(super) atomic: bool,
}

/// Fields whose objects are not taken as a whole though their type is: a mark at the field overrides that of
/// the type, and of the built-in types only this one has such a mark.
const GRANULAR: [(&str, &str); 1] = [("io.k8s.api.core.v1.PersistentVolumeSpec", "claimRef")];

/// Key fields that can be absent and are empty then.
const EMPTY: [(&str, &str); 1] = [("io.k8s.api.core.v1.LocalObjectReference", "name")];

impl<'a> Place<'a> {
    /// A whole object.
    pub(in crate::apply) fn root(schema: &'a Schema, id: TypeId) -> Self {
        Self {
            schema,
            of: Of::Type(id),
            open: false,
        }
    }

    fn at(self, of: Of<'a>) -> Self {
        Self { of, ..self }
    }

    /// What may stand here.
    pub(super) fn atom(self) -> Atom<'a> {
        let scalar = |scalar| Atom {
            scalar: Some(scalar),
            ..Atom::default()
        };
        match self.of {
            Of::Nothing => Atom::default(),
            Of::Type(id) => self.object(id, self.schema.get(id).atomic),
            Of::Granular(id) => self.object(id, false),
            Of::Text => scalar(Scalar::Text),
            Of::Deduced => self.anything(self.at(Of::Deduced), false),
            Of::Whole => self.anything(self.at(Of::Whole), true),
            Of::Shape(shape) => match shape {
                Shape::Bool => scalar(Scalar::Boolean),
                Shape::Int32 | Shape::Int64 | Shape::Double => scalar(Scalar::Number),
                Shape::String | Shape::Bytes | Shape::Duration => scalar(Scalar::Text),
                Shape::Time | Shape::MicroTime | Shape::Quantity => scalar(Scalar::Any),
                Shape::Raw => self.anything(self.at(Of::Whole), true),
                // The documents give no type for these.
                Shape::IntOrString
                | Shape::Any
                | Shape::SchemaOrList(_)
                | Shape::SchemaOrBool(_)
                | Shape::SchemaOrStrings(_) => self.anything(self.at(Of::Deduced), false),
                Shape::Fields => Atom {
                    map: Some(self.map(None, self.at(Of::Deduced), false)),
                    ..Atom::default()
                },
                Shape::Strings => self.list(&ListKind::Atomic, Of::Text),
                Shape::Object(id) => self.object(*id, self.schema.get(*id).atomic),
                Shape::List(list) => self.list(&list.kind, Of::Shape(&list.item.shape)),
                Shape::Map(map) => Atom {
                    map: Some(self.map(None, self.at(Of::Shape(&map.value.shape)), map.atomic)),
                    ..Atom::default()
                },
            },
        }
    }

    fn list(self, kind: &'a ListKind, item: Of<'a>) -> Atom<'a> {
        Atom {
            list: Some(ListAtom {
                kind,
                item: self.at(item),
            }),
            ..Atom::default()
        }
    }

    fn map(self, of: Option<&'a Type>, others: Self, atomic: bool) -> MapAtom<'a> {
        MapAtom {
            of,
            others,
            place: self,
            atomic,
        }
    }

    fn anything(self, others: Self, atomic: bool) -> Atom<'a> {
        Atom {
            scalar: Some(Scalar::Any),
            list: Some(ListAtom {
                kind: &ListKind::Atomic,
                item: self.at(Of::Whole),
            }),
            map: Some(self.map(None, others, atomic)),
        }
    }

    fn object(self, id: TypeId, atomic: bool) -> Atom<'a> {
        let of = self.schema.get(id);
        // A type that is referred to by name does not know what is around it.
        let open = of.preserve || (self.open && !of.name.starts_with("io.k8s."));
        let place = Self { open, ..self };
        let others = if open || of.fields.is_empty() {
            Of::Deduced
        } else {
            Of::Nothing
        };
        Atom {
            map: Some(place.map(Some(of), place.at(others), atomic)),
            ..Atom::default()
        }
    }

    /// Whether nothing may stand here.
    pub(super) fn is_nothing(self) -> bool {
        matches!(self.of, Of::Nothing)
    }

    /// A place for a step that leads nowhere.
    pub(super) fn nothing(self) -> Self {
        self.at(Of::Nothing)
    }

    /// Whether what stands here is typed by itself.
    pub(super) fn is_deduced(self) -> bool {
        match self.of {
            Of::Deduced => true,
            Of::Shape(shape) => matches!(shape, Shape::Time | Shape::MicroTime),
            _ => false,
        }
    }
}

impl<'a> Atom<'a> {
    /// Of the choices, the one a value takes; all of them if it takes none.
    pub(super) fn deduce(self, value: Option<&Value>) -> Self {
        match value {
            None | Some(Value::Null) => self,
            Some(Value::Array(_)) if self.list.is_some() => Self {
                list: self.list,
                ..Self::default()
            },
            Some(Value::Object(_)) if self.map.is_some() => Self {
                map: self.map,
                ..Self::default()
            },
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) if self.scalar.is_some() => {
                Self {
                    scalar: self.scalar,
                    ..Self::default()
                }
            }
            Some(_) => self,
        }
    }

    /// Whether two atoms made from one are the same choice.
    pub(super) fn is(self, other: Self) -> bool {
        self.scalar.is_some() == other.scalar.is_some()
            && self.list.is_some() == other.list.is_some()
            && self.map.is_some() == other.map.is_some()
    }
}

impl<'a> MapAtom<'a> {
    /// The field of a name.
    pub(super) fn field(self, name: &str) -> Option<&'a Field> {
        self.of?.field(name)
    }

    /// What a key field that is absent is worth; none if that is nothing.
    pub(super) fn default(self, name: &str) -> Option<Value> {
        let (of, field) = (self.of?, self.field(name)?);
        if let Some(default) = &field.slot.default {
            return Some(default.clone());
        }
        // Upstream's documents give Go's zero to what cannot be absent in Go; the tables do not.
        let there = !field.pointer && !field.omit || EMPTY.contains(&(&*of.name, name));
        if !there || !of.name.starts_with("io.k8s.") {
            return None;
        }
        match field.slot.shape {
            Shape::String => Some(json!("")),
            Shape::Int32 | Shape::Int64 => Some(json!(0)),
            Shape::Bool => Some(json!(false)),
            _ => None,
        }
    }

    /// The place of the value of a name: that of a field or that of all others.
    pub(super) fn value(self, name: &str) -> Place<'a> {
        let (Some(of), Some(field)) = (self.of, self.field(name)) else {
            return self.others;
        };
        match field.slot.shape {
            Shape::Object(id) if GRANULAR.contains(&(&*of.name, name)) => {
                self.place.at(Of::Granular(id))
            }
            ref shape => self.place.at(Of::Shape(shape)),
        }
    }

    /// Whether the object has no fields of its own and is typed by what stands in it.
    pub(super) fn is_deduced(self) -> bool {
        self.others.is_deduced() && self.of.is_none_or(|of| of.fields.is_empty())
    }
}

impl ListAtom<'_> {
    /// Whether the list is taken as a whole.
    pub(super) fn atomic(self) -> bool {
        *self.kind == ListKind::Atomic
    }
}

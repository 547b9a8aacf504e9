//! Where in the schema a value of the patch stands, and how it is to be merged there.

use crate::patch::PatchError;
use crate::schema::{Field, Schema, Shape, TypeId};

/// A place in the schema, with what upstream knows of it: its Go type.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    schema: &'a Schema,
    of: Of<'a>,
    /// A pointer in Go.
    pointer: bool,
}

#[derive(Clone, Copy)]
enum Of<'a> {
    Type(TypeId),
    Shape(&'a Shape),
    /// The bytes of a byte slice.
    Byte,
    Text,
}

/// How values are merged (`patchStrategy`, without `retainKeys`, which the patch itself asks for).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    None,
    Merge,
    Replace,
}

impl<'a> Place<'a> {
    /// A whole object.
    pub(super) fn root(schema: &'a Schema, id: TypeId) -> Self {
        Self {
            schema,
            of: Of::Type(id),
            pointer: false,
        }
    }

    /// The place of a field, its strategy and its merge key (empty if none).
    pub(super) fn field(self, key: &str) -> Result<(Self, Strategy, &'a str), PatchError> {
        let field = self.lookup(key)?;
        let place = Self {
            of: Of::Shape(&field.slot.shape),
            ..self
        };
        let pointer = match field.slot.shape {
            Shape::List(_) | Shape::Map(_) | Shape::Bytes | Shape::Strings => false,
            _ => field.pointer,
        };
        let strategy = match &field.patch {
            patch if patch.merge => Strategy::Merge,
            patch if patch.replace => Strategy::Replace,
            _ => Strategy::None,
        };
        let merge_key = field.patch.key.as_deref().unwrap_or_default();
        Ok((Self { pointer, ..place }, strategy, merge_key))
    }

    /// The place of the items of a list in a field, its strategy and its merge key.
    pub(super) fn items(self, key: &str) -> Result<(Self, Strategy, &'a str), PatchError> {
        let (place, strategy, merge_key) = self.field(key)?;
        let of = match place.of {
            Of::Shape(Shape::List(list)) => match list.item.shape {
                Shape::List(_) | Shape::Bytes | Shape::Strings => {
                    return Err(failed("unexpected slice of slice".into()));
                }
                ref shape => Of::Shape(shape),
            },
            Of::Shape(Shape::Strings) => Of::Text,
            Of::Shape(Shape::Bytes) => Of::Byte,
            of if place.pointer => of,
            _ => {
                let kind = self.kind();
                return Err(failed(format!(
                    "expected slice or array type, but got: {kind}"
                )));
            }
        };
        Ok((
            Self {
                of,
                pointer: false,
                ..place
            },
            strategy,
            merge_key,
        ))
    }

    fn lookup(self, key: &str) -> Result<&'a Field, PatchError> {
        let id =
            match self.of {
                Of::Type(id) => id,
                Of::Shape(Shape::Object(id)) => *id,
                _ => {
                    let name = self.opaque().ok_or_else(|| {
                    let kind = Self { pointer: false, ..self }.kind();
                    failed(format!(
                        "merging an object in json but data type is not struct, instead is: {kind}"
                    ))
                })?;
                    return Err(unknown(name, key));
                }
            };
        let of = self.schema.get(id);
        let folded = || {
            of.fields
                .iter()
                .find(|field| field.json.eq_ignore_ascii_case(key))
        };
        let name = of.name.rsplit('.').next().unwrap_or_default();
        of.field(key)
            .or_else(folded)
            .ok_or_else(|| unknown(name, key))
    }

    /// The name of a Go struct whose fields JSON does not show.
    fn opaque(self) -> Option<&'static str> {
        let Of::Shape(shape) = self.of else {
            return None;
        };
        Some(match shape {
            Shape::Time => "Time",
            Shape::MicroTime => "MicroTime",
            Shape::Duration => "Duration",
            Shape::Quantity => "Quantity",
            Shape::IntOrString => "IntOrString",
            Shape::Raw => "RawExtension",
            Shape::Fields => "FieldsV1",
            Shape::Any => "JSON",
            Shape::SchemaOrList(_) => "JSONSchemaPropsOrArray",
            Shape::SchemaOrBool(_) => "JSONSchemaPropsOrBool",
            Shape::SchemaOrStrings(_) => "JSONSchemaPropsOrStringArray",
            _ => return None,
        })
    }

    /// What kind of type Go has there.
    pub(super) fn kind(self) -> &'static str {
        if self.pointer {
            return "ptr";
        }
        match self.of {
            Of::Type(_) => "struct",
            Of::Byte => "uint8",
            Of::Text => "string",
            Of::Shape(shape) => match shape {
                Shape::Bool => "bool",
                Shape::Int32 => "int32",
                Shape::Int64 => "int64",
                Shape::Double => "float64",
                Shape::String => "string",
                Shape::Bytes | Shape::Strings | Shape::List(_) => "slice",
                Shape::Map(_) => "map",
                _ => "struct",
            },
        }
    }
}

fn unknown(name: &str, key: &str) -> PatchError {
    failed(format!(
        "unable to find api field in struct {name} for the json field {}",
        crate::go::quote(key)
    ))
}

fn failed(text: String) -> PatchError {
    PatchError::Failed(text)
}

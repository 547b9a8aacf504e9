//! What a column is.

use std::borrow::Cow;

use serde_json::{Value, json};

/// A column of a table (`TableColumnDefinition`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What stands above it.
    pub name: Cow<'static, str>,
    /// The type of its cells, an OpenAPI type or `date`.
    pub kind: Cow<'static, str>,
    /// The format of its cells; `name` is that of the column that names the object.
    pub format: Cow<'static, str>,
    /// What it tells.
    pub description: Cow<'static, str>,
    /// 0 is always shown, more only where there is room for it.
    pub priority: i32,
}

impl Column {
    /// As the API writes it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!({
            "name": self.name,
            "type": self.kind,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        })
    }

    /// The same, shown only where there is room.
    pub(super) const fn wide(mut self) -> Self {
        self.priority = 1;
        self
    }
}

const fn column(
    name: &'static str,
    kind: &'static str,
    format: &'static str,
    description: &'static str,
) -> Column {
    Column {
        name: Cow::Borrowed(name),
        kind: Cow::Borrowed(kind),
        format: Cow::Borrowed(format),
        description: Cow::Borrowed(description),
        priority: 0,
    }
}

/// A column of texts.
pub(super) const fn text(name: &'static str, description: &'static str) -> Column {
    column(name, "string", "", description)
}

/// A column of names.
pub(super) const fn named(name: &'static str, description: &'static str) -> Column {
    column(name, "string", "name", description)
}

/// A column of integers.
pub(super) const fn integer(name: &'static str, description: &'static str) -> Column {
    column(name, "integer", "", description)
}

/// A column of `true` and `false`.
pub(super) const fn boolean(name: &'static str, description: &'static str) -> Column {
    column(name, "boolean", "", description)
}

/// The object's name.
pub(super) const NAME: Column = named("Name", "The name of the object, unique in its namespace.");

/// The time since the object was created.
pub(super) const AGE: Column = text("Age", "The time since the object was created.");

/// When the object was created.
pub(super) const CREATED: Column = column("Created At", "date", "", "When the object was created.");

/// The names of the containers of a template.
pub(super) const CONTAINERS: Column =
    text("Containers", "The names of the containers of the template.").wide();

/// The images of the containers of a template.
pub(super) const IMAGES: Column =
    text("Images", "The images of the containers of the template.").wide();

/// The labels of pods that belong to an object.
pub(super) const SELECTOR: Column = text("Selector", "The labels that pods are chosen by.").wide();

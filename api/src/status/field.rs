//! What is wrong with a field of an object, in upstream's words (apimachinery's `field.Error`).

use std::fmt;

use serde_json::Value;

use super::text;

/// Where in an object a field lies: `spec.containers[0].name`, `metadata.labels[a]`.
///
/// A path refers to the one it goes on from, so that making one costs nothing; it becomes text with
/// [`ToString`]. The empty path alone reads `<nil>`, as upstream's.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Nothing,
    Name(&'a str),
    Index(usize),
    Key(&'a str),
}

impl<'a> Path<'a> {
    /// The path of an object itself.
    pub const EMPTY: Path<'static> = Path {
        parent: None,
        step: Step::Nothing,
    };

    /// The path of a field of the object; the name may have dots (`metadata.name`).
    #[must_use]
    pub const fn new(name: &'a str) -> Self {
        Self {
            parent: None,
            step: Step::Name(name),
        }
    }

    /// The path of a field below this one.
    #[must_use]
    pub const fn child<'b>(&'b self, name: &'b str) -> Path<'b> {
        self.below(Step::Name(name))
    }

    /// The path of an item of the list at this path.
    #[must_use]
    pub const fn index(&self, at: usize) -> Path<'_> {
        self.below(Step::Index(at))
    }

    /// The path of a value of the map at this path.
    #[must_use]
    pub const fn key<'b>(&'b self, key: &'b str) -> Path<'b> {
        self.below(Step::Key(key))
    }

    const fn below<'b>(&'b self, step: Step<'b>) -> Path<'b> {
        Path {
            parent: Some(self),
            step,
        }
    }

    /// Writes the steps from the outermost on; whether there were any.
    fn write(&self, f: &mut fmt::Formatter<'_>) -> Result<bool, fmt::Error> {
        let mut steps = Vec::new();
        let mut at = Some(self);
        while let Some(path) = at {
            steps.push(path.step);
            at = path.parent;
        }
        let mut any = false;
        for step in steps.into_iter().rev() {
            match step {
                Step::Nothing => continue,
                Step::Name(name) if any => write!(f, ".{name}")?,
                Step::Name(name) => f.write_str(name)?,
                Step::Index(at) => write!(f, "[{at}]")?,
                Step::Key(key) => write!(f, "[{key}]")?,
            }
            any = true;
        }
        Ok(any)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.write(f)? {
            Ok(())
        } else {
            f.write_str("<nil>")
        }
    }
}

/// What kind of wrong it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// What it refers to is not there.
    NotFound,
    /// It has to be there.
    Required,
    /// It has to be the only one.
    Duplicate,
    /// It is malformed.
    Invalid,
    /// It is none of the known values.
    NotSupported,
    /// It may not be there, or not now.
    Forbidden,
    /// It is too long.
    TooLong,
    /// It is too short.
    TooShort,
    /// It has too many items.
    TooMany,
    /// It has too few items.
    TooFew,
    /// The server failed.
    Internal,
    /// It is of another type.
    TypeInvalid,
}

impl Kind {
    /// The `reason` of a cause of a [`super::Status`].
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotFound => "FieldValueNotFound",
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooShort => "FieldValueTooShort",
            Self::TooMany => "FieldValueTooMany",
            Self::TooFew => "FieldValueTooFew",
            Self::Internal => "InternalError",
            Self::TypeInvalid => "FieldValueTypeInvalid",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::NotFound => "Not found",
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooShort => "Too short",
            Self::TooMany => "Too many",
            Self::TooFew => "Too few",
            Self::Internal => "Internal error",
        }
    }

    const fn shows_value(self) -> bool {
        !matches!(
            self,
            Self::Required | Self::Forbidden | Self::TooLong | Self::TooShort | Self::Internal
        )
    }
}

/// A field that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// What kind of wrong it is.
    pub kind: Kind,
    /// Where it lies.
    pub path: String,
    /// What stands there; `None` leaves it out of the text. Not shown for some kinds.
    pub bad_value: Option<Value>,
    /// More words; may be empty.
    pub detail: String,
}

impl Error {
    /// Of all parts.
    #[must_use]
    pub fn new(
        kind: Kind,
        path: &Path<'_>,
        bad_value: Option<Value>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            path: path.to_string(),
            bad_value,
            detail: detail.into(),
        }
    }

    /// A field that has to be there is not, or is empty.
    #[must_use]
    pub fn required(path: &Path<'_>, detail: impl Into<String>) -> Self {
        Self::new(Kind::Required, path, None, detail)
    }

    /// A malformed value.
    #[must_use]
    pub fn invalid(path: &Path<'_>, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, path, Some(value.into()), detail)
    }

    /// A value of another type.
    #[must_use]
    pub fn type_invalid(
        path: &Path<'_>,
        value: impl Into<Value>,
        detail: impl Into<String>,
    ) -> Self {
        Self::new(Kind::TypeInvalid, path, Some(value.into()), detail)
    }

    /// A value that is none of these, told in this order (upstream sorts most of its sets).
    #[must_use]
    pub fn not_supported<'a>(
        path: &Path<'_>,
        value: impl Into<Value>,
        supported: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let supported = text::quoted_list(supported);
        let detail = if supported.is_empty() {
            supported
        } else {
            format!("supported values: {supported}")
        };
        Self::new(Kind::NotSupported, path, Some(value.into()), detail)
    }

    /// A field that may not be there.
    #[must_use]
    pub fn forbidden(path: &Path<'_>, detail: impl Into<String>) -> Self {
        Self::new(Kind::Forbidden, path, None, detail)
    }

    /// A value that stands twice.
    #[must_use]
    pub fn duplicate(path: &Path<'_>, value: impl Into<Value>) -> Self {
        Self::new(Kind::Duplicate, path, Some(value.into()), "")
    }

    /// A value that refers to nothing.
    #[must_use]
    pub fn not_found(path: &Path<'_>, value: impl Into<Value>) -> Self {
        Self::new(Kind::NotFound, path, Some(value.into()), "")
    }

    /// A value of more than `max` bytes.
    #[must_use]
    pub fn too_long(path: &Path<'_>, max: usize) -> Self {
        let unit = if max == 1 { "byte" } else { "bytes" };
        let detail = format!("may not be more than {max} {unit}");
        Self::new(Kind::TooLong, path, None, detail)
    }

    /// A value of more than `max` characters.
    #[must_use]
    pub fn too_long_characters(path: &Path<'_>, max: usize) -> Self {
        let unit = plural(max, "character", "characters");
        let detail = format!("may not be more than {max} {unit}");
        Self::new(Kind::TooLong, path, None, detail)
    }

    /// A value of less than `min` characters.
    #[must_use]
    pub fn too_short(path: &Path<'_>, min: usize) -> Self {
        let unit = plural(min, "character", "characters");
        let detail = format!("must be at least {min} {unit}");
        Self::new(Kind::TooShort, path, None, detail)
    }

    /// A list of more than `max` items; without `actual` their number is not told.
    #[must_use]
    pub fn too_many(path: &Path<'_>, actual: Option<usize>, max: usize) -> Self {
        let unit = plural(max, "item", "items");
        let detail = format!("must have at most {max} {unit}");
        Self::new(Kind::TooMany, path, actual.map(Value::from), detail)
    }

    /// A list of less than `min` items; without `actual` their number is not told.
    #[must_use]
    pub fn too_few(path: &Path<'_>, actual: Option<usize>, min: usize) -> Self {
        let unit = plural(min, "item", "items");
        let detail = format!("must have at least {min} {unit}");
        Self::new(Kind::TooFew, path, actual.map(Value::from), detail)
    }

    /// A failure of the server.
    #[must_use]
    pub fn internal(path: &Path<'_>, error: impl fmt::Display) -> Self {
        Self::new(Kind::Internal, path, None, error.to_string())
    }

    /// The text without the path, the `message` of a cause.
    #[must_use]
    pub fn body(&self) -> String {
        let mut text = self.kind.text().to_owned();
        if let Some(value) = self.bad_value.as_ref().filter(|_| self.kind.shows_value()) {
            text.push_str(": ");
            text.push_str(&match value {
                Value::String(value) => text::quote(value),
                Value::Number(value) => text::number(value),
                value => text::json(value),
            });
        }
        if !self.detail.is_empty() {
            text.push_str(": ");
            text.push_str(&self.detail);
        }
        text
    }
}

fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.body())
    }
}

impl std::error::Error for Error {}

/// Several errors as one text: the same text once, several in brackets; `None` of none.
#[must_use]
pub fn aggregate(errors: &[Error]) -> Option<String> {
    super::aggregate(errors.iter().map(ToString::to_string))
}

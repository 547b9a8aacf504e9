//! Selectors by labels (apimachinery's `labels`).

use std::fmt;

use serde_json::{Value, json};

use super::{SelectorError, parser, syntax};
use crate::status::aggregate;
use crate::status::field::{Error, Path};
use crate::status::text::quote;

/// How the value of a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// The label is there with one of the values.
    In,
    /// The label is not there, or has another value.
    NotIn,
    /// The label is there with this value.
    Equals,
    /// The same, written `==`.
    DoubleEquals,
    /// The label is not there, or has another value, written `!=`.
    NotEquals,
    /// The label is there.
    Exists,
    /// The label is not there.
    DoesNotExist,
    /// The label is there with a larger integer.
    GreaterThan,
    /// The label is there with a smaller integer.
    LessThan,
}

/// What one label must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The key of the label.
    pub key: Box<str>,
    /// How it is compared.
    pub operator: Operator,
    /// With what; sorted where it was read from a query.
    pub values: Vec<Box<str>>,
}

/// What the labels of an object must be: all that is required.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
    nothing: bool,
}

impl LabelSelector {
    /// Selects all objects.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// Selects no object.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            requirements: Vec::new(),
            nothing: true,
        }
    }

    /// From a query: `a=b,c!=d,e in (x,y),f notin (z),!g,h,i>1`.
    ///
    /// # Errors
    ///
    /// If it is malformed, or names keys or values that labels cannot have.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        parser::parse(text).map(Self::of).map_err(SelectorError)
    }

    /// From a `LabelSelector` object; `null` selects nothing, `{}` everything.
    ///
    /// # Errors
    ///
    /// If an operator is unknown, or a key or value is none that labels can have.
    pub fn from_object(object: &Value) -> Result<Self, SelectorError> {
        if object.is_null() {
            return Ok(Self::nothing());
        }
        let mut requirements = Vec::new();
        for (key, value) in object["matchLabels"].as_object().into_iter().flatten() {
            let values = vec![value.as_str().unwrap_or_default().into()];
            requirements.push(Requirement::new(key, Operator::Equals, values, false)?);
        }
        for expression in object["matchExpressions"].as_array().into_iter().flatten() {
            let operator = match expression["operator"].as_str().unwrap_or_default() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => {
                    let told = format!("{} is not a valid label selector operator", quote(other));
                    return Err(SelectorError(told));
                }
            };
            let key = expression["key"].as_str().unwrap_or_default();
            let values = expression["values"].as_array().into_iter().flatten();
            let values: Vec<Box<str>> = values.filter_map(Value::as_str).map(Into::into).collect();
            let none = values.is_empty();
            requirements.push(Requirement::new(key, operator, values, none)?);
        }
        Ok(Self::of(requirements))
    }

    /// From labels that all have to be there, as services and replication controllers have them: no map or
    /// an empty one selects everything here; what it means is for those to say.
    #[must_use]
    pub fn from_map(labels: &Value) -> Self {
        let labels = labels.as_object().into_iter().flatten();
        let requirements = labels.map(|(key, value)| Requirement {
            key: key.as_str().into(),
            operator: Operator::Equals,
            values: vec![value.as_str().unwrap_or_default().into()],
        });
        Self::of(requirements.collect())
    }

    fn of(mut requirements: Vec<Requirement>) -> Self {
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Self {
            requirements,
            nothing: false,
        }
    }

    /// Whether it selects all objects.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty() && !self.nothing
    }

    /// What is required, by key; none if it selects nothing.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Whether it selects an object; `label` finds the value of a label.
    pub fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        let mut all = self.requirements.iter();
        !self.nothing && all.all(|it| it.matches(label(&it.key)))
    }

    /// Whether it selects an object with these `metadata.labels`.
    #[must_use]
    pub fn matches_labels(&self, labels: &Value) -> bool {
        self.matches(|key| labels.get(key).and_then(Value::as_str))
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, requirement) in self.requirements.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{requirement}")?;
        }
        Ok(())
    }
}

impl Requirement {
    /// `absent`: there was no list of values at all, which shows in the text of an error.
    pub(super) fn new(
        key: &str,
        operator: Operator,
        values: Vec<Box<str>>,
        absent: bool,
    ) -> Result<Self, SelectorError> {
        let mut errors = Vec::new();
        errors.extend(key_error(key, &Path::EMPTY.child("key")));
        let path = Path::EMPTY.child("values");
        let shown = || {
            if absent { Value::Null } else { json!(values) }
        };
        let told = match operator {
            Operator::In | Operator::NotIn if values.is_empty() => {
                Some("for 'in', 'notin' operators, values set can't be empty")
            }
            Operator::Equals | Operator::DoubleEquals | Operator::NotEquals
                if values.len() != 1 =>
            {
                Some("exact-match compatibility requires one single value")
            }
            Operator::Exists | Operator::DoesNotExist if !values.is_empty() => {
                Some("values set must be empty for exists and does not exist")
            }
            Operator::GreaterThan | Operator::LessThan if values.len() != 1 => {
                Some("for 'Gt', 'Lt' operators, exactly one value is required")
            }
            _ => None,
        };
        errors.extend(told.map(|told| Error::invalid(&path, shown(), told)));
        if matches!(operator, Operator::GreaterThan | Operator::LessThan) {
            for (at, value) in values.iter().enumerate() {
                if value.parse::<i64>().is_err() {
                    let told = "for 'Gt', 'Lt' operators, the value must be an integer";
                    errors.push(Error::invalid(&path.index(at), &**value, told));
                }
            }
        }
        for (at, value) in values.iter().enumerate() {
            let wrong = syntax::label_value(value);
            if !wrong.is_empty() {
                let at = path.index(at);
                errors.push(Error::invalid(&at.key(key), &**value, wrong.join("; ")));
            }
        }
        if let Some(told) = aggregate(errors.iter().map(ToString::to_string)) {
            return Err(SelectorError(told));
        }
        Ok(Self {
            key: key.into(),
            operator,
            values,
        })
    }

    /// Whether a label of this value, or a missing one, is as required.
    #[must_use]
    pub fn matches(&self, value: Option<&str>) -> bool {
        let among = |value: &str| self.values.iter().any(|it| &**it == value);
        let integers = || {
            let value = value?.parse::<i64>().ok()?;
            let [bound] = &self.values[..] else {
                return None;
            };
            Some((value, bound.parse::<i64>().ok()?))
        };
        match self.operator {
            Operator::In | Operator::Equals | Operator::DoubleEquals => value.is_some_and(among),
            Operator::NotIn | Operator::NotEquals => !value.is_some_and(among),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan => integers().is_some_and(|(value, bound)| value > bound),
            Operator::LessThan => integers().is_some_and(|(value, bound)| value < bound),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut values: Vec<&str> = self.values.iter().map(|it| &**it).collect();
        values.sort_unstable();
        let (key, values) = (&self.key, values.join(","));
        match self.operator {
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::Exists => write!(f, "{key}"),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
        }
    }
}

/// What is wrong with the key of a label.
pub(super) fn key_error(key: &str, path: &Path<'_>) -> Option<Error> {
    let wrong = syntax::label_key(key);
    (!wrong.is_empty()).then(|| Error::invalid(path, key, wrong.join("; ")))
}

//! What does not follow the schema, in upstream's words.

use std::fmt;

use crate::apply::element::PathElement;

/// Errors with the paths they are at. They are gathered on the way down and get their paths on the way up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::apply) struct Errors(Vec<(String, String)>);

impl Errors {
    /// Adds an error at this place.
    pub(super) fn push(&mut self, text: impl Into<String>) {
        self.0.push((String::new(), text.into()));
    }

    /// Adds an error below this place.
    pub(super) fn push_at(&mut self, element: &PathElement, text: &str) {
        self.0.push((element.to_string(), text.into()));
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Says that those from the given one on are behind this step.
    pub(super) fn prefix(&mut self, from: usize, element: &PathElement) {
        for (path, _) in &mut self.0[from..] {
            path.insert_str(0, &element.to_string());
        }
    }

    /// Forgets those from the given one on.
    pub(super) fn forget(&mut self, from: usize) {
        self.0.truncate(from);
    }

    /// The result, if there are no errors.
    pub(super) fn or<T>(self, result: T) -> Result<T, Self> {
        if self.0.is_empty() {
            Ok(result)
        } else {
            Err(self)
        }
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |(path, text): &(String, String)| match path.as_str() {
            "" => text.clone(),
            path => format!("{path}: {text}"),
        };
        match self.0.as_slice() {
            [one] => f.write_str(&show(one)),
            many => {
                f.write_str("errors:")?;
                many.iter()
                    .try_for_each(|error| write!(f, "\n  {}", show(error)))
            }
        }
    }
}

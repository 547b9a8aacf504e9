//! Selectors by fields (apimachinery's `fields`).

use std::fmt;

use serde_json::Value;

use super::{Selectable, SelectorError};

/// What some fields of an object must be: all that is required.
#[derive(Clone, Debug, Default)]
pub struct FieldSelector {
    terms: Vec<Term>,
}

#[derive(Clone, Debug)]
struct Term {
    label: Box<str>,
    /// The number of the field in [`Selectable`].
    field: usize,
    equal: bool,
    value: Box<str>,
}

impl FieldSelector {
    /// From a query: `a=b,c!=d,e==f`; `\`, `,` and `=` of values stand behind a `\`.
    ///
    /// # Errors
    ///
    /// If it is malformed, or names a field that the kind cannot be selected by.
    pub fn parse(text: &str, of: &Selectable) -> Result<Self, SelectorError> {
        let mut parts = split(text);
        parts.sort_unstable();
        let mut read = Vec::new();
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            let Some((label, equal, value)) = term(part) else {
                return Err(SelectorError(format!(
                    "invalid selector: '{text}'; can't understand '{part}'"
                )));
            };
            let value = unescape(value)?;
            // As upstream has it, a term of nothing requires nothing.
            if !label.is_empty() || !value.is_empty() {
                read.push((label, equal, value));
            }
        }
        let mut terms = Vec::new();
        for (label, equal, value) in read {
            terms.push(Term {
                label: label.into(),
                field: of.find(label)?,
                equal,
                value: value.into(),
            });
        }
        Ok(Self { terms })
    }

    /// Whether it selects all objects.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The only value that a field may have, if the selector asks for one.
    #[must_use]
    pub fn exact(&self, label: &str) -> Option<&str> {
        let mut equal = self.terms.iter().filter(|term| term.equal);
        equal
            .find(|term| &*term.label == label)
            .map(|term| &*term.value)
    }

    /// Whether it selects an object of these values, in the order of [`Selectable::values`] of the kind
    /// that the selector was read for.
    #[must_use]
    pub fn matches(&self, values: &[impl AsRef<str>]) -> bool {
        self.terms.iter().all(|term| {
            let value = values.get(term.field).map_or("", AsRef::as_ref);
            (value == &*term.value) == term.equal
        })
    }

    /// Whether it selects this object; the kind is that which the selector was read for.
    #[must_use]
    pub fn matches_object(&self, of: &Selectable, object: &Value) -> bool {
        self.is_empty() || self.matches(&of.values(object))
    }
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, term) in self.terms.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let operator = if term.equal { "=" } else { "!=" };
            write!(f, "{comma}{}{operator}", term.label)?;
            for c in term.value.chars() {
                match c {
                    '\\' | ',' | '=' => write!(f, "\\{c}")?,
                    c => write!(f, "{c}")?,
                }
            }
        }
        Ok(())
    }
}

/// At commas that do not stand behind a backslash.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Label, whether it must be equal, value.
fn term(part: &str) -> Option<(&str, bool, &str)> {
    for (at, c) in part.char_indices() {
        let (label, rest) = part.split_at(at);
        match c {
            '!' => {
                if let Some(value) = rest.strip_prefix("!=") {
                    return Some((label, false, value));
                }
            }
            '=' => {
                let value = rest.strip_prefix("==").unwrap_or(&rest[1..]);
                return Some((label, true, value));
            }
            _ => {}
        }
    }
    None
}

fn unescape(value: &str) -> Result<String, SelectorError> {
    let bad = |what: String| Err(SelectorError(format!("invalid field selector: {what}")));
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => plain.push(c),
                Some(c) => return bad(format!("invalid escape sequence: \\{c}")),
                None => return bad("invalid escape sequence: \\".to_owned()),
            },
            // Upstream prints the number of the character.
            ',' | '=' => {
                return bad(format!("unescaped character in value: {}", u32::from(c)));
            }
            c => plain.push(c),
        }
    }
    Ok(plain)
}

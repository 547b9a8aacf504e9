//! The values of all settings, in the order of the table, and which of them were given.

use super::flags;
use super::gates::Gates;
use super::url::Url;
use super::value::{self, Value};

/// One value per row of [`flags::ALL`].
#[derive(Debug, Clone)]
pub(super) struct Settings {
    values: Vec<Value>,
    given: Vec<bool>,
}

impl Settings {
    /// Every setting at its default.
    pub(super) fn new() -> Self {
        let default = |flag: &flags::Flag| {
            let value = value::parse(flag.kind, flag.default, None);
            // A test reads every default, so this empty text never shows.
            value.unwrap_or_else(|_| Value::Text(String::new()))
        };
        let values = flags::ALL.iter().map(default).collect();
        Self {
            values,
            given: vec![false; flags::ALL.len()],
        }
    }

    /// Reads `text` into the setting at `at`.
    pub(super) fn read(&mut self, at: usize, text: &str) -> Result<(), String> {
        let value = value::parse(flags::ALL[at].kind, text, Some(&self.values[at]))?;
        self.set(at, value);
        Ok(())
    }

    /// Puts a value into the setting at `at`.
    pub(super) fn set(&mut self, at: usize, value: Value) {
        self.values[at] = value;
        self.given[at] = true;
    }

    /// The value at `at`.
    pub(super) fn value(&self, at: usize) -> &Value {
        &self.values[at]
    }

    /// Whether the setting was given at all.
    pub(super) fn is_given(&self, name: &str) -> bool {
        flags::find(name).is_some_and(|at| self.given[at])
    }

    /// Whether the setting at `at` was given.
    pub(super) fn given_at(&self, at: usize) -> bool {
        self.given[at]
    }

    fn named(&self, name: &str) -> Option<&Value> {
        let at = flags::find(name);
        debug_assert!(at.is_some(), "{name} is not in the table");
        at.map(|at| &self.values[at])
    }

    /// A setting that holds text.
    pub(super) fn text(&self, name: &str) -> &str {
        match self.named(name) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// A setting that holds a boolean.
    pub(super) fn bool(&self, name: &str) -> bool {
        matches!(self.named(name), Some(Value::Bool(true)))
    }

    /// A setting that holds a signed number or a duration in nanoseconds.
    pub(super) fn int(&self, name: &str) -> i64 {
        match self.named(name) {
            Some(Value::Int(number) | Value::Duration(number)) => *number,
            _ => 0,
        }
    }

    /// A setting that holds an unsigned number.
    pub(super) fn uint(&self, name: &str) -> u64 {
        match self.named(name) {
            Some(Value::Uint(number)) => *number,
            _ => 0,
        }
    }

    /// A setting that holds URLs.
    pub(super) fn urls(&self, name: &str) -> &[Url] {
        match self.named(name) {
            Some(Value::Urls(urls)) => urls,
            _ => &[],
        }
    }

    /// A setting that holds texts.
    pub(super) fn list(&self, name: &str) -> &[String] {
        match self.named(name) {
            Some(Value::List(list)) => list,
            _ => &[],
        }
    }

    /// The feature gates.
    pub(super) fn gates(&self) -> Gates {
        match self.named("feature-gates") {
            Some(Value::Gates(gates)) => gates.clone(),
            _ => Gates::default(),
        }
    }

    /// Puts a text into the setting `name`, as if it had not been given.
    pub(super) fn replace_text(&mut self, name: &str, text: String) {
        if let Some(at) = flags::find(name) {
            self.values[at] = Value::Text(text);
        }
    }

    /// Empties the list of URLs `name`, as if it had not been given.
    pub(super) fn clear_urls(&mut self, name: &str) {
        if let Some(at) = flags::find(name) {
            self.values[at] = Value::Urls(Vec::new());
        }
    }
}

//! Reads fields of a tree. What is not there, or of another type, reads as Go's zero value.

use serde_json::Value;

use super::{Moment, age};

/// The fields of an object; a path is made of names parted by dots.
pub(super) trait Get {
    /// What stands at a path; `null` if nothing does.
    fn at(&self, path: &str) -> &Value;

    /// The text at a path.
    fn text(&self, path: &str) -> &str;

    /// The text at a path, if there is any, even an empty one.
    fn given(&self, path: &str) -> Option<&str>;

    /// The text at a path, or this if it is empty.
    fn text_or<'a>(&'a self, path: &str, empty: &'a str) -> &'a str {
        match self.text(path) {
            "" => empty,
            text => text,
        }
    }

    /// The text at a path as a cell.
    fn cell(&self, path: &str) -> Value {
        self.text(path).into()
    }

    /// The integer at a path.
    fn int(&self, path: &str) -> i64 {
        self.int_or(path, 0)
    }

    /// The integer at a path, or this.
    fn int_or(&self, path: &str, absent: i64) -> i64;

    /// Whether `true` stands at a path.
    fn is(&self, path: &str) -> bool;

    /// Whether anything but `null` stands at a path.
    fn has(&self, path: &str) -> bool;

    /// The items of the list at a path.
    fn list(&self, path: &str) -> &[Value];

    /// The text or number at a path, as it is.
    fn shown(&self, path: &str) -> String;

    /// The quantity at a path, as it is; `0` without one.
    fn quantity(&self, path: &str) -> String {
        match self.shown(path) {
            empty if empty.is_empty() => "0".into(),
            text => text,
        }
    }

    /// The object's name as a cell.
    fn name(&self) -> Value {
        self.cell("metadata.name")
    }

    /// The object's age as a cell.
    fn age(&self, moment: &Moment<'_>) -> Value {
        self.since("metadata.creationTimestamp", moment).into()
    }

    /// The time since the moment at a path; `<unknown>` without one.
    fn since(&self, path: &str, moment: &Moment<'_>) -> String {
        age::since(self.text(path), moment.now)
    }
}

impl Get for Value {
    fn at(&self, path: &str) -> &Value {
        let mut steps = path.split('.');
        let found = steps.try_fold(self, |at, step| at.get(step));
        found.unwrap_or(&Value::Null)
    }

    fn text(&self, path: &str) -> &str {
        self.at(path).as_str().unwrap_or_default()
    }

    fn given(&self, path: &str) -> Option<&str> {
        self.at(path).as_str()
    }

    fn int_or(&self, path: &str, absent: i64) -> i64 {
        self.at(path).as_i64().unwrap_or(absent)
    }

    fn is(&self, path: &str) -> bool {
        *self.at(path) == true
    }

    fn has(&self, path: &str) -> bool {
        !self.at(path).is_null()
    }

    fn list(&self, path: &str) -> &[Value] {
        self.at(path).as_array().map_or(&[], Vec::as_slice)
    }

    fn shown(&self, path: &str) -> String {
        shown(self.at(path))
    }
}

/// A text or number as it is.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// The texts at a path of each item, joined.
pub(super) fn joined(items: &[Value], path: &str, by: &str) -> String {
    let texts: Vec<&str> = items.iter().map(|item| item.text(path)).collect();
    texts.join(by)
}

/// Texts of a list, joined.
pub(super) fn texts(items: &[Value]) -> String {
    let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
    texts.join(",")
}

/// The first `max` of these texts, and how many more there are.
pub(super) fn some(texts: &[String], max: usize) -> String {
    let shown = texts[..texts.len().min(max)].join(",");
    match texts.len().checked_sub(max) {
        Some(more @ 1..) => format!("{shown} + {more} more..."),
        _ => shown,
    }
}

/// The condition of this type in a list of them.
pub(super) fn condition<'a>(conditions: &'a [Value], kind: &str) -> Option<&'a Value> {
    conditions.iter().find(|it| it.text("type") == kind)
}

/// Whether the condition of this type is `True`.
pub(super) fn holds(conditions: &[Value], kind: &str) -> bool {
    condition(conditions, kind).is_some_and(|it| it.text("status") == "True")
}

/// The names and the images of the containers of a pod spec, as cells.
pub(super) fn containers(spec: &Value) -> [Value; 2] {
    let containers = spec.list("containers");
    let names = joined(containers, "name", ",");
    [names.into(), joined(containers, "image", ",").into()]
}

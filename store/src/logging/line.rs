//! One line: its fields collected from an event, and its two forms.

use crate::config::{LogFormat, LogLevel};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use tracing::Metadata;
use tracing::field::{Field, Visit};

/// Marks text that is JSON already; it cannot stand in a message by accident, since the debug
/// form of a string escapes it.
const MARK: char = '\u{1}';

/// A value that is logged as JSON: `urls = ?Json(&list)` gives `"urls":["a","b"]`.
pub struct Json<'a, T: ?Sized>(pub &'a T);

impl<T: Serialize + ?Sized> fmt::Debug for Json<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{MARK}{text}")
    }
}

/// The fields of an event.
#[derive(Default)]
pub(super) struct Fields {
    message: String,
    pub(super) fatal: bool,
    /// In the order they were given; a map would sort them.
    rest: Vec<(Cow<'static, str>, Value)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        match field.name() {
            "message" => {
                self.message = match value {
                    Value::String(text) => text,
                    other => other.to_string(),
                }
            }
            "fatal" => self.fatal = value == Value::Bool(true),
            "fields" => match value {
                Value::Object(map) => {
                    self.rest
                        .extend(map.into_iter().map(|(name, value)| (name.into(), value)));
                }
                other => self.rest.push(("fields".into(), other)),
            },
            name => self.rest.push((name.into(), value)),
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(field, value.to_string().into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        let json = text
            .strip_prefix(MARK)
            .and_then(|json| serde_json::from_str(json).ok());
        self.add(field, json.unwrap_or(Value::String(text)));
    }
}

/// Writes a line with its end.
pub(super) fn render(format: LogFormat, level: LogLevel, caller: &str, fields: &Fields) -> String {
    let level = match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
        LogLevel::Fatal => "fatal",
    };
    let time = Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S.%6fZ")
        .to_string();
    match format {
        LogFormat::Json => json(level, &time, caller, fields),
        LogFormat::Console => console(level, &time, caller, fields),
    }
}

/// The last folder and file with the line, as zap shortens it.
pub(super) fn caller(metadata: &Metadata<'_>) -> String {
    let file = metadata.file().unwrap_or("unknown");
    let start = file.rmatch_indices('/').nth(1).map_or(0, |(at, _)| at + 1);
    format!("{}:{}", &file[start..], metadata.line().unwrap_or(0))
}

fn json(level: &str, time: &str, caller: &str, fields: &Fields) -> String {
    let mut line = String::with_capacity(160);
    line.push('{');
    let head = [
        ("level", level),
        ("ts", time),
        ("caller", caller),
        ("msg", &fields.message),
    ];
    for (name, value) in head {
        if line.len() > 1 {
            line.push(',');
        }
        push(&mut line, name, &Value::String(value.into()), ":");
    }
    for (name, value) in &fields.rest {
        line.push(',');
        push(&mut line, name, value, ":");
    }
    line.push_str("}\n");
    line
}

fn console(level: &str, time: &str, caller: &str, fields: &Fields) -> String {
    // A message of several lines would be taken for several events.
    let message = fields.message.replace('\n', "\\n");
    let mut line = format!("{time}\t{level}\t{caller}\t{message}");
    if !fields.rest.is_empty() {
        line.push_str("\t{");
        for (at, (name, value)) in fields.rest.iter().enumerate() {
            line.push_str(if at == 0 { "" } else { ", " });
            push(&mut line, name, value, ": ");
        }
        line.push('}');
    }
    line.push('\n');
    line
}

/// Writes `"name":value`.
fn push(line: &mut String, name: &str, value: &Value, colon: &str) {
    let name = Value::String(name.into());
    line.push_str(&name.to_string());
    line.push_str(colon);
    line.push_str(&value.to_string());
}

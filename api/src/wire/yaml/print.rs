//! JSON value to YAML text: where what stands. The rules are those of libyaml's emitter, which go-yaml
//! took over.

use serde_json::{Map, Number, Value};

use super::order::order;
use super::scalar::{Analysis, Style};
use super::{float, lookalike};

/// A key longer than this stands on a line of its own, after a question mark.
const MOST_KEY: usize = 128;
/// How much deeper what is held is indented.
const STEP: usize = 2;

pub(super) fn print(value: &Value) -> String {
    let mut printer = Printer {
        out: String::new(),
        column: 0,
        whitespace: true,
        indention: true,
    };
    printer.node(value, Place::ROOT);
    if printer.column > 0 {
        printer.line();
    }
    printer.out
}

/// Text that is being printed.
pub(super) struct Printer {
    pub(super) out: String,
    /// Characters in the last line.
    pub(super) column: usize,
    /// The last character is white space.
    whitespace: bool,
    /// The last line has nothing but white space and `-`, `?`, `:`.
    indention: bool,
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place {
    /// The indent of what holds it; nothing around the outermost one.
    indent: Option<usize>,
    /// It is a value, or a key, of a map.
    in_map: bool,
    /// It is a key in one line with its value.
    key: bool,
}

impl Place {
    const ROOT: Self = Self {
        indent: None,
        in_map: false,
        key: false,
    };
}

impl Printer {
    fn node(&mut self, value: &Value, place: Place) {
        match value {
            Value::Null => self.word("null", place),
            Value::Bool(value) => self.word(if *value { "true" } else { "false" }, place),
            Value::Number(number) => self.word(&number_text(number), place),
            Value::String(text) => self.text(text, place),
            Value::Array(items) if items.is_empty() => self.mark("[]", false),
            Value::Array(items) => self.list(items, place),
            Value::Object(map) if map.is_empty() => self.mark("{}", false),
            Value::Object(map) => self.map(map, place),
        }
    }

    fn list(&mut self, items: &[Value], place: Place) {
        let indent = match place.indent {
            None => 0,
            // Items stand under their key, not deeper.
            Some(indent) if place.in_map && !self.indention => indent,
            Some(indent) => indent + STEP,
        };
        let place = Place {
            indent: Some(indent),
            in_map: false,
            key: false,
        };
        for item in items {
            self.indent(indent);
            self.mark("-", true);
            self.node(item, place);
        }
    }

    fn map(&mut self, map: &Map<String, Value>, place: Place) {
        let indent = place.indent.map_or(0, |indent| indent + STEP);
        let mut place = Place {
            indent: Some(indent),
            in_map: true,
            key: false,
        };
        let mut entries: Vec<(&String, &Value)> = map.iter().collect();
        entries.sort_by(|(a, _), (b, _)| order(a, b));
        for (key, value) in entries {
            self.indent(indent);
            place.key = key.len() <= MOST_KEY && !key.contains(['\n', '\r']);
            if place.key {
                self.key(key, place);
                place.key = false;
                self.put(":");
                self.whitespace = false;
                self.indention = false;
            } else {
                self.mark("?", true);
                self.key(key, place);
                self.indent(indent);
                self.mark(":", true);
            }
            self.node(value, place);
        }
    }

    /// A mark such as `-`, with a space before it if there is none.
    fn mark(&mut self, mark: &str, indention: bool) {
        self.space();
        self.put(mark);
        self.whitespace = false;
        self.indention = self.indention && indention;
    }

    fn word(&mut self, word: &str, place: Place) {
        self.scalar(word, Style::Plain, place);
    }

    /// A key, in one line with its value or not.
    fn key(&mut self, key: &str, place: Place) {
        if key == "<<" {
            // As it is, it would merge another map into this one.
            self.scalar(key, Style::Double, place);
        } else {
            self.text(key, place);
        }
    }

    fn text(&mut self, text: &str, place: Place) {
        let style = if text.contains('\n') {
            Style::Literal
        } else if lookalike::is_plainly_text(text) {
            Style::Plain
        } else {
            Style::Double
        };
        self.scalar(text, style, place);
    }

    fn scalar(&mut self, text: &str, wanted: Style, place: Place) {
        let style = Analysis::of(text).style(wanted, place.key);
        let indent = place.indent.map_or(STEP, |indent| indent + STEP);
        self.space();
        // A key is not broken into lines.
        let breaks = (!place.key).then_some(indent);
        match style {
            Style::Plain => self.plain(text, breaks),
            Style::Single => self.single(text, breaks),
            Style::Double => self.double(text, breaks),
            Style::Literal => self.literal(text, indent),
        }
        // A literal text may end with the end of a line.
        let ended = style == Style::Literal && text.ends_with('\n');
        self.whitespace = ended;
        self.indention = ended;
    }

    /// Begins a line of this indent, unless this is the beginning of one.
    pub(super) fn indent(&mut self, indent: usize) {
        let used = self.column > indent || self.column == indent && !self.whitespace;
        if !self.indention || used {
            self.line();
        }
        while self.column < indent {
            self.put(" ");
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn space(&mut self) {
        if !self.whitespace {
            self.put(" ");
        }
    }

    pub(super) fn line(&mut self) {
        self.out.push('\n');
        self.column = 0;
        self.whitespace = true;
        self.indention = true;
    }

    pub(super) fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    pub(super) fn put_char(&mut self, char: char) {
        self.out.push(char);
        self.column += 1;
    }

    /// Begins a line within a text.
    pub(super) fn fold(&mut self, indent: usize) {
        self.line();
        self.indent(indent);
    }
}

fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(value) if number.is_f64() => float::general(value),
        _ => number.to_string(),
    }
}

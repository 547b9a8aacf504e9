//! The paths of columns of custom resources: client-go's JSONPath, without templates.
//!
//! ```text
//! .spec.size  .status.conditions[?(@.type=="Ready")].status  .spec.ports[*].port  .items[-1]  ..name
//! ```

use std::borrow::Cow;

use serde_json::{Number, Value};

/// How deep filters may lie in filters.
const DEPTH: usize = 8;

/// A path.
#[derive(Clone, Debug)]
pub(super) struct Path(Vec<Node>);

#[derive(Clone, Debug)]
enum Node {
    Field(String),
    Wildcard,
    Recursive,
    Slice(Slice),
    Union(Vec<Path>),
    Filter(Path, Operator, Path),
    Constant(Value),
    /// A word that means nothing; it fails when it is evaluated, not when it is read.
    Word,
}

/// Start, end and step of items; an index is a slice of one.
#[derive(Clone, Copy, Debug)]
struct Slice {
    start: Option<i64>,
    end: Option<i64>,
    step: Option<i64>,
    single: bool,
}

#[derive(Clone, Copy, Debug)]
enum Operator {
    Exists,
    Less,
    Greater,
    Equal,
    NotEqual,
    LessEqual,
    GreaterEqual,
    Unknown,
}

type Found<'a> = Vec<Cow<'a, Value>>;

/// What was found; else what the failing step was given, which is how upstream tells whether something is
/// there at all.
type Walk<'a> = Result<Found<'a>, Found<'a>>;

impl Path {
    /// Reads a path; `None` if it is malformed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::read(text, DEPTH)
    }

    fn read(text: &str, depth: usize) -> Option<Self> {
        let depth = depth.checked_sub(1)?;
        let mut nodes = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("[?(") {
                let node;
                (node, rest) = filter(after, depth)?;
                nodes.push(node);
                continue;
            }
            if let Some(after) = rest.strip_prefix("..") {
                if matches!(nodes.last(), Some(Node::Recursive)) {
                    return None;
                }
                nodes.push(Node::Recursive);
                rest = after;
                if after.starts_with(|c: char| c == '_' || c.is_alphanumeric()) {
                    let node;
                    (node, rest) = field(after);
                    nodes.push(node);
                }
                continue;
            }
            let after = &rest[first.len_utf8()..];
            match first {
                '}' => break,
                ' ' | '@' | '$' => rest = after,
                '[' => {
                    let end = after.find([']', '\n'])?;
                    if after.as_bytes()[end] == b'\n' {
                        return None;
                    }
                    array(&after[..end], depth, &mut nodes)?;
                    rest = &after[end + 1..];
                }
                '"' | '\'' => {
                    let node;
                    (node, rest) = quoted(after, first)?;
                    nodes.push(node);
                }
                '.' => {
                    let node;
                    (node, rest) = field(after);
                    nodes.push(node);
                }
                c if c == '+' || c == '-' || c.is_numeric() => {
                    let node;
                    (node, rest) = number(rest)?;
                    nodes.push(node);
                }
                c if c == '_' || c.is_alphanumeric() => {
                    let (word, after) = rest.split_at(rest.find(terminates).unwrap_or(rest.len()));
                    nodes.push(match word {
                        "true" => Node::Constant(true.into()),
                        "false" => Node::Constant(false.into()),
                        _ => Node::Word,
                    });
                    rest = after;
                }
                _ => return None,
            }
        }
        Some(Self(nodes))
    }

    /// The first value it leads to; `None` if there is none, or a step does not fit the object.
    pub(super) fn first<'a>(&self, object: &'a Value) -> Option<Cow<'a, Value>> {
        let found = self.walk(vec![Cow::Borrowed(object)]).ok()?;
        found.into_iter().next()
    }

    fn walk<'a>(&self, from: Found<'a>) -> Walk<'a> {
        self.0.iter().try_fold(from, |found, node| node.walk(found))
    }
}

fn terminates(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}'
    )
}

/// A name up to what ends it; a backslash makes the next character part of it.
fn field(text: &str) -> (Node, &str) {
    let mut chars = text.char_indices();
    let mut end = text.len();
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if terminates(c) {
            end = at;
            break;
        }
    }
    let (name, rest) = text.split_at(end);
    let node = match name {
        "*" => Node::Wildcard,
        name => Node::Field(name.replace('\\', "")),
    };
    (node, rest)
}

fn number(text: &str) -> Option<(Node, &str)> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let ends = |c: char| c != '.' && !c.is_numeric();
    let len = text.len() - digits.len() + digits.find(ends).unwrap_or(digits.len());
    let (number, rest) = text.split_at(len);
    let value = match number.parse::<i64>() {
        Ok(integer) => integer.into(),
        Err(_) => Value::Number(Number::from_f64(number.parse().ok()?)?),
    };
    Some((Node::Constant(value), rest))
}

fn quoted(text: &str, quote: char) -> Option<(Node, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\n' => return None,
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                c @ ('\\' | '\'' | '"') => c,
                _ => return None,
            }),
            c if c == quote => {
                let rest = &text[at + c.len_utf8()..];
                return Some((Node::Constant(value.into()), rest));
            }
            c => value.push(c),
        }
    }
    None
}

/// What stands in brackets: an index, a slice, a name in quotes, or several of them.
fn array(text: &str, depth: usize, nodes: &mut Vec<Node>) -> Option<()> {
    let text = if text == "*" { ":" } else { text };
    if text.contains(',') {
        let parts = text.split(',').map(|part| {
            let part = part.trim_matches(' ');
            Path::read(&format!("[{part}]"), depth)
        });
        nodes.push(Node::Union(parts.collect::<Option<_>>()?));
        return Some(());
    }
    let name = text.strip_prefix('\'').and_then(|it| it.strip_suffix('\''));
    if let Some(name) = name.filter(|name| !name.contains('\'')) {
        // As upstream has it, dots of the name part it.
        nodes.extend(Path::read(&format!(".{name}"), depth)?.0);
        return Some(());
    }
    let mut parts = text.split(':');
    let mut bound = || -> Option<Option<i64>> {
        match parts.next() {
            None | Some("") => Some(None),
            Some(digits) if digits.starts_with('+') => None,
            Some(digits) => digits.parse().ok().map(Some),
        }
    };
    let (start, end, step) = (bound()?, bound()?, bound()?);
    if parts.next().is_some() {
        return None;
    }
    let single = !text.contains(':');
    nodes.push(Node::Slice(Slice {
        start,
        end: if single {
            start.unwrap_or(0).checked_add(1)
        } else {
            end
        },
        step,
        single,
    }));
    Some(())
}

fn filter(text: &str, depth: usize) -> Option<(Node, &str)> {
    let mut open = None;
    let mut before = '\0';
    let mut closed = false;
    let mut end = None;
    for (at, c) in text.char_indices() {
        match c {
            '\n' => return None,
            '"' | '\'' => match open {
                None => open = Some(c),
                Some(quote) if quote == c && before != '\\' => closed = true,
                Some(_) => {}
            },
            ')' if open.is_some() == closed => {
                end = Some(at);
                break;
            }
            _ => {}
        }
        before = c;
    }
    let (inside, rest) = text.split_at(end?);
    let rest = rest[1..].strip_prefix(']')?;
    let is_operator = |c: char| matches!(c, '!' | '<' | '>' | '=');
    let node = match inside.find(is_operator) {
        Some(at) if at > 0 => {
            let (left, right) = inside.split_at(at);
            let len = right.find(|c| !is_operator(c))?;
            let (operator, right) = right.split_at(len);
            let operator = match operator {
                "<" => Operator::Less,
                ">" => Operator::Greater,
                "==" => Operator::Equal,
                "!=" => Operator::NotEqual,
                "<=" => Operator::LessEqual,
                ">=" => Operator::GreaterEqual,
                _ => Operator::Unknown,
            };
            Node::Filter(
                Path::read(left, depth)?,
                operator,
                Path::read(right, depth)?,
            )
        }
        _ => Node::Filter(
            Path::read(inside, depth)?,
            Operator::Exists,
            Path(Vec::new()),
        ),
    };
    Some((node, rest))
}

impl Node {
    fn walk<'a>(&self, from: Found<'a>) -> Walk<'a> {
        match self {
            Self::Word => Err(from),
            Self::Constant(value) => Ok(vec![Cow::Owned(value.clone())]),
            Self::Field(name) => {
                let found = from.into_iter().filter_map(|value| child(value, name));
                Ok(found.collect())
            }
            Self::Wildcard => Ok(from.into_iter().flat_map(children).collect()),
            Self::Recursive => Ok(descend(from)),
            Self::Slice(slice) => {
                let mut found = Vec::new();
                for value in &from {
                    if value.is_null() {
                        continue;
                    }
                    match slice.bounds(value) {
                        None => return Err(from),
                        Some((range, step)) => {
                            let items = children(value.clone());
                            let items = items.into_iter().skip(range.start).take(range.len());
                            found.extend(items.step_by(step));
                        }
                    }
                }
                Ok(found)
            }
            Self::Union(paths) => {
                let mut found = Vec::new();
                for path in paths {
                    match path.walk(from.clone()) {
                        Ok(more) => found.extend(more),
                        Err(_) => return Err(from),
                    }
                }
                Ok(found)
            }
            Self::Filter(left, operator, right) => {
                let mut found = Vec::new();
                for value in &from {
                    if !value.is_array() {
                        return Err(from);
                    }
                    for item in children(value.clone()) {
                        match passes(&item, left, *operator, right) {
                            Some(true) => found.push(item),
                            Some(false) => {}
                            None => return Err(from),
                        }
                    }
                }
                Ok(found)
            }
        }
    }
}

impl Slice {
    /// Which items, and how far from one to the next; `None` if it does not fit.
    fn bounds(self, value: &Value) -> Option<(std::ops::Range<usize>, usize)> {
        let len = i64::try_from(value.as_array()?.len()).ok()?;
        let mut start = self.start.unwrap_or(0);
        if start < 0 {
            start = start.checked_add(len)?;
        }
        let mut end = self.end.unwrap_or(len);
        if end < 0 || (end == 0 && self.single) {
            end = end.checked_add(len)?;
        }
        let step = usize::try_from(self.step.unwrap_or(1)).ok()?;
        if start == end {
            return Some((0..0, 1));
        }
        let fits = (0..len).contains(&start) && (0..=len).contains(&end) && start <= end;
        (fits && step > 0).then_some(())?;
        Some((
            usize::try_from(start).ok()?..usize::try_from(end).ok()?,
            step,
        ))
    }
}

fn child<'a>(value: Cow<'a, Value>, name: &str) -> Option<Cow<'a, Value>> {
    match value {
        Cow::Borrowed(value) => value.as_object()?.get(name).map(Cow::Borrowed),
        Cow::Owned(mut value) => value.as_object_mut()?.remove(name).map(Cow::Owned),
    }
}

fn children(value: Cow<'_, Value>) -> Found<'_> {
    match value {
        Cow::Borrowed(Value::Array(items)) => items.iter().map(Cow::Borrowed).collect(),
        Cow::Borrowed(Value::Object(fields)) => fields.values().map(Cow::Borrowed).collect(),
        Cow::Owned(Value::Array(items)) => items.into_iter().map(Cow::Owned).collect(),
        Cow::Owned(Value::Object(fields)) => fields
            .into_iter()
            .map(|(_, value)| Cow::Owned(value))
            .collect(),
        _ => Vec::new(),
    }
}

/// All that has something below it, from the top down.
fn descend(from: Found<'_>) -> Found<'_> {
    let mut found = Vec::new();
    let mut waiting: Vec<_> = from.into_iter().rev().collect();
    while let Some(value) = waiting.pop() {
        let below = children(value.clone());
        if !below.is_empty() {
            found.push(value);
            waiting.extend(below.into_iter().rev());
        }
    }
    found
}

/// Whether a filter takes an item; `None` if it cannot be told.
fn passes(item: &Value, left: &Path, operator: Operator, right: &Path) -> Option<bool> {
    let left = left.walk(vec![Cow::Borrowed(item)]);
    if let Operator::Exists = operator {
        let (Ok(found) | Err(found)) = left;
        return Some(!found.is_empty());
    }
    let left = left.ok()?;
    let right = right.walk(vec![Cow::Borrowed(item)]).ok()?;
    let (left, right) = match (&left[..], &right[..]) {
        ([], _) | (_, []) => return Some(false),
        ([left], [right]) => (left, right),
        _ => return None,
    };
    match operator {
        Operator::Equal => equal(left, right),
        Operator::NotEqual => equal(left, right).map(|it| !it),
        Operator::Less => less(left, right),
        Operator::GreaterEqual => less(left, right).map(|it| !it),
        Operator::LessEqual => Some(less(left, right)? || equal(left, right)?),
        Operator::Greater => Some(!(less(left, right)? || equal(left, right)?)),
        Operator::Exists | Operator::Unknown => None,
    }
}

/// Only values of one type can be compared; whole and other numbers are two.
fn equal(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left == right),
        (Value::String(left), Value::String(right)) => Some(left == right),
        (Value::Number(left), Value::Number(right)) if left.is_f64() == right.is_f64() => {
            Some(left == right)
        }
        _ => None,
    }
}

fn less(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left < right),
        (Value::Number(left), Value::Number(right)) if left.is_f64() == right.is_f64() => {
            match (left.as_i64(), right.as_i64()) {
                (Some(left), Some(right)) => Some(left < right),
                _ => Some(left.as_f64()? < right.as_f64()?),
            }
        }
        _ => None,
    }
}

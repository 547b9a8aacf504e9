//! The paths of columns of custom resources: client-go's JSONPath, without templates.
//!
//! ```text
//! .spec.size  .status.conditions[?(@.type=="Ready")].status  .spec.ports[*].port  .items[-1]  ..name
//! ```

mod read;

use std::borrow::Cow;

use serde_json::Value;

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
    /// The first value it leads to; `None` if there is none, or a step does not fit the object.
    pub(super) fn first<'a>(&self, object: &'a Value) -> Option<Cow<'a, Value>> {
        let found = self.walk(vec![Cow::Borrowed(object)]).ok()?;
        found.into_iter().next()
    }

    fn walk<'a>(&self, from: Found<'a>) -> Walk<'a> {
        self.0.iter().try_fold(from, |found, node| node.walk(found))
    }
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
        // To upstream a text is a list of bytes, too.
        if !below.is_empty() || value.as_str().is_some_and(|text| !text.is_empty()) {
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

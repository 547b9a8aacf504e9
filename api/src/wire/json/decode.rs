//! JSON text to canonical tree, by a type.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::path::Path;
use super::scan::{Scanner, Start, SyntaxError};
use super::seen::Seen;
use crate::schema::{Schema, Shape, Slot, Type, TypeId};
use crate::wire::leaf::{self, LeafError, Token};
use crate::wire::names::Step;
use crate::wire::{DecodeError, MOST_NESTING, Read, canon};

/// Why reading stopped.
pub(super) enum Fail {
    Syntax(String),
    Value(String),
}

impl From<SyntaxError> for Fail {
    fn from(SyntaxError(text): SyntaxError) -> Self {
        Fail::Syntax(text)
    }
}

pub(super) struct Decoder<'s, 'a> {
    schema: &'s Schema,
    /// The type that is read; nothing where no type is asked for.
    root: Option<TypeId>,
    pub(super) scan: Scanner<'a>,
    pub(super) path: Path<'s, 'a>,
    /// The first error of those that are told when all is read.
    saved: Option<String>,
    depth: usize,
    /// Within a loose type, values of another type stay.
    loose: bool,
}

pub(super) fn read(schema: &Schema, id: TypeId, bytes: &[u8]) -> Result<Read, DecodeError> {
    Decoder::run(schema, Some(id), bytes, |decoder| decoder.root(id))
}

pub(super) fn read_any(bytes: &[u8]) -> Result<Read, DecodeError> {
    // No type is asked for.
    let none = Schema::new();
    Decoder::run(&none, None, bytes, |decoder| {
        let value = decoder.any()?;
        decoder.scan.end()?;
        Ok(value)
    })
}

fn syntax(bytes: &[u8]) -> Result<(), SyntaxError> {
    let mut scan = Scanner::new(bytes);
    scan.skip()?;
    scan.end()
}

impl<'s, 'a> Decoder<'s, 'a> {
    fn run(
        schema: &'s Schema,
        root: Option<TypeId>,
        bytes: &'a [u8],
        read: impl FnOnce(&mut Self) -> Result<Value, Fail>,
    ) -> Result<Read, DecodeError> {
        let mut decoder = Decoder {
            schema,
            root,
            scan: Scanner::new(bytes),
            path: Path::default(),
            saved: None,
            depth: 0,
            loose: false,
        };
        let read = read(&mut decoder);
        match (read, decoder.saved) {
            (Ok(_), Some(text)) => Err(DecodeError::Value(text)),
            (Ok(value), None) => Ok(Read {
                value,
                problems: decoder.path.into_problems(),
            }),
            (Err(Fail::Syntax(text)), _) => Err(DecodeError::Syntax(text)),
            // Syntax comes first, and the rest of the text was not looked at.
            (Err(Fail::Value(text)), _) => Err(match syntax(bytes) {
                Err(SyntaxError(text)) => DecodeError::Syntax(text),
                Ok(()) => DecodeError::Value(text),
            }),
        }
    }

    fn root(&mut self, id: TypeId) -> Result<Value, Fail> {
        let value = match self.scan.start()? {
            Start::Object => self.object(id, Map::new())?,
            start => {
                self.wrong(start)?;
                canon::zero_object(self.schema, id)
            }
        };
        self.scan.end()?;
        Ok(value)
    }

    /// Keeps an error to tell when all is read; the first one counts.
    pub(super) fn save(&mut self, text: String) {
        self.saved.get_or_insert(text);
    }

    pub(super) fn deeper(&mut self) -> Result<(), Fail> {
        if self.depth >= MOST_NESTING {
            return Err(self.scan.too_deep().into());
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn shallower(&mut self) {
        self.depth -= 1;
    }

    /// An object, read over what was there before.
    fn object(&mut self, id: TypeId, mut map: Map<String, Value>) -> Result<Value, Fail> {
        self.deeper()?;
        let schema = self.schema;
        let of = schema.get(id);
        let around = std::mem::replace(&mut self.loose, of.loose);
        let mut seen = Seen::new(of.fields.len());
        seen.over = !map.is_empty();
        let mut more = self.scan.enter()?;
        while more {
            self.field(of, &mut map, &mut seen)?;
            more = self.scan.more(true)?;
        }
        self.shallower();
        self.loose = around;
        canon::fill(schema, of, &mut map);
        Ok(Value::Object(map))
    }

    fn field(
        &mut self,
        of: &'s Type,
        map: &mut Map<String, Value>,
        seen: &mut Seen,
    ) -> Result<(), Fail> {
        let key = self.scan.key()?;
        let Some(at) = of.position(&key) else {
            if of.preserve {
                return self.any_value(map, key);
            }
            self.path.unknown(&key);
            return Ok(self.scan.skip()?);
        };
        let field = &of.fields[at];
        let mut before = None;
        if seen.again(at) {
            self.path.duplicate(&field.json);
            before = map.remove(&*field.json);
        } else if seen.over {
            before = map.remove(&*field.json);
        }
        self.path.push(Step::Field(of, field));
        let null = self.scan.start()? == Start::Null;
        // Go leaves alone what has no null, unless it has a decoder of its own; in a loose type a null stays.
        let is_kept = null && !field.pointer && !of.loose && !own_decoder(&field.slot.shape);
        let kept = is_kept.then(|| before.take());
        let value = self.slot(&field.slot, before)?;
        self.path.pop();
        canon::place(
            self.schema,
            of.loose,
            map,
            field,
            kept.flatten().unwrap_or(value),
        );
        Ok(())
    }

    /// A value in its place, read over what was there before; `Null` if there is nothing.
    fn slot(&mut self, slot: &Slot, before: Option<Value>) -> Result<Value, Fail> {
        let start = self.scan.start()?;
        if start == Start::Null {
            self.scan.word(start)?;
            return Ok(Value::Null);
        }
        match (&slot.shape, start) {
            (Shape::Raw | Shape::Fields | Shape::Any, _) => self.quietly(Self::any),
            (
                Shape::SchemaOrList(_) | Shape::SchemaOrBool(_) | Shape::SchemaOrStrings(_),
                start,
            ) => self.schema_or(&slot.shape, start),
            (Shape::Object(id), Start::Object) => {
                let map = match before {
                    Some(Value::Object(map)) => map,
                    _ => Map::new(),
                };
                self.object(*id, map)
            }
            (Shape::List(list), Start::Array) => self.list(&list.item, before),
            (Shape::Strings, Start::Array) => self.list(&Slot::of(Shape::String), before),
            (Shape::Map(of), Start::Object) => self.map(&of.value, before),
            (Shape::Bytes, Start::Array) => self.byte_list(),
            (Shape::Object(id), _) if self.loose && self.schema.get(*id).loose => self.any(),
            (shape, _) if self.loose && !matches!(shape, Shape::Object(_)) => self.any(),
            (Shape::Object(_) | Shape::List(_) | Shape::Strings | Shape::Map(_), start) => {
                self.wrong(start)?;
                Ok(Value::Null)
            }
            (shape, start) => self.leaf(shape, start),
        }
    }

    /// An error to tell when all is read: the next value is not of the type that its place has.
    fn wrong(&mut self, start: Start) -> Result<(), Fail> {
        if start != Start::Null {
            self.misplaced(start.word());
        }
        Ok(self.scan.skip()?)
    }

    fn misplaced(&mut self, found: &str) {
        if let (Some(root), None) = (self.root, &self.saved) {
            self.saved = Some(self.path.misplaced(self.schema, root, found));
        }
    }

    fn list(&mut self, item: &Slot, before: Option<Value>) -> Result<Value, Fail> {
        self.deeper()?;
        let mut before = match before {
            Some(Value::Array(items)) => items.into_iter(),
            _ => Vec::new().into_iter(),
        };
        let mut items = Vec::new();
        let mut more = self.scan.enter()?;
        while more {
            self.path.push(Step::Index(items.len()));
            let value = self.held(item, before.next())?;
            self.path.pop();
            items.push(value);
            more = self.scan.more(false)?;
        }
        self.shallower();
        Ok(Value::Array(items))
    }

    /// Bytes that are written as a list of numbers, which Go reads as well.
    fn byte_list(&mut self) -> Result<Value, Fail> {
        let numbers = self.list(&Slot::of(Shape::Int64), None)?;
        let bytes = leaf::from_numbers(&numbers);
        Ok(bytes.unwrap_or_else(|number| {
            self.path.push(Step::Index(0));
            self.misplaced(&format!("number {number}"));
            self.path.pop();
            Value::Null
        }))
    }

    fn map(&mut self, of: &Slot, before: Option<Value>) -> Result<Value, Fail> {
        self.deeper()?;
        let mut map = match before {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        let mut seen = before_keys(&map);
        let mut more = self.scan.enter()?;
        while more {
            let key = self.scan.key()?;
            let again = match &mut seen {
                Some(seen) => !seen.insert(key.to_string()),
                None => map.contains_key(&*key),
            };
            if again {
                self.path.duplicate(&key);
            }
            self.path.push(Step::Key(key));
            let value = self.held(of, None)?;
            let key = self.path.pop().unwrap_or_default();
            map.insert(key.into_owned(), value);
            more = self.scan.more(true)?;
        }
        self.shallower();
        Ok(Value::Object(map))
    }

    /// A value in a list or map, where there is always one.
    fn held(&mut self, slot: &Slot, before: Option<Value>) -> Result<Value, Fail> {
        let null = self.scan.start()? == Start::Null;
        if null && before.is_some() && !own_decoder(&slot.shape) {
            self.scan.skip()?;
            return Ok(before.unwrap_or_default());
        }
        let value = self.slot(slot, before)?;
        if value.is_null() && !slot.nullable && !self.loose {
            return Ok(canon::zero(self.schema, &slot.shape));
        }
        Ok(value)
    }

    /// One of apiextensions' types that are a schema or something else. Their own decoders are not
    /// strict, and tell their errors at once.
    fn schema_or(&mut self, shape: &Shape, start: Start) -> Result<Value, Fail> {
        match (shape, start) {
            (
                Shape::SchemaOrBool(id) | Shape::SchemaOrList(id) | Shape::SchemaOrStrings(id),
                Start::Object,
            ) => self.inner(|decoder| decoder.object(*id, Map::new())),
            (Shape::SchemaOrList(id), Start::Array) => {
                let item = Slot::of(Shape::Object(*id));
                self.inner(|decoder| decoder.list(&item, None))
            }
            (Shape::SchemaOrStrings(_), Start::Array) => {
                let item = Slot::of(Shape::String);
                self.inner(|decoder| decoder.list(&item, None))
            }
            (Shape::SchemaOrBool(_), Start::True | Start::False) => self.any(),
            (Shape::SchemaOrBool(_), _) => {
                self.scan.skip()?;
                Err(Fail::Value("boolean or JSON schema expected".into()))
            }
            _ => {
                self.scan.skip()?;
                Ok(Value::Null)
            }
        }
    }

    fn inner(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Value, Fail>,
    ) -> Result<Value, Fail> {
        let saved = self.saved.take();
        let value = self.quietly(read)?;
        match std::mem::replace(&mut self.saved, saved) {
            Some(text) => Err(Fail::Value(text)),
            None => Ok(value),
        }
    }

    fn quietly(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Value, Fail>,
    ) -> Result<Value, Fail> {
        self.path.quiet += 1;
        let value = read(self);
        self.path.quiet -= 1;
        value
    }

    fn leaf(&mut self, shape: &Shape, start: Start) -> Result<Value, Fail> {
        let from = self.scan.position();
        let text;
        let token = match start {
            Start::Text => {
                text = self.scan.text()?;
                let raw = self.scan.since(from);
                if matches!(shape, Shape::String) {
                    // The most frequent value is not copied twice.
                    return Ok(Value::String(text.into_owned()));
                }
                Token::Text(&text, &raw[1..raw.len() - 1])
            }
            Start::Number => Token::Number(self.scan.number()?),
            Start::True | Start::False => {
                self.scan.word(start)?;
                Token::Bool(start == Start::True)
            }
            Start::Null => Token::Null,
            Start::Array | Start::Object => {
                self.scan.skip()?;
                if start == Start::Array {
                    Token::Array
                } else {
                    Token::Object
                }
            }
        };
        match leaf::read(shape, &token) {
            Ok(value) => return Ok(value),
            Err(LeafError::Type(found)) => self.misplaced(&found),
            Err(LeafError::Late(text)) => self.save(text),
            Err(LeafError::Inner(found, wanted)) => {
                return Err(Fail::Value(self.path.mismatch(&found, wanted)));
            }
            Err(LeafError::Now(text)) => return Err(Fail::Value(text)),
        }
        Ok(Value::Null)
    }
}

/// Whether Go's type decodes itself, `null` included.
fn own_decoder(shape: &Shape) -> bool {
    matches!(
        shape,
        Shape::Time | Shape::MicroTime | Shape::Quantity | Shape::IntOrString
    )
}

/// A map that is read over another one does not take the other's keys for its own.
fn before_keys(map: &Map<String, Value>) -> Option<HashSet<String>> {
    (!map.is_empty()).then(HashSet::new)
}

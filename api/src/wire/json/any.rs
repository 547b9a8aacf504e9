//! Values of which no type is known.

use serde_json::{Map, Value};

use super::decode::{Decoder, Fail};
use super::scan::Start;
use crate::wire::canon;
use crate::wire::names::Step;

impl<'a> Decoder<'_, 'a> {
    /// Any value, as it is. Numbers are whole if their literal is, or if nothing stands after their
    /// point.
    pub(super) fn any(&mut self) -> Result<Value, Fail> {
        let start = self.scan.start()?;
        Ok(match start {
            Start::Object => self.any_object()?,
            Start::Array => self.any_list()?,
            Start::Text => Value::String(self.scan.text()?.into_owned()),
            Start::Number => self.any_number()?,
            Start::True | Start::False | Start::Null => {
                self.scan.word(start)?;
                match start {
                    Start::Null => Value::Null,
                    start => Value::Bool(start == Start::True),
                }
            }
        })
    }

    fn any_number(&mut self) -> Result<Value, Fail> {
        let literal = self.scan.number()?;
        if let Ok(value) = literal.parse::<i64>() {
            return Ok(Value::from(value));
        }
        let value = literal.parse::<f64>().unwrap_or(f64::INFINITY);
        if value.is_infinite() && self.path.quiet == 0 {
            self.save(self.path.mismatch(&format!("number {literal}"), "float64"));
        }
        Ok(canon::double(value))
    }

    fn any_list(&mut self) -> Result<Value, Fail> {
        self.deeper()?;
        let mut items = Vec::new();
        let mut more = self.scan.enter()?;
        while more {
            self.path.push(Step::Index(items.len()));
            let item = self.any()?;
            self.path.pop();
            items.push(item);
            more = self.scan.more(false)?;
        }
        self.shallower();
        Ok(Value::Array(items))
    }

    fn any_object(&mut self) -> Result<Value, Fail> {
        self.deeper()?;
        let mut map = Map::new();
        let mut more = self.scan.enter()?;
        while more {
            self.any_entry(&mut map)?;
            more = self.scan.more(true)?;
        }
        self.shallower();
        Ok(Value::Object(map))
    }

    fn any_entry(&mut self, map: &mut Map<String, Value>) -> Result<(), Fail> {
        let key = self.scan.key()?;
        self.any_value(map, key)
    }

    /// The value of an object's key that no type tells of.
    pub(super) fn any_value(
        &mut self,
        map: &mut Map<String, Value>,
        key: std::borrow::Cow<'a, str>,
    ) -> Result<(), Fail> {
        if map.contains_key(&*key) {
            self.path.duplicate(&key);
        }
        self.path.push(Step::Key(key));
        let value = self.any()?;
        let key = self.path.pop().unwrap_or_default();
        map.insert(key.into_owned(), value);
        Ok(())
    }
}

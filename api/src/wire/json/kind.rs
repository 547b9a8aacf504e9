//! Which kind a text is about, before it is read by its type.

use std::borrow::Cow;

use super::scan::{Scanner, Start, SyntaxError};
use crate::wire::DecodeError;

/// `apiVersion` and `kind` of an object; empty where they are not there.
///
/// Names match without regard to case here and only here, and the last one counts, as upstream has it.
///
/// # Errors
///
/// In upstream's words, if the text is no JSON, no object, or if one of them is no text.
pub fn kind(bytes: &[u8]) -> Result<(String, String), DecodeError> {
    let mut finder = Finder {
        scan: Scanner::new(bytes),
        found: Default::default(),
        wrong: None,
    };
    let wrap = |text: &str| format!("couldn't get version/kind; json parse error: {text}");
    match finder.run() {
        Err(SyntaxError(text)) => Err(DecodeError::Syntax(wrap(&text))),
        Ok(()) => match finder.wrong {
            Some(text) => Err(DecodeError::Value(wrap(&text))),
            None => Ok(finder.found.into()),
        },
    }
}

struct Finder<'a> {
    scan: Scanner<'a>,
    found: [String; 2],
    wrong: Option<String>,
}

impl Finder<'_> {
    fn run(&mut self) -> Result<(), SyntaxError> {
        match self.scan.start()? {
            Start::Object => {
                let mut more = self.scan.enter()?;
                while more {
                    self.field()?;
                    more = self.scan.more(true)?;
                }
            }
            Start::Null => self.scan.skip()?,
            other => {
                let place = "value of type struct { APIVersion string \
                             \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \
                             \"json:\\\"kind,omitempty\\\"\" }";
                self.wrong(other, place);
                self.scan.skip()?;
            }
        }
        self.scan.end()
    }

    fn field(&mut self) -> Result<(), SyntaxError> {
        let key = self.scan.key()?;
        let (at, place) = if key.eq_ignore_ascii_case("apiVersion") {
            (0, "struct field .apiVersion of type string")
        } else if key.eq_ignore_ascii_case("kind") {
            (1, "struct field .kind of type string")
        } else {
            return self.scan.skip();
        };
        match self.scan.start()? {
            Start::Text => {
                self.found[at] = self.scan.text().map(Cow::into_owned)?;
                Ok(())
            }
            Start::Null => self.scan.skip(),
            other => {
                self.wrong(other, place);
                self.scan.skip()
            }
        }
    }

    fn wrong(&mut self, start: Start, place: &str) {
        let found = start.word();
        self.wrong
            .get_or_insert_with(|| format!("json: cannot unmarshal {found} into Go {place}"));
    }
}

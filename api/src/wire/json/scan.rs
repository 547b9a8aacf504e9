//! The tokens of JSON text, accepted and refused exactly as Go's `encoding/json` does, in its words:
//! malformed UTF-8 and lone surrogates in texts become U+FFFD, numbers keep their literal.

use std::borrow::Cow;

/// Go's own bound on nesting.
const MOST_NESTING: usize = 10_000;

/// The text of a syntax error.
#[derive(Debug)]
pub(super) struct SyntaxError(pub(super) String);

/// What a value begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Object,
    Array,
    Text,
    Number,
    True,
    False,
    Null,
}

impl Start {
    /// What Go's errors call it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Start::Object => "object",
            Start::Array => "array",
            Start::Text => "string",
            Start::Number => "number",
            Start::True | Start::False => "bool",
            Start::Null => "null",
        }
    }
}

/// A position in JSON text.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The bytes from a position to here.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        &self.bytes[start..self.at]
    }

    /// What the next value is; nothing of it is read yet.
    pub(super) fn start(&mut self) -> Result<Start, SyntaxError> {
        Ok(match self.peek()? {
            b'{' => Start::Object,
            b'[' => Start::Array,
            b'"' => Start::Text,
            b'-' | b'0'..=b'9' => Start::Number,
            b't' => Start::True,
            b'f' => Start::False,
            b'n' => Start::Null,
            byte => return Err(invalid(byte, "looking for beginning of value")),
        })
    }

    /// Enters an object or array; tells whether there is something in it. After it, an object's key or
    /// an array's value is next.
    pub(super) fn enter(&mut self) -> Result<bool, SyntaxError> {
        let close = if self.bytes[self.at] == b'{' {
            b'}'
        } else {
            b']'
        };
        self.at += 1;
        if self.peek()? == close {
            self.at += 1;
            return Ok(false);
        }
        Ok(true)
    }

    /// After a value in an object or array: tells whether there is another one.
    pub(super) fn more(&mut self, object: bool) -> Result<bool, SyntaxError> {
        let byte = self.peek()?;
        self.at += 1;
        match (byte, object) {
            (b',', _) => Ok(true),
            (b'}', true) | (b']', false) => Ok(false),
            (_, true) => Err(invalid(byte, "after object key:value pair")),
            (_, false) => Err(invalid(byte, "after array element")),
        }
    }

    /// A key of an object, and the colon after it.
    pub(super) fn key(&mut self) -> Result<Cow<'a, str>, SyntaxError> {
        self.key_start()?;
        let key = self.text()?;
        self.colon()?;
        Ok(key)
    }

    fn key_start(&mut self) -> Result<(), SyntaxError> {
        match self.peek()? {
            b'"' => Ok(()),
            byte => Err(invalid(byte, "looking for beginning of object key string")),
        }
    }

    fn colon(&mut self) -> Result<(), SyntaxError> {
        match self.peek()? {
            b':' => {
                self.at += 1;
                Ok(())
            }
            byte => Err(invalid(byte, "after object key")),
        }
    }

    /// `true`, `false` or `null`.
    pub(super) fn word(&mut self, start: Start) -> Result<(), SyntaxError> {
        let word = match start {
            Start::True => "true",
            Start::False => "false",
            _ => "null",
        };
        for (at, expected) in word.bytes().enumerate().skip(1) {
            let byte = self.here(at);
            if byte != expected {
                let context = format!("in literal {word} (expecting '{}')", char::from(expected));
                return Err(invalid(byte, &context));
            }
        }
        self.at += word.len();
        Ok(())
    }

    /// A number's literal.
    pub(super) fn number(&mut self) -> Result<&'a str, SyntaxError> {
        let start = self.at;
        if self.here(0) == b'-' {
            self.at += 1;
        }
        match self.here(0) {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits(),
            byte => return Err(invalid(byte, "in numeric literal")),
        }
        if self.here(0) == b'.' {
            self.at += 1;
            self.expect_digit("after decimal point in numeric literal")?;
            self.digits();
        }
        if matches!(self.here(0), b'e' | b'E') {
            self.at += 1;
            if matches!(self.here(0), b'+' | b'-') {
                self.at += 1;
            }
            self.expect_digit("in exponent of numeric literal")?;
            self.digits();
        }
        // Only ASCII was read.
        Ok(std::str::from_utf8(self.since(start)).unwrap_or_default())
    }

    fn digits(&mut self) {
        while self.here(0).is_ascii_digit() {
            self.at += 1;
        }
    }

    fn expect_digit(&self, context: &str) -> Result<(), SyntaxError> {
        match self.here(0) {
            b'0'..=b'9' => Ok(()),
            byte => Err(invalid(byte, context)),
        }
    }

    /// A text, without its quotes and escapes.
    pub(super) fn text(&mut self) -> Result<Cow<'a, str>, SyntaxError> {
        let start = self.at + 1;
        let escaped = self.skip_text()?;
        let raw = &self.bytes[start..self.at - 1];
        if !escaped && let Ok(text) = std::str::from_utf8(raw) {
            return Ok(Cow::Borrowed(text));
        }
        Ok(Cow::Owned(super::unquote::unquote(raw)))
    }

    /// Reads a text without looking at it; tells whether there are escapes in it.
    fn skip_text(&mut self) -> Result<bool, SyntaxError> {
        let mut escaped = false;
        self.at += 1;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let plain = rest
                .iter()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))
                .ok_or_else(ended)?;
            self.at += plain;
            match self.bytes[self.at] {
                b'"' => {
                    self.at += 1;
                    return Ok(escaped);
                }
                b'\\' => {
                    escaped = true;
                    self.at += 1;
                    self.escape()?;
                }
                byte => return Err(invalid(byte, "in string literal")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), SyntaxError> {
        match self.here(0) {
            b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => self.at += 1,
            b'u' => {
                self.at += 1;
                for _ in 0..4 {
                    let byte = self.here(0);
                    if !byte.is_ascii_hexdigit() {
                        return Err(invalid(byte, "in \\u hexadecimal character escape"));
                    }
                    self.at += 1;
                }
            }
            byte => return Err(invalid(byte, "in string escape code")),
        }
        Ok(())
    }

    /// Reads a value without looking at it.
    pub(super) fn skip(&mut self) -> Result<(), SyntaxError> {
        // One entry for each open bracket: whether it is an object's.
        let mut open: Vec<bool> = Vec::new();
        loop {
            let start = self.start()?;
            match start {
                Start::Object | Start::Array => {
                    let object = start == Start::Object;
                    if open.len() >= MOST_NESTING {
                        return Err(self.too_deep());
                    }
                    if self.enter()? {
                        open.push(object);
                        if object {
                            self.skip_key()?;
                        }
                        continue;
                    }
                }
                Start::Text => {
                    self.skip_text()?;
                }
                Start::Number => {
                    self.number()?;
                }
                Start::True | Start::False | Start::Null => self.word(start)?,
            }
            loop {
                let Some(object) = open.last().copied() else {
                    return Ok(());
                };
                if self.more(object)? {
                    if object {
                        self.skip_key()?;
                    }
                    break;
                }
                open.pop();
            }
        }
    }

    fn skip_key(&mut self) -> Result<(), SyntaxError> {
        self.key_start()?;
        self.skip_text()?;
        self.colon()
    }

    /// The error of a bracket that nests too deeply.
    pub(super) fn too_deep(&self) -> SyntaxError {
        invalid(self.here(0), "exceeded max depth")
    }

    /// After the only value there is.
    pub(super) fn end(&mut self) -> Result<(), SyntaxError> {
        match self.peek() {
            Ok(byte) => Err(invalid(byte, "after top-level value")),
            Err(_) => Ok(()),
        }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Result<u8, SyntaxError> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Ok(*byte);
            }
            self.at += 1;
        }
        Err(ended())
    }

    /// The byte so far from here; the end counts as a space, as in Go.
    fn here(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(b' ')
    }
}

fn ended() -> SyntaxError {
    SyntaxError("unexpected end of JSON input".into())
}

fn invalid(byte: u8, context: &str) -> SyntaxError {
    let shown = match byte {
        b'\'' => "'\\''".into(),
        b'"' => "'\"'".into(),
        byte => {
            let quoted = super::quote::quote(char::from(byte).encode_utf8(&mut [0; 4]));
            format!("'{}'", &quoted[1..quoted.len() - 1])
        }
    };
    SyntaxError(format!("invalid character {shown} {context}"))
}

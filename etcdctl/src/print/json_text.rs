//! JSON as Go's encoder writes it: no spaces, `<>&` escaped, bytes as base64, zero fields left out
//! on request.
//!
//! Written straight to the stream: a reply of a gigabyte costs no second one.

use std::fmt::Display;
use std::io;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;

use super::Out;

/// An object being written; [`Object::end`] closes it.
pub(crate) struct Object<'w> {
    pub(crate) out: Out<'w>,
    empty: bool,
}

impl<'w> Object<'w> {
    /// Opens an object.
    pub(crate) fn begin(out: Out<'w>) -> io::Result<Self> {
        out.write_all(b"{")?;
        Ok(Self { out, empty: true })
    }

    /// Writes a key; the caller writes its value.
    pub(crate) fn key(&mut self, key: &str) -> io::Result<Out<'_>> {
        let comma = if self.empty { "" } else { "," };
        self.empty = false;
        write!(self.out, "{comma}\"{key}\":")?;
        Ok(self.out)
    }

    /// A number or boolean that is always written.
    pub(crate) fn plain(&mut self, key: &str, value: impl Display) -> io::Result<()> {
        write!(self.key(key)?, "{value}")
    }

    /// A number or boolean that is left out when zero or false.
    pub(crate) fn non_zero<T: Display + Default + PartialEq>(
        &mut self,
        key: &str,
        value: T,
    ) -> io::Result<()> {
        if value == T::default() {
            return Ok(());
        }
        self.plain(key, value)
    }

    /// A string that is always written.
    pub(crate) fn text(&mut self, key: &str, value: &str) -> io::Result<()> {
        string(self.key(key)?, value)
    }

    /// A string that is left out when empty.
    pub(crate) fn non_empty_text(&mut self, key: &str, value: &str) -> io::Result<()> {
        if value.is_empty() {
            return Ok(());
        }
        self.text(key, value)
    }

    /// Bytes, left out when empty.
    pub(crate) fn bytes(&mut self, key: &str, value: &[u8]) -> io::Result<()> {
        if value.is_empty() {
            return Ok(());
        }
        bytes(self.key(key)?, value)
    }

    /// A list that is left out when empty.
    pub(crate) fn list<T>(
        &mut self,
        key: &str,
        items: &[T],
        each: impl FnMut(Out<'_>, &T) -> io::Result<()>,
    ) -> io::Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        array(self.key(key)?, items, each)
    }

    /// A list that is `null` when empty.
    pub(crate) fn list_or_null<T>(
        &mut self,
        key: &str,
        items: &[T],
        each: impl FnMut(Out<'_>, &T) -> io::Result<()>,
    ) -> io::Result<()> {
        array_or_null(self.key(key)?, items, each)
    }

    /// Closes the object.
    pub(crate) fn end(self) -> io::Result<()> {
        self.out.write_all(b"}")
    }
}

/// `[…]`, or `null` without items.
pub(crate) fn array_or_null<T>(
    out: Out<'_>,
    items: &[T],
    each: impl FnMut(Out<'_>, &T) -> io::Result<()>,
) -> io::Result<()> {
    if items.is_empty() {
        return out.write_all(b"null");
    }
    array(out, items, each)
}

/// `[…]`.
pub(crate) fn array<T>(
    out: Out<'_>,
    items: &[T],
    mut each: impl FnMut(Out<'_>, &T) -> io::Result<()>,
) -> io::Result<()> {
    out.write_all(b"[")?;
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        each(out, item)?;
    }
    out.write_all(b"]")
}

/// Base64 in quotes.
pub(crate) fn bytes(out: Out<'_>, value: &[u8]) -> io::Result<()> {
    write!(out, "\"{}\"", Base64Display::new(value, &STANDARD))
}

/// A quoted string, safe inside HTML.
pub(crate) fn string(out: Out<'_>, value: &str) -> io::Result<()> {
    out.write_all(b"\"")?;
    for c in value.chars() {
        match c {
            '"' => out.write_all(b"\\\"")?,
            '\\' => out.write_all(b"\\\\")?,
            '\n' => out.write_all(b"\\n")?,
            '\r' => out.write_all(b"\\r")?,
            '\t' => out.write_all(b"\\t")?,
            '\u{8}' => out.write_all(b"\\b")?,
            '\u{c}' => out.write_all(b"\\f")?,
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                write!(out, "\\u{:04x}", c as u32)?;
            }
            _ => write!(out, "{c}")?,
        }
    }
    out.write_all(b"\"")
}

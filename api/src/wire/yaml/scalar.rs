//! Scalars: which styles can hold a text, and the text in each.

use super::print::Printer;

/// Lines are broken at the first space beyond this column.
const WIDTH: usize = 80;

/// How a text is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As it is.
    Plain,
    /// `'…'`
    Single,
    /// `"…"`, with escapes.
    Double,
    /// `|`, and its lines.
    Literal,
}

/// What styles cannot hold a text.
#[derive(Default)]
pub(super) struct Analysis {
    not_plain: bool,
    not_single: bool,
    not_literal: bool,
}

impl Analysis {
    pub(super) fn of(text: &str) -> Self {
        let mut found = Self::default();
        let chars: Vec<char> = text.chars().collect();
        found.not_plain = text.starts_with("---") || text.starts_with("...");
        let blank_or_end = |at: Option<&char>| at.is_none_or(|char| is_blank(*char));
        for (at, char) in chars.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| chars[before]);
            let after_blank = before.is_none_or(is_blank);
            let before_blank = blank_or_end(chars.get(at + 1));
            let (first, last) = (at == 0, at + 1 == chars.len());
            let indicator = match char {
                '#' => after_blank,
                ':' => before_blank,
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
                | '@' | '`' => first,
                '-' | '?' => first && before_blank,
                _ => false,
            };
            found.not_plain |= indicator;
            if !is_printable(*char) {
                found.not_plain = true;
                found.not_single = true;
                found.not_literal = true;
            }
            if *char == ' ' {
                found.not_plain |= first || last;
                found.not_literal |= last;
                // A space at the beginning of a line.
                found.not_single |= before == Some('\n');
            } else if *char == '\n' {
                found.not_plain = true;
                // One at the end.
                if before == Some(' ') {
                    found.not_single = true;
                    found.not_literal = true;
                }
            }
        }
        found
    }

    /// The style that a text gets if this one is wanted; keys are in one line.
    pub(super) fn style(&self, wanted: Style, key: bool) -> Style {
        let style = match wanted {
            Style::Plain if self.not_plain => Style::Single,
            wanted => wanted,
        };
        match style {
            Style::Single if self.not_single => Style::Double,
            Style::Literal if self.not_literal || key => Style::Double,
            style => style,
        }
    }
}

impl Printer {
    /// Lines are broken to this indent, if any.
    pub(super) fn plain(&mut self, text: &str, breaks: Option<usize>) {
        let mut chars = text.chars().peekable();
        let mut spaces = false;
        while let Some(char) = chars.next() {
            let single = char == ' ' && !spaces && chars.peek() != Some(&' ');
            match breaks {
                Some(indent) if single && self.column > WIDTH => self.fold(indent),
                _ => self.put_char(char),
            }
            spaces = char == ' ';
        }
    }

    pub(super) fn single(&mut self, text: &str, breaks: Option<usize>) {
        self.put_char('\'');
        let mut chars = text.chars().peekable();
        let (mut spaces, mut first) = (false, true);
        while let Some(char) = chars.next() {
            let within = !first && chars.peek().is_some_and(|next| *next != ' ');
            match breaks {
                Some(indent) if char == ' ' && !spaces && within && self.column > WIDTH => {
                    self.fold(indent);
                }
                _ => {
                    self.put_char(char);
                    if char == '\'' {
                        self.put_char(char);
                    }
                }
            }
            spaces = char == ' ';
            first = false;
        }
        self.put_char('\'');
    }

    pub(super) fn double(&mut self, text: &str, breaks: Option<usize>) {
        self.put_char('"');
        let mut chars = text.chars().peekable();
        let (mut spaces, mut first) = (false, true);
        while let Some(char) = chars.next() {
            let within = !first && chars.peek().is_some();
            match breaks {
                Some(indent) if char == ' ' && !spaces && within && self.column > WIDTH => {
                    self.fold(indent);
                    if chars.peek() == Some(&' ') {
                        self.put_char('\\');
                    }
                }
                _ if is_printable(char) && !matches!(char, '"' | '\\' | '\n') => {
                    self.put_char(char);
                }
                _ => self.escape(char),
            }
            spaces = char == ' ';
            first = false;
        }
        self.put_char('"');
    }

    fn escape(&mut self, char: char) {
        let short = match char {
            '\0' => "0",
            '\u{7}' => "a",
            '\u{8}' => "b",
            '\t' => "t",
            '\n' => "n",
            '\u{b}' => "v",
            '\u{c}' => "f",
            '\r' => "r",
            '\u{1b}' => "e",
            '"' => "\"",
            '\\' => "\\",
            '\u{85}' => "N",
            '\u{2028}' => "L",
            '\u{2029}' => "P",
            _ => {
                let code = u32::from(char);
                return match code {
                    ..0x100 => self.put(&format!("\\x{code:02X}")),
                    0x100..0x10000 => self.put(&format!("\\u{code:04X}")),
                    _ => self.put(&format!("\\U{code:08X}")),
                };
            }
        };
        self.put("\\");
        self.put(short);
    }

    pub(super) fn literal(&mut self, text: &str, indent: usize) {
        self.put_char('|');
        if text.starts_with([' ', '\n']) {
            self.put_char('2');
        }
        match text.strip_suffix('\n') {
            None => self.put_char('-'),
            Some(rest) if rest.is_empty() || rest.ends_with('\n') => self.put_char('+'),
            Some(_) => {}
        }
        let lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        for line in lines {
            self.line();
            if !line.is_empty() {
                self.indent(indent);
                self.put(line);
            }
        }
        if text.ends_with('\n') {
            self.line();
        }
    }
}

/// Whether a character is written as it is. What YAML takes for the end of a line is not, but `\n`.
fn is_printable(char: char) -> bool {
    matches!(char, '\n' | ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}'
        | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

fn is_blank(char: char) -> bool {
    matches!(
        char,
        ' ' | '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

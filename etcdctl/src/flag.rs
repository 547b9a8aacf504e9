//! Command-line flags with the grammar and the error sentences of etcdctl's flag library (pflag).
//!
//! clap cannot speak this grammar: flags and arguments in any order, `--bool=false` but never
//! `--bool false`, `-w=json` and `-wjson`, `=` optional everywhere, raw bytes as values, and
//! sentences that scripts match on.
//!
//! A flag is declared once in a [`Flag`] table; parsing, help and `ETCDCTL_*` variables all read
//! that table.

use std::collections::BTreeMap;

use crate::go::{duration, number, quote::quote};

pub(crate) use table::table;

mod table;

#[cfg(test)]
mod tests;

/// What a flag's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `--flag`, `--flag=true`, `--flag=0`.
    Bool,
    /// A signed 64-bit number, also in hex, octal and binary with their prefixes.
    Int,
    /// A number that is not negative, in 64 bits.
    Unsigned,
    /// Any bytes.
    Text,
    /// A Go duration.
    Duration,
    /// Comma-separated texts; a flag given again appends.
    List,
}

/// One declared flag.
#[derive(Debug)]
pub(crate) struct Flag {
    /// Name after `--`.
    pub(crate) name: &'static str,
    /// Letter after `-`.
    pub(crate) short: Option<char>,
    /// What its value is.
    pub(crate) kind: Kind,
    /// The default, as it would be typed.
    pub(crate) default: &'static str,
    /// One line for the help.
    pub(crate) help: &'static str,
}

impl Flag {
    /// A boolean, off by default.
    pub(crate) const fn switch(name: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Bool, "false", help)
    }

    /// A number, 0 by default.
    pub(crate) const fn int(name: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Int, "0", help)
    }

    /// A flag with a default.
    pub(crate) const fn new(
        name: &'static str,
        kind: Kind,
        default: &'static str,
        help: &'static str,
    ) -> Self {
        Self {
            name,
            short: None,
            kind,
            default,
            help,
        }
    }

    /// The same flag with a letter.
    pub(crate) const fn short(mut self, letter: char) -> Self {
        self.short = Some(letter);
        self
    }
}

/// `-h`, `--help`: every command has it.
pub(crate) static HELP: Flag = Flag::switch("help", "show this help").short('h');

/// A parsed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Bool(bool),
    Int(i64),
    Unsigned(u64),
    Text(Vec<u8>),
    Duration(i64),
    List(Vec<Vec<u8>>),
}

impl Value {
    fn parse(kind: Kind, text: &[u8]) -> Result<Self, String> {
        Ok(match kind {
            Kind::Bool => Self::Bool(number::parse_bool(text)?),
            Kind::Int => Self::Int(number::parse_int(text, 0)?),
            Kind::Unsigned => Self::Unsigned(number::parse_uint(text, 0)?),
            Kind::Text => Self::Text(text.to_vec()),
            Kind::Duration => Self::Duration(duration::parse(&String::from_utf8_lossy(text))?),
            Kind::List if text.is_empty() => Self::List(Vec::new()),
            Kind::List => Self::List(text.split(|b| *b == b',').map(<[u8]>::to_vec).collect()),
        })
    }
}

/// The flags a command knows, and what the command line said.
#[derive(Debug)]
pub(crate) struct Parsed {
    flags: Vec<&'static Flag>,
    values: BTreeMap<&'static str, Value>,
    changed: Vec<&'static str>,
    /// Arguments that are not flags, in order.
    pub(crate) args: Vec<Vec<u8>>,
    /// How many of [`Parsed::args`] stood before the first `--`, if there was one.
    pub(crate) dash: Option<usize>,
}

impl Parsed {
    /// All flags at their defaults.
    pub(crate) fn new(flags: Vec<&'static Flag>) -> Self {
        let values = flags
            .iter()
            .map(|flag| {
                let value = Value::parse(flag.kind, flag.default.as_bytes());
                (flag.name, value.expect("declared defaults are valid"))
            })
            .collect();
        Self {
            flags,
            values,
            changed: Vec::new(),
            args: Vec::new(),
            dash: None,
        }
    }

    /// Reads a command line; on an unknown or malformed flag, the sentence to print.
    pub(crate) fn parse(&mut self, args: &[Vec<u8>]) -> Result<(), String> {
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            match arg.as_slice() {
                b"--" => {
                    self.dash = Some(self.args.len());
                    self.args.extend(rest.by_ref().cloned());
                }
                [b'-', b'-', long @ ..] => self.long(arg, long, &mut rest)?,
                [b'-', letters @ ..] if !letters.is_empty() => self.short(letters, &mut rest)?,
                _ => self.args.push(arg.clone()),
            }
        }
        Ok(())
    }

    fn long<'a>(
        &mut self,
        arg: &[u8],
        long: &[u8],
        rest: &mut impl Iterator<Item = &'a Vec<u8>>,
    ) -> Result<(), String> {
        if matches!(long.first(), Some(b'-' | b'=')) {
            return Err(format!("bad flag syntax: {}", lossy(arg)));
        }
        let (name, inline) = match long.iter().position(|b| *b == b'=') {
            Some(at) => (&long[..at], Some(&long[at + 1..])),
            None => (long, None),
        };
        let Some(flag) = self.find(name) else {
            return Err(format!("unknown flag: --{}", lossy(name)));
        };
        match inline {
            Some(value) => self.set(flag, value),
            None if flag.kind == Kind::Bool => self.set(flag, b"true"),
            None => match rest.next() {
                Some(value) => self.set(flag, value),
                None => Err(format!("flag needs an argument: {}", lossy(arg))),
            },
        }
    }

    /// `-ab`, `-wjson`, `-w=json`, `-w json`.
    fn short<'a>(
        &mut self,
        mut letters: &[u8],
        rest: &mut impl Iterator<Item = &'a Vec<u8>>,
    ) -> Result<(), String> {
        while let Some((&letter, tail)) = letters.split_first() {
            let name = char::from(letter);
            let Some(flag) = self.flags.iter().copied().find(|f| f.short == Some(name)) else {
                let all = lossy(letters);
                return Err(format!("unknown shorthand flag: '{name}' in -{all}"));
            };
            let value = match tail {
                [b'=', value @ ..] if !value.is_empty() => value,
                _ if flag.kind == Kind::Bool => {
                    self.set(flag, b"true")?;
                    letters = tail;
                    continue;
                }
                [_, ..] => tail,
                [] => match rest.next() {
                    Some(value) => value.as_slice(),
                    None => {
                        let all = lossy(letters);
                        return Err(format!("flag needs an argument: '{name}' in -{all}"));
                    }
                },
            };
            return self.set(flag, value);
        }
        Ok(())
    }

    fn find(&self, name: &[u8]) -> Option<&'static Flag> {
        let known = |flag: &&&'static Flag| flag.name.as_bytes() == name;
        self.flags.iter().find(known).copied()
    }

    fn set(&mut self, flag: &'static Flag, text: &[u8]) -> Result<(), String> {
        let value = Value::parse(flag.kind, text).map_err(|why| {
            let shown = match flag.short {
                Some(letter) => format!("-{letter}, --{}", flag.name),
                None => format!("--{}", flag.name),
            };
            let text = quote(text);
            format!("invalid argument {text} for \"{shown}\" flag: {why}")
        })?;
        let again = self.changed(flag.name);
        match (self.values.get_mut(flag.name), value) {
            (Some(Value::List(list)), Value::List(more)) if again => list.extend(more),
            (_, value) => {
                self.values.insert(flag.name, value);
            }
        }
        if !again {
            self.changed.push(flag.name);
        }
        Ok(())
    }

    /// Sets a flag from its environment variable; a malformed value leaves the default, as etcdctl
    /// does.
    pub(crate) fn set_from_variable(&mut self, name: &str, text: &[u8]) {
        if let Some(flag) = self.find(name.as_bytes()) {
            // The sentence has no reader: etcdctl drops it too.
            let _ = self.set(flag, text);
        }
    }

    /// Whether the command line (or a variable) set the flag.
    pub(crate) fn changed(&self, name: &str) -> bool {
        self.changed.contains(&name)
    }

    fn value(&self, name: &str) -> &Value {
        self.values
            .get(name)
            .expect("commands read only flags they declare")
    }

    /// The value of a [`Kind::Bool`] flag.
    pub(crate) fn switch(&self, name: &str) -> bool {
        matches!(self.value(name), Value::Bool(true))
    }

    /// The value of a [`Kind::Int`] flag.
    pub(crate) fn int(&self, name: &str) -> i64 {
        match self.value(name) {
            Value::Int(value) => *value,
            _ => unreachable!("{name} is declared as a number"),
        }
    }

    /// The value of a [`Kind::Unsigned`] flag.
    pub(crate) fn unsigned(&self, name: &str) -> u64 {
        match self.value(name) {
            Value::Unsigned(value) => *value,
            _ => unreachable!("{name} is declared as a number"),
        }
    }

    /// The value of a [`Kind::Text`] flag.
    pub(crate) fn text(&self, name: &str) -> &[u8] {
        match self.value(name) {
            Value::Text(value) => value,
            _ => unreachable!("{name} is declared as a text"),
        }
    }

    /// The value of a [`Kind::Duration`] flag; negative durations count as zero.
    pub(crate) fn duration(&self, name: &str) -> std::time::Duration {
        match self.value(name) {
            Value::Duration(nanos) => {
                std::time::Duration::from_nanos(u64::try_from(*nanos).unwrap_or(0))
            }
            _ => unreachable!("{name} is declared as a duration"),
        }
    }

    /// The value of a [`Kind::List`] flag.
    pub(crate) fn list(&self, name: &str) -> &[Vec<u8>] {
        match self.value(name) {
            Value::List(value) => value,
            _ => unreachable!("{name} is declared as a list"),
        }
    }

    /// The value as `--debug` prints it.
    pub(crate) fn shown(&self, name: &str) -> String {
        match self.value(name) {
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Unsigned(value) => value.to_string(),
            Value::Text(value) => lossy(value),
            Value::Duration(nanos) => duration::format(*nanos),
            Value::List(list) => {
                let items: Vec<_> = list.iter().map(|item| lossy(item)).collect();
                format!("[{}]", items.join(","))
            }
        }
    }
}

/// For sentences on stderr only; values on their way to a server or to stdout stay bytes.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

//! Flags by the rules of Go's own library: one dash or two, `-flag=value`, none after the first
//! word that is no flag.
//!
//! A flag may have two names; both at once are refused.

use std::collections::BTreeMap;

use crate::flag::lossy;
use crate::go::{duration, number, quote::quote};

/// What a flag's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Needs no value: `-flag`, `-flag=false`.
    Switch,
    /// A signed number of 64 bits, also with the prefixes of other bases.
    Int,
    /// Any bytes.
    Text,
    /// A Go duration.
    Duration,
    /// Any bytes; one more each time it is given.
    Texts,
}

/// One declared flag.
#[derive(Debug)]
pub(crate) struct Flag {
    /// Its names, the one it is asked by first.
    pub(crate) names: &'static [&'static str],
    /// What its value is.
    pub(crate) kind: Kind,
    /// What it is if it is not given, as it would be typed.
    pub(crate) default: &'static str,
    /// One line for the help.
    pub(crate) help: &'static str,
}

impl Flag {
    /// One that is off by default.
    pub(crate) const fn switch(names: &'static [&'static str], help: &'static str) -> Self {
        Self::new(names, Kind::Switch, "false", help)
    }

    /// A number, 0 by default.
    pub(crate) const fn int(names: &'static [&'static str], help: &'static str) -> Self {
        Self::new(names, Kind::Int, "0", help)
    }

    /// A text, empty by default.
    pub(crate) const fn text(names: &'static [&'static str], help: &'static str) -> Self {
        Self::new(names, Kind::Text, "", help)
    }

    /// One of any kind.
    pub(crate) const fn new(
        names: &'static [&'static str],
        kind: Kind,
        default: &'static str,
        help: &'static str,
    ) -> Self {
        Self {
            names,
            kind,
            default,
            help,
        }
    }

    /// The name that it is asked by.
    pub(crate) fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }
}

/// Every command has it.
pub(crate) static HELP: Flag = Flag::switch(&["help", "h"], "show this help");
/// Only `etcdctl` itself has it.
pub(crate) static VERSION: Flag = Flag::switch(&["version", "v"], "show the version");

#[derive(Clone, Debug)]
enum Value {
    Switch(bool),
    Int(i64),
    Text(Vec<u8>),
    Duration(i64),
    Texts(Vec<Vec<u8>>),
}

impl Value {
    /// In Go's words, which do not tell much.
    fn parse(kind: Kind, text: &[u8]) -> Result<Self, &'static str> {
        let words = |why: String| match why.ends_with("value out of range") {
            true => "value out of range",
            false => "parse error",
        };
        Ok(match kind {
            Kind::Switch => Self::Switch(number::parse_bool(text).map_err(words)?),
            Kind::Int => Self::Int(number::parse_int(text, 0).map_err(words)?),
            Kind::Text => Self::Text(text.to_vec()),
            Kind::Duration => {
                let nanos = duration::parse(&lossy(text));
                Self::Duration(nanos.map_err(|_| "parse error")?)
            }
            Kind::Texts => Self::Texts(vec![text.to_vec()]),
        })
    }
}

/// The flags of a command, and what a command line said of them.
#[derive(Debug)]
pub(crate) struct Set {
    flags: Vec<&'static Flag>,
    /// By first name; only what was given.
    given: BTreeMap<&'static str, Value>,
    /// All names that were used.
    used: Vec<&'static str>,
    /// What follows the flags.
    pub(crate) args: Vec<Vec<u8>>,
}

impl Set {
    /// All flags at their defaults.
    pub(crate) fn new(flags: Vec<&'static Flag>) -> Self {
        Self {
            flags,
            given: BTreeMap::new(),
            used: Vec::new(),
            args: Vec::new(),
        }
    }

    /// Reads flags up to the first word that is none; the rest are arguments.
    pub(crate) fn parse(&mut self, args: &[Vec<u8>]) -> Result<(), String> {
        let mut rest = args;
        while let [first, after @ ..] = rest {
            let body = match first.as_slice() {
                b"--" => {
                    rest = after;
                    break;
                }
                [b'-', b'-', body @ ..] | [b'-', body @ ..] if !body.is_empty() => body,
                _ => break,
            };
            rest = self.one(first, body, after)?;
        }
        self.args = rest.to_vec();
        Ok(())
    }

    /// Reads flags wherever they stand; the rest are arguments. Behind `--` all are; etcdctl puts it in
    /// front of them, and so forgets where it stood, unless `keeps_dashes`.
    pub(crate) fn parse_mixed(
        &mut self,
        args: &[Vec<u8>],
        keeps_dashes: bool,
    ) -> Result<(), String> {
        let (mut flags, mut others) = (Vec::new(), Vec::new());
        let mut takes_next = false;
        for (at, arg) in args.iter().enumerate() {
            let is_flag = self.knows(arg);
            if takes_next && !is_flag && !(keeps_dashes && arg == b"--") {
                takes_next = false;
                flags.push(arg.clone());
            } else if arg == b"--" {
                let place = if keeps_dashes { others.len() } else { 0 };
                others.insert(place, arg.clone());
                others.extend_from_slice(&args[at + 1..]);
                break;
            } else if is_flag {
                flags.push(arg.clone());
                // Of a switch, too: etcdctl does not look which kind it is.
                takes_next = !arg.contains(&b'=');
            } else {
                others.push(arg.clone());
            }
        }
        flags.extend(others);
        self.parse(&flags)
    }

    /// Whether a word is one of the flags.
    fn knows(&self, word: &[u8]) -> bool {
        let body = word.strip_prefix(b"--").or_else(|| word.strip_prefix(b"-"));
        let name = body.and_then(|body| body.split(|byte| *byte == b'=').next());
        let name = name.filter(|name| !name.is_empty());
        name.is_some_and(|name| {
            let mut names = self.flags.iter().flat_map(|flag| flag.names);
            names.any(|known| known.as_bytes() == name)
        })
    }

    /// Reads the flag `body`, typed as `word`; what follows is given back.
    fn one<'a>(
        &mut self,
        word: &[u8],
        body: &[u8],
        after: &'a [Vec<u8>],
    ) -> Result<&'a [Vec<u8>], String> {
        if matches!(body.first(), Some(b'-' | b'=')) {
            return Err(format!("bad flag syntax: {}", lossy(word)));
        }
        let split = body.iter().position(|byte| *byte == b'=');
        let (name, value) = match split {
            Some(at) => (&body[..at], Some(&body[at + 1..])),
            None => (body, None),
        };
        let known = self.flags.iter().find_map(|flag| {
            let mut names = flag.names.iter();
            let name = names.find(|known| known.as_bytes() == name)?;
            Some((*flag, *name))
        });
        let Some((flag, name)) = known else {
            return Err(format!("flag provided but not defined: -{}", lossy(name)));
        };
        let (text, after) = match (value, flag.kind, after) {
            (Some(value), ..) => (value, after),
            (None, Kind::Switch, _) => (&b"true"[..], after),
            (None, _, [next, after @ ..]) => (next.as_slice(), after),
            (None, _, []) => return Err(format!("flag needs an argument: -{name}")),
        };
        match Value::parse(flag.kind, text) {
            Ok(value) => self.set(flag, name, value),
            Err(why) => {
                let text = quote(text);
                return Err(match flag.kind {
                    Kind::Switch => format!("invalid boolean value {text} for -{name}: {why}"),
                    _ => format!("invalid value {text} for flag -{name}: {why}"),
                });
            }
        }
        Ok(after)
    }

    fn set(&mut self, flag: &'static Flag, name: &'static str, value: Value) {
        self.used.push(name);
        match (self.given.get_mut(flag.name()), value) {
            (Some(Value::Texts(before)), Value::Texts(more)) => before.extend(more),
            (_, value) => {
                self.given.insert(flag.name(), value);
            }
        }
    }

    /// What is to be said if two names of one flag were used.
    pub(crate) fn doubled(&self) -> Option<String> {
        self.flags.iter().find_map(|flag| {
            let mut used = flag.names.iter().filter(|name| self.used.contains(name));
            let (first, second) = (used.next()?, used.next()?);
            Some(format!(
                "Cannot use two forms of the same flag: {second} {first}"
            ))
        })
    }

    fn value(&self, name: &str) -> Option<Value> {
        let flag = self.flags.iter().find(|flag| flag.name() == name)?;
        let given = self.given.get(name).cloned();
        given.or_else(|| match flag.kind {
            Kind::Texts => None,
            kind => Value::parse(kind, flag.default.as_bytes()).ok(),
        })
    }

    /// Whether a switch is on.
    pub(crate) fn switch(&self, name: &str) -> bool {
        matches!(self.value(name), Some(Value::Switch(true)))
    }

    /// A number.
    pub(crate) fn int(&self, name: &str) -> i64 {
        match self.value(name) {
            Some(Value::Int(number)) => number,
            _ => 0,
        }
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Vec<u8> {
        match self.value(name) {
            Some(Value::Text(text)) => text,
            _ => Vec::new(),
        }
    }

    /// A duration in nanoseconds.
    pub(crate) fn duration(&self, name: &str) -> i64 {
        match self.value(name) {
            Some(Value::Duration(nanos)) => nanos,
            _ => 0,
        }
    }

    /// All texts given.
    pub(crate) fn texts(&self, name: &str) -> Vec<Vec<u8>> {
        match self.value(name) {
            Some(Value::Texts(texts)) => texts,
            _ => Vec::new(),
        }
    }
}

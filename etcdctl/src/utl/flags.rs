//! Finds the command and reads its flags, in the manner of etcd's own tools: flags may stand
//! anywhere, as `--name value`, `--name=value`, `-w value`, `-wvalue` or `-w=value`; `--` ends them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Command, GLOBAL_FLAGS, is_prefix};

/// A flag of a command.
#[derive(Debug)]
pub(super) struct Flag {
    pub(super) name: &'static str,
    pub(super) short: Option<char>,
    pub(super) kind: Kind,
    /// As typed; empty for the zero value of the kind.
    pub(super) default: &'static str,
    pub(super) help: &'static str,
}

/// What values a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Text,
    Unsigned,
    Duration,
}

/// The flags and arguments of one call, checked against the kinds of the flags.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    values: BTreeMap<&'static str, String>,
    arguments: Vec<String>,
    help: bool,
}

impl Parsed {
    pub(super) fn arguments(&self) -> &[String] {
        &self.arguments
    }

    pub(super) fn wants_help(&self) -> bool {
        self.help
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    pub(super) fn bool(&self, name: &str) -> bool {
        parse_bool(self.text(name)).unwrap_or(false)
    }

    pub(super) fn unsigned(&self, name: &str) -> u64 {
        parse_unsigned(self.text(name)).unwrap_or(0)
    }

    pub(super) fn duration(&self, name: &str) -> Duration {
        parse_duration(self.text(name)).unwrap_or_default()
    }
}

/// Follows command names from `root` as far as they go. Returns the commands below the root and
/// what is left of the arguments, flags included.
pub(super) fn find_command(
    root: &'static Command,
    arguments: &[String],
) -> (Vec<&'static Command>, Vec<String>) {
    let mut path = Vec::new();
    let mut rest = Vec::new();
    let mut children = root.children;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            rest.push(argument.clone());
            break;
        }
        if argument.starts_with('-') {
            rest.push(argument.clone());
            // The value of a global flag must not be taken for a command.
            let separate = GLOBAL_FLAGS.iter().any(|flag| {
                *argument == format!("--{}", flag.name)
                    || flag
                        .short
                        .is_some_and(|short| *argument == format!("-{short}"))
            });
            rest.extend(arguments.next_if(separate));
            continue;
        }
        match children
            .iter()
            .find(|child| is_prefix(argument, child.name))
        {
            Some(child) => {
                path.push(child);
                children = child.children;
            }
            None => {
                rest.push(argument.clone());
                break;
            }
        }
    }
    rest.extend(arguments.cloned());
    (path, rest)
}

trait NextIf {
    fn next_if(&mut self, wanted: bool) -> Option<String>;
}

impl NextIf for std::slice::Iter<'_, String> {
    fn next_if(&mut self, wanted: bool) -> Option<String> {
        wanted.then(|| self.next().cloned()).flatten()
    }
}

/// Reads flags; the error is the text etcd's tools give.
pub(super) fn parse(
    own: &'static [Flag],
    global: &'static [Flag],
    arguments: &[String],
) -> Result<Parsed, String> {
    let mut parsed = Parsed::default();
    let known = || own.iter().chain(global);
    for flag in known() {
        parsed.values.insert(flag.name, flag.default.to_owned());
    }
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            parsed.arguments.extend(arguments.cloned());
            break;
        }
        let Some(typed) = argument.strip_prefix('-').filter(|typed| !typed.is_empty()) else {
            parsed.arguments.push(argument.clone());
            continue;
        };
        if typed == "h" || typed == "-help" {
            parsed.help = true;
            continue;
        }
        let (flag, shown, attached) = split(known(), typed)?;
        let value = match (attached, flag.kind) {
            (Some(value), _) => value,
            (None, Kind::Bool) => "true".to_owned(),
            (None, _) => match arguments.next() {
                Some(value) => value.clone(),
                None => return Err(missing_argument(typed)),
            },
        };
        check(flag.kind, &value)
            .map_err(|why| format!("invalid argument {value:?} for {shown:?} flag: {why}"))?;
        parsed.values.insert(flag.name, value);
    }
    Ok(parsed)
}

fn missing_argument(typed: &str) -> String {
    match typed.strip_prefix('-') {
        Some(name) => format!("flag needs an argument: --{name}"),
        None => format!("flag needs an argument: '{typed}' in -{typed}"),
    }
}

/// The flag that was typed (without its first dash), how it is shown in errors, and the value that
/// was attached to it.
fn split(
    mut known: impl Iterator<Item = &'static Flag>,
    typed: &str,
) -> Result<(&'static Flag, String, Option<String>), String> {
    if let Some(long) = typed.strip_prefix('-') {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (long, None),
        };
        let flag = known
            .find(|flag| flag.name == name)
            .ok_or_else(|| format!("unknown flag: --{name}"))?;
        return Ok((flag, shown(flag), value));
    }
    let mut letters = typed.chars();
    let letter = letters.next().unwrap_or_default();
    let flag = known
        .find(|flag| flag.short == Some(letter))
        .ok_or_else(|| format!("unknown shorthand flag: {letter:?} in -{typed}"))?;
    let value = letters.as_str();
    let value = value.strip_prefix('=').unwrap_or(value);
    let attached = (typed.len() > letter.len_utf8()).then(|| value.to_owned());
    Ok((flag, shown(flag), attached))
}

fn shown(flag: &Flag) -> String {
    match flag.short {
        Some(short) => format!("-{short}, --{}", flag.name),
        None => format!("--{}", flag.name),
    }
}

fn check(kind: Kind, value: &str) -> Result<(), String> {
    match kind {
        Kind::Bool => parse_bool(value).map(drop),
        Kind::Text => Ok(()),
        Kind::Unsigned => parse_unsigned(value).map(drop),
        Kind::Duration => parse_duration(value).map(drop),
    }
}

fn parse_bool(value: &str) -> Result<bool, String> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!(
            "strconv.ParseBool: parsing {value:?}: invalid syntax"
        )),
    }
}

fn parse_unsigned(value: &str) -> Result<u64, String> {
    let (digits, radix) = match value.get(..2) {
        Some("0x" | "0X") => (&value[2..], 16),
        Some("0b" | "0B") => (&value[2..], 2),
        Some("0o" | "0O") => (&value[2..], 8),
        _ => (value, 10),
    };
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    u64::from_str_radix(digits, radix).map_err(|error| {
        let overflow = plain && *error.kind() == std::num::IntErrorKind::PosOverflow;
        let why = if overflow {
            "value out of range"
        } else {
            "invalid syntax"
        };
        format!("strconv.ParseUint: parsing {value:?}: {why}")
    })
}

/// Durations as Go writes them: `1h2m3.5s`, `10ms`, or a bare 0.
fn parse_duration(value: &str) -> Result<Duration, String> {
    let invalid = || format!("time: invalid duration {value:?}");
    let mut rest = value.strip_prefix('+').unwrap_or(value);
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let unit_at = rest
            .find(|letter: char| letter != '.' && !letter.is_ascii_digit())
            .ok_or_else(|| format!("time: missing unit in duration {value:?}"))?;
        let (number, tail) = rest.split_at(unit_at);
        let number: f64 = number.parse().map_err(|_| invalid())?;
        let unit_end = tail
            .find(|letter: char| letter == '.' || letter.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(format!("time: unknown unit {unit:?} in duration {value:?}")),
        };
        total += number * seconds;
        rest = tail;
    }
    Duration::try_from_secs_f64(total).map_err(|_| invalid())
}

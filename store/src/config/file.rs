//! The configuration file: YAML, of which JSON is a part.
//!
//! Names are those of the flags, save for a few that stand in sections. Values are typed: a
//! number where a number belongs, a list for `log-outputs`, and durations as whole nanoseconds.
//! Names nobody knows are passed over, as etcd does.

use super::flags::{self, File, Flag};
use super::settings::Settings;
use super::url::Url;
use super::value::{self, Kind, Value};
use super::{Error, quote};
use serde_norway::{Mapping, Value as Yaml};
use std::path::Path;

/// Reads a file over the defaults.
pub(super) fn read(path: &Path) -> Result<Settings, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let why = crate::config::file::os_error(&error);
        Error::Invalid(format!("open {}: {why}", path.display()))
    })?;
    let mut settings = Settings::new();
    let root = match serde_norway::from_str::<Yaml>(&text) {
        Ok(Yaml::Mapping(root)) => root,
        Ok(Yaml::Null) => return Ok(settings),
        Ok(other) => return Err(mismatch(&other, "Go value of type embed.configYAML")),
        Err(error) => {
            return Err(Error::Invalid(format!(
                "error converting YAML to JSON: yaml: {error}"
            )));
        }
    };
    for (at, flag) in flags::ALL.iter().enumerate() {
        if let Some(found) = place(flag, &root)? {
            set(&mut settings, at, flag, found)?;
        }
    }
    Ok(settings)
}

/// The words Go uses for an error of the operating system.
pub(super) fn os_error(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        std::io::ErrorKind::IsADirectory => "is a directory".into(),
        _ => error.to_string().to_lowercase(),
    }
}

/// What the file holds for a setting; nothing for `null`.
fn place<'a>(flag: &Flag, root: &'a Mapping) -> Result<Option<&'a Yaml>, Error> {
    let found = match flag.file {
        File::None => None,
        File::Same => entry(root, flag.name),
        File::In(section, name) => match entry(root, section) {
            None | Some(Yaml::Null) => None,
            Some(Yaml::Mapping(section)) => entry(section, name),
            Some(other) => {
                let target = match section {
                    "discovery-config" => {
                        "Config.discovery-config of type v3discovery.DiscoveryConfig".into()
                    }
                    "socket-options" => "Config.socket-options of type transport.SocketOpts".into(),
                    section => format!("configJSON.{section} of type embed.securityConfig"),
                };
                return Err(mismatch(
                    other,
                    &format!("Go struct field configYAML.{target}"),
                ));
            }
        },
    };
    Ok(found.filter(|value| !matches!(value, Yaml::Null)))
}

/// The value of a name, in whatever case it is written.
fn entry<'a>(map: &'a Mapping, name: &str) -> Option<&'a Yaml> {
    let same = |key: &Yaml| {
        key.as_str()
            .is_some_and(|key| key.eq_ignore_ascii_case(name))
    };
    map.iter()
        .find(|(key, _)| same(key))
        .map(|(_, value)| value)
}

/// Turns what the file holds into the value of a setting.
fn set(settings: &mut Settings, at: usize, flag: &Flag, found: &Yaml) -> Result<(), Error> {
    let go_type = match flag.kind {
        Kind::Bool => "bool",
        Kind::Int => "int",
        Kind::Uint => "uint",
        Kind::Uint32 => "uint32",
        Kind::Duration => "time.Duration",
        Kind::List if flag.name != "host-whitelist" => "[]string",
        _ => "string",
    };
    let wrong = || {
        let field = format!(
            "Go struct field configYAML.Config.{} of type {go_type}",
            flag.name
        );
        mismatch(found, &field)
    };
    let value = match flag.kind {
        Kind::Bool => found.as_bool().map(Value::Bool),
        Kind::Int => found.as_i64().map(Value::Int),
        Kind::Duration => found.as_i64().map(Value::Duration),
        Kind::Uint => found.as_u64().map(Value::Uint),
        Kind::Uint32 => found
            .as_u64()
            .filter(|n| u32::try_from(*n).is_ok())
            .map(Value::Uint),
        Kind::List if flag.name != "host-whitelist" => match found {
            Yaml::Sequence(items) => {
                let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
                texts.collect::<Option<Vec<_>>>().map(Value::List)
            }
            _ => None,
        },
        // The words of the file are checked later, with an error of their own.
        Kind::OneOf(_) | Kind::SomeOf(_) => found.as_str().map(|text| Value::Text(text.into())),
        _ => match found.as_str() {
            Some("") if flag.kind != Kind::Text => return Ok(()),
            Some(text) => Some(from_text(flag, text, settings.value(at))?),
            None => None,
        },
    };
    settings.set(at, value.ok_or_else(wrong)?);
    Ok(())
}

/// Reads a value that the file writes as the flag does.
fn from_text(flag: &Flag, text: &str, current: &Value) -> Result<Value, Error> {
    if flag.kind == Kind::Urls {
        return Url::parse_list(text).map(Value::Urls).map_err(|why| {
            Error::Plain(format!("unexpected error setting up {}: {why}", flag.name))
        });
    }
    value::parse(flag.kind, text, Some(current)).map_err(|why| match flag.kind {
        Kind::Gates => Error::Invalid(why),
        _ => Error::Invalid(format!(
            "invalid value {} for {}: {why}",
            quote(text),
            flag.name
        )),
    })
}

/// The text Go's decoder has for a value of the wrong type.
fn mismatch(found: &Yaml, target: &str) -> Error {
    let found = match found {
        Yaml::Bool(_) => "bool",
        Yaml::Number(_) => "number",
        Yaml::Sequence(_) => "array",
        Yaml::Mapping(_) => "object",
        _ => "string",
    };
    let cause = format!("json: cannot unmarshal {found} into {target}");
    Error::Invalid(format!(
        "error unmarshaling JSON: while decoding JSON: {cause}"
    ))
}

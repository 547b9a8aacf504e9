//! Reading the command line, the way Go's `flag` package does: `-name x`, `--name=x`, `--switch`.

use super::settings::Settings;
use super::typed::{Config, LogConfig};
use super::value::{is_switch, parse_bool};
use super::{Error, Loudness, Notice, environment, file, flags, quote, validate};

/// What came of the command line.
#[derive(Debug)]
pub struct Parsed {
    /// What to log first.
    pub notices: Vec<Notice>,
    /// How to log, as far as it is known.
    pub log: LogConfig,
    /// The configuration, or why there is none.
    pub result: Result<Config, Error>,
}

/// Reads the arguments (without the name of the program) and the environment.
#[must_use]
pub fn parse(args: &[String], environment: &[(String, String)]) -> Parsed {
    let mut notices = Vec::new();
    let mut log = LogConfig::default();
    let result = steps(args, environment, &mut notices, &mut log);
    Parsed {
        notices,
        log,
        result,
    }
}

fn steps(
    args: &[String],
    environment: &[(String, String)],
    notices: &mut Vec<Notice>,
    log: &mut LogConfig,
) -> Result<Config, Error> {
    let mut settings = Settings::new();
    let rest = read_flags(args, &mut settings)?;
    if let Some(argument) = rest.first() {
        return Err(Error::Invalid(format!(
            "{} is not a valid flag",
            quote(argument)
        )));
    }
    if settings.bool("version") {
        return Err(Error::Version);
    }
    let path = match settings.text("config-file") {
        "" => environment::lookup(environment, "ETCD_CONFIG_FILE")
            .unwrap_or_default()
            .to_owned(),
        path => path.to_owned(),
    };
    if path.is_empty() {
        environment::apply(environment, &mut settings, notices)?;
        if settings.text("discovery-fallback") == "proxy" {
            let why = "v2 proxy is deprecated, and --discovery-fallback can't be configured as";
            return Err(Error::Invalid(format!("{why} {}", quote("proxy"))));
        }
        if settings.is_given("listen-client-urls") && !settings.is_given("advertise-client-urls") {
            settings.clear_urls("advertise-client-urls");
        }
    } else {
        settings = file::read(std::path::Path::new(&path))?;
        let message = "loaded server configuration, other configuration command line flags and \
                       environment variables will be ignored if provided";
        notices.push(Notice::new(Loudness::Info, message, &[("path", &path)]));
    }
    *log = validate::logging(&settings)?;
    validate::check(&settings, notices)?;
    Config::new(settings, log.clone(), notices)
}

/// Reads flags until the first argument that is none, and gives what is left.
fn read_flags<'a>(args: &'a [String], settings: &mut Settings) -> Result<&'a [String], Error> {
    let mut rest = args;
    while let Some((argument, after)) = rest.split_first() {
        if argument.len() < 2 || !argument.starts_with('-') {
            return Ok(rest);
        }
        rest = after;
        if argument == "--" {
            return Ok(rest);
        }
        let name = argument.strip_prefix("--").unwrap_or(&argument[1..]);
        if name.starts_with(['-', '=']) {
            return Err(Error::Usage(format!("bad flag syntax: {argument}")));
        }
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (name, None),
        };
        let Some(at) = flags::find(name) else {
            if name == "help" || name == "h" {
                return Err(Error::Help);
            }
            return Err(Error::Usage(format!(
                "flag provided but not defined: -{name}"
            )));
        };
        let kind = flags::ALL[at].kind;
        if is_switch(kind) {
            let value = value.unwrap_or("true");
            if kind == super::value::Kind::Bool && parse_bool(value).is_none() {
                let value = quote(value);
                let why = format!("invalid boolean value {value} for -{name}: parse error");
                return Err(Error::Usage(why));
            }
            read_one(settings, at, value)?;
            continue;
        }
        let value = match (value, rest.split_first()) {
            (Some(value), _) => value,
            (None, Some((value, after))) => {
                rest = after;
                value
            }
            (None, None) => {
                return Err(Error::Usage(format!("flag needs an argument: -{name}")));
            }
        };
        read_one(settings, at, value)?;
    }
    Ok(rest)
}

/// Reads one value and words the error as Go does.
fn read_one(settings: &mut Settings, at: usize, value: &str) -> Result<(), Error> {
    settings.read(at, value).map_err(|why| {
        let (value, name) = (quote(value), flags::ALL[at].name);
        Error::Usage(format!("invalid value {value} for flag -{name}: {why}"))
    })
}

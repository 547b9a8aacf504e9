//! The configuration of the `etcd` command: flags, `ETCD_*` variables and the configuration file.
//!
//! [`flags::ALL`] is the one table of settings. [`parse`] reads arguments into `settings`,
//! adds the environment or replaces all by the configuration file, checks the result and makes
//! the typed [`Config`]. Nothing here prints or ends the process: what is to be said before the
//! log exists comes back as [`Notice`]s, what ends the start as an [`Error`].
//!
//! Invariants: a setting comes from one place only (the same one by flag and variable is an
//! error, a file excludes both); a setting whose feature comes later never passes silently.

pub mod discovery;
pub mod duration;
mod environment;
mod file;
pub mod flags;
pub mod gates;
mod help;
mod parse;
mod quote;
mod rotation;
mod security;
mod settings;
mod typed;
pub mod url;
mod validate;
pub mod value;

pub use discovery::Discovery;
pub(crate) use duration::parse as parse_duration;
pub use help::{FLAGS as HELP_FLAGS, USAGE, full as help_text};
pub use parse::{Parsed, parse};
pub use quote::quote;
pub use rotation::Rotation;
pub use security::Security;
pub use typed::{
    AutoCompaction, ClusterState, Config, JOURNAL, Keepalive, LogConfig, LogFormat, LogLevel,
    Tracing,
};
pub use url::Url;

/// Why the configuration does not start a server. Each has its own way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A flag could not be read: the text and the usage go to stderr, exit code 2.
    #[error("{0}")]
    Usage(String),
    /// The settings do not fit together: logged, exit code 1.
    #[error("{0}")]
    Invalid(String),
    /// The text goes to stderr as it is, exit code 1.
    #[error("{0}")]
    Plain(String),
    /// `--listen-client-urls` came without `--advertise-client-urls`: logged, exit code 1.
    #[error("--advertise-client-urls is required when --listen-client-urls is set explicitly")]
    NoAdvertisedUrls,
    /// A setting came by flag and by variable: logged with the variable's name, exit code 1.
    #[error("{} is set in the environment and by its flag", .0)]
    Conflict(String),
    /// The server could not be set up: logged as etcd logs a failed start, exit code 1.
    #[error("{0}")]
    Start(String),
    /// `--help`: exit code 0.
    #[error("help was asked for")]
    Help,
    /// `--version`: exit code 0.
    #[error("the version was asked for")]
    Version,
}

impl Error {
    /// The exit code etcd ends with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Help | Error::Version => 0,
            Error::Usage(_) => 2,
            _ => 1,
        }
    }
}

/// How loud a [`Notice`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loudness {
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warn,
}

/// Something to log once the log exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How loud.
    pub loudness: Loudness,
    /// The message.
    pub message: String,
    /// Names and values beside it.
    pub fields: Vec<(&'static str, String)>,
}

impl Notice {
    fn new(loudness: Loudness, message: &str, fields: &[(&'static str, &str)]) -> Self {
        let fields = fields
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        Self {
            loudness,
            message: message.into(),
            fields,
        }
    }
}

#[cfg(test)]
mod tests;

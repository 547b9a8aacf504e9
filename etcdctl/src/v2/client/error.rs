//! Why a request failed, in the words of etcd's client.

use std::fmt;

use serde::Deserialize;

use super::json::or_default;

/// What the server says of a request about keys that it refuses.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Refusal {
    #[serde(rename = "errorCode", deserialize_with = "or_default")]
    code: i64,
    #[serde(deserialize_with = "or_default")]
    message: String,
    #[serde(deserialize_with = "or_default")]
    cause: String,
    #[serde(deserialize_with = "or_default")]
    index: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) enum Error {
    /// The server refuses a request about keys.
    Refused(Refusal),
    /// None of the endpoints answered.
    Cluster(Vec<Error>),
    /// No connection, or one that was cut.
    Connection(String),
    /// `--total-timeout` is over.
    Deadline,
    /// No member tells its addresses.
    NoEndpoints,
    /// There is no answer yet: a watch that the server gave up.
    Empty,
    /// Anything else.
    Other(String),
}

impl Error {
    /// One that is only a text.
    pub(crate) fn other(text: &str) -> Self {
        Self::Other(text.to_owned())
    }

    /// An answer that cannot be read.
    pub(crate) fn invalid_json() -> Self {
        Self::other(
            "client: response is invalid json. The endpoint is probably not valid etcd cluster endpoint",
        )
    }

    /// Whether nothing but connections failed.
    pub(crate) fn is_of_connection(&self) -> bool {
        match self {
            Self::Cluster(errors) => errors.iter().all(Self::is_of_connection),
            Self::Connection(_) | Self::Deadline => true,
            Self::Refused(_) | Self::NoEndpoints | Self::Empty | Self::Other(_) => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(Refusal {
                code,
                message,
                cause,
                index,
            }) => write!(out, "{code}: {message} ({cause}) [{index}]"),
            Self::Cluster(errors) => {
                out.write_str("client: etcd cluster is unavailable or misconfigured")?;
                errors
                    .iter()
                    .enumerate()
                    .try_for_each(|(at, why)| writeln!(out, "; error #{at}: {why}"))
            }
            Self::Connection(text) | Self::Other(text) => out.write_str(text),
            Self::Deadline => out.write_str("context deadline exceeded"),
            Self::NoEndpoints => out.write_str("client: no endpoints available"),
            Self::Empty => out.write_str("client: response body is empty"),
        }
    }
}

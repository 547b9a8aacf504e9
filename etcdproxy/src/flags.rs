//! Flags that both commands have, and the values of Go's flag library.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

/// How the members are found.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Members {
    /// comma separated etcd cluster endpoints
    #[arg(
        long,
        global = true,
        value_delimiter = ',',
        default_value = "127.0.0.1:2379"
    )]
    pub(crate) endpoints: Vec<String>,
    /// DNS domain name to query for SRV records describing cluster endpoints
    #[arg(long, global = true, default_value = "", hide_default_value = true)]
    pub(crate) discovery_srv: String,
    /// service name to query when using DNS discovery
    #[arg(long, global = true, default_value = "", hide_default_value = true)]
    pub(crate) discovery_srv_name: String,
    /// accept insecure SRV records
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", action = clap::ArgAction::Set)]
    pub(crate) insecure_discovery: bool,
}

/// Reads a duration as Go writes it.
///
/// # Errors
/// Go's text for the fault.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let nanoseconds = store::config::duration::parse(text)?;
    // Go has negative ones too; here they mean what zero does.
    Ok(Duration::from_nanos(
        u64::try_from(nanoseconds).unwrap_or_default(),
    ))
}

/// Reads a path, which is empty where there is no such file.
///
/// # Errors
/// Never: clap takes parsers that may fail.
pub(crate) fn path(text: &str) -> Result<PathBuf, Infallible> {
    Ok(PathBuf::from(text))
}

//! Ways out: what goes to stdout, stderr or the log when nothing starts, and the exit codes.

use super::tell;
use crate::config::{Error, LogConfig, Notice, USAGE, help_text};
use crate::logging::{self, Json};
use crate::version;
use std::io::Write as _;
use std::process::ExitCode;

/// The configuration starts no server: says why in the place etcd says it.
pub(super) fn configuration(
    error: &Error,
    log: &LogConfig,
    notices: &[Notice],
    arguments: &[String],
) -> ExitCode {
    // A stream that is closed leaves nobody to tell; the exit code still tells.
    let _ = match error {
        Error::Version => write!(std::io::stdout(), "{}", version::report()),
        Error::Help => write!(std::io::stderr(), "{USAGE}")
            .and_then(|()| write!(std::io::stdout(), "{}", help_text())),
        Error::Usage(text) => write!(std::io::stderr(), "{text}\n{USAGE}"),
        Error::Plain(text) => writeln!(std::io::stderr(), "{text}"),
        _ => {
            if logging::install(log).is_err() {
                // The log of the configuration cannot be had, so its error goes to stderr.
                let _ = logging::install(&LogConfig::default());
            }
            tell(notices);
            logged(error, arguments);
            Ok(())
        }
    };
    ExitCode::from(error.exit_code())
}

/// Logs the error with the message etcd has for its kind.
fn logged(error: &Error, arguments: &[String]) {
    if let Error::Conflict(variable) = error {
        let message = "conflicting environment variable is shadowed by corresponding command-line \
                       flag (either unset environment variable or disable flag))";
        tracing::error!(fatal = true, "environment-variable" = variable, "{message}");
        return;
    }
    tracing::info!(args = ?Json(arguments), "Running: ");
    match error {
        Error::Start(_) => tracing::error!(fatal = true, %error, "failed to start"),
        _ => tracing::warn!(%error, "failed to verify flags"),
    }
    if *error == Error::NoAdvertisedUrls {
        tracing::warn!(%error, "advertise client URLs are not set");
    }
}

/// The member ran and ended by itself with an error.
pub(super) fn running(error: &str) -> ExitCode {
    tracing::error!(fatal = true, error, "the member ended with an error");
    ExitCode::FAILURE
}

/// The member did not start.
pub(super) fn start(error: &str) -> ExitCode {
    tracing::error!(fatal = true, error, "failed to start");
    ExitCode::FAILURE
}

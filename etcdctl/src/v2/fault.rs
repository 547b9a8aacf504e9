//! Exit codes of the second API, and the ways in which a command says why it failed.

use std::io::Write as _;

use super::client::Error;
use crate::exit::{Done, Failure};
use crate::io::Io;

/// Wrong arguments, and all that has no code of its own.
pub(super) const BAD_ARGS: u8 = 1;
/// No endpoint can be reached to ask for the others.
pub(super) const BAD_CONNECTION: u8 = 2;
/// No command of that name.
pub(super) const NO_TOPIC: u8 = 3;
/// The server refused, or could not be reached.
pub(super) const SERVER: u8 = 4;
/// Not all members are well.
pub(super) const UNHEALTHY: u8 = 5;

/// A failure that says nothing more than its text.
pub(super) fn plain<T>(io: &mut Io, text: &str) -> Result<T, Failure> {
    io.stdout.flush()?;
    writeln!(io.stderr, "{text}")?;
    Err(Failure::Silent(BAD_ARGS))
}

/// A failure told as `Error:  text`.
pub(super) fn said<T>(io: &mut Io, code: u8, text: &str) -> Result<T, Failure> {
    io.stdout.flush()?;
    writeln!(io.stderr, "Error:  {text}")?;
    Err(Failure::Silent(code))
}

/// A failed request; those of the single endpoints are listed again if all failed.
pub(super) fn refused<T>(io: &mut Io, code: u8, why: &Error) -> Result<T, Failure> {
    io.stdout.flush()?;
    writeln!(io.stderr, "Error:  {why}")?;
    if let Error::Cluster(errors) = why {
        for (at, error) in errors.iter().enumerate() {
            writeln!(io.stderr, "error #{at}: {error}")?;
        }
        writeln!(io.stderr)?;
    }
    Err(Failure::Silent(code))
}

/// Wrong arguments, told as `Error:  text`.
pub(super) fn arguments(io: &mut Io, text: &str) -> Done {
    said(io, BAD_ARGS, text)
}

//! Exit codes, and the one way a command ends early.
//!
//! The codes are etcdctl's (etcd.md §3.1): scripts test them, so they are part of the contract.

use std::io;

use thiserror::Error;

/// All went well.
pub const SUCCESS: u8 = 0;
/// The server refused, or any error without a code of its own.
pub const ERROR: u8 = 1;
/// No connection, or a lease that cannot be kept alive.
pub const BAD_CONNECTION: u8 = 2;
/// A transaction or watch line on stdin that cannot be read.
pub const INVALID_INPUT: u8 = 3;
/// A known flag with a value, or an output format, that is not supported.
pub const BAD_FEATURE: u8 = 4;
/// A stream ended before its time.
pub const INTERRUPTED: u8 = 5;
/// Wrong arguments.
pub const BAD_ARGS: u8 = 128;
/// stdout was closed by its reader: what a shell reports for a death by SIGPIPE.
pub const PIPE: u8 = 141;

/// Why a command ended early.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// Printed as `Error: <text>`.
    #[error("{text}")]
    Said {
        /// The exit code.
        code: u8,
        /// The text after `Error: `.
        text: String,
    },
    /// Everything there is to say is on stderr already.
    #[error("exit code {0}")]
    Silent(u8),
    /// stdout or stderr cannot be written.
    #[error("cannot write output: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// A failure with exit code `code` that prints `Error: <text>`.
    pub(crate) fn new(code: u8, text: impl Into<String>) -> Self {
        Self::Said {
            code,
            text: text.into(),
        }
    }

    /// Wrong arguments.
    pub(crate) fn args(text: impl Into<String>) -> Self {
        Self::new(BAD_ARGS, text)
    }

    /// A value or format that is not supported.
    pub(crate) fn feature(text: impl Into<String>) -> Self {
        Self::new(BAD_FEATURE, text)
    }
}

/// What a command gives back.
pub(crate) type Done = Result<(), Failure>;

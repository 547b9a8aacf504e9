//! The `etcd` command, and the two things that etcd puts in front of a cluster.
//!
//! | command | what it does | where |
//! |---|---|---|
//! | `etcd [flags]` | a member | [`store::etcd`] |
//! | `etcd gateway start` | carries TCP connections to members | [`tcp`] |
//! | `etcd grpc-proxy start` | one server for many clients, who share watches and renewals | [`grpc`] |
//!
//! Flags, log lines and exit codes are those of etcd 3.7.

mod command;
mod discovered;
mod flags;
mod grpc;
mod tcp;

use std::process::ExitCode;

/// Runs the command; the first argument is the name of the program.
#[must_use]
pub fn etcd(arguments: &[String], environment: &[(String, String)]) -> ExitCode {
    match arguments.get(1).map(String::as_str) {
        Some("gateway" | "grpc-proxy") => command::run(arguments),
        _ => store::etcd::run(arguments, environment, store::member::serve),
    }
}

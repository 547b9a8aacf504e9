//! `ETCDCTL_API=2`: the keys, members, users and roles of etcd's second API, which goes over plain
//! HTTP, with the commands, output, error texts and exit codes of etcdctl 3.4.
//!
//! ```text
//! cli ─ finds the command ─▶ command::<name> ─▶ client ─ one endpoint after the other ─▶ server
//!  └ flag, help                  └ print            └ keys, members, auth: requests and answers
//! ```
//!
//! Nothing but the streams, Go's text forms and the reading of passwords is shared with the third
//! API: flags follow the rules of Go's own library here, and the exit codes mean other things.

mod cli;
mod client;
mod command;
mod fault;
mod flag;
mod globals;
mod help;
mod print;
mod session;

pub(crate) use self::cli::execute;

#[cfg(test)]
mod tests;

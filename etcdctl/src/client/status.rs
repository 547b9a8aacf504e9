//! Failures of calls in the words of etcd's client and of gRPC's Go library.

use std::error::Error;

use tonic::{Code, Status};

/// Texts of etcd itself are printed bare, everything else with its gRPC code. etcd's client goes by
/// a table of texts: all that start like this, ...
const OWN: &str = "etcdserver: ";

/// ... except these, which the table lacks.
const NOT_IN_TABLE: [&str; 6] = [
    "etcdserver: context deadline exceeded",
    "etcdserver: invalid client api version",
    "etcdserver: permission not given",
    "etcdserver: request canceled",
    "etcdserver: request timed out, waiting for the applied index took too long",
    "etcdserver: watch canceled",
];

fn is_own(why: &Status) -> bool {
    let text = why.message();
    // What a server does not implement is not in the table either.
    why.code() != Code::Unimplemented && text.starts_with(OWN) && !NOT_IN_TABLE.contains(&text)
}

/// What a command prints after `Error: `.
pub(crate) fn text(why: &Status) -> String {
    match why.code() {
        _ if is_own(why) => why.message().to_owned(),
        Code::DeadlineExceeded => "context deadline exceeded".to_owned(),
        _ => rpc(why),
    }
}

/// `rpc error: code = NotFound desc = …`.
pub(crate) fn rpc(why: &Status) -> String {
    format!(
        "rpc error: code = {} desc = {}",
        code_name(why.code()),
        why.message()
    )
}

fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "Canceled",
        Code::Unknown => "Unknown",
        Code::InvalidArgument => "InvalidArgument",
        Code::DeadlineExceeded => "DeadlineExceeded",
        Code::NotFound => "NotFound",
        Code::AlreadyExists => "AlreadyExists",
        Code::PermissionDenied => "PermissionDenied",
        Code::ResourceExhausted => "ResourceExhausted",
        Code::FailedPrecondition => "FailedPrecondition",
        Code::Aborted => "Aborted",
        Code::OutOfRange => "OutOfRange",
        Code::Unimplemented => "Unimplemented",
        Code::Internal => "Internal",
        Code::Unavailable => "Unavailable",
        Code::DataLoss => "DataLoss",
        Code::Unauthenticated => "Unauthenticated",
    }
}

/// The command's time is up.
pub(crate) fn deadline() -> Status {
    Status::deadline_exceeded("context deadline exceeded")
}

/// The time is up and no server could be reached: `why` is the last error of the transport.
pub(crate) fn never_connected(why: &str) -> Status {
    Status::deadline_exceeded(format!(
        "latest balancer error: connection error: desc = \"{why}\""
    ))
}

/// The connection broke before an answer.
pub(crate) fn lost(why: &(dyn Error + 'static)) -> Status {
    let mut cause: &(dyn Error + 'static) = why;
    while let Some(next) = cause.source() {
        cause = next;
    }
    Status::unavailable(format!("error reading from server: {cause}"))
}

/// Rewrites failures that tonic made up itself as gRPC's Go library words them; the flag says that
/// the connection is lost.
pub(crate) fn settle(why: Status, receive_max: usize) -> (Status, bool) {
    if let Some(cause) = why.source() {
        return (lost(cause), true);
    }
    let too_large = "Error, decoded message length too large: found ";
    if let Some(rest) = why.message().strip_prefix(too_large) {
        let found = rest.split(' ').next().unwrap_or_default();
        let text = format!("grpc: received message larger than max ({found} vs. {receive_max})");
        return (Status::resource_exhausted(text), false);
    }
    (why, false)
}

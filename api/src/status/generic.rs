//! What is known of an answer by its HTTP status alone.

use super::{Reason, Status, full, text};

impl Status {
    /// 405: the path knows no such method.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self::generic(405, "", "", "", "", "", 0)
    }

    /// 404: there is no such path.
    #[must_use]
    pub fn no_such_resource() -> Self {
        Self::generic(404, "", "", "", "", "", 0)
    }

    /// What is known of an answer by its HTTP status alone. `verb` is the HTTP method; `said` is what a
    /// server said in its body.
    #[must_use]
    pub fn generic(
        code: u16,
        verb: &str,
        group: &str,
        resource: &str,
        name: &str,
        said: &str,
        retry: u32,
    ) -> Self {
        let (reason, mut message) = by_code(code, verb, said);
        let verb = verb.to_lowercase();
        match (full(group, resource).as_str(), name) {
            ("", _) => {}
            (subject, "") => message = format!("{message} ({verb} {subject})"),
            (subject, name) => message = format!("{message} ({verb} {subject} {name})"),
        }
        let mut made = Self::about(reason, group, resource, name, message).retry_after(retry);
        made.code = code;
        made
    }
}

fn by_code(code: u16, verb: &str, said: &str) -> (Reason, String) {
    let (reason, message) = match code {
        400 => (
            Reason::BadRequest,
            "the server rejected our request for an unknown reason",
        ),
        401 => (
            Reason::Unauthorized,
            "the server has asked for the client to provide credentials",
        ),
        403 => (Reason::Forbidden, said),
        404 => (
            Reason::NotFound,
            "the server could not find the requested resource",
        ),
        405 => (
            Reason::MethodNotAllowed,
            "the server does not allow this method on the requested resource",
        ),
        406 if said.is_empty() || said == "unknown" => (
            Reason::NotAcceptable,
            "the server was unable to respond with a content type that the client supports",
        ),
        406 => (Reason::NotAcceptable, said),
        409 if verb == "POST" => (Reason::AlreadyExists, "the server reported a conflict"),
        409 => (Reason::Conflict, "the server reported a conflict"),
        415 => (Reason::UnsupportedMediaType, said),
        422 => (
            Reason::Invalid,
            "the server rejected our request due to an error in our request",
        ),
        429 => (
            Reason::TooManyRequests,
            "the server has received too many requests and has asked us to try again later",
        ),
        503 => (
            Reason::ServiceUnavailable,
            "the server is currently unable to handle the request",
        ),
        504 => (
            Reason::Timeout,
            "the server was unable to return a response in the time allotted, but may still be \
             processing the request",
        ),
        500.. => {
            let said = text::quote(said);
            let message = format!(
                "an error on the server ({said}) has prevented the request from succeeding"
            );
            return (Reason::InternalError, message);
        }
        _ => {
            let message = format!(
                "the server responded with the status code {code} but did not return more information"
            );
            return (Reason::Unknown, message);
        }
    };
    (reason, message.into())
}

//! Answers of the kind `Status`: what failed, in upstream's words (apimachinery's `api/errors`).
//!
//! Clients act on [`Reason`] and on `details.causes`, and people and tests read the message, so each is
//! upstream's to the letter.

pub mod field;
mod generic;
mod json;
mod reason;
pub mod text;

use std::collections::HashSet;
use std::fmt;

pub use reason::Reason;

/// One of several things that led to a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// Its kind, `FieldValueRequired` for example.
    pub reason: String,
    /// For people.
    pub message: String,
    /// The path of the field it is about.
    pub field: String,
}

/// What a status is about. Empty fields are not written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The name of the object.
    pub name: String,
    /// Its API group.
    pub group: String,
    /// Its resource, or its kind where the object itself is at fault.
    pub kind: String,
    /// Its UID.
    pub uid: String,
    /// What led to it.
    pub causes: Vec<Cause>,
    /// When to ask again, in seconds.
    pub retry_after_seconds: u32,
}

/// An answer that holds no object: a failure, or a success that has nothing to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The HTTP status; 0 is not written.
    pub code: u16,
    /// Whether the request did what it should.
    pub success: bool,
    /// For programs.
    pub reason: Reason,
    /// For people.
    pub message: String,
    /// What it is about.
    pub details: Option<Box<Details>>,
    /// `metadata.continue`: where an expired list can go on, at the newest revision.
    pub continue_at: String,
}

const MODIFIED: &str = "the object has been modified; please apply your changes to the latest version \
                        and try again";
const NOT_ACCEPTED: &str = "only the following media types are accepted";

impl Status {
    /// A failure of this reason, with the reason's HTTP status and no details.
    #[must_use]
    pub fn failure(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            code: reason.code(),
            success: false,
            reason,
            message: message.into(),
            details: None,
            continue_at: String::new(),
        }
    }

    fn about(reason: Reason, group: &str, kind: &str, name: &str, message: String) -> Self {
        Self::failure(reason, message).with(Details {
            name: name.into(),
            group: group.into(),
            kind: kind.into(),
            ..Details::default()
        })
    }

    /// The same, with these details.
    #[must_use]
    pub fn with(mut self, details: Details) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    /// The same, to be asked again after so many seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.details.get_or_insert_default().retry_after_seconds = seconds;
        self
    }

    /// The object of that name was deleted; the answer of kinds that do not show what they deleted.
    #[must_use]
    pub fn deleted(group: &str, resource: &str, name: &str, uid: &str) -> Self {
        let details = Details {
            name: name.into(),
            group: group.into(),
            kind: resource.into(),
            uid: uid.into(),
            ..Details::default()
        };
        Self {
            code: 0,
            success: true,
            reason: Reason::Unknown,
            message: String::new(),
            details: Some(Box::new(details)),
            continue_at: String::new(),
        }
    }

    /// 404: there is no such object.
    #[must_use]
    pub fn not_found(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {} not found", full(group, resource), text::quote(name));
        Self::about(Reason::NotFound, group, resource, name, message)
    }

    /// 409: there is an object of this name.
    #[must_use]
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        let subject = full(group, resource);
        let message = format!("{subject} {} already exists", text::quote(name));
        Self::about(Reason::AlreadyExists, group, resource, name, message)
    }

    /// 409: no free name was found for `generateName`.
    #[must_use]
    pub fn generate_name_conflict(group: &str, resource: &str, name: &str, retry: u32) -> Self {
        let message = format!(
            "{} {} already exists, the server was not able to generate a unique name for the object",
            full(group, resource),
            text::quote(name)
        );
        Self::about(Reason::AlreadyExists, group, resource, name, message).retry_after(retry)
    }

    /// 401; without a reason `not authorized`. Requests without valid credentials are told
    /// `Unauthorized`.
    #[must_use]
    pub fn unauthorized(reason: &str) -> Self {
        let message = if reason.is_empty() {
            "not authorized"
        } else {
            reason
        };
        Self::failure(Reason::Unauthorized, message)
    }

    /// 403; without a resource it is about the request as a whole, without a name about the resource.
    #[must_use]
    pub fn forbidden(group: &str, resource: &str, name: &str, error: impl fmt::Display) -> Self {
        let subject = full(group, resource);
        let message = match (subject.as_str(), name) {
            ("", _) => format!("forbidden: {error}"),
            (subject, "") => format!("{subject} is forbidden: {error}"),
            (subject, name) => format!("{subject} {} is forbidden: {error}", text::quote(name)),
        };
        Self::about(Reason::Forbidden, group, resource, name, message)
    }

    /// 409: the object is not as the request supposes.
    #[must_use]
    pub fn conflict(group: &str, resource: &str, name: &str, error: impl fmt::Display) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} {}: {error}",
            full(group, resource),
            text::quote(name)
        );
        Self::about(Reason::Conflict, group, resource, name, message)
    }

    /// 409: the resource version of the request is not the newest one.
    #[must_use]
    pub fn modified(group: &str, resource: &str, name: &str) -> Self {
        Self::conflict(group, resource, name, MODIFIED)
    }

    /// 409 of server-side apply: other managers own these fields.
    #[must_use]
    pub fn apply_conflict(causes: Vec<Cause>, message: impl Into<String>) -> Self {
        Self::failure(Reason::Conflict, message).with(Details {
            causes,
            ..Details::default()
        })
    }

    /// 410: it is gone for good.
    #[must_use]
    pub fn gone(message: impl Into<String>) -> Self {
        Self::failure(Reason::Gone, message)
    }

    /// 410: the resource version asked for is compacted.
    #[must_use]
    pub fn expired(message: impl Into<String>) -> Self {
        Self::failure(Reason::Expired, message)
    }

    /// 422: the object is malformed. `kind` is the object's kind, in one word.
    #[must_use]
    pub fn invalid(group: &str, kind: &str, name: &str, errors: &[field::Error]) -> Self {
        let subject = format!("{} {} is invalid", full(group, kind), text::quote(name));
        let message = match field::aggregate(errors) {
            Some(told) => format!("{subject}: {told}"),
            None => subject,
        };
        let causes = errors.iter().map(|error| Cause {
            reason: error.kind.reason().into(),
            message: error.body(),
            field: error.path.clone(),
        });
        Self::failure(Reason::Invalid, message).with(Details {
            name: name.into(),
            group: group.into(),
            kind: kind.into(),
            causes: causes.collect(),
            ..Details::default()
        })
    }

    /// 400: the request is malformed.
    #[must_use]
    pub fn bad_request(reason: impl Into<String>) -> Self {
        Self::failure(Reason::BadRequest, reason)
    }

    /// 405: resources of this kind do not do that.
    #[must_use]
    pub fn method_not_supported(group: &str, resource: &str, action: &str) -> Self {
        let subject = text::quote(&full(group, resource));
        let message = format!("{action} is not supported on resources of kind {subject}");
        Self::about(Reason::MethodNotAllowed, group, resource, "", message)
    }

    /// 406: the client takes none of these media types.
    #[must_use]
    pub fn not_acceptable(accepted: &[&str]) -> Self {
        let message = format!("{NOT_ACCEPTED}: {}", accepted.join(", "));
        Self::failure(Reason::NotAcceptable, message)
    }

    /// 406: in none of the media types of the client can the answer be shown as `target`.
    #[must_use]
    pub fn not_acceptable_conversion(target: &str, accepted: &[&str]) -> Self {
        let accepted = accepted.join(", ");
        let message = format!("{NOT_ACCEPTED} when converting to {target}: {accepted}");
        Self::failure(Reason::NotAcceptable, message)
    }

    /// 415: the body is of none of these media types.
    #[must_use]
    pub fn unsupported_media_type(accepted: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            accepted.join(", ")
        );
        Self::failure(Reason::UnsupportedMediaType, message)
    }

    /// 413: the body is too large.
    #[must_use]
    pub fn request_entity_too_large(message: impl fmt::Display) -> Self {
        let message = format!("Request entity too large: {message}");
        Self::failure(Reason::RequestEntityTooLarge, message)
    }

    /// 504: it took too long.
    #[must_use]
    pub fn timeout(message: impl fmt::Display, retry: u32) -> Self {
        Self::failure(Reason::Timeout, format!("Timeout: {message}")).retry_after(retry)
    }

    /// 504: the resource version asked for lies in the future.
    #[must_use]
    pub fn resource_version_too_large(asked: u64, current: u64, retry: u32) -> Self {
        let message = format!("Too large resource version: {asked}, current: {current}");
        let cause = Cause {
            reason: "ResourceVersionTooLarge".into(),
            message: "Too large resource version".into(),
            field: String::new(),
        };
        let mut made = Self::timeout(message, retry);
        made.details.get_or_insert_default().causes.push(cause);
        made
    }

    /// 429: later, please.
    #[must_use]
    pub fn too_many_requests(message: impl Into<String>, retry: u32) -> Self {
        Self::failure(Reason::TooManyRequests, message).retry_after(retry)
    }

    /// 500: the operation did not come to its end; it may be tried again.
    #[must_use]
    pub fn server_timeout(group: &str, resource: &str, operation: &str, retry: u32) -> Self {
        let message = format!(
            "The {operation} operation against {} could not be completed at this time, please try \
             again.",
            full(group, resource)
        );
        Self::about(Reason::ServerTimeout, group, resource, operation, message).retry_after(retry)
    }

    /// 500: the server failed.
    #[must_use]
    pub fn internal(error: impl fmt::Display) -> Self {
        let error = error.to_string();
        let message = format!("Internal error occurred: {error}");
        let cause = Cause {
            message: error,
            ..Cause::default()
        };
        Self::failure(Reason::InternalError, message).with(Details {
            causes: vec![cause],
            ..Details::default()
        })
    }

    /// 503: not now.
    #[must_use]
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::failure(Reason::ServiceUnavailable, reason)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Status {}

/// A resource or kind with its group: `pods`, `deployments.apps`.
#[must_use]
pub fn full(group: &str, name: &str) -> String {
    if group.is_empty() {
        name.to_owned()
    } else {
        format!("{name}.{group}")
    }
}

/// Several errors as one text: each once, more than one in brackets; `None` of none
/// (apimachinery's `errors.Aggregate`).
#[must_use]
pub fn aggregate(texts: impl IntoIterator<Item = String>) -> Option<String> {
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for text in texts {
        if seen.insert(text.clone()) {
            kept.push(text);
        }
    }
    match kept.len() {
        0 => None,
        1 => kept.pop(),
        _ => Some(format!("[{}]", kept.join(", "))),
    }
}

#[cfg(test)]
mod tests;

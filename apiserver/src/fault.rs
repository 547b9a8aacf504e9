//! What a request is refused with: the one table that turns refusals into wire form (`Status` of
//! `meta/v1`). Texts and codes are those of upstream's `apimachinery/pkg/api/errors`.

use serde_json::{Map, Value, json};

use crate::storage::StoreError;

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault(Box<Inner>);

#[derive(Clone, Debug, PartialEq)]
struct Inner {
    code: u16,
    reason: &'static str,
    message: String,
    details: Map<String, Value>,
}

/// The outcome of what may be refused.
pub type Result<T> = std::result::Result<T, Fault>;

/// What of an object is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// `FieldValueInvalid` and the like.
    pub kind: &'static str,
    /// Without the field.
    pub message: String,
    /// Which, `spec.containers[0].name` for example.
    pub field: String,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.field.is_empty() {
            return out.write_str(&self.message);
        }
        write!(out, "{}: {}", self.field, self.message)
    }
}

/// `deployments.apps`, or `pods` in the core group.
#[must_use]
pub fn qualified(group: &str, of: &str) -> String {
    if group.is_empty() {
        of.to_owned()
    } else {
        format!("{of}.{group}")
    }
}

impl Fault {
    fn new(code: u16, reason: &'static str, message: String) -> Self {
        Self(Box::new(Inner {
            code,
            reason,
            message,
            details: Map::new(),
        }))
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let is_empty = value.as_str().is_some_and(str::is_empty);
        if !is_empty {
            self.0.details.insert(key.to_owned(), value);
        }
        self
    }

    fn about(self, group: &str, kind: &str, name: &str) -> Self {
        self.with("group", group).with("kind", kind).with("name", name)
    }

    /// There is no such object.
    #[must_use]
    pub fn not_found(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {name:?} not found", qualified(group, resource));
        Self::new(404, "NotFound", message).about(group, resource, name)
    }

    /// There is no such path.
    #[must_use]
    pub fn no_resource() -> Self {
        let message = "the server could not find the requested resource".to_owned();
        Self::new(404, "NotFound", message)
    }

    /// An object of this name is there already.
    #[must_use]
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", qualified(group, resource));
        Self::new(409, "AlreadyExists", message).about(group, resource, name)
    }

    /// No free name was found for an object that asked for one.
    #[must_use]
    pub fn no_free_name(group: &str, resource: &str, name: &str) -> Self {
        let message = format!(
            "{} {name:?} already exists, the server was not able to generate a unique name for the object",
            qualified(group, resource)
        );
        Self::new(409, "AlreadyExists", message)
            .about(group, resource, name)
            .with("retryAfterSeconds", 1)
    }

    /// Nobody knows who asks.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized".to_owned())
    }

    /// Whoever asks may not; the message is whole.
    #[must_use]
    pub fn refused(group: &str, resource: &str, name: &str, message: String) -> Self {
        Self::new(403, "Forbidden", message).about(group, resource, name)
    }

    /// It may not be, whoever asks.
    #[must_use]
    pub fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let of = qualified(group, resource);
        let message = if name.is_empty() {
            format!("{of} is forbidden: {why}")
        } else {
            format!("{of} {name:?} is forbidden: {why}")
        };
        Self::refused(group, resource, name, message)
    }

    /// It cannot be done on the object as it is.
    #[must_use]
    pub fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let of = qualified(group, resource);
        let message = format!("Operation cannot be fulfilled on {of} {name:?}: {why}");
        Self::new(409, "Conflict", message).about(group, resource, name)
    }

    /// The object has changed since whoever writes it has read it.
    #[must_use]
    pub fn stale(group: &str, resource: &str, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(group, resource, name, why)
    }

    /// Fields belong to others.
    #[must_use]
    pub fn apply_conflict(causes: Vec<Cause>, message: String) -> Self {
        Self::new(409, "Conflict", message).with("causes", causes_value(&causes))
    }

    /// The object is wrong.
    #[must_use]
    pub fn invalid(group: &str, kind: &str, name: &str, causes: &[Cause]) -> Self {
        let of = qualified(group, kind);
        let message = match causes {
            [] => format!("{of} {name:?} is invalid"),
            causes => format!("{of} {name:?} is invalid: {}", aggregate(causes)),
        };
        let fault = Self::new(422, "Invalid", message).about(group, kind, name);
        if causes.is_empty() {
            return fault;
        }
        fault.with("causes", causes_value(causes))
    }

    /// The request is wrong.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message.into())
    }

    /// The path does not do that.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource".to_owned();
        Self::new(405, "MethodNotAllowed", message)
    }

    /// The resource does not do that.
    #[must_use]
    pub fn not_supported(group: &str, resource: &str, action: &str) -> Self {
        let of = qualified(group, resource);
        let message = format!("{action} is not supported on resources of kind {of:?}");
        Self::new(405, "MethodNotAllowed", message).about(group, resource, "")
    }

    /// There is no answer in a form that the client takes.
    #[must_use]
    pub fn not_acceptable(media: &[&str]) -> Self {
        let message = format!(
            "only the following media types are accepted: {}",
            media.join(", ")
        );
        Self::new(406, "NotAcceptable", message)
    }

    /// There is no such form of it.
    #[must_use]
    pub fn no_such_form(message: String) -> Self {
        Self::new(406, "NotAcceptable", message)
    }

    /// The body's form is not understood.
    #[must_use]
    pub fn unsupported_media(media: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            media.join(", ")
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// The body is too large.
    #[must_use]
    pub fn too_large(message: &str) -> Self {
        let message = format!("Request entity too large: {message}");
        Self::new(413, "RequestEntityTooLarge", message)
    }

    /// What was asked for is not kept any more.
    #[must_use]
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message.into())
    }

    /// A page that is gone, and from where it may go on with what is there now.
    #[must_use]
    pub fn expired_page(message: &str, next: String) -> Self {
        let mut fault = Self::expired(message);
        fault.0.details.insert("__continue".to_owned(), next.into());
        fault
    }

    /// It took too long.
    #[must_use]
    pub fn timeout(message: &str, retry_after: u32) -> Self {
        let fault = Self::new(504, "Timeout", format!("Timeout: {message}"));
        if retry_after == 0 {
            return fault;
        }
        fault.with("retryAfterSeconds", retry_after)
    }

    /// The cache has not got as far as was asked for.
    #[must_use]
    pub fn too_new(message: String) -> Self {
        let cause = Cause {
            kind: "ResourceVersionTooLarge",
            message: "Too large resource version".to_owned(),
            field: String::new(),
        };
        Self::timeout(&message, 1).with("causes", causes_value(&[cause]))
    }

    /// Too much at once.
    #[must_use]
    pub fn too_many(message: String, retry_after: u32) -> Self {
        Self::new(429, "TooManyRequests", message).with("retryAfterSeconds", retry_after)
    }

    /// The same, with a cause (a disruption budget).
    #[must_use]
    pub fn too_many_because(message: String, cause: &Cause) -> Self {
        Self::new(429, "TooManyRequests", message).with("causes", causes_value(std::slice::from_ref(cause)))
    }

    /// Not now.
    #[must_use]
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(503, "ServiceUnavailable", message.into())
    }

    /// Something is wrong here.
    #[must_use]
    pub fn internal(why: impl Into<String>) -> Self {
        let why = why.into();
        let message = format!("Internal error occurred: {why}");
        Self::new(500, "InternalError", message).with("causes", json!([{"message": why}]))
    }

    /// The HTTP status code.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.0.code
    }

    /// The reason in one word.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.0.reason
    }

    /// The reason in words.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// How many seconds to wait before the next try, where that is said.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        self.0.details.get("retryAfterSeconds")?.as_u64()
    }

    /// As a `Status` of `meta/v1`.
    #[must_use]
    pub fn status(&self) -> Value {
        let Inner {
            code,
            reason,
            message,
            details,
        } = &*self.0;
        let mut details = details.clone();
        let mut metadata = Map::new();
        if let Some(next) = details.remove("__continue") {
            metadata.insert("continue".to_owned(), next);
        }
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": metadata,
            "status": "Failure",
            "message": message,
            "reason": reason,
            "code": code,
        });
        // Some refusals have details although there is nothing to say in them.
        let has_details = !details.is_empty() || matches!(*code, 403 | 404 | 409 | 422 | 405);
        if has_details && !(details.is_empty() && matches!(*code, 405)) {
            status["details"] = details.into();
        }
        status
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Compacted => Self::expired(
                "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
            ),
            StoreError::Future => Self::too_new("Too large resource version".to_owned()),
            StoreError::TooLarge => Self::too_large("limit is 3145728"),
            StoreError::Unavailable(why) => Self::unavailable(format!("the store cannot be reached: {why}")),
            StoreError::Other(why) => Self::internal(why),
        }
    }
}

fn causes_value(causes: &[Cause]) -> Value {
    let each = causes.iter().map(|cause| {
        let mut value = Map::new();
        for (key, text) in [
            ("reason", cause.kind),
            ("message", &cause.message),
            ("field", &cause.field),
        ] {
            if !text.is_empty() {
                value.insert(key.to_owned(), text.into());
            }
        }
        Value::Object(value)
    });
    each.collect()
}

/// The causes as one text: each once, in brackets if there are several.
fn aggregate(causes: &[Cause]) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in causes {
        let text = cause.to_string();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    match texts.as_slice() {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}

#[cfg(test)]
mod tests;

//! What can go wrong in a loop.

/// Why a step of a loop failed. All are tried again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server refused or could not be reached; an answer of the server is its own message.
    #[error("{}", text(.0))]
    Call(#[source] Box<kube::Error>),
    /// No request can be made of a path or a body.
    #[error("the request to {path} cannot be built: {source}")]
    Request {
        /// The path that was asked for.
        path: String,
        /// What is wrong with it.
        source: http::Error,
    },
    /// A kind that discovery does not know, as upstream says it.
    #[error("unable to get REST mapping for {api_version}/{kind}.")]
    NoMapping {
        /// Group and version of the kind.
        api_version: String,
        /// The kind.
        kind: String,
    },
    /// An object does not have the form that its kind has.
    #[error("{0}")]
    Malformed(String),
    /// Several steps failed, each of which has been tried.
    #[error("{0}")]
    Several(String),
}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Self {
        Self::Call(Box::new(error))
    }
}

impl Error {
    /// The HTTP code of the server's answer, if there was one.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Call(error) => match &**error {
                kube::Error::Api(status) => Some(status.code),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the object or the resource is not there (404).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.code() == Some(404)
    }

    /// Whether somebody else has changed the object in between (409 with reason `Conflict`).
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.code() == Some(409) && self.reason() == "Conflict"
    }

    /// Whether an object of that name is there (409 with reason `AlreadyExists`).
    #[must_use]
    pub fn is_already_exists(&self) -> bool {
        self.code() == Some(409) && self.reason() == "AlreadyExists"
    }

    /// Whether the resource has no such verb (405).
    #[must_use]
    pub fn is_method_not_supported(&self) -> bool {
        self.code() == Some(405)
    }

    /// Whether nothing may be created since the namespace goes away: the cause `NamespaceTerminating`.
    #[must_use]
    pub fn is_namespace_terminating(&self) -> bool {
        let Self::Call(error) = self else {
            return false;
        };
        let kube::Error::Api(status) = &**error else {
            return false;
        };
        status.details.as_ref().is_some_and(|details| {
            details
                .causes
                .iter()
                .any(|cause| cause.reason == "NamespaceTerminating")
        })
    }

    fn reason(&self) -> &str {
        match self {
            Self::Call(error) => match &**error {
                kube::Error::Api(status) => &status.reason,
                _ => "",
            },
            _ => "",
        }
    }
}

fn text(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}

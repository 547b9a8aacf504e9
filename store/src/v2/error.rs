//! Why a request of API 2 was refused.

use serde::Serialize;

/// What went wrong, by etcd's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// There is no such key.
    KeyNotFound,
    /// The value or index is not the one that was named.
    TestFailed,
    /// It is a directory.
    NotFile,
    /// It is no directory.
    NotDir,
    /// There is such a key already.
    NodeExist,
    /// The root cannot be changed.
    RootReadOnly,
    /// A directory that holds something.
    DirNotEmpty,
    /// The caller may not do this.
    Unauthorized,
    /// A previous value that is empty.
    PrevValueRequired,
    /// A TTL that is no number.
    TtlNotANumber,
    /// An index that is no number.
    IndexNotANumber,
    /// A field with a value that it cannot have.
    InvalidField,
    /// A form that cannot be read.
    InvalidForm,
    /// A refresh is not to change the value.
    RefreshValue,
    /// A refresh without a TTL.
    RefreshTtlRequired,
    /// The cluster did not carry it out.
    RaftInternal,
    /// What is asked for happened too long ago.
    EventIndexCleared,
}

impl Code {
    /// etcd's number, its text, and the HTTP status.
    const fn told(self) -> (u16, &'static str, u16) {
        match self {
            Code::KeyNotFound => (100, "Key not found", 404),
            Code::TestFailed => (101, "Compare failed", 412),
            Code::NotFile => (102, "Not a file", 403),
            Code::NotDir => (104, "Not a directory", 400),
            Code::NodeExist => (105, "Key already exists", 412),
            Code::RootReadOnly => (107, "Root is read only", 400),
            Code::DirNotEmpty => (108, "Directory not empty", 403),
            Code::Unauthorized => (110, "The request requires user authentication", 401),
            Code::PrevValueRequired => (201, "PrevValue is Required in POST form", 400),
            Code::TtlNotANumber => (202, "The given TTL in POST form is not a number", 400),
            Code::IndexNotANumber => (203, "The given index in POST form is not a number", 400),
            Code::InvalidField => (209, "Invalid field", 400),
            Code::InvalidForm => (210, "Invalid POST form", 400),
            Code::RefreshValue => (211, "Value provided on refresh", 400),
            Code::RefreshTtlRequired => (212, "A TTL must be provided on refresh", 400),
            Code::RaftInternal => (300, "Raft Internal Error", 500),
            Code::EventIndexCleared => (
                401,
                "The event in requested index is outdated and cleared",
                400,
            ),
        }
    }

    /// The HTTP status of an answer with this code.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.told().2
    }
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} ({cause})", code.told().1)]
pub struct Error {
    /// What went wrong.
    pub code: Code,
    /// With what: a path, or what was compared.
    pub cause: String,
    /// The store's index then; 0 where it was not asked.
    pub index: u64,
}

impl Error {
    /// A refusal at an index of the store.
    pub fn new(code: Code, cause: impl Into<String>, index: u64) -> Self {
        let cause = cause.into();
        Self { code, cause, index }
    }

    /// A request that never reached the store.
    pub fn of_request(code: Code, cause: impl Into<String>) -> Self {
        Self::new(code, cause, 0)
    }
}

impl Serialize for Error {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Told<'a> {
            #[serde(rename = "errorCode")]
            code: u16,
            message: &'a str,
            #[serde(skip_serializing_if = "str::is_empty")]
            cause: &'a str,
            index: u64,
        }
        let (code, message, _) = self.code.told();
        let (cause, index) = (self.cause.as_str(), self.index);
        Told {
            code,
            message,
            cause,
            index,
        }
        .serialize(to)
    }
}

//! A request as it is replicated.

use prost::Message;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum Method {
    /// Make a key below a directory, named after the index.
    Post = 0,
    /// Set, make or change a key.
    Put = 1,
    /// Remove a key.
    Delete = 2,
    /// Remove what ran out until the request's time.
    Sync = 3,
}

/// A request; see the module. Keys are paths in the tree.
#[derive(Clone, PartialEq, Message)]
pub struct Request {
    /// What is to be done.
    #[prost(enumeration = "Method", tag = "1")]
    pub method: i32,
    /// Where; clean.
    #[prost(string, tag = "2")]
    pub path: String,
    /// The value.
    #[prost(string, tag = "3")]
    pub value: String,
    /// It is to be a directory, or may be one.
    #[prost(bool, tag = "4")]
    pub dir: bool,
    /// The value that it must have; empty for any.
    #[prost(string, tag = "5")]
    pub prev_value: String,
    /// The index of the last change that it must have; 0 for any.
    #[prost(uint64, tag = "6")]
    pub prev_index: u64,
    /// Whether there must be such a key.
    #[prost(bool, optional, tag = "7")]
    pub prev_exist: Option<bool>,
    /// When it runs out, in nanoseconds of Unix time; 0 for never.
    #[prost(sfixed64, tag = "8")]
    pub expires: i64,
    /// All below it.
    #[prost(bool, tag = "9")]
    pub recursive: bool,
    /// Only its time is set anew.
    #[prost(bool, tag = "10")]
    pub refresh: bool,
    /// When the request was made, in nanoseconds of Unix time.
    #[prost(sfixed64, tag = "11")]
    pub time: i64,
}

impl Request {
    /// A request for what lies at a path, made at a time.
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>, time: i64) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            time,
            ..Self::default()
        }
    }
}

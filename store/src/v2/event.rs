//! What happened to a key, and how a key is shown.

use prost::Message;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum Action {
    /// Read.
    Get = 0,
    /// Set, whatever was there.
    Set = 1,
    /// Made, where nothing was.
    Create = 2,
    /// Changed.
    Update = 3,
    /// Removed.
    Delete = 4,
    /// Changed, if it was as expected.
    CompareAndSwap = 5,
    /// Removed, if it was as expected.
    CompareAndDelete = 6,
    /// Removed, since its time was over.
    Expire = 7,
}

impl Action {
    /// etcd's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Action::Get => "get",
            Action::Set => "set",
            Action::Create => "create",
            Action::Update => "update",
            Action::Delete => "delete",
            Action::CompareAndSwap => "compareAndSwap",
            Action::CompareAndDelete => "compareAndDelete",
            Action::Expire => "expire",
        }
    }
}

/// A key as clients see it.
#[derive(Clone, PartialEq, Message)]
pub struct Shown {
    /// Its path in the tree.
    #[prost(string, tag = "1")]
    pub key: String,
    /// The value of a file, where it is told.
    #[prost(string, optional, tag = "2")]
    pub value: Option<String>,
    /// It is a directory.
    #[prost(bool, tag = "3")]
    pub dir: bool,
    /// When it runs out, in nanoseconds of Unix time.
    #[prost(sfixed64, optional, tag = "4")]
    pub expires: Option<i64>,
    /// Seconds until then, rounded up.
    #[prost(int64, tag = "5")]
    pub ttl: i64,
    /// What is in it, by name, without what is hidden.
    #[prost(message, repeated, tag = "6")]
    pub nodes: Vec<Shown>,
    /// The index of its last change.
    #[prost(uint64, tag = "7")]
    pub modified: u64,
    /// The index at which it was made.
    #[prost(uint64, tag = "8")]
    pub created: u64,
}

/// What happened.
#[derive(Clone, PartialEq, Message)]
pub struct Event {
    /// What was done.
    #[prost(enumeration = "Action", tag = "1")]
    action: i32,
    /// To what, as it is now.
    #[prost(message, required, tag = "2")]
    pub node: Shown,
    /// As it was before.
    #[prost(message, optional, tag = "3")]
    pub previous: Option<Shown>,
    /// The store's index when it was told.
    #[prost(uint64, tag = "4")]
    pub at: u64,
    /// Only its time was set anew, of which no watcher is told.
    #[prost(bool, tag = "5")]
    pub is_refresh: bool,
}

impl Event {
    pub(super) fn new(action: Action, node: Shown, previous: Option<Shown>) -> Self {
        Self {
            action: action.into(),
            at: node.modified,
            node,
            previous,
            is_refresh: false,
        }
    }

    /// Whether there was nothing before.
    #[must_use]
    pub fn is_created(&self) -> bool {
        match self.action() {
            Action::Create => true,
            Action::Set => self.previous.is_none(),
            _ => false,
        }
    }

    /// The index of this change.
    pub(super) fn index(&self) -> u64 {
        self.node.modified
    }

    /// Whether a whole directory went.
    pub(super) fn removes_directory(&self) -> bool {
        matches!(self.action(), Action::Delete | Action::Expire)
            && self.previous.as_ref().is_some_and(|previous| previous.dir)
    }
}

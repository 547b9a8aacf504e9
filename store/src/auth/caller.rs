//! Who asks.

use prost::Message;

/// The user that a request was found to come from, and the revision of the tables at that time. A
/// command of somebody who is known carries it; see [`crate::command`].
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Caller {
    /// The user's name. A certificate may name none.
    #[prost(string, tag = "1")]
    pub user: String,
    /// The revision of the tables; 0 for somebody unknown.
    #[prost(uint64, tag = "2")]
    pub revision: u64,
}

impl Caller {
    /// Whether nobody knows who asks.
    pub fn is_unknown(&self) -> bool {
        self.revision == 0
    }
}

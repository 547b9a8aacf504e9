//! Which stream a message takes.
//!
//! Messages are opaque, but for their first two bytes: raft's encoding begins with the type, and
//! only those with log entries must keep their order and may be large. Proposals that a follower
//! passes on to its leader have entries, too.

/// The streams from one member to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Everything but log entries: small, and must never wait behind large ones.
    Control,
    /// Log entries, in order.
    Append,
}

/// The key of field 1, a number.
const TYPE_KEY: u8 = 1 << 3;
/// The types of messages with log entries.
const TYPE_PROPOSE: u8 = 2;
const TYPE_APPEND: u8 = 3;

impl Kind {
    /// The stream of an encoded message.
    pub(super) fn of(message: &[u8]) -> Self {
        match message {
            [TYPE_KEY, TYPE_PROPOSE | TYPE_APPEND, ..] => Self::Append,
            _ => Self::Control,
        }
    }

    /// The name etcd's log has for a stream of this kind.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Control => "stream Message",
            Self::Append => "stream MsgApp v2",
        }
    }

    /// As it stands in the metadata.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Append => "append",
        }
    }

    /// Reads [`Self::word`]; who says nothing sends small messages.
    pub(super) fn from_word(word: Option<&str>) -> Self {
        match word {
            Some("append") => Self::Append,
            _ => Self::Control,
        }
    }
}

#[cfg(test)]
mod tests;

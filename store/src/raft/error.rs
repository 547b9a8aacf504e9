//! Why raft does not do what it was asked for.

/// Why a command was not ordered, or its outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// There is no leader to take it; nothing was ordered.
    #[error("no leader")]
    NoLeader,
    /// Too much is under way already; nothing was ordered.
    #[error("too many requests")]
    TooManyRequests,
    /// The encoded command is over the limit; nothing was ordered.
    #[error("request is too large")]
    TooLarge,
    /// No answer in time; it may still take effect.
    #[error("request timed out")]
    Timeout,
    /// The member is stopping; it may still take effect.
    #[error("server stopped")]
    Stopped,
    /// The disk has no room for the log; nothing was ordered.
    #[error("no space for the log")]
    NoSpace,
}

/// Why a linearizable read could not be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No answer in time.
    #[error("request timed out")]
    Timeout,
    /// The leader changed while it was asked.
    #[error("leader changed")]
    LeaderChanged,
    /// The member is stopping.
    #[error("server stopped")]
    Stopped,
}

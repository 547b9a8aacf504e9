//! Why the membership does not change.

/// Why a change of the membership was refused. [`crate::rpc`] has etcd's codes and texts for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such member, or one that was removed: its id is spent.
    #[error("member not found")]
    NotFound,
    /// A member of that id exists.
    #[error("member id already exists")]
    Exists,
    /// Another member is reached at one of the URLs.
    #[error("peer URL already exists")]
    PeerUrlExists,
    /// It has a vote already.
    #[error("can only promote a learner member")]
    NotLearner,
    /// The learner lacks too much of the leader's log.
    #[error("can only promote a learner member which is in sync with leader")]
    LearnerNotReady,
    /// `--max-learners` learners are there.
    #[error("too many learner members in cluster")]
    TooManyLearners,
    /// Too few of the voters that would be left have ever started.
    #[error("not enough started members")]
    NotEnoughStarted,
    /// Too few members are connected.
    #[error("unhealthy cluster")]
    Unhealthy,
    /// Another change is not completed yet.
    #[error("another change of the membership is under way")]
    Pending,
}

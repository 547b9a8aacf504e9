//! Bugs to be planted around the core, to see that the judges find them. Nothing of them is in the
//! core: each is something that the code around it does wrongly.

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// The log says that it is durable before it is.
    AckBeforeSync,
    /// The same, but only for members that follow.
    FollowerAnswersBeforeSync,
    /// Reads are served by whoever believes to lead, without asking the quorum.
    StaleReadIndex,
    /// Reads are served before the state has come as far as the quorum said.
    ReadBeforeApplied,
    /// A checkpoint names another applied index than that of its data.
    AppliedIndexNotAtomic,
    /// A member carries out an entry twice.
    DoubleApply,
    /// A proposal without an answer is proposed again.
    ProposedAgain,
    /// A watch that catches up misses what happened while it read the history.
    WatchGap,
    /// A lease ends on the word of a leader that was replaced.
    OldLeaderExpires,
    /// A leader renews leases without asking whether it still leads.
    OldLeaderRenews,
    /// A new leader reckons with leases before it has carried out what was promised of them.
    LeasesTakenOverEarly,
    /// A vote is not written.
    VoteNotPersisted,
    /// A received snapshot comes without the membership.
    SnapshotWithoutMembership,
    /// Entries are carried out when they are written, before a quorum has them.
    AppliedBeforeCommit,
    /// The log is cut before the checkpoint is durable.
    CutBeforeCheckpoint,
    /// A membership change takes effect late.
    ChangeLate,
}

impl Plant {
    /// Those that nobody has seen found yet; looked for only by name.
    pub const NOT_FOUND: &'static [Plant] = &[Plant::LeasesTakenOverEarly];

    /// All others.
    pub const ALL: &'static [Plant] = &[
        Plant::AckBeforeSync,
        Plant::FollowerAnswersBeforeSync,
        Plant::StaleReadIndex,
        Plant::ReadBeforeApplied,
        Plant::AppliedIndexNotAtomic,
        Plant::DoubleApply,
        Plant::ProposedAgain,
        Plant::WatchGap,
        Plant::OldLeaderExpires,
        Plant::OldLeaderRenews,
        Plant::VoteNotPersisted,
        Plant::SnapshotWithoutMembership,
        Plant::AppliedBeforeCommit,
        Plant::CutBeforeCheckpoint,
        Plant::ChangeLate,
    ];
}

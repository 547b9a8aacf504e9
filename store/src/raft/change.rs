//! Changes of the configuration.

/// One step of a change of the configuration. Several at once make a joint change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// The member gets a vote; a learner is promoted by it.
    AddVoter(u64),
    /// The member gets the log, but no vote; a voter is demoted by it.
    AddLearner(u64),
    /// The member is none any more.
    Remove(u64),
}

//! Whose votes and acknowledgements count: raft's configuration, as a value.

/// The configuration at some index of the log. Lists are sorted.
///
/// While `voters_outgoing` is not empty the configuration is *joint*: a decision needs a majority
/// of `voters` and one of `voters_outgoing` (raft §6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conf {
    /// Members with a vote.
    pub voters: Vec<u64>,
    /// Members that get the log, but have no vote.
    pub learners: Vec<u64>,
    /// The voters of the configuration that is being left.
    pub voters_outgoing: Vec<u64>,
    /// Voters of the configuration being left that become learners with it.
    pub learners_next: Vec<u64>,
    /// The joint configuration is left as soon as it is applied.
    pub auto_leave: bool,
}

impl Conf {
    /// A configuration of voters alone.
    pub fn of_voters(voters: impl IntoIterator<Item = u64>) -> Self {
        let mut voters: Vec<u64> = voters.into_iter().collect();
        voters.sort_unstable();
        Self {
            voters,
            ..Self::default()
        }
    }

    /// Whether the decisions of two sets of voters are needed.
    pub fn is_joint(&self) -> bool {
        !self.voters_outgoing.is_empty()
    }

    /// Whether this member decides alone.
    pub fn is_sole_voter(&self, id: u64) -> bool {
        self.voters == [id] && self.voters_outgoing.is_empty()
    }
}

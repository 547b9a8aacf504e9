//! A leader judges its own disk: one that stands still for two election time-outs holds everybody
//! up, although the others could go on without it. But where all disks are slow, leadership must not
//! go round and round: a member gives it away for this reason only now and then.

/// Election time-outs for which leadership is not given away again.
const REST: usize = 60;

/// See the module.
pub(super) struct Disk {
    patience_ticks: usize,
    rest_ticks: usize,
    /// Ticks until leadership may be given away again.
    rest: usize,
    /// The oldest job under way, and for how many ticks it has been the same.
    oldest: Option<(u64, usize)>,
}

impl Disk {
    pub(super) fn new(election_ticks: usize) -> Self {
        Self {
            patience_ticks: 2 * election_ticks,
            rest_ticks: REST * election_ticks,
            rest: 0,
            oldest: None,
        }
    }

    /// Leadership is given away because of the disk.
    pub(super) fn given_away(&mut self) {
        self.rest = self.rest_ticks;
    }

    /// A tick passed, and `oldest` is the first job that the disk has not confirmed. Whether it has
    /// been so for too long.
    pub(super) fn stalls(&mut self, oldest: Option<u64>) -> bool {
        self.oldest = match (self.oldest, oldest) {
            (Some((number, ticks)), Some(same)) if number == same => Some((number, ticks + 1)),
            (_, oldest) => oldest.map(|number| (number, 0)),
        };
        self.rest = self.rest.saturating_sub(1);
        self.rest == 0
            && self
                .oldest
                .is_some_and(|(_, ticks)| ticks >= self.patience_ticks)
    }
}

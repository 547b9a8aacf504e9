//! The fields of an object that were read already.

/// Which fields were there; most types have few.
pub(super) struct Seen {
    few: u128,
    many: Vec<bool>,
    /// Whether the object is read over another one.
    pub(super) over: bool,
}

impl Seen {
    pub(super) fn new(fields: usize) -> Self {
        let many = if fields > 128 { fields } else { 0 };
        Self {
            few: 0,
            over: false,
            many: vec![false; many],
        }
    }

    /// Notes a field; tells whether it was there before.
    pub(super) fn again(&mut self, at: usize) -> bool {
        if let Some(seen) = self.many.get_mut(at) {
            return std::mem::replace(seen, true);
        }
        let bit = 1 << at;
        let before = self.few & bit != 0;
        self.few |= bit;
        before
    }
}

//! A set of keys.

/// The `range_end` that stands for all keys from the first on.
const OPEN: &[u8] = b"\0";

/// Keys as ranges, in order, that neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges {
    /// The first key, and the one behind the last.
    sorted: Vec<(Vec<u8>, End)>,
}

/// The key behind the last one of a range; `Open` is behind all keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Before(Vec<u8>),
    Open,
}

impl End {
    fn of(key: &[u8], range_end: &[u8]) -> Self {
        match range_end {
            b"" => Self::Before([key, b"\0"].concat()),
            OPEN => Self::Open,
            end => Self::Before(end.to_vec()),
        }
    }

    fn is_behind(&self, key: &[u8]) -> bool {
        match self {
            Self::Before(end) => key < end.as_slice(),
            Self::Open => true,
        }
    }
}

impl Ranges {
    /// All keys of these ranges, each a key and a `range_end`.
    pub(super) fn of<'a>(ranges: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        let mut given: Vec<(Vec<u8>, End)> = ranges
            .map(|(key, range_end)| (key.to_vec(), End::of(key, range_end)))
            .collect();
        given.sort();
        let mut sorted: Vec<(Vec<u8>, End)> = Vec::new();
        for (begin, end) in given {
            match sorted.last_mut() {
                Some((_, last))
                    if last.is_behind(&begin) || *last == End::Before(begin.clone()) =>
                {
                    *last = end.max(last.clone());
                }
                _ => sorted.push((begin, end)),
            }
        }
        Self { sorted }
    }

    /// Whether all keys of a range are in the set. As in etcd a range whose end is not behind its
    /// beginning is in it if both are within one of its ranges.
    pub(super) fn contain(&self, key: &[u8], range_end: &[u8]) -> bool {
        let at = self
            .sorted
            .partition_point(|(begin, _)| begin.as_slice() <= key);
        let within = at.checked_sub(1).and_then(|at| self.sorted.get(at));
        within.is_some_and(|(_, end)| end.is_behind(key) && *end >= End::of(key, range_end))
    }
}

/// Whether a permission may be granted for this range: one key, or a range that is not empty.
pub(super) fn is_valid(key: &[u8], range_end: &[u8]) -> bool {
    !key.is_empty() && (range_end.is_empty() || key < range_end || range_end == OPEN)
}

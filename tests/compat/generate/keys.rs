//! Keys, ranges, values and numbers: a small space, so that requests meet.

use bytes::Bytes;
use rand::Rng;
use rand::seq::IndexedRandom;

use super::Generator;
use crate::pair::prefix_end;

/// Prefixes of one another, bytes at both ends of the order, one name with a slash.
pub(super) const KEYS: [&[u8]; 16] = [
    b"a",
    b"aa",
    b"aaa",
    b"ab",
    b"b",
    b"b\0",
    b"b\xff",
    b"c/",
    b"c/1",
    b"c/10",
    b"c/2",
    b"\0",
    b"\0\0",
    b"\xff",
    b"\xff\xff",
    b"z",
];

/// The largest request that etcd takes by default, in bytes.
const MAX_REQUEST: usize = 1_572_864;

/// The largest message that gRPC takes then.
const MAX_MESSAGE: usize = MAX_REQUEST + 512 * 1024;

impl Generator {
    /// A key that is not empty; now and then that of a lock or of a leader.
    pub(super) fn key(&mut self) -> Bytes {
        if self.rng.random_bool(0.03)
            && let Some(lock) = self.model.locks.choose(&mut self.rng)
        {
            return lock.key.clone();
        }
        if self.rng.random_bool(0.03)
            && let Some(leader) = self.model.leaders.choose(&mut self.rng)
        {
            return leader.key.clone();
        }
        Bytes::from_static(KEYS.choose(&mut self.rng).expect("there are keys"))
    }

    /// A key and the end of its range.
    pub(super) fn key_range(&mut self) -> (Bytes, Bytes) {
        let key = self.key();
        let end = match self.rng.random_range(0..10) {
            0..4 => Bytes::new(),
            4..6 => Bytes::from(prefix_end(&key)),
            6 => Bytes::from_static(b"\0"),
            7 => return (Bytes::from_static(b"\0"), Bytes::from_static(b"\0")),
            _ => {
                let other = self.key();
                if other < key {
                    return (other, key);
                }
                other
            }
        };
        (key, end)
    }

    /// The same, with an empty key, or an end at or before the key.
    pub(super) fn nasty_range(&mut self) -> (Bytes, Bytes) {
        let (key, end) = self.key_range();
        match self.rng.random_range(0..6) {
            0 => (Bytes::new(), end),
            1 => (Bytes::new(), Bytes::from_static(b"\0")),
            2 => (key.clone(), key),
            3 => (key, Bytes::from_static(b"\0\0")),
            4 => (Bytes::from_static(b"\xff\xff\xff"), key),
            _ => (key, end),
        }
    }

    /// Small as a rule.
    pub(super) fn value(&mut self) -> Bytes {
        match self.rng.random_range(0..20) {
            0..2 => Bytes::new(),
            2 => {
                let mut bytes = vec![0; self.rng.random_range(1..200)];
                self.rng.fill(&mut bytes[..]);
                bytes.into()
            }
            3 => Bytes::from(vec![b'x'; self.rng.random_range(1000..20_000)]),
            _ => Bytes::from(format!("v{}", self.rng.random_range(0..30))),
        }
    }

    /// Around the two limits for a request's size, but not within the few bytes where the length
    /// of an id inside the server decides.
    pub(super) fn huge_value(&mut self) -> Bytes {
        let sizes = [
            MAX_REQUEST - 400,
            MAX_REQUEST + 1,
            MAX_MESSAGE - 400,
            MAX_MESSAGE + 1,
            MAX_MESSAGE + 4096,
        ];
        let size = sizes.choose(&mut self.rng).expect("there are sizes");
        Bytes::from(vec![b'h'; *size])
    }

    /// A revision to read at: mostly the latest, else one that is there.
    pub(super) fn revision(&mut self) -> i64 {
        if self.rng.random_bool(0.6) {
            return 0;
        }
        let first = self.model.compacted.max(1);
        self.rng
            .random_range(first..=self.model.revision.max(first))
    }

    /// A revision that is not there, or at an edge.
    pub(super) fn nasty_revision(&mut self) -> i64 {
        let (revision, compacted) = (self.model.revision, self.model.compacted);
        let choices = [
            revision,
            revision + 1,
            revision + 1000,
            compacted,
            compacted - 1,
            compacted + 1,
            1,
            -1,
            i64::MAX,
            i64::MIN,
        ];
        *choices.choose(&mut self.rng).expect("there are choices")
    }

    /// A number where only small ones make sense.
    pub(super) fn nasty_number(&mut self) -> i64 {
        let choices = [0, 1, 2, -1, -7, i64::MAX, i64::MAX - 1, i64::MIN, 1 << 40];
        *choices.choose(&mut self.rng).expect("there are choices")
    }

    /// The number of an enum, which may not exist.
    pub(super) fn choice(&mut self, known: i32, nasty: bool) -> i32 {
        if nasty && self.rng.random_bool(0.3) {
            let unknown = [known, known + 1, 99, -1, i32::MAX, i32::MIN];
            return *unknown.choose(&mut self.rng).expect("there are choices");
        }
        self.rng.random_range(0..known)
    }
}

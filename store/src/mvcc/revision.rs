//! Revisions, and the 32-byte form in which the index keeps one version of a key.

use std::num::NonZeroU64;

/// The place of one record in history: `main` counts write transactions, `sub` orders the records
/// inside one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision {
    /// The store's revision after the transaction; the first write makes 2.
    pub main: i64,
    /// Counts from 0 within one transaction.
    pub sub: i64,
}

impl Revision {
    /// The smallest revision of transaction `main`.
    pub const fn first_of(main: i64) -> Self {
        Self { main, sub: 0 }
    }
}

/// One version of a key as the index holds it. `main` is never zero, which leaves the index a
/// niche to tell one version from many without a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    main: NonZeroU64,
    create: u64,
    /// Version number, shifted left by one; the lowest bit marks a tombstone.
    number: u64,
    sub: u32,
    value_len: u32,
}

impl Version {
    /// A put. Panics if a field is out of its range, which only a broken caller can cause.
    pub(super) fn put(rev: Revision, create: i64, number: i64, value_len: usize) -> Self {
        assert!(
            number > 0 && create > 0,
            "a put has a version and a create revision"
        );
        Self::new(rev, create, (number as u64) << 1, value_len)
    }

    /// A deletion.
    pub(super) fn tombstone(rev: Revision) -> Self {
        Self::new(rev, 0, 1, 0)
    }

    fn new(rev: Revision, create: i64, number: u64, value_len: usize) -> Self {
        assert!(rev.main > 0, "revision {} is not positive", rev.main);
        Self {
            main: NonZeroU64::new(rev.main as u64).expect("checked to be positive"),
            create: create as u64,
            number,
            sub: u32::try_from(rev.sub).expect("a transaction has fewer than 2^32 operations"),
            value_len: u32::try_from(value_len).expect("a value is smaller than 4 GiB"),
        }
    }

    pub(super) fn main(&self) -> i64 {
        self.main.get() as i64
    }

    pub(super) fn rev(&self) -> Revision {
        Revision {
            main: self.main(),
            sub: i64::from(self.sub),
        }
    }

    pub(super) fn create(&self) -> i64 {
        self.create as i64
    }

    pub(super) fn number(&self) -> i64 {
        (self.number >> 1) as i64
    }

    pub(super) fn is_tombstone(&self) -> bool {
        self.number & 1 == 1
    }

    pub(super) fn value_len(&self) -> usize {
        self.value_len as usize
    }
}

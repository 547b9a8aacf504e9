//! One key of the index with all its versions.
//!
//! Almost every key has one version once history is compacted, so one version lies in the entry
//! and only several cost an allocation. An entry is 48 bytes beside the bytes of its key.

use super::revision::Version;

/// A key and its versions, oldest first, never empty while it is in the tree.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Box<[u8]>,
    pub(super) versions: Versions,
}

// The boxed Vec keeps the enum at 32 bytes; a plain Vec would make every entry larger.
#[derive(Debug)]
#[expect(
    clippy::box_collection,
    reason = "the box keeps the inline variant's size"
)]
pub(super) enum Versions {
    One(Version),
    Many(Box<Vec<Version>>),
}

const _: () = assert!(size_of::<Version>() == 32);
const _: () = assert!(size_of::<Versions>() == 32);
const _: () = assert!(size_of::<Entry>() == 48);

impl Versions {
    pub(super) fn as_slice(&self) -> &[Version] {
        match self {
            Self::One(version) => std::slice::from_ref(version),
            Self::Many(versions) => versions,
        }
    }

    /// The newest version.
    pub(super) fn last(&self) -> &Version {
        self.as_slice()
            .last()
            .expect("an entry has at least one version")
    }

    /// True when the newest version is not a deletion.
    pub(super) fn is_live(&self) -> bool {
        !self.last().is_tombstone()
    }

    /// The version visible at `main`, unless the key did not exist then.
    pub(super) fn at(&self, main: i64) -> Option<&Version> {
        let versions = self.as_slice();
        let after = versions.partition_point(|version| version.main() <= main);
        let version = versions[..after].last()?;
        (!version.is_tombstone()).then_some(version)
    }

    /// The version that a compaction at `main` would keep by etcd's index, of which the hash is
    /// made (`doCompact` in mvcc/key_index.go): the one visible, or a deletion in `main` itself,
    /// also where the same transaction wrote the key again.
    pub(super) fn kept_at(&self, main: i64) -> Option<&Version> {
        let versions = self.as_slice();
        let first = versions.partition_point(|version| version.main() < main);
        let own = versions[first..].iter();
        let mut own = own.take_while(|version| version.main() == main);
        let deletion = own.find(|version| version.is_tombstone());
        deletion.or_else(|| self.at(main))
    }

    /// Appends a version; revisions only grow.
    pub(super) fn push(&mut self, version: Version) {
        let last = self.last().rev();
        assert!(
            version.rev() > last,
            "revision {:?} does not follow {last:?}",
            version.rev()
        );
        match self {
            Self::One(first) => {
                let mut versions = Vec::with_capacity(2);
                versions.extend([*first, version]);
                *self = Self::Many(Box::new(versions));
            }
            Self::Many(versions) => versions.push(version),
        }
    }

    /// How many of the oldest versions a compaction at `compact` removes: all before the newest
    /// one at or below it, and that one too if it is a deletion older than `compact`.
    pub(super) fn dead_at(&self, compact: i64) -> usize {
        let versions = self.as_slice();
        let after = versions.partition_point(|version| version.main() <= compact);
        match versions[..after].last() {
            None => 0,
            Some(kept) if kept.is_tombstone() && kept.main() < compact => after,
            Some(_) => after - 1,
        }
    }

    /// Keeps `versions[from..to]`; returns false, and changes nothing, if nothing would be left.
    pub(super) fn keep(&mut self, from: usize, to: usize) -> bool {
        let kept = &self.as_slice()[from..to];
        *self = match kept {
            [] => return false,
            [only] => Self::One(*only),
            several => Self::Many(Box::new(several.to_vec())),
        };
        true
    }
}

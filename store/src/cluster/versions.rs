//! The version that all members agree on, and the way down to the one before it.

use std::fmt;

use crate::version;

/// A version without its patch number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u64,
    minor: u64,
}

impl Version {
    /// Reads `3.7`, `3.7.1` or `3.7.1-rc.0+git`; the patch number and what follows are dropped.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let core = text.split(['-', '+']).next().unwrap_or_default();
        let mut numbers = core.split('.').map(|part| {
            let is_number = !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
            part.parse().ok().filter(|_| is_number)
        });
        let (major, minor) = (numbers.next()??, numbers.next()??);
        let patch: Option<Option<u64>> = numbers.next();
        let is_whole = patch.is_none_or(|patch| patch.is_some()) && numbers.next().is_none();
        // Without a patch number nothing can follow it.
        let is_short = patch.is_none() && core.len() < text.len();
        (is_whole && !is_short).then_some(Self { major, minor })
    }

    /// The only one that a cluster of this version can go down to.
    #[must_use]
    pub fn below(self) -> Option<Self> {
        let minor = self.minor.checked_sub(1)?;
        Some(Self { minor, ..self })
    }

    /// `3.7`.
    #[must_use]
    pub fn short(self) -> String {
        format!("{}.{}", self.major, self.minor)
    }

    /// That of this release.
    #[must_use]
    pub fn own() -> Self {
        Self::parse(version::CLUSTER).unwrap_or(Self { major: 3, minor: 0 })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.0", self.major, self.minor)
    }
}

/// What the cluster has agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// The version that all members speak.
    pub cluster: Version,
    /// The version that the cluster is on its way down to.
    pub target: Option<Version>,
}

impl Default for Versions {
    fn default() -> Self {
        Self {
            cluster: Version::own(),
            target: None,
        }
    }
}

/// Why a cluster is not taken down to a version; the texts are etcd's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DowngradeError {
    /// It is not the one below.
    #[error("etcdserver: invalid downgrade target version")]
    Target,
    /// It is on its way to one already.
    #[error("etcdserver: cluster has a downgrade job in progress")]
    InProgress,
    /// It is on no such way.
    #[error("etcdserver: no inflight downgrade job")]
    None,
}

impl Versions {
    /// Whether the cluster may be taken down to a version.
    ///
    /// # Errors
    /// It may not.
    pub fn may_go_down_to(&self, target: Version) -> Result<(), DowngradeError> {
        if self.cluster.below() != Some(target) {
            return Err(DowngradeError::Target);
        }
        match self.target {
            Some(_) => Err(DowngradeError::InProgress),
            None => Ok(()),
        }
    }

    /// The version that the cluster is to have, when it has another one. All members are of this
    /// release.
    #[must_use]
    pub fn next(&self) -> Option<Version> {
        let wanted = self.target.unwrap_or_else(Version::own);
        (wanted != self.cluster).then_some(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_etcd_reads_them() {
        let read = |text| Version::parse(text).map(|version| version.to_string());
        for (text, version) in [
            ("3.6", "3.6.0"),
            ("3.6.5", "3.6.0"),
            ("3.6.5-rc.1+git", "3.6.0"),
        ] {
            assert_eq!(read(text).as_deref(), Some(version), "{text}");
        }
        for text in [
            "", "x", "3", "3.", "3.6.", "3.x", "3.6.x", "3.6.0.1", "-3.6", "3.6-rc",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_cluster_goes_down_one_version_at_a_time() {
        let mut versions = Versions::default();
        let [below, far] = ["3.6", "3.5"].map(|text| Version::parse(text).unwrap());
        assert_eq!(versions.may_go_down_to(far), Err(DowngradeError::Target));
        assert_eq!(versions.may_go_down_to(below), Ok(()));
        assert_eq!(versions.next(), None);
        versions.target = Some(below);
        assert_eq!(versions.next(), Some(below));
        assert_eq!(
            versions.may_go_down_to(below),
            Err(DowngradeError::InProgress)
        );
        versions.cluster = below;
        assert_eq!(
            (versions.next(), versions.cluster.short()),
            (None, "3.6".to_owned())
        );
        versions.target = None;
        assert_eq!(versions.next(), Some(Version::own()));
    }
}

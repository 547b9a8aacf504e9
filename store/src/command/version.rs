//! A change of the version of the cluster, as it is replicated.

use prost::{Message, Oneof};

use super::DecodeError;
use crate::cluster::Version;

/// See the module.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct VersionChange {
    #[prost(oneof = "Kind", tags = "1, 2, 3")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, Eq, Oneof)]
enum Kind {
    #[prost(string, tag = "1")]
    Cluster(String),
    #[prost(string, tag = "2")]
    Down(String),
    #[prost(bool, tag = "3")]
    Cancel(bool),
}

/// What changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionStep {
    /// The version that all members speak.
    Cluster(Version),
    /// A way down to a version begins.
    Down(Version),
    /// It is over, or given up.
    Cancel,
}

impl From<VersionStep> for VersionChange {
    fn from(step: VersionStep) -> Self {
        let kind = match step {
            VersionStep::Cluster(version) => Kind::Cluster(version.to_string()),
            VersionStep::Down(version) => Kind::Down(version.to_string()),
            VersionStep::Cancel => Kind::Cancel(true),
        };
        Self { kind: Some(kind) }
    }
}

impl VersionChange {
    /// The change again.
    ///
    /// # Errors
    /// It was written by a newer release, or damaged.
    pub fn step(&self) -> Result<VersionStep, DecodeError> {
        let read = |text: &str| Version::parse(text).ok_or(DecodeError::VersionChange);
        match &self.kind {
            Some(Kind::Cluster(text)) => Ok(VersionStep::Cluster(read(text)?)),
            Some(Kind::Down(text)) => Ok(VersionStep::Down(read(text)?)),
            Some(Kind::Cancel(_)) => Ok(VersionStep::Cancel),
            None => Err(DecodeError::VersionChange),
        }
    }
}

//! Who speaks to whom: the metadata of every call, and why a call is refused.

use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::{Code, Status};

use super::Settings;
use super::kind::Kind;
use crate::version;

const CLUSTER_ID: HeaderName = HeaderName::from_static("x-etcd-cluster-id");
const FROM: HeaderName = HeaderName::from_static("x-server-from");
const TO: HeaderName = HeaderName::from_static("x-raft-to");
const VERSION: HeaderName = HeaderName::from_static("x-server-version");
const MIN_CLUSTER: HeaderName = HeaderName::from_static("x-min-cluster-version");
const URLS: HeaderName = HeaderName::from_static("x-peerurls");
const STREAM: HeaderName = HeaderName::from_static("x-pintle-stream");

/// What stands for a version that was not stated; etcd takes silence for as old.
const VERSION_UNKNOWN: &str = "2.0.0";

/// What a caller says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Greeting {
    pub(super) cluster_id: u64,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) version: String,
    pub(super) min_cluster: String,
    pub(super) urls: Vec<String>,
    pub(super) kind: Kind,
}

/// Why a call does not belong here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// The caller is of another cluster.
    #[error("cluster ID mismatch")]
    ClusterIdMismatch,
    /// The call is for somebody else: addresses are mixed up.
    #[error("to field mismatch")]
    ToMismatch,
    /// The two do not get along with each other's version.
    #[error("incompatible version")]
    IncompatibleVersion,
    /// The caller was a member.
    #[error("the member has been permanently removed from the cluster")]
    Removed,
    /// The metadata is missing or cannot be read.
    #[error("invalid from")]
    InvalidFrom,
}

impl Refusal {
    const ALL: [Self; 5] = [
        Self::ClusterIdMismatch,
        Self::ToMismatch,
        Self::IncompatibleVersion,
        Self::Removed,
        Self::InvalidFrom,
    ];

    fn code(self) -> Code {
        match self {
            Self::ClusterIdMismatch | Self::ToMismatch | Self::IncompatibleVersion => {
                Code::FailedPrecondition
            }
            Self::Removed => Code::PermissionDenied,
            Self::InvalidFrom => Code::InvalidArgument,
        }
    }

    /// The answer to the caller, which learns who refused.
    pub(super) fn status(self, own: &Settings) -> Status {
        let mut status = Status::new(self.code(), self.to_string());
        let cluster_id = hex(own.cluster_id);
        status
            .metadata_mut()
            .as_mut()
            .insert(CLUSTER_ID, cluster_id);
        status
    }

    /// What another member's answer means, and which cluster it says it is of.
    pub(super) fn of(status: &Status) -> Option<(Self, String)> {
        let refusal = Self::ALL.into_iter().find(|refusal| {
            refusal.code() == status.code() && refusal.to_string() == status.message()
        })?;
        let cluster_id = text(status.metadata().as_ref(), &CLUSTER_ID);
        Some((refusal, cluster_id.unwrap_or_default().to_owned()))
    }
}

impl Greeting {
    /// What this member says to another.
    pub(super) fn new(own: &Settings, urls: Vec<String>, to: u64, kind: Kind) -> Self {
        Self {
            cluster_id: own.cluster_id,
            from: own.member_id,
            to,
            version: version::SERVER.to_owned(),
            min_cluster: version::MIN_CLUSTER.to_owned(),
            urls,
            kind,
        }
    }

    pub(super) fn write(&self, headers: &mut HeaderMap) {
        headers.insert(CLUSTER_ID, hex(self.cluster_id));
        headers.insert(FROM, hex(self.from));
        headers.insert(TO, hex(self.to));
        headers.insert(STREAM, HeaderValue::from_static(self.kind.word()));
        let urls = self.urls.join(",");
        for (name, value) in [
            (VERSION, &self.version),
            (MIN_CLUSTER, &self.min_cluster),
            (URLS, &urls),
        ] {
            // URLs with odd characters are not worth losing the connection for.
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
    }

    /// What a caller says of itself.
    ///
    /// # Errors
    /// It says not enough, or something that is no number.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        let number = |name| {
            let number = text(headers, &name).and_then(|text| u64::from_str_radix(text, 16).ok());
            number.ok_or(Refusal::InvalidFrom)
        };
        let urls = text(headers, &URLS).unwrap_or_default();
        let urls = urls.split(',').filter(|url| !url.is_empty());
        let version = |name| text(headers, &name).unwrap_or(VERSION_UNKNOWN).to_owned();
        Ok(Self {
            cluster_id: number(CLUSTER_ID)?,
            from: number(FROM)?,
            to: number(TO)?,
            version: version(VERSION),
            min_cluster: version(MIN_CLUSTER),
            urls: urls.map(str::to_owned).collect(),
            kind: Kind::from_word(text(headers, &STREAM)),
        })
    }

    /// Whether the caller belongs here, in etcd's order of checks.
    ///
    /// # Errors
    /// Why it does not.
    pub(super) fn check(&self, own: &Settings, is_removed: bool) -> Result<(), Refusal> {
        let (theirs, ours) = (minor(&self.version), minor(version::SERVER));
        if theirs < minor(version::MIN_CLUSTER) || minor(&self.min_cluster) > ours {
            return Err(Refusal::IncompatibleVersion);
        }
        if self.cluster_id != own.cluster_id {
            return Err(Refusal::ClusterIdMismatch);
        }
        if is_removed {
            return Err(Refusal::Removed);
        }
        if self.to != own.member_id {
            return Err(Refusal::ToMismatch);
        }
        // 0 is raft's word for nobody, and this member does not write to itself.
        if self.from == 0 || self.from == own.member_id {
            return Err(Refusal::InvalidFrom);
        }
        Ok(())
    }
}

/// Major and minor number; what is no version counts as older than all.
fn minor(version: &str) -> (u64, u64) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

fn hex(id: u64) -> HeaderValue {
    // Digits are always fine in a header.
    HeaderValue::from_str(&format!("{id:x}")).unwrap_or(HeaderValue::from_static("0"))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests;

//! Levels and versions, and which of them a namespace has.

use std::cmp::Ordering;
use std::fmt;

use api::status::field::{Error, Path};
use serde_json::Value;

/// How much pods may, from everything to little.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Everything.
    Privileged,
    /// What gives no known privileges.
    Baseline,
    /// What good practice asks for.
    Restricted,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let all = [Self::Privileged, Self::Baseline, Self::Restricted];
        all.into_iter().find(|level| level.as_str() == text)
    }
}

/// The minor version of Kubernetes whose rules hold; the newest ones with none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub Option<u64>);

impl Version {
    /// The newest rules.
    pub const LATEST: Self = Self(None);

    fn parse(text: &str) -> Option<Self> {
        if text == "latest" {
            return Some(Self::LATEST);
        }
        let minor = text.strip_prefix("v1.")?;
        let is_plain = minor.bytes().all(|byte| byte.is_ascii_digit());
        let is_padded = minor.len() > 1 && minor.starts_with('0');
        let minor = minor.parse().ok().filter(|_| is_plain && !is_padded)?;
        Some(Self(Some(minor)))
    }
}

/// A level by the rules of a version; printed as `baseline:v1.30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How strict.
    pub level: Level,
    /// Since when.
    pub version: Version,
}

impl Rules {
    /// Everything may be done.
    pub const PRIVILEGED: Self = Self {
        level: Level::Privileged,
        version: Version::LATEST,
    };
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version.0 {
            None => write!(f, "{}:latest", self.level.as_str()),
            Some(minor) => write!(f, "{}:v1.{minor}", self.level.as_str()),
        }
    }
}

/// What a namespace refuses, notes down, and warns of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What pods have to keep to.
    pub enforce: Rules,
    /// What is written into the audit log otherwise.
    pub audit: Rules,
    /// What the client is warned of otherwise.
    pub warn: Rules,
}

const BAD_LEVEL: &str = "must be one of privileged, baseline, restricted";
const BAD_VERSION: &str = "must be \"latest\" or \"v1.x\"";

impl Policy {
    /// That of the labels of a namespace, and what is wrong with them. A malformed level refuses all that
    /// is not restricted, but neither notes down nor warns.
    #[must_use]
    pub fn of(labels: &Value) -> (Self, Vec<Error>) {
        let mut faults = Vec::new();
        let mut fault = |key: &str, value: &str, why: &str| {
            let labels = Path::new("metadata.labels");
            faults.push(Error::invalid(&labels.key(key), value, why));
        };
        let mut read = |mode: &str, otherwise: Level| {
            let mut rules = Rules::PRIVILEGED;
            let mut is_good = false;
            let key = format!("pod-security.kubernetes.io/{mode}");
            let level = labels.get(&key).and_then(Value::as_str);
            if let Some(text) = level {
                let parsed = Level::parse(text);
                is_good = parsed.is_some();
                rules.level = parsed.unwrap_or(otherwise);
                if !is_good {
                    fault(&key, text, BAD_LEVEL);
                }
            }
            let key = format!("{key}-version");
            let version = labels.get(&key).and_then(Value::as_str);
            if let Some(text) = version {
                let parsed = Version::parse(text);
                rules.version = parsed.unwrap_or(Version::LATEST);
                if parsed.is_none() {
                    fault(&key, text, BAD_VERSION);
                }
            }
            (rules, is_good, level.is_some(), version.is_some())
        };
        let (enforce, is_enforced, ..) = read("enforce", Level::Restricted);
        let (audit, ..) = read("audit", Level::Privileged);
        let (mut warn, _, has_level, has_version) = read("warn", Level::Privileged);
        if !has_level && is_enforced && enforce.level > warn.level {
            warn.level = enforce.level;
            if !has_version {
                warn.version = enforce.version;
            }
        }
        let policy = Self {
            enforce,
            audit,
            warn,
        };
        (policy, faults)
    }

    /// Whether it lets everything be.
    #[must_use]
    pub fn is_privileged(&self) -> bool {
        let all = [self.enforce, self.audit, self.warn];
        all.iter().all(|rules| rules.level == Level::Privileged)
    }

    /// Whether pods that kept to the old rules may break the new ones.
    #[must_use]
    pub fn is_stricter(&self, old: &Self) -> bool {
        let (new, old) = (self.enforce, old.enforce);
        new != old
            && new.level != Level::Privileged
            && (new.version != old.version || new.level.cmp(&old.level) == Ordering::Greater)
    }
}

//! What tokens are bound to.

use std::time::SystemTime;

use serde_json::Value;

/// An object that a token may be bound to, as far as tokens need it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Referent {
    /// The UID.
    pub uid: String,
    /// When it was or will be deleted, if it is to be.
    pub deletion: Option<SystemTime>,
    /// The service account that a pod runs as.
    pub service_account: String,
    /// The node that a pod runs on, or empty.
    pub node: String,
}

impl Referent {
    /// The facts of an object.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let text = |part: &str, key: &str| {
            let found = object[part].get(key).and_then(Value::as_str);
            found.unwrap_or_default().to_owned()
        };
        let deletion = text("metadata", "deletionTimestamp");
        let deletion = deletion.parse::<jiff::Timestamp>().ok();
        Self {
            uid: text("metadata", "uid"),
            deletion: deletion.map(SystemTime::from),
            service_account: text("spec", "serviceAccountName"),
            node: text("spec", "nodeName"),
        }
    }
}

/// Finds what tokens are bound to. Answers may lag behind, but should not for long: a token outlives
/// its pod by as much.
pub trait Lookup: Send + Sync {
    /// A service account.
    fn service_account(&self, namespace: &str, name: &str) -> Option<Referent>;
    /// A pod.
    fn pod(&self, namespace: &str, name: &str) -> Option<Referent>;
    /// A secret.
    fn secret(&self, namespace: &str, name: &str) -> Option<Referent>;
    /// A node.
    fn node(&self, name: &str) -> Option<Referent>;
}

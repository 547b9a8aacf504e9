//! One member as the cluster knows it, and its JSON form.

use serde::{Deserialize, Deserializer, Serialize};

/// A member of the cluster.
///
/// Its JSON is what etcd keeps in the bucket `members` and puts into configuration changes; field
/// order and what is left out when empty are etcd's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The member's id; see [`super::id::member_id`].
    pub id: u64,
    /// Where peers reach it.
    #[serde(rename = "peerURLs", default, deserialize_with = "null_is_empty")]
    pub peer_urls: Vec<String>,
    /// Whether it receives the log without a vote.
    #[serde(
        rename = "isLearner",
        default,
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub is_learner: bool,
    /// Its name; empty until it has started once.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Where clients reach it; empty until it has started once.
    #[serde(
        rename = "clientURLs",
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub client_urls: Vec<String>,
}

/// Go writes a list that was never set as `null`.
fn null_is_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

//! JSON as Go's encoder writes it.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::v2::{Event, Shown};

/// The text of an object. Go escapes what browsers could take for markup.
pub(super) fn text(value: &impl Serialize) -> String {
    // Only maps whose keys are no texts cannot be written, and there are none here.
    let text = serde_json::to_string(value).unwrap_or_default();
    let escaped = |letter: char| match letter {
        '<' => Some("\\u003c"),
        '>' => Some("\\u003e"),
        '&' => Some("\\u0026"),
        '\u{2028}' => Some("\\u2028"),
        '\u{2029}' => Some("\\u2029"),
        _ => None,
    };
    if !text.contains(|letter| escaped(letter).is_some()) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match escaped(letter) {
            Some(escape) => out.push_str(escape),
            None => out.push(letter),
        }
    }
    out
}

/// A moment as Go writes it.
pub(super) fn moment(nanos: i64) -> String {
    Timestamp::from_nanosecond(nanos.into()).map_or_else(|_| String::new(), |at| at.to_string())
}

/// An event as clients see it: the first part of the paths is not theirs.
#[derive(Serialize)]
pub(super) struct EventText<'a> {
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<NodeText<'a>>,
    #[serde(rename = "prevNode", skip_serializing_if = "Option::is_none")]
    previous: Option<NodeText<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeText<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dir: bool,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "when")]
    expiration: Option<i64>,
    #[serde(skip_serializing_if = "is_zero_signed")]
    ttl: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nodes: Vec<NodeText<'a>>,
    #[serde(skip_serializing_if = "is_zero")]
    modified_index: u64,
    #[serde(skip_serializing_if = "is_zero")]
    created_index: u64,
}

impl<'a> EventText<'a> {
    /// `without_nodes` tells only what was done.
    pub(super) fn of(event: &'a Event, without_nodes: bool) -> Self {
        let shown = |node: &'a Shown| (!without_nodes).then(|| NodeText::of(node));
        Self {
            action: event.action().name(),
            node: shown(&event.node),
            previous: event.previous.as_ref().and_then(shown),
        }
    }
}

impl<'a> NodeText<'a> {
    fn of(node: &'a Shown) -> Self {
        Self {
            key: super::keys::outside(&node.key),
            value: node.value.as_deref(),
            dir: node.dir,
            expiration: node.expires,
            ttl: node.ttl,
            nodes: node.nodes.iter().map(Self::of).collect(),
            modified_index: node.modified,
            created_index: node.created,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero_signed(number: &i64) -> bool {
    *number == 0
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn when<S: Serializer>(nanos: &Option<i64>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&nanos.map(moment).unwrap_or_default())
}

//! The key space as it stands in a checkpoint.

use prost::Message;

use super::history::History;
use super::store::FIRST_INDEX;
use super::tree::{Node, Tree};
use super::{Event, Stats, Store};

/// All of it. Watchers do not outlive a restart.
#[derive(Clone, PartialEq, Message)]
pub struct Kept {
    /// The index of the last change.
    #[prost(uint64, tag = "1")]
    index: u64,
    /// Files and directories.
    #[prost(message, repeated, tag = "2")]
    nodes: Vec<KeptNode>,
    /// The last events.
    #[prost(message, repeated, tag = "3")]
    events: Vec<Event>,
    /// What was counted.
    #[prost(message, optional, tag = "4")]
    stats: Option<Stats>,
}

#[derive(Clone, PartialEq, Message)]
struct KeptNode {
    #[prost(string, tag = "1")]
    path: String,
    /// Nothing for a directory.
    #[prost(string, optional, tag = "2")]
    value: Option<String>,
    #[prost(uint64, tag = "3")]
    created: u64,
    #[prost(uint64, tag = "4")]
    modified: u64,
    #[prost(sfixed64, tag = "5")]
    expires: i64,
}

impl Kept {
    /// What has to be remembered of a store; nothing if it was never written.
    #[must_use]
    pub fn of(store: &Store) -> Option<Self> {
        if store.index == FIRST_INDEX {
            return None;
        }
        let nodes = store.tree.iter().map(|(path, node)| KeptNode {
            path: path.to_owned(),
            value: node.value.clone(),
            created: node.created,
            modified: node.modified,
            expires: node.expires,
        });
        Some(Self {
            index: store.index,
            nodes: nodes.collect(),
            events: store.history.iter().cloned().collect(),
            stats: Some(store.stats.clone()),
        })
    }

    /// The store again.
    #[must_use]
    pub fn restore(self) -> Store {
        let nodes = self.nodes.into_iter().map(|kept| {
            let node = Node {
                value: kept.value,
                created: kept.created,
                modified: kept.modified,
                expires: kept.expires,
            };
            (kept.path, node)
        });
        Store {
            index: self.index,
            tree: Tree::restore(nodes),
            history: History::restore(self.events),
            stats: self.stats.unwrap_or_default(),
            ..Store::default()
        }
    }
}

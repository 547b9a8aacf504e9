//! All watches by their range, and the way of responses to the clients' streams.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use proto::etcdserverpb as pb;
use store::metrics::Metrics;
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;

use super::super::caller::Caller;
use super::super::kv::Kv;
use super::feed;
use super::group::{Feed, Group, Id, Outcome, Watcher};

/// A range of keys, as clients name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Range {
    pub(super) key: Bytes,
    pub(super) end: Bytes,
}

impl Range {
    /// Whether a key can be in it.
    pub(super) fn is_valid(&self) -> bool {
        self.end.is_empty() || self.end > self.key || self.end == b"\0"[..]
    }
}

/// Where a watcher's responses go.
#[derive(Clone)]
pub(super) struct Way {
    /// The client's stream.
    pub(super) responses: mpsc::Sender<pb::WatchResponse>,
    /// Told when that is full: a client that does not read loses its stream.
    pub(super) full: Arc<Notify>,
}

impl Way {
    pub(super) fn send(&self, response: pb::WatchResponse) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.responses.try_send(response) {
            self.full.notify_one();
        }
    }
}

/// See the module.
pub(super) struct Ranges {
    pub(super) kv: Arc<Kv>,
    metrics: Arc<Metrics>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    groups: HashMap<Range, Group>,
    feeds: HashMap<(Range, Feed), AbortHandle>,
    ways: HashMap<Id, Way>,
    ids: Id,
}

impl Ranges {
    pub(super) fn new(kv: Arc<Kv>, metrics: Arc<Metrics>) -> Self {
        Self {
            kv,
            metrics,
            state: Mutex::default(),
        }
    }

    /// Adds a watcher, and opens a watch on behalf of `caller` if there is none to share.
    pub(super) fn add(
        self: &Arc<Self>,
        range: &Range,
        watcher: Watcher,
        way: Way,
        caller: &Caller,
    ) -> Id {
        let mut state = self.state.lock();
        state.ids += 1;
        let id = state.ids;
        let group = state.groups.entry(range.clone()).or_default();
        let before = group.sharing();
        let added = group.add(id, watcher);
        self.count(before, group.sharing());
        match added {
            Ok(Some(created)) => way.send(created),
            Ok(None) => {}
            Err(feed) => {
                let fed = feed::run(Arc::clone(self), range.clone(), feed, caller.clone());
                let task = tokio::spawn(fed).abort_handle();
                state.feeds.insert((range.clone(), feed), task);
            }
        }
        state.ways.insert(id, way);
        id
    }

    /// Removes a watcher; gives what it was told last.
    pub(super) fn remove(&self, range: &Range, id: Id) -> Option<pb::ResponseHeader> {
        let mut state = self.state.lock();
        state.ways.remove(&id);
        let group = state.groups.get_mut(range)?;
        let before = group.sharing();
        let (watcher, over) = group.remove(id);
        self.count(before, group.sharing());
        if let Some(feed) = over {
            state.end(range, feed);
        }
        watcher.and_then(|watcher| watcher.header)
    }

    /// Where a watch goes on; nothing if nobody needs it any more.
    pub(super) fn next(&self, range: &Range, feed: Feed) -> Option<i64> {
        let state = self.state.lock();
        state.groups.get(range)?.next(feed)
    }

    /// Shares out a response of a watch.
    pub(super) fn deliver(
        &self,
        range: &Range,
        feed: Feed,
        response: &pb::WatchResponse,
    ) -> Outcome {
        let mut state = self.state.lock();
        let State { groups, ways, .. } = &mut *state;
        let Some(group) = groups.get_mut(range) else {
            return Outcome::Over;
        };
        let before = group.sharing();
        if !response.events.is_empty() {
            let others = group.size(feed).saturating_sub(1);
            let others = u64::try_from(others).unwrap_or(u64::MAX);
            self.metrics.proxy.events_coalescing.inc_by(others);
        }
        let (told, outcome) = group.deliver(feed, response);
        self.count(before, group.sharing());
        for (id, response) in told {
            if let Some(way) = ways.get(&id) {
                way.send(response);
            }
        }
        if outcome == Outcome::Over {
            state.forget(range, feed);
        }
        outcome
    }

    fn count(&self, before: usize, after: usize) {
        let change = after as i64 - before as i64;
        self.metrics.proxy.watchers_coalescing.add(change);
    }
}

impl State {
    /// Ends a watch that nobody needs.
    fn end(&mut self, range: &Range, feed: Feed) {
        if let Some(task) = self.feeds.get(&(range.clone(), feed)) {
            task.abort();
        }
        self.forget(range, feed);
    }

    /// Forgets a watch that has ended, and its range if it was the last.
    fn forget(&mut self, range: &Range, feed: Feed) {
        self.feeds.remove(&(range.clone(), feed));
        if self.groups.get(range).is_some_and(Group::is_empty) {
            self.groups.remove(range);
        }
    }
}

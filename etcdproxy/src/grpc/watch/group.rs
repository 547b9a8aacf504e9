//! Who shares a watch with whom, and what each gets of it. Pure.

use std::collections::HashMap;

use proto::etcdserverpb as pb;
use proto::mvccpb::Event;
use proto::mvccpb::event::EventType;

/// A watch that has as many watchers is not ended for the sake of another one.
const MERGED_BELOW: usize = 5;

/// Names a watcher among all.
pub(super) type Id = u64;
/// Names a watch among those of one range.
pub(super) type Feed = u64;

/// What a client wants of a range.
#[derive(Debug, Clone, Default)]
pub(super) struct Watcher {
    /// Its number on the client's stream.
    pub(super) watch_id: i64,
    /// The first revision that it has not been told of; zero for whatever comes next.
    pub(super) next: i64,
    /// Whether it wants to be told how far it is.
    pub(super) wants_progress: bool,
    /// Whether it wants what was there before.
    pub(super) wants_previous: bool,
    /// Events that it does not want.
    pub(super) leaves_out: Vec<EventType>,
    /// What it was told last.
    pub(super) header: Option<pb::ResponseHeader>,
}

impl Watcher {
    /// Its part of a response; nothing if there is nothing for it.
    fn take(&mut self, response: &pb::WatchResponse) -> Option<pb::WatchResponse> {
        let revision = response.header.as_ref().map_or(0, |h| h.revision);
        let is_progress = is_progress(response);
        if is_progress && (!self.wants_progress || revision < self.next - 1) {
            return None;
        }
        if self.next == 0 {
            self.next = revision + 1;
        }
        let new = response.events.iter().filter(|event| {
            let at = event.kv.as_ref().map_or(0, |kv| kv.mod_revision);
            at >= self.next
        });
        let new: Vec<&Event> = new.collect();
        let events: Vec<Event> = new
            .iter()
            .filter(|event| !self.leaves_out.contains(&event.r#type()))
            .map(|event| Event {
                prev_kv: event.prev_kv.clone().filter(|_| self.wants_previous),
                ..(*event).clone()
            })
            .collect();
        let last = new.last().and_then(|event| event.kv.as_ref());
        if let Some(last) = last {
            self.next = last.mod_revision + 1;
        }
        let is_news = is_progress || response.created || response.canceled;
        if !is_news && events.is_empty() {
            return None;
        }
        self.header.clone_from(&response.header);
        Some(pb::WatchResponse {
            watch_id: self.watch_id,
            events,
            ..response.clone()
        })
    }
}

/// A watch of the members, and whom it is for.
struct Shared {
    feed: Feed,
    /// The first revision that has not come; zero before anything has.
    next: i64,
    has_begun: bool,
    header: Option<pb::ResponseHeader>,
    watchers: HashMap<Id, Watcher>,
}

/// What a watcher shall be told.
pub(super) type Told = Vec<(Id, pb::WatchResponse)>;

/// What has become of a watch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It goes on.
    On,
    /// It has nobody left.
    Over,
}

/// All watches of one range.
#[derive(Default)]
pub(super) struct Group {
    shared: Vec<Shared>,
    feeds: Feed,
}

impl Group {
    /// Adds a watcher. Either it shares a watch, and is told that it was created if that has begun; or
    /// a new one has to be opened from its revision on.
    pub(super) fn add(
        &mut self,
        id: Id,
        watcher: Watcher,
    ) -> Result<Option<pb::WatchResponse>, Feed> {
        let fits = |shared: &&mut Shared| {
            shared.next <= watcher.next && (shared.next != 0 || watcher.next == 0)
        };
        if let Some(shared) = self.shared.iter_mut().find(fits) {
            let created = shared.has_begun.then(|| pb::WatchResponse {
                header: shared.header,
                watch_id: watcher.watch_id,
                created: true,
                ..Default::default()
            });
            shared.watchers.insert(id, watcher);
            return Ok(created);
        }
        self.feeds += 1;
        self.shared.push(Shared {
            feed: self.feeds,
            next: watcher.next,
            has_begun: false,
            header: None,
            watchers: HashMap::from([(id, watcher)]),
        });
        Err(self.feeds)
    }

    /// Where a watch goes on after its member is lost.
    pub(super) fn next(&self, feed: Feed) -> Option<i64> {
        let shared = self.shared.iter().find(|shared| shared.feed == feed);
        shared.map(|shared| shared.next)
    }

    /// Shares out a response.
    pub(super) fn deliver(&mut self, feed: Feed, response: &pb::WatchResponse) -> (Told, Outcome) {
        let Some(at) = self.shared.iter().position(|shared| shared.feed == feed) else {
            return (Vec::new(), Outcome::Over);
        };
        let shared = &mut self.shared[at];
        if response.created && shared.has_begun {
            // Opened again at another member, of which nobody has to know.
            return (Vec::new(), Outcome::On);
        }
        let last = response.events.last().and_then(|event| event.kv.as_ref());
        let revision = response.header.as_ref().map_or(0, |h| h.revision);
        match last {
            Some(last) => shared.next = shared.next.max(last.mod_revision + 1),
            None if shared.has_begun || shared.next == 0 => {
                shared.next = shared.next.max(revision + 1);
            }
            // A watch of what is past begins there, whatever revision there is now.
            None => {}
        }
        shared.has_begun = true;
        shared.header.clone_from(&response.header);
        let told = shared
            .watchers
            .iter_mut()
            .filter_map(|(id, watcher)| Some((*id, watcher.take(response)?)))
            .collect();
        if response.canceled {
            self.shared.swap_remove(at);
            return (told, Outcome::Over);
        }
        (told, self.merge(at))
    }

    /// Has the watchers of a watch share one that is not ahead of it, and tells whether it did.
    fn merge(&mut self, at: usize) -> Outcome {
        let (next, feed) = (self.shared[at].next, self.shared[at].feed);
        if self.shared[at].watchers.len() >= MERGED_BELOW {
            return Outcome::On;
        }
        let other =
            |shared: &Shared| shared.feed != feed && shared.has_begun && shared.next <= next;
        let Some(other) = self.shared.iter().position(other) else {
            return Outcome::On;
        };
        let watchers = std::mem::take(&mut self.shared[at].watchers);
        self.shared[other].watchers.extend(watchers);
        self.shared.swap_remove(at);
        Outcome::Over
    }

    /// Removes a watcher; gives it, and the watch that is for nobody now.
    pub(super) fn remove(&mut self, id: Id) -> (Option<Watcher>, Option<Feed>) {
        for at in 0..self.shared.len() {
            if let Some(watcher) = self.shared[at].watchers.remove(&id) {
                let is_empty = self.shared[at].watchers.is_empty();
                let over = is_empty.then(|| self.shared.swap_remove(at).feed);
                return (Some(watcher), over);
            }
        }
        (None, None)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shared.is_empty()
    }

    /// How many watchers share a watch with others, the first of each aside.
    pub(super) fn sharing(&self) -> usize {
        let sharing = |shared: &Shared| shared.watchers.len().saturating_sub(1);
        self.shared.iter().map(sharing).sum()
    }

    /// How many watchers a watch has.
    pub(super) fn size(&self, feed: Feed) -> usize {
        let shared = self.shared.iter().find(|shared| shared.feed == feed);
        shared.map_or(0, |shared| shared.watchers.len())
    }
}

/// A response that tells nothing but a revision.
fn is_progress(response: &pb::WatchResponse) -> bool {
    response.events.is_empty()
        && !response.canceled
        && !response.created
        && response.compact_revision == 0
}

#[cfg(test)]
mod tests;

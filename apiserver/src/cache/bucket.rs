//! The objects of one resource, and the events that led to them.

use std::collections::VecDeque;
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rpds::RedBlackTreeMapSync;
use tokio::sync::watch;

use super::Entry;

/// Objects by `<namespace>/<name>`. A copy shares all that has not changed since.
type Objects = RedBlackTreeMapSync<Box<str>, Arc<Entry>>;

/// Events this young are kept, for watches that resume (upstream's `eventFreshDuration`).
const KEPT_FOR: Duration = Duration::from_secs(75);
/// So many are kept however old they are, and never more than that.
const KEPT_MIN: usize = 100;
const KEPT_MAX: usize = 100_000;

/// See the module.
#[derive(Debug, Default)]
pub struct Bucket {
    state: Mutex<State>,
    /// Tells watchers how many events there have been.
    count: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    objects: Objects,
    ring: VecDeque<Arc<Event>>,
    /// How many events have left the ring.
    gone: u64,
    /// The revision of the last event that left the ring, or that the first list was of: a watch cannot
    /// begin before it.
    floor: i64,
    /// The revision of the last event.
    last: i64,
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It is there for the first time.
    Added,
    /// It has changed.
    Modified,
    /// It is gone.
    Deleted,
}

/// An event of one object.
#[derive(Debug)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub revision: i64,
    /// The object after it; of a deletion its last state with the revision of the deletion.
    pub object: Arc<Entry>,
    /// The object before it.
    pub before: Option<Arc<Entry>>,
    /// When it was taken in.
    at: Instant,
}

/// The state of a bucket at one revision.
#[derive(Clone, Debug)]
pub struct Snapshot {
    objects: Objects,
    /// What it is the state of.
    pub revision: i64,
    /// The number of the first event that is not in it.
    next: u64,
}

/// The events asked for are not kept any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too old resource version: {asked} ({oldest})")]
pub struct Expired {
    /// The revision that was asked for.
    pub asked: i64,
    /// The oldest that could have been.
    pub oldest: i64,
}

/// A place in the ring of a bucket, from which a watcher reads on.
#[derive(Debug)]
pub struct Cursor {
    bucket: Arc<Bucket>,
    /// The number of the next event.
    next: u64,
    /// The revision of the last event it has passed.
    passed: i64,
    count: watch::Receiver<u64>,
}

impl Event {
    /// The object before the event, with the event's revision: what a watcher is told to whom the object
    /// is not meant any more.
    #[must_use]
    pub fn before_as_of(&self) -> Option<Arc<Entry>> {
        let before = self.before.as_ref()?;
        Some(Arc::new(before.as_of(self.revision)))
    }
}

impl Bucket {
    /// The objects now; `taken_in` is how far the cache said to be before this call.
    pub(super) fn snapshot(&self, taken_in: i64) -> Snapshot {
        let state = self.state.lock();
        Snapshot {
            objects: state.objects.clone(),
            revision: taken_in.max(state.last),
            next: state.gone + state.ring.len() as u64,
        }
    }

    /// Takes in the objects of a list of the whole store: what has changed since what the bucket has
    /// becomes events, at their revisions; what is gone, at the list's.
    pub(super) fn replace(&self, objects: Vec<Entry>, revision: i64) {
        let mut state = self.state.lock();
        if state.floor == 0 && state.objects.is_empty() {
            state.floor = revision;
            for entry in objects {
                state.objects.insert_mut(entry.key.clone(), Arc::new(entry));
            }
            return;
        }
        let mut old = state.objects.clone();
        let mut changed = Vec::new();
        for entry in objects {
            let known = old.get(&entry.key).map(|known| known.revision);
            old.remove_mut(&entry.key);
            if known != Some(entry.revision) {
                changed.push(entry);
            }
        }
        changed.sort_by_key(|entry| entry.revision);
        for entry in changed {
            state.put(entry);
        }
        for (key, _) in &old {
            state.remove(key, revision);
        }
        drop(state);
        self.tell();
    }

    /// Takes in a write.
    pub(super) fn put(&self, entry: Entry) {
        self.state.lock().put(entry);
        self.tell();
    }

    /// Takes in a deletion.
    pub(super) fn remove(&self, key: &str, revision: i64) {
        self.state.lock().remove(key, revision);
        self.tell();
    }

    fn tell(&self) {
        let state = self.state.lock();
        let count = state.gone + state.ring.len() as u64;
        drop(state);
        self.count.send_replace(count);
    }

    /// One object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Arc<Entry>> {
        self.state.lock().objects.get(key).cloned()
    }

    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.lock().objects.size()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Follows the bucket from behind a revision on.
    ///
    /// # Errors
    /// Its events are not kept any more.
    pub fn follow(self: &Arc<Self>, revision: i64) -> Result<Cursor, Expired> {
        let state = self.state.lock();
        if revision < state.floor {
            return Err(Expired {
                asked: revision,
                oldest: state.floor,
            });
        }
        let behind = state
            .ring
            .partition_point(|event| event.revision <= revision);
        Ok(Cursor {
            bucket: self.clone(),
            next: state.gone + behind as u64,
            passed: revision,
            count: self.count.subscribe(),
        })
    }

    /// Follows the bucket from behind a snapshot of it on.
    #[must_use]
    pub fn follow_on(self: &Arc<Self>, snapshot: &Snapshot) -> Cursor {
        Cursor {
            bucket: self.clone(),
            next: snapshot.next,
            passed: snapshot.revision,
            count: self.count.subscribe(),
        }
    }
}

impl State {
    fn put(&mut self, entry: Entry) {
        let entry = Arc::new(entry);
        let before = self.objects.get(&entry.key).cloned();
        self.objects.insert_mut(entry.key.clone(), entry.clone());
        let kind = match before {
            Some(_) => EventKind::Modified,
            None => EventKind::Added,
        };
        self.push(kind, entry.revision, entry, before);
    }

    fn remove(&mut self, key: &str, revision: i64) {
        let Some(before) = self.objects.get(key).cloned() else {
            return;
        };
        self.objects.remove_mut(key);
        // Watchers see the last state with the revision of the deletion.
        let last = before.as_of(revision);
        self.push(EventKind::Deleted, revision, Arc::new(last), Some(before));
    }

    fn push(
        &mut self,
        kind: EventKind,
        revision: i64,
        object: Arc<Entry>,
        before: Option<Arc<Entry>>,
    ) {
        let at = Instant::now();
        self.last = revision;
        self.ring.push_back(Arc::new(Event {
            kind,
            revision,
            object,
            before,
            at,
        }));
        while let Some(oldest) = self.ring.front() {
            let is_old = at.duration_since(oldest.at) > KEPT_FOR && self.ring.len() > KEPT_MIN;
            if !is_old && self.ring.len() <= KEPT_MAX {
                break;
            }
            self.floor = oldest.revision;
            self.gone += 1;
            self.ring.pop_front();
        }
    }
}

impl Snapshot {
    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.size()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// One object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Arc<Entry>> {
        self.objects.get(key)
    }

    /// The objects whose keys begin with `prefix`, from `start` on, by ascending key.
    pub fn from<'a>(
        &'a self,
        prefix: &'a str,
        start: &'a str,
    ) -> impl Iterator<Item = &'a Arc<Entry>> {
        let first = if start > prefix { start } else { prefix };
        self.objects
            .range::<str, _>((Bound::Included(first), Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
            .map(|(_, entry)| entry)
    }
}

impl Cursor {
    /// The events that are there now, at most `limit`; empty if there are none.
    ///
    /// # Errors
    /// The watcher was too slow: the ring has left it behind.
    pub fn take(&mut self, limit: usize) -> Result<Vec<Arc<Event>>, Expired> {
        let state = self.bucket.state.lock();
        if self.next < state.gone {
            return Err(Expired {
                asked: self.passed,
                oldest: state.floor,
            });
        }
        let at = usize::try_from(self.next - state.gone).unwrap_or(usize::MAX);
        let events: Vec<_> = state.ring.iter().skip(at).take(limit).cloned().collect();
        drop(state);
        self.next += events.len() as u64;
        if let Some(last) = events.last() {
            self.passed = last.revision;
        }
        Ok(events)
    }

    /// How far this cursor is, given how far the cache has said to be: as far as that, if there is no
    /// event that it has not passed; as far as its last event otherwise.
    #[must_use]
    pub fn reached(&self, taken_in: i64) -> i64 {
        let state = self.bucket.state.lock();
        let is_at_end = self.next == state.gone + state.ring.len() as u64;
        drop(state);
        if is_at_end {
            taken_in.max(self.passed)
        } else {
            self.passed
        }
    }

    /// Waits until there may be more events.
    pub async fn more(&mut self) {
        let next = self.next;
        // The bucket, and with it the sender, is held by this cursor.
        let _ = self.count.wait_for(|count| *count > next).await;
    }
}

#[cfg(test)]
mod tests;

//! What is done to the key space.

use std::sync::Arc;

use parking_lot::Mutex;

use super::history::History;
use super::stats::Reads;
use super::tree::{Node, Tree, sensible};
use super::watchers::{Watchers, Wish};
use super::{Action, Code, Error, Event, Method, Request, Shown, Stats, Watching, path};

/// The index before the first change: that of a new etcd of one member, which has kept this member and
/// the version of the cluster in the same tree by then. Scripts count on it being more than 1.
pub(super) const FIRST_INDEX: u64 = 3;

/// See [the module](super).
pub struct Store {
    /// The index of the last change.
    pub(super) index: u64,
    pub(super) tree: Tree,
    pub(super) history: History,
    pub(super) stats: Stats,
    pub(super) reads: Reads,
    pub(super) watchers: Arc<Mutex<Watchers>>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            index: FIRST_INDEX,
            tree: Tree::default(),
            history: History::default(),
            stats: Stats::default(),
            reads: Reads::default(),
            watchers: Arc::default(),
        }
    }
}

/// What is to become of a key.
struct Change<'a> {
    path: &'a str,
    /// Nothing for a directory.
    value: Option<String>,
    expires: i64,
    time: i64,
}

impl Store {
    /// The index of the last change.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// What was counted.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = self.stats.clone();
        self.reads.add_to(&mut stats);
        stats.watchers = self.watchers.lock().count() as u64;
        stats
    }

    /// When the next key runs out, in nanoseconds of Unix time.
    #[must_use]
    pub fn next_due(&self) -> Option<i64> {
        self.tree.next_due()
    }

    /// A key, with what is in it if it is a directory; `now` decides how long it has left.
    ///
    /// # Errors
    /// There is no such key.
    pub fn get(&self, path: &str, recursive: bool, now: i64) -> Result<Event, Error> {
        let found = self.tree.get(path, self.index);
        self.reads.count(found.is_ok());
        let shown = self.tree.show(path, found?, recursive, now);
        let mut event = Event::new(Action::Get, shown, None);
        event.at = self.index;
        Ok(event)
    }

    /// Begins to watch, from an index on or, if that is 0, from the next one.
    ///
    /// # Errors
    /// The index is older than what is remembered.
    pub fn watch(
        &self,
        path: &str,
        recursive: bool,
        stream: bool,
        since: u64,
    ) -> Result<Watching, Error> {
        let since = if since == 0 { self.index + 1 } else { since };
        let found = self.history.find(path, recursive, since, self.index)?;
        if let Some(event) = found {
            return Ok(Watching::of_past(event, self.index, stream));
        }
        let wish = Wish {
            key: path.to_owned(),
            recursive,
            stream,
            since,
        };
        Ok(Watching::of_future(&self.watchers, wish, self.index))
    }

    /// Carries out a request of the log. Only what runs out has no event of its own to answer with.
    ///
    /// # Errors
    /// It cannot be done; nothing was changed.
    pub fn carry_out(&mut self, request: &Request) -> Result<Option<Event>, Error> {
        match request.method() {
            Method::Post => self.create(request, true).map(Some),
            Method::Put => self.put(request).map(Some),
            Method::Delete => self.remove(request).map(Some),
            Method::Sync => {
                self.expire(request.time);
                Ok(None)
            }
        }
    }

    fn put(&mut self, request: &Request) -> Result<Event, Error> {
        let is_compared = request.prev_index > 0 || !request.prev_value.is_empty();
        match request.prev_exist {
            Some(false) => self.create(request, false),
            Some(true) if !is_compared => self.counted(Action::Update, request, Self::update),
            None if !is_compared => self.counted(Action::Set, request, Self::set),
            _ => self.counted(Action::CompareAndSwap, request, Self::swap),
        }
    }

    fn remove(&mut self, request: &Request) -> Result<Event, Error> {
        if request.prev_index > 0 || !request.prev_value.is_empty() {
            return self.counted(Action::CompareAndDelete, request, Self::delete_compared);
        }
        self.counted(Action::Delete, request, Self::delete)
    }

    fn counted(
        &mut self,
        action: Action,
        request: &Request,
        act: impl FnOnce(&mut Self, &Request) -> Result<Event, Error>,
    ) -> Result<Event, Error> {
        let outcome = act(self, request);
        self.stats.count(action, outcome.is_ok());
        outcome
    }

    fn create(&mut self, request: &Request, unique: bool) -> Result<Event, Error> {
        self.counted(Action::Create, request, |store, request| {
            let path = match unique {
                true => path::clean(&format!("{}/{:020}", request.path, store.index + 1)),
                false => request.path.clone(),
            };
            store.writable(&path)?;
            store.make_way(&path)?;
            if store.tree.find(&path).is_some() {
                return Err(store.refused(Code::NodeExist, path));
            }
            let change = Change::of(request, &path, request.value.clone());
            let event = store.make(Action::Create, change, None);
            Ok(store.happened(event, &[]))
        })
    }

    fn set(&mut self, request: &Request) -> Result<Event, Error> {
        let path = request.path.as_str();
        let found = match self.tree.get(path, self.index) {
            Ok(node) => Some(node),
            Err(error) if error.code == Code::KeyNotFound && !request.refresh => None,
            Err(error) => return Err(error),
        };
        let previous = found.map(|node| node.show(path, request.time));
        let old = found.and_then(|node| node.value.clone());
        self.writable(path)?;
        self.make_way(path)?;
        if previous.as_ref().is_some_and(|previous| previous.dir) {
            return Err(self.refused(Code::NotFile, path));
        }
        let value = match request.refresh {
            true => old.unwrap_or_default(),
            false => request.value.clone(),
        };
        let change = Change::of(request, path, value);
        let mut event = self.make(Action::Set, change, previous);
        event.is_refresh = request.refresh;
        Ok(self.happened(event, &[]))
    }

    fn update(&mut self, request: &Request) -> Result<Event, Error> {
        let path = request.path.as_str();
        self.writable(path)?;
        let node = self.tree.get(path, self.index)?.clone();
        if node.is_dir() && !request.value.is_empty() {
            return Err(self.refused(Code::NotFile, path));
        }
        Ok(self.rewrite(Action::Update, request, node))
    }

    fn swap(&mut self, request: &Request) -> Result<Event, Error> {
        self.writable(&request.path)?;
        let node = self.compared(request)?.clone();
        Ok(self.rewrite(Action::CompareAndSwap, request, node))
    }

    /// Gives a node that is there the value and the time of a request.
    fn rewrite(&mut self, action: Action, request: &Request, mut node: Node) -> Event {
        let path = request.path.as_str();
        let previous = node.show(path, request.time);
        self.index += 1;
        if let Some(value) = node.value.as_mut() {
            if !request.refresh {
                value.clone_from(&request.value);
            }
            node.modified = self.index;
        }
        node.expires = request.expires;
        let mut shown = node.show(path, request.time);
        // A directory is not said to be changed, but the event is.
        shown.modified = self.index;
        self.tree.put(path.to_owned(), node);
        let mut event = Event::new(action, shown, Some(previous));
        event.is_refresh = request.refresh;
        self.happened(event, &[])
    }

    fn delete(&mut self, request: &Request) -> Result<Event, Error> {
        let path = request.path.as_str();
        self.writable(path)?;
        let node = self.tree.get(path, self.index)?;
        if node.is_dir() {
            if !request.dir && !request.recursive {
                return Err(self.refused(Code::NotFile, path));
            }
            if !request.recursive && !self.tree.is_empty(path) {
                return Err(self.refused(Code::DirNotEmpty, path));
            }
        }
        Ok(self.take_away(Action::Delete, path, request.time))
    }

    fn delete_compared(&mut self, request: &Request) -> Result<Event, Error> {
        self.compared(request)?;
        Ok(self.take_away(Action::CompareAndDelete, &request.path, request.time))
    }

    /// Removes all that ran out until a time.
    fn expire(&mut self, until: i64) {
        while let Some(path) = self.tree.due(until) {
            self.take_away(Action::Expire, &path, until);
            self.stats.count(Action::Expire, true);
        }
    }

    fn take_away(&mut self, action: Action, path: &str, time: i64) -> Event {
        self.index += 1;
        let previous = self.tree.find(path).map(|node| node.show(path, time));
        let shown = Shown {
            key: path.to_owned(),
            dir: previous.as_ref().is_some_and(|previous| previous.dir),
            modified: self.index,
            created: previous.as_ref().map_or(0, |previous| previous.created),
            ..Shown::default()
        };
        let removed = self.tree.remove(path);
        self.happened(Event::new(action, shown, previous), &removed)
    }

    /// Puts a new node into the tree, and gives what happened.
    fn make(&mut self, action: Action, change: Change<'_>, previous: Option<Shown>) -> Event {
        self.index += 1;
        let node = Node {
            value: change.value,
            created: self.index,
            modified: self.index,
            expires: sensible(change.expires),
        };
        let shown = node.show(change.path, change.time);
        self.tree.put(change.path.to_owned(), node);
        Event::new(action, shown, previous)
    }

    /// Remembers what happened, and tells who watches.
    fn happened(&mut self, event: Event, removed: &[String]) -> Event {
        let shared = Arc::new(event.clone());
        if !event.is_refresh {
            self.watchers.lock().tell(&shared, removed);
        }
        self.history.add(shared);
        event
    }

    fn make_way(&mut self, to: &str) -> Result<(), Error> {
        let made = self.tree.make_way(to, self.index);
        // etcd counts this besides, whatever was to be made.
        made.inspect_err(|_| self.stats.count(Action::Set, false))
    }

    /// The file of a request, if it is as expected.
    fn compared(&self, request: &Request) -> Result<&Node, Error> {
        let node = self.tree.get(&request.path, self.index)?;
        let Some(value) = &node.value else {
            return Err(self.refused(Code::NotFile, &*request.path));
        };
        let (wanted, at) = (&request.prev_value, request.prev_index);
        let is_value = wanted.is_empty() || wanted == value;
        let is_index = at == 0 || at == node.modified;
        let modified = node.modified;
        let cause = match (is_value, is_index) {
            (true, true) => return Ok(node),
            (true, false) => format!("[{at} != {modified}]"),
            (false, true) => format!("[{wanted} != {value}]"),
            (false, false) => format!("[{wanted} != {value}] [{at} != {modified}]"),
        };
        Err(self.refused(Code::TestFailed, cause))
    }

    fn writable(&self, path: &str) -> Result<(), Error> {
        match Tree::is_fixed(path) {
            true => Err(self.refused(Code::RootReadOnly, "/")),
            false => Ok(()),
        }
    }

    fn refused(&self, code: Code, cause: impl Into<String>) -> Error {
        Error::new(code, cause, self.index)
    }
}

impl<'a> Change<'a> {
    fn of(request: &Request, path: &'a str, value: String) -> Self {
        Self {
            path,
            value: (!request.dir).then_some(value),
            expires: request.expires,
            time: request.time,
        }
    }
}

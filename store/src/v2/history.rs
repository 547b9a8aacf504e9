//! The last events, for those who watch from an index in the past.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Code, Error, Event, path};

/// Events that are kept, as many as etcd keeps.
const EVENTS_MAX: usize = 1_000;

/// See the module. Each index has one event.
#[derive(Default)]
pub(super) struct History {
    events: VecDeque<Arc<Event>>,
}

impl History {
    pub(super) fn restore(events: Vec<Event>) -> Self {
        let events = events.into_iter().map(Arc::new).collect();
        Self { events }
    }

    pub(super) fn add(&mut self, event: Arc<Event>) {
        if self.events.len() == EVENTS_MAX {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().map(|event| &**event)
    }

    /// The first event from an index on that somebody who watches there is told.
    ///
    /// # Errors
    /// The index is older than all that is kept; `at` is the store's.
    pub(super) fn find(
        &self,
        key: &str,
        recursive: bool,
        from: u64,
        at: u64,
    ) -> Result<Option<Arc<Event>>, Error> {
        let Some(first) = self.events.front().map(|event| event.index()) else {
            return Ok(None);
        };
        // Before the first event of all nothing happened.
        let from = match self.events.len() < EVENTS_MAX {
            true => from.max(first),
            false => from,
        };
        if from < first {
            let cause = format!("the requested history has been cleared [{first}/{from}]");
            return Err(Error::new(Code::EventIndexCleared, cause, at));
        }
        let skipped = usize::try_from(from - first).unwrap_or(usize::MAX);
        let is_told = |event: &&Arc<Event>| {
            let changed = &event.node.key;
            let went = event
                .previous
                .as_ref()
                .filter(|_| event.removes_directory());
            !event.is_refresh
                && (changed == key
                    || recursive && changed.starts_with(&path::below(key))
                    || went.is_some_and(|went| key.starts_with(&went.key)))
        };
        Ok(self.events.iter().skip(skipped).find(is_told).cloned())
    }
}

//! Fan-out: which watchers an event concerns.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use proto::mvccpb::Event;
use proto::mvccpb::event::EventType;

use super::mailbox::{Delivery, Mailbox};
use super::stream::Spec;
use crate::apply::Shared;
use crate::metrics::Metrics;

/// A synced watcher.
pub(super) struct Member {
    pub(super) serial: u64,
    pub(super) watch_id: i64,
    pub(super) spec: Spec,
    /// Events of earlier revisions are not for it.
    pub(super) from: i64,
    pub(super) mailbox: Arc<Mailbox>,
}

#[derive(Default)]
struct Inner {
    /// The newest revision whose events have been delivered.
    published: i64,
    next_serial: u64,
    exact: HashMap<Bytes, Vec<Arc<Member>>>,
    /// Watchers of ranges, those of the same range together.
    ranges: HashMap<(Bytes, Bytes), Vec<Arc<Member>>>,
}

/// See the module.
pub struct Hub {
    state: Shared,
    inner: Mutex<Inner>,
    metrics: Arc<Metrics>,
}

/// Where a new watcher stands.
pub(super) enum Joined {
    /// The hub delivers to it.
    Synced(Arc<Member>),
    /// It has to read the history up to this revision first.
    Behind(i64),
}

impl Hub {
    /// A hub for events after the state's present revision.
    pub fn new(state: Shared, metrics: Arc<Metrics>) -> Self {
        let published = state.read().store.revision();
        let inner = Inner {
            published,
            ..Default::default()
        };
        Self {
            state,
            inner: Mutex::new(inner),
            metrics,
        }
    }

    /// The state that watchers read the history of.
    pub(super) fn state(&self) -> &Shared {
        &self.state
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The newest revision whose events have been delivered.
    pub fn published(&self) -> i64 {
        self.inner.lock().published
    }

    /// Delivers the events of revisions that have been applied, in order.
    pub fn publish(&self, batch: Vec<(i64, Vec<Event>)>) {
        let mut inner = self.inner.lock();
        for (revision, events) in batch {
            inner.published = revision;
            if inner.exact.is_empty() && inner.ranges.is_empty() {
                continue;
            }
            for late in inner.deliver(revision, &events) {
                inner.remove(&late);
            }
        }
    }

    /// The state leapt ahead without telling its events one by one, since it was replaced by a
    /// received snapshot: all watchers have to read in the history what they missed.
    pub fn jumped(&self) {
        let revision = self.state.read().store.revision();
        let mut inner = self.inner.lock();
        let from = inner.published + 1;
        inner.published = revision;
        let ranges = std::mem::take(&mut inner.ranges).into_values();
        let exact = std::mem::take(&mut inner.exact).into_values();
        for member in ranges.chain(exact).flatten() {
            member.mailbox.lag(member.watch_id, from.max(member.from));
        }
    }

    /// Joins a watcher that wants events from `from` on, if it has missed none.
    pub(super) fn join(
        &self,
        watch_id: i64,
        spec: &Spec,
        from: i64,
        mailbox: &Arc<Mailbox>,
    ) -> Joined {
        let mut inner = self.inner.lock();
        if from <= inner.published {
            return Joined::Behind(inner.published);
        }
        inner.next_serial += 1;
        let member = Arc::new(Member {
            serial: inner.next_serial,
            watch_id,
            spec: spec.clone(),
            from,
            mailbox: mailbox.clone(),
        });
        inner.members_of(spec).push(member.clone());
        Joined::Synced(member)
    }

    /// Number of synced watchers.
    #[cfg(test)]
    pub(super) fn members_len(&self) -> usize {
        let inner = self.inner.lock();
        let exact = inner.exact.values().map(Vec::len).sum::<usize>();
        exact + inner.ranges.values().map(Vec::len).sum::<usize>()
    }

    /// Delivers nothing more to it.
    pub(super) fn leave(&self, member: &Arc<Member>) {
        self.inner.lock().remove(member);
    }
}

impl Inner {
    fn members_of(&mut self, spec: &Spec) -> &mut Vec<Arc<Member>> {
        if spec.range_end.is_empty() {
            self.exact.entry(spec.key.clone()).or_default()
        } else {
            self.ranges
                .entry((spec.key.clone(), spec.range_end.clone()))
                .or_default()
        }
    }

    fn remove(&mut self, member: &Arc<Member>) {
        let Spec { key, range_end, .. } = &member.spec;
        let members = self.members_of(&member.spec);
        members.retain(|other| other.serial != member.serial);
        if !members.is_empty() {
            return;
        }
        if range_end.is_empty() {
            self.exact.remove(key);
        } else {
            self.ranges.remove(&(key.clone(), range_end.clone()));
        }
    }

    /// Watchers whose mailbox had no room are returned: they lag now.
    fn deliver(&self, revision: i64, events: &[Event]) -> Vec<Arc<Member>> {
        let mut late = Vec::new();
        let mut post = |member: &Arc<Member>, events: Vec<Event>| {
            let delivery = Delivery {
                watch_id: member.watch_id,
                revision,
                events,
            };
            if !member.mailbox.deliver(delivery) {
                late.push(member.clone());
            }
        };
        if let [event] = events {
            self.for_each_concerned(revision, event, |member| {
                post(member, vec![member.spec.view(event)]);
            });
            return late;
        }
        // A revision is delivered whole, so its events are gathered per watcher first.
        let mut gathered: HashMap<u64, (Arc<Member>, Vec<Event>)> = HashMap::new();
        for event in events {
            self.for_each_concerned(revision, event, |member| {
                let (_, events) = gathered
                    .entry(member.serial)
                    .or_insert_with(|| (member.clone(), Vec::new()));
                events.push(member.spec.view(event));
            });
        }
        for (member, events) in gathered.into_values() {
            post(&member, events);
        }
        late
    }

    fn for_each_concerned(
        &self,
        revision: i64,
        event: &Event,
        mut visit: impl FnMut(&Arc<Member>),
    ) {
        let Some(kv) = &event.kv else { return };
        let wanted = |member: &&Arc<Member>| revision >= member.from && member.spec.wants(event);
        if let Some(members) = self.exact.get(&kv.key) {
            members.iter().filter(wanted).for_each(&mut visit);
        }
        for ((start, end), members) in &self.ranges {
            if kv.key >= *start && (end.as_ref() == b"\0" || kv.key < *end) {
                members.iter().filter(wanted).for_each(&mut visit);
            }
        }
    }
}

impl Spec {
    /// Whether the event passes the watcher's filters.
    pub(super) fn wants(&self, event: &Event) -> bool {
        match event.r#type() {
            EventType::Put => !self.no_put,
            EventType::Delete => !self.no_delete,
        }
    }

    /// The event as this watcher sees it: a previous pair only where it asked for one.
    pub(super) fn view(&self, event: &Event) -> Event {
        Event {
            r#type: event.r#type,
            kv: event.kv.clone(),
            prev_kv: event.prev_kv.clone().filter(|_| self.prev_kv),
        }
    }
}

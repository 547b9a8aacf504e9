//! A set of watches that share one mailbox: what a client's watch stream is made of.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use proto::mvccpb::Event;
use proto::mvccpb::event::EventType;

use super::hub::{Hub, Joined, Member};
use super::mailbox::{Mail, Mailbox};
use crate::mvcc;

/// Bytes of history read for a lagging watch at a time: bounds what a slow client holds.
const HISTORY_BYTES: usize = 512 * 1024;
/// Bytes up to which deliveries to the same watch are put together.
const JOINED_BYTES: usize = 256 * 1024;

/// What a watch asks for.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// First key.
    pub key: Bytes,
    /// Empty for one key, `\0` for all from `key` on, else the excluded end.
    pub range_end: Bytes,
    /// The revision to begin with; 0 for what comes next.
    pub start_revision: i64,
    /// Leave out puts.
    pub no_put: bool,
    /// Leave out deletions.
    pub no_delete: bool,
    /// Send along what was there before.
    pub prev_kv: bool,
}

/// Why a watch was not created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// The stream has a watch of that id.
    #[error("mvcc: duplicate watch ID provided on the WatchStream")]
    DuplicateId,
    /// The range's end does not lie behind its start.
    #[error("mvcc: watcher range is empty")]
    EmptyRange,
}

/// Something to tell the client.
#[derive(Debug)]
pub enum Update {
    /// Events of one or more whole revisions.
    Events {
        /// Whose.
        watch_id: i64,
        /// The store's revision at that time, not below that of any event.
        revision: i64,
        /// In order.
        events: Vec<Event>,
    },
    /// The watch has ended: what it would have to tell next is compacted. It keeps its id.
    Compacted {
        /// Whose.
        watch_id: i64,
        /// The first revision that could be watched from.
        compact_revision: i64,
    },
}

enum Phase {
    Synced(Arc<Member>),
    Lagging {
        from: i64,
    },
    /// It has ended, but keeps its id until the client cancels it, as in etcd.
    Compacted,
}

struct Watch {
    spec: Spec,
    phase: Phase,
}

/// See the module.
pub struct Stream {
    hub: Arc<Hub>,
    mailbox: Arc<Mailbox>,
    watches: HashMap<i64, Watch>,
    next_id: i64,
    /// Watches that lag, in the order in which they read on.
    lagging: VecDeque<i64>,
    /// Picked up while deliveries were put together.
    pending: Option<Mail>,
}

enum Step {
    Update(Update),
    /// Something was done, but there is nothing to tell yet.
    Again,
    Idle,
}

impl Stream {
    /// A stream without watches.
    pub fn new(hub: Arc<Hub>) -> Self {
        hub.metrics().watch.streams.inc();
        Self {
            hub,
            mailbox: Arc::default(),
            watches: HashMap::new(),
            next_id: 0,
            lagging: VecDeque::new(),
            pending: None,
        }
    }

    /// Starts a watch under `id`, or, if that is 0, under the next free one. Returns the id and
    /// the store's revision.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub fn create(&mut self, id: i64, spec: Spec) -> Result<(i64, i64), CreateError> {
        let open = spec.range_end.as_ref() == b"\0";
        if !spec.range_end.is_empty() && !open && spec.range_end <= spec.key {
            return Err(CreateError::EmptyRange);
        }
        if id != 0 && self.watches.contains_key(&id) {
            return Err(CreateError::DuplicateId);
        }
        let mut watch_id = id;
        if id == 0 {
            while self.watches.contains_key(&self.next_id) {
                self.next_id += 1;
            }
            watch_id = self.next_id;
            self.next_id += 1;
        }
        let revision = self.hub.state().read().store.revision();
        let from = match spec.start_revision {
            0 => revision + 1,
            start => start,
        };
        let watch = self.enter(watch_id, spec, from);
        self.hub.metrics().watch.watchers.inc();
        self.watches.insert(watch_id, watch);
        Ok((watch_id, revision))
    }

    /// Ends a watch; false if there is none of that id.
    pub fn cancel(&mut self, id: i64) -> bool {
        let Some(watch) = self.watches.remove(&id) else {
            return false;
        };
        self.forget(&watch);
        // The client may give the id to another watch.
        self.lagging.retain(|lagging| *lagging != id);
        self.mailbox.forget(id);
        self.pending.take_if(|mail| mail.watch_id() == id);
        true
    }

    /// The revision up to which every watch of the stream has been told everything, if they all
    /// have reached one they have in common and where they were to begin. A stream without
    /// watches has nothing to report.
    pub fn progress(&self) -> Option<i64> {
        if self.watches.is_empty() {
            return None;
        }
        let ids: Vec<i64> = self.watches.keys().copied().collect();
        self.progress_of(&ids)
    }

    /// The same for some watches.
    pub fn progress_of(&self, ids: &[i64]) -> Option<i64> {
        // Read before the mailbox is looked at: what is published later may be missing there.
        let published = self.hub.published();
        if self.pending.is_some() || !self.mailbox.is_empty() {
            return None;
        }
        ids.iter()
            .all(|id| match self.watches.get(id) {
                Some(Watch {
                    phase: Phase::Synced(member),
                    spec,
                }) => published >= spec.start_revision && published + 1 >= member.from,
                _ => false,
            })
            .then_some(published)
    }

    /// The next thing to tell. Dropping the future loses nothing.
    ///
    /// # Errors
    /// History could not be read.
    pub async fn next(&mut self) -> Result<Update, mvcc::Error> {
        loop {
            match self.step()? {
                Step::Update(update) => return Ok(update),
                // A long history without a match must not keep the thread from others.
                Step::Again => tokio::task::yield_now().await,
                Step::Idle => self.mailbox.arrived().await,
            }
        }
    }

    /// The next thing to tell, if there is one now.
    ///
    /// # Errors
    /// History could not be read.
    pub async fn try_next(&mut self) -> Result<Option<Update>, mvcc::Error> {
        loop {
            match self.step()? {
                Step::Update(update) => return Ok(Some(update)),
                Step::Again => tokio::task::yield_now().await,
                Step::Idle => return Ok(None),
            }
        }
    }

    fn step(&mut self) -> Result<Step, mvcc::Error> {
        while let Some(mail) = self.pending.take().or_else(|| self.mailbox.take()) {
            match mail {
                Mail::Delivery(delivery) => {
                    let (id, revision) = (delivery.watch_id, delivery.revision);
                    if let Some(update) = self.delivered(id, revision, delivery.events)? {
                        return Ok(Step::Update(update));
                    }
                }
                Mail::Lagging { watch_id, from } => {
                    if let Some(watch) = self.watches.get_mut(&watch_id) {
                        watch.phase = Phase::Lagging { from };
                        self.lagging.push_back(watch_id);
                        self.hub.metrics().watch.slow_watchers.inc();
                    }
                }
            }
        }
        self.catch_up()
    }

    /// Puts together what waits for the same watch.
    fn delivered(
        &mut self,
        watch_id: i64,
        mut revision: i64,
        mut events: Vec<Event>,
    ) -> Result<Option<Update>, mvcc::Error> {
        if !self.watches.contains_key(&watch_id) {
            return Ok(None);
        }
        let size = |events: &[Event]| {
            events
                .iter()
                .map(prost::Message::encoded_len)
                .sum::<usize>()
        };
        let mut bytes = size(&events);
        while bytes < JOINED_BYTES {
            match self.mailbox.take() {
                Some(Mail::Delivery(next)) if next.watch_id == watch_id => {
                    bytes += size(&next.events);
                    revision = next.revision;
                    events.extend(next.events);
                }
                other => {
                    self.pending = other;
                    break;
                }
            }
        }
        self.add_previous(watch_id, &mut events)?;
        Ok(Some(Update::Events {
            watch_id,
            revision,
            events,
        }))
    }

    /// Lets one lagging watch read on; they take turns.
    fn catch_up(&mut self) -> Result<Step, mvcc::Error> {
        let Some(id) = self.lagging.pop_front() else {
            return Ok(Step::Idle);
        };
        let Some(&Phase::Lagging { from }) = self.watches.get(&id).map(|watch| &watch.phase) else {
            return Ok(Step::Again);
        };
        let update = self.read_history(id, from)?;
        let watch = self.watches.get(&id);
        if watch.is_some_and(|watch| matches!(watch.phase, Phase::Lagging { .. })) {
            self.lagging.push_back(id);
        }
        Ok(update.map_or(Step::Again, Step::Update))
    }

    fn read_history(&mut self, id: i64, from: i64) -> Result<Option<Update>, mvcc::Error> {
        let Some(watch) = self.watches.get_mut(&id) else {
            return Ok(None);
        };
        let to = match self.hub.join(id, &watch.spec, from, &self.mailbox) {
            Joined::Synced(member) => {
                watch.phase = Phase::Synced(member);
                self.hub.metrics().watch.slow_watchers.dec();
                return Ok(None);
            }
            Joined::Behind(published) => published,
        };
        let state = self.hub.state().read();
        let store = &state.store;
        let spec = &watch.spec;
        let history = match store.events_since(from, to, &spec.key, &spec.range_end, HISTORY_BYTES)
        {
            Ok(history) => history,
            Err(mvcc::Error::Compacted) => {
                let compact_revision = store.compact_revision();
                drop(state);
                watch.phase = Phase::Compacted;
                self.hub.metrics().watch.slow_watchers.dec();
                return Ok(Some(Update::Compacted {
                    watch_id: id,
                    compact_revision,
                }));
            }
            Err(error) => return Err(error),
        };
        let revision = store.revision();
        let mut events: Vec<Event> = history
            .events
            .iter()
            .filter(|e| spec.wants(e))
            .map(|e| spec.view(e))
            .collect();
        drop(state);
        watch.phase = Phase::Lagging {
            from: history.next_revision,
        };
        if events.is_empty() {
            return Ok(None);
        }
        self.add_previous(id, &mut events)?;
        Ok(Some(Update::Events {
            watch_id: id,
            revision,
            events,
        }))
    }

    /// Looks up what was there before, where the watch asks for it. A pair that has been
    /// compacted meanwhile stays away, as in etcd.
    fn add_previous(&self, id: i64, events: &mut [Event]) -> Result<(), mvcc::Error> {
        if !self
            .watches
            .get(&id)
            .is_some_and(|watch| watch.spec.prev_kv)
        {
            return Ok(());
        }
        let state = self.hub.state().read();
        for event in events {
            let Some(kv) = &event.kv else { continue };
            let is_new = event.r#type() == EventType::Put && kv.create_revision == kv.mod_revision;
            if event.prev_kv.is_none() && !is_new {
                event.prev_kv = state.store.previous(&kv.key, kv.mod_revision)?;
            }
        }
        Ok(())
    }

    fn enter(&mut self, id: i64, spec: Spec, from: i64) -> Watch {
        let phase = match self.hub.join(id, &spec, from, &self.mailbox) {
            Joined::Synced(member) => Phase::Synced(member),
            Joined::Behind(_) => {
                self.hub.metrics().watch.slow_watchers.inc();
                self.lagging.push_back(id);
                Phase::Lagging { from }
            }
        };
        Watch { spec, phase }
    }

    fn forget(&self, watch: &Watch) {
        match &watch.phase {
            Phase::Synced(member) => self.hub.leave(member),
            Phase::Lagging { .. } => self.hub.metrics().watch.slow_watchers.dec(),
            Phase::Compacted => {}
        }
        self.hub.metrics().watch.watchers.dec();
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        for watch in std::mem::take(&mut self.watches).into_values() {
            self.forget(&watch);
        }
        self.hub.metrics().watch.streams.dec();
    }
}

//! The watch streams of one side, read in the background into one log per watch.
//!
//! Batch borders are not compared; the rules that hold for them are checked here instead:
//! a revision is never split over two responses unless they are fragments of one, fragments come
//! only where they were asked for and end with `fragment=false`, an event never is older than one
//! before it, and no header is older than the events it comes with.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use proto::etcdserverpb::watch_client::WatchClient;
use proto::etcdserverpb::watch_request::RequestUnion;
use proto::etcdserverpb::{WatchCancelRequest, WatchProgressRequest, WatchRequest, WatchResponse};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

use crate::reply::{Item, Logs, Outcome, Reply};
use crate::step::WatchStep;

/// How long a reply that is due may take.
const DUE: Duration = Duration::from_secs(10);

/// How long no reply must come where none is due.
const SILENCE: Duration = Duration::from_millis(500);

/// How often progress is asked for again: the servers' catch-up loop runs every 100 ms.
const ASK_AGAIN: Duration = Duration::from_millis(60);

/// The progress replies' watch id, and that of a failed create.
const NO_WATCH: i64 = -1;

/// All streams of a side.
#[derive(Debug)]
pub(crate) struct Watching {
    channel: Channel,
    streams: BTreeMap<u8, Stream>,
    /// Some stream has brought something.
    came: Arc<Notify>,
}

#[derive(Debug)]
struct Stream {
    requests: Option<mpsc::Sender<WatchRequest>>,
    creates: usize,
    shared: Arc<Shared>,
    reader: JoinHandle<()>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

#[derive(Debug, Default)]
struct Shared {
    log: Mutex<Log>,
    changed: Notify,
    /// That of all streams of the side.
    came: Arc<Notify>,
}

impl Shared {
    fn tell(&self) {
        self.changed.notify_one();
        self.came.notify_one();
    }
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) items: BTreeMap<i64, Vec<Item>>,
    /// Creates whose header revision depends on timing, by their place in the stream.
    timed: HashSet<usize>,
    created: Vec<Item>,
    canceled: HashMap<i64, Vec<Item>>,
    progress: Vec<i64>,
    /// The newest progress reply that came by itself, by watch.
    notified: HashMap<i64, i64>,
    states: HashMap<i64, WatchState>,
    /// Whether the creates asked for fragments, by their place.
    pub(crate) fragments: Vec<bool>,
    ended: Option<String>,
    last: Option<Instant>,
}

/// What the rules need to remember of a watch.
#[derive(Debug, Default)]
struct WatchState {
    fragments: bool,
    in_fragments: bool,
    /// The newest revision of the last whole response.
    done: i64,
    newest: i64,
}

impl Watching {
    pub(crate) fn new(channel: Channel) -> Watching {
        Watching {
            channel,
            streams: BTreeMap::new(),
            came: Arc::default(),
        }
    }

    /// Does the step and waits as it says.
    pub(crate) async fn run(&mut self, step: &WatchStep) -> Outcome {
        let result = match step {
            WatchStep::Create {
                stream,
                request,
                wait,
            } => {
                let stream = self.stream(*stream);
                let place = stream.note_create(request.fragment, *wait);
                let union = RequestUnion::CreateRequest(request.clone());
                stream.create(union, place, *wait).await
            }
            WatchStep::Cancel { stream, id, wait } => self.stream(*stream).cancel(*id, *wait).await,
            WatchStep::Progress { stream, answered } => {
                self.stream(*stream).progress(*answered).await
            }
            WatchStep::Notified { stream, id } => self.stream(*stream).notified(*id).await,
            WatchStep::Empty { stream } => self.stream(*stream).ask(None).await,
            WatchStep::HalfClose { stream } => {
                self.stream(*stream).requests = None;
                Some(Reply::Control(None))
            }
            WatchStep::Close { stream } => {
                self.streams.remove(stream);
                Some(Reply::Control(None))
            }
        };
        match result {
            Some(reply) => Outcome::Reply(Box::new(reply)),
            None => Outcome::Hung,
        }
    }

    /// What came since the last [`Watching::forget`].
    pub(crate) fn logs(&self) -> Logs {
        let mut logs = Logs::new();
        for (number, stream) in &self.streams {
            let log = stream.shared.log.lock();
            for (id, items) in &log.items {
                if !items.is_empty() {
                    logs.insert((*number, *id), items.clone());
                }
            }
            if let Some(end) = &log.ended {
                logs.insert((*number, i64::MIN), vec![Item::Ended(end.clone())]);
            }
        }
        logs
    }

    /// How many items there are and when the last message came: cheap to ask often.
    pub(crate) fn size(&self) -> (usize, Option<Instant>) {
        let mut size = (0, None);
        for stream in self.streams.values() {
            let log = stream.shared.log.lock();
            size.0 += log.items.values().map(Vec::len).sum::<usize>();
            size.1 = size.1.max(log.last);
        }
        size
    }

    /// Waits until something comes, or has come since the last such wait.
    pub(crate) async fn came(&self) {
        self.came.notified().await;
    }

    /// Drops what has been compared. The rules go on over the border.
    pub(crate) fn forget(&mut self) {
        for stream in self.streams.values() {
            stream.shared.log.lock().items.clear();
        }
    }

    fn stream(&mut self, number: u8) -> &mut Stream {
        let (channel, came) = (&self.channel, &self.came);
        self.streams
            .entry(number)
            .or_insert_with(|| Stream::open(channel.clone(), Arc::clone(came)))
    }
}

impl Stream {
    fn open(channel: Channel, came: Arc<Notify>) -> Stream {
        let (requests, receiver) = mpsc::channel(64);
        let shared = Arc::new(Shared {
            came,
            ..Shared::default()
        });
        let reader = tokio::spawn(read(channel, receiver, Arc::clone(&shared)));
        Stream {
            requests: Some(requests),
            creates: 0,
            shared,
            reader,
        }
    }

    fn note_create(&mut self, fragment: bool, wait: bool) -> usize {
        let place = self.creates;
        self.creates += 1;
        let mut log = self.shared.log.lock();
        log.fragments.push(fragment);
        if !wait {
            log.timed.insert(place);
        }
        place
    }

    async fn create(&self, union: RequestUnion, place: usize, wait: bool) -> Option<Reply> {
        self.ask(Some(union)).await?;
        if !wait {
            return Some(Reply::Control(None));
        }
        let item = self
            .until(DUE, |log| log.created.get(place).cloned())
            .await?;
        Some(Reply::Control(Some(item)))
    }

    async fn cancel(&self, id: i64, wait: bool) -> Option<Reply> {
        let count = |log: &Log| log.canceled.get(&id).map_or(0, Vec::len);
        let before = count(&self.shared.log.lock());
        let request = WatchCancelRequest { watch_id: id };
        self.ask(Some(RequestUnion::CancelRequest(request))).await?;
        if !wait {
            return Some(Reply::Control(None));
        }
        let newest = |log: &Log| log.canceled.get(&id)?.get(before).cloned();
        let item = self.until(DUE, newest).await?;
        Some(Reply::Control(Some(item)))
    }

    async fn progress(&self, answered: bool) -> Option<Reply> {
        self.shared.log.lock().progress.clear();
        let request = RequestUnion::ProgressRequest(WatchProgressRequest {});
        let newest = |log: &Log| log.progress.last().copied();
        if !answered {
            self.ask(Some(request)).await?;
            return Some(Reply::Progress(self.until(SILENCE, newest).await));
        }
        let deadline = Instant::now() + DUE;
        while Instant::now() < deadline {
            self.ask(Some(request.clone())).await?;
            if let Some(revision) = self.until(ASK_AGAIN, newest).await {
                return Some(Reply::Progress(Some(revision)));
            }
        }
        Some(Reply::Progress(None))
    }

    async fn notified(&self, id: i64) -> Option<Reply> {
        self.shared.log.lock().notified.remove(&id);
        let revision = self
            .until(DUE, |log| log.notified.get(&id).copied())
            .await?;
        Some(Reply::Progress(Some(revision)))
    }

    async fn ask(&self, union: Option<RequestUnion>) -> Option<Reply> {
        let request = WatchRequest {
            request_union: union,
        };
        // A stream that has ended shows so in its log.
        let _ = self.requests.as_ref()?.send(request).await;
        Some(Reply::Control(None))
    }

    /// Waits until `look` finds something; none when it did not within `limit`, or when the stream
    /// has ended without it.
    async fn until<T>(&self, limit: Duration, look: impl Fn(&Log) -> Option<T>) -> Option<T> {
        let search = async {
            loop {
                let changed = self.shared.changed.notified();
                {
                    let log = self.shared.log.lock();
                    if let Some(found) = look(&log) {
                        return Some(found);
                    }
                    if log.ended.is_some() {
                        return None;
                    }
                }
                changed.await;
            }
        };
        timeout(limit, search).await.ok().flatten()
    }
}

/// Reads a stream to its end.
async fn read(channel: Channel, requests: mpsc::Receiver<WatchRequest>, shared: Arc<Shared>) {
    let mut client = WatchClient::new(channel).max_decoding_message_size(usize::MAX);
    let opened = client.watch(ReceiverStream::new(requests)).await;
    let end = match opened {
        Ok(stream) => drain(stream.into_inner(), &shared).await,
        Err(status) => Err(status),
    };
    let end = match end {
        Ok(()) => "OK".to_owned(),
        Err(status) => format!("{:?}: {}", status.code(), status.message()),
    };
    shared.log.lock().ended = Some(end);
    shared.tell();
}

async fn drain(mut stream: Streaming<WatchResponse>, shared: &Shared) -> Result<(), Status> {
    while let Some(response) = stream.message().await? {
        shared.log.lock().note(response);
        shared.tell();
    }
    Ok(())
}

impl Log {
    /// Takes a response in.
    pub(crate) fn note(&mut self, response: WatchResponse) {
        self.last = Some(Instant::now());
        let id = response.watch_id;
        let revision = response
            .header
            .as_ref()
            .map_or(-1, |header| header.revision);
        if response.created {
            return self.note_created(response, revision);
        }
        if response.canceled {
            let item = Item::Canceled {
                revision,
                compact_revision: response.compact_revision,
                reason: response.cancel_reason,
            };
            self.canceled.entry(id).or_default().push(item.clone());
            self.items.entry(id).or_default().push(item);
            self.states.remove(&id);
            return;
        }
        if id == NO_WATCH {
            self.progress.push(revision);
            return;
        }
        if response.events.is_empty() {
            self.notified.insert(id, revision);
            return;
        }
        self.note_events(id, revision, response);
    }

    fn note_created(&mut self, response: WatchResponse, revision: i64) {
        let place = self.created.len();
        let item = Item::Created {
            revision: (!self.timed.contains(&place)).then_some(revision),
            canceled: response.canceled,
            compact_revision: response.compact_revision,
            reason: response.cancel_reason,
        };
        let id = response.watch_id;
        self.created.push(item.clone());
        self.items.entry(id).or_default().push(item);
        if !response.canceled {
            let state = WatchState {
                fragments: self.fragments.get(place).copied().unwrap_or_default(),
                ..WatchState::default()
            };
            self.states.insert(id, state);
        }
        if !response.events.is_empty() {
            self.fault(id, "events in a created reply".to_owned());
        }
    }

    fn note_events(&mut self, id: i64, revision: i64, response: WatchResponse) {
        let mut faults = Vec::new();
        match self.states.get_mut(&id) {
            Some(state) => state.check(revision, &response, &mut faults),
            None => faults.push("a reply for a watch that is not there".to_owned()),
        }
        let items = self.items.entry(id).or_default();
        items.extend(response.events.into_iter().map(Item::Event));
        for text in faults {
            self.fault(id, text);
        }
    }

    fn fault(&mut self, id: i64, text: String) {
        self.items.entry(id).or_default().push(Item::Fault(text));
    }
}

impl WatchState {
    fn check(&mut self, revision: i64, response: &WatchResponse, faults: &mut Vec<String>) {
        if response.fragment && !self.fragments {
            faults.push("a fragment that was not asked for".to_owned());
        }
        let continues = self.in_fragments;
        for event in &response.events {
            let at = event.kv.as_ref().map_or(0, |kv| kv.mod_revision);
            if at < self.newest {
                faults.push(format!("revision {at} after {}", self.newest));
            }
            if at <= self.done && !continues {
                faults.push(format!("revision {at} split over two responses"));
            }
            if at > revision {
                faults.push(format!("revision {at} under a header of {revision}"));
            }
            self.newest = self.newest.max(at);
        }
        self.in_fragments = response.fragment;
        if !response.fragment {
            self.done = self.newest;
        }
    }
}

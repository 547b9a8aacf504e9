//! Watches as they come over the wire, and what must be true of them at every moment.
//!
//! All that is watched here begins with [`PREFIX`], nothing else is written meanwhile, and each
//! write has a revision of its own. So a watch has a gap, repeats itself or goes back in time if and
//! only if its events are not at one revision after the other.

use std::time::Duration;

use proto::etcdserverpb as pb;
use proto::etcdserverpb::watch_client::WatchClient;
use proto::etcdserverpb::watch_request::RequestUnion;
use proto::mvccpb::Event;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Channel;

use super::writers::PREFIX;
use crate::client::LIMIT;

/// Requests that wait to be sent at most: those that open watches, and some questions.
const REQUESTS: usize = 64;
/// The watch id of an answer that is for all watches of a stream.
const ALL: i64 = -1;

/// One stream with some watches.
pub(super) struct Watching {
    requests: mpsc::Sender<pb::WatchRequest>,
    responses: Streaming<pb::WatchResponse>,
    /// Where each watch began.
    starts: Vec<i64>,
    /// What each has told.
    pub(super) events: Vec<Vec<Event>>,
    /// How far each has come, as events and notices of progress tell.
    pub(super) told: Vec<i64>,
    /// Where a watch was ended, because what it was to tell next is forgotten.
    pub(super) compacted: Option<i64>,
    /// How many notices of progress came.
    pub(super) notices: usize,
}

impl Watching {
    /// Opens a stream with one watch for each start, and waits until all are there.
    pub(super) async fn all(to: &Channel, starts: &[i64]) -> Watching {
        let (requests, queue) = mpsc::channel(REQUESTS);
        for (id, start) in (1_i64..).zip(starts) {
            let create = pb::WatchCreateRequest {
                key: PREFIX.into(),
                range_end: "w0".into(),
                start_revision: *start,
                watch_id: id,
                progress_notify: true,
                ..Default::default()
            };
            let request = RequestUnion::CreateRequest(create);
            requests.send(request_of(request)).await.unwrap();
        }
        // A response may hold all that was missed.
        let client = WatchClient::new(to.clone());
        let mut client = client.max_decoding_message_size(usize::MAX);
        let stream = client.watch(ReceiverStream::new(queue));
        let responses = stream.await.unwrap().into_inner();
        let mut watching = Watching {
            requests,
            responses,
            // An empty store is at revision 1 already.
            starts: starts.iter().map(|start| *start.max(&2)).collect(),
            events: vec![Vec::new(); starts.len()],
            told: starts.iter().map(|start| *start.max(&2) - 1).collect(),
            compacted: None,
            notices: 0,
        };
        for _ in starts {
            while !watching.next().await.created {}
        }
        watching
    }

    /// Asks how far all watches of the stream have come. A question more or less does not matter.
    pub(super) fn ask(&self) {
        let request = RequestUnion::ProgressRequest(pb::WatchProgressRequest {});
        let _ = self.requests.try_send(request_of(request));
    }

    /// Reads until each watch has come to a revision, or one was ended.
    pub(super) async fn until(&mut self, revision: i64) {
        while self.compacted.is_none() && self.told.iter().any(|told| *told < revision) {
            self.next().await;
        }
    }

    /// Reads until one watch has come to a revision.
    pub(super) async fn until_of(&mut self, watch: usize, revision: i64) {
        while self.compacted.is_none() && self.told[watch] < revision {
            self.next().await;
        }
    }

    /// Reads for a while.
    pub(super) async fn read_for(&mut self, time: Duration) {
        let reading = async {
            loop {
                self.next().await;
            }
        };
        // What is cut off is only the wait for the next response.
        let _: Result<(), _> = tokio::time::timeout(time, reading).await;
    }

    /// Reads one response, and looks whether it may come now.
    pub(super) async fn next(&mut self) -> pb::WatchResponse {
        let message = tokio::time::timeout(LIMIT, self.responses.message()).await;
        let message = message.unwrap_or_else(|_| panic!("no more comes, {}", self.place()));
        let response = message.unwrap().expect("nobody has closed the stream");
        let revision = response.header.as_ref().unwrap().revision;
        if response.created {
            return response;
        }
        if response.canceled {
            assert!(response.compact_revision > 0, "ended: {response:?}");
            self.compacted = Some(response.compact_revision);
            return response;
        }
        if response.events.is_empty() {
            self.notices += 1;
            for watch in 0..self.starts.len() {
                if response.watch_id == ALL || response.watch_id == watch_id(watch) {
                    self.notice(watch, revision);
                }
            }
            return response;
        }
        let watch = usize::try_from(response.watch_id - 1).unwrap();
        for event in &response.events {
            let at = event.kv.as_ref().unwrap().mod_revision;
            let next = self.told[watch] + 1;
            assert_eq!(at, next, "watch {watch} tells {event:?}; {}", self.place());
            self.told[watch] = at;
        }
        self.events[watch].extend(response.events.iter().cloned());
        response
    }

    /// A notice of progress says that all was told up to a revision. A watch of the future has
    /// nothing to tell until there.
    fn notice(&self, watch: usize, revision: i64) {
        let told = self.told[watch];
        let future = told < self.starts[watch] && revision < self.starts[watch];
        assert!(
            told == revision || future,
            "watch {watch} calls itself complete up to {revision}; {}",
            self.place()
        );
    }

    fn place(&self) -> String {
        format!("began at {:?}, has told up to {:?}", self.starts, self.told)
    }
}

fn watch_id(watch: usize) -> i64 {
    i64::try_from(watch).unwrap() + 1
}

fn request_of(union: RequestUnion) -> pb::WatchRequest {
    pb::WatchRequest {
        request_union: Some(union),
    }
}

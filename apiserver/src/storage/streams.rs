//! The store's stream of changes.

use bytes::Bytes;
use proto::etcdserverpb::watch_request::RequestUnion;
use proto::etcdserverpb::{WatchCreateRequest, WatchProgressRequest, WatchRequest, WatchResponse};
use proto::mvccpb::event::EventType;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{Store, StoreError, Stored};

/// Requests that wait to be sent on one stream: its own creation, and questions how far it is.
const REQUESTS_MAX: usize = 16;

/// A key was written or deleted.
#[derive(Clone, Debug)]
pub enum Change {
    /// It has this value now.
    Put(Stored),
    /// It is gone, since that revision.
    Delete {
        /// The whole key.
        key: Bytes,
        /// When.
        revision: i64,
    },
}

/// What a stream tells.
#[derive(Clone, Debug)]
pub struct Told {
    /// The changes, in the order of their revisions.
    pub changes: Vec<Change>,
    /// All changes up to this revision have been told.
    pub revision: i64,
}

/// A stream of the changes under a prefix.
pub struct Watching {
    requests: mpsc::Sender<WatchRequest>,
    answers: tonic::Streaming<WatchResponse>,
}

/// Asks a stream how far it is. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Nudge(mpsc::Sender<WatchRequest>);

impl Nudge {
    /// Has the store tell its revision on the stream. More questions than it can take are one.
    pub fn ask(&self) {
        let request = RequestUnion::ProgressRequest(WatchProgressRequest {});
        let _ = self.0.try_send(WatchRequest {
            request_union: Some(request),
        });
    }
}

impl Store {
    /// The changes from `revision` on of all keys from `start` to before `end`.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn watch(
        &self,
        start: &[u8],
        end: &[u8],
        revision: i64,
    ) -> Result<Watching, StoreError> {
        let (requests, waiting) = mpsc::channel(REQUESTS_MAX);
        let create = RequestUnion::CreateRequest(WatchCreateRequest {
            key: Bytes::copy_from_slice(start),
            range_end: Bytes::copy_from_slice(end),
            start_revision: revision,
            progress_notify: true,
            ..WatchCreateRequest::default()
        });
        let create = WatchRequest {
            request_union: Some(create),
        };
        requests
            .try_send(create)
            .map_err(|_| StoreError::Other("a new stream takes no request".to_owned()))?;
        let mut client = self.watch.clone();
        let answers = client
            .watch(ReceiverStream::new(waiting))
            .await?
            .into_inner();
        Ok(Watching { requests, answers })
    }
}

impl Watching {
    /// To ask it how far it is.
    #[must_use]
    pub fn nudge(&self) -> Nudge {
        Nudge(self.requests.clone())
    }

    /// What it tells next.
    ///
    /// # Errors
    /// The stream has ended: the revision it was to begin at is gone, or the store.
    pub async fn next(&mut self) -> Result<Told, StoreError> {
        loop {
            let answer = self.answers.message().await?;
            let Some(answer) = answer else {
                return Err(StoreError::Unavailable("the watch has ended".to_owned()));
            };
            if answer.compact_revision > 0 {
                return Err(StoreError::Compacted);
            }
            if answer.canceled {
                return Err(StoreError::Unavailable(answer.cancel_reason));
            }
            if answer.created {
                continue;
            }
            let revision = answer.header.map_or(0, |header| header.revision);
            let changes: Vec<Change> = answer.events.into_iter().filter_map(change).collect();
            // What tells of changes may have been put together while later ones were made already.
            let last = changes.last().map(Change::revision);
            return Ok(Told {
                revision: last.unwrap_or(revision),
                changes,
            });
        }
    }
}

impl Change {
    /// When.
    #[must_use]
    pub fn revision(&self) -> i64 {
        match self {
            Self::Put(stored) => stored.revision,
            Self::Delete { revision, .. } => *revision,
        }
    }
}

fn change(event: proto::mvccpb::Event) -> Option<Change> {
    let kind = event.r#type();
    let kv = event.kv?;
    Some(match kind {
        EventType::Put => Change::Put(Stored {
            key: kv.key,
            value: kv.value,
            revision: kv.mod_revision,
            lease: kv.lease,
        }),
        EventType::Delete => Change::Delete {
            key: kv.key,
            revision: kv.mod_revision,
        },
    })
}

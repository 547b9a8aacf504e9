//! WATCH: the events of a collection, one frame each, for as long as the client likes.
//!
//! A watcher is a cursor into the ring of its bucket; it makes its frames when the connection takes them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use tokio::sync::watch as signal;
use tokio::time::Instant;

use super::list::{Selector, freshen};
use super::options::{ListOptions, Version};
use crate::cache::{Cache, Cursor, Entry, Event, EventKind, Expired};
use crate::call::Call;
use crate::fault::{Result, Status};

/// Events that are made into frames at once.
const BATCH: usize = 64;
/// How often a watcher that has nothing to see hears how far the server is.
const BOOKMARKS_EVERY: Duration = Duration::from_secs(60);

/// What an event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The object is there, or has come to be meant.
    Added,
    /// It has changed.
    Modified,
    /// It is gone, or not meant any more.
    Deleted,
    /// Nothing but how far the server is.
    Bookmark,
    /// The watch ends.
    Error,
}

impl Kind {
    /// As events write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
            Self::Bookmark => "BOOKMARK",
            Self::Error => "ERROR",
        }
    }
}

/// What a frame is made of.
#[derive(Debug)]
pub enum Content<'a> {
    /// An object of the cache.
    Object(&'a Entry),
    /// How far the server is, and whether the watcher has now seen all that was there.
    Bookmark {
        /// The revision.
        revision: i64,
        /// The end of the objects that were there at first.
        is_initial_end: bool,
    },
    /// Why it ends.
    Fault(&'a Status),
}

/// Makes frames in the form that the client wants.
pub trait Framer: Send + 'static {
    /// One frame.
    fn frame(&mut self, kind: Kind, content: &Content<'_>) -> Bytes;
}

/// A watch under way.
struct Watch<F> {
    cache: Arc<Cache>,
    selector: Selector,
    framer: F,
    cursor: Cursor,
    /// Objects that were there at first and are still to be told.
    initial: VecDeque<Arc<Entry>>,
    /// The bookmark at their end is still to come, of this revision.
    initial_end: Option<i64>,
    bookmarks: bool,
    /// The revision of the last bookmark or event.
    told: i64,
    next_bookmark: Instant,
    end: Instant,
    stop: signal::Receiver<bool>,
    is_over: bool,
}

/// Begins to watch a collection.
///
/// # Errors
/// The version asked for is too old or lies ahead.
pub async fn watch<F: Framer>(
    cache: &Arc<Cache>,
    call: &Call,
    options: &ListOptions,
    selector: Selector,
    framer: F,
    lasts: Duration,
    stop: signal::Receiver<bool>,
) -> Result<impl Stream<Item = Bytes> + Send + use<F>> {
    let bucket = cache.bucket(&call.endpoint.folder);
    let wants_initial = match (options.initial, options.version) {
        (Some(initial), _) => initial,
        // Without a version all that is there comes first.
        (None, Version::Latest | Version::Any) => true,
        (None, _) => false,
    };
    let mut initial = VecDeque::new();
    let mut initial_end = None;
    let cursor = if wants_initial {
        freshen(cache, options.version).await?;
        let snapshot = cache.snapshot(&call.endpoint.folder);
        let meant = snapshot
            .from(&selector.prefix, "")
            .filter(|entry| selector.matches(entry));
        initial.extend(meant.cloned());
        if options.initial == Some(true) && options.bookmarks {
            initial_end = Some(snapshot.revision);
        }
        bucket.follow_on(&snapshot)
    } else {
        let from = match options.version {
            Version::NotOlder(revision) | Version::Exact(revision) => revision,
            Version::Latest | Version::Any => {
                freshen(cache, options.version).await?;
                cache.revision()
            }
        };
        cache.filled().await;
        bucket
            .follow(from)
            .map_err(|expired| Status::expired(expired.to_string()))?
    };
    let watch = Watch {
        cache: cache.clone(),
        selector,
        framer,
        cursor,
        initial,
        initial_end,
        bookmarks: options.bookmarks,
        told: 0,
        next_bookmark: Instant::now() + BOOKMARKS_EVERY,
        end: Instant::now() + lasts,
        stop,
        is_over: false,
    };
    Ok(futures::stream::unfold(watch, |mut watch| async {
        let frames = watch.next().await?;
        Some((frames, watch))
    }))
}

impl<F: Framer> Watch<F> {
    /// The next frames, in one piece; nothing at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.is_over {
                return None;
            }
            if let Some(frames) = self.initial_frames() {
                return Some(frames);
            }
            match self.cursor.take(BATCH) {
                Err(expired) => {
                    self.is_over = true;
                    return Some(self.expired(expired));
                }
                Ok(events) if !events.is_empty() => {
                    let frames = self.event_frames(&events);
                    if !frames.is_empty() {
                        return Some(frames);
                    }
                    continue;
                }
                Ok(_) => {}
            }
            let now = Instant::now();
            if now >= self.end {
                self.is_over = true;
                // Whoever comes again begins from here.
                return self.bookmarks.then(|| self.bookmark());
            }
            if self.bookmarks && now >= self.next_bookmark {
                self.next_bookmark = now + BOOKMARKS_EVERY;
                return Some(self.bookmark());
            }
            let until = if self.bookmarks {
                self.end.min(self.next_bookmark)
            } else {
                self.end
            };
            tokio::select! {
                () = self.cursor.more() => {}
                () = tokio::time::sleep_until(until) => {}
                _ = self.stop.wait_for(|stopped| *stopped) => self.is_over = true,
            }
        }
    }

    fn initial_frames(&mut self) -> Option<Bytes> {
        if self.initial.is_empty() && self.initial_end.is_none() {
            return None;
        }
        let mut frames = Vec::new();
        for entry in self.initial.drain(..self.initial.len().min(BATCH)) {
            frames.push(self.framer.frame(Kind::Added, &Content::Object(&entry)));
        }
        if self.initial.is_empty()
            && let Some(revision) = self.initial_end.take()
        {
            self.told = revision;
            let content = Content::Bookmark {
                revision,
                is_initial_end: true,
            };
            frames.push(self.framer.frame(Kind::Bookmark, &content));
        }
        Some(joined(frames))
    }

    fn event_frames(&mut self, events: &[Arc<Event>]) -> Bytes {
        let mut frames = Vec::new();
        for event in events {
            let Some(kind) = self.kind(event) else {
                continue;
            };
            self.told = event.revision;
            let left = (kind == Kind::Deleted && event.kind != EventKind::Deleted)
                .then(|| event.before_as_of());
            let object = left.flatten();
            let object = object.as_ref().unwrap_or(&event.object);
            frames.push(self.framer.frame(kind, &Content::Object(object)));
        }
        joined(frames)
    }

    /// What an event is to this watcher: an object that comes to be meant is added, one that is not any
    /// more is deleted.
    fn kind(&self, event: &Event) -> Option<Kind> {
        let was = event
            .before
            .as_ref()
            .is_some_and(|before| self.selector.matches(before));
        let is = event.kind != EventKind::Deleted && self.selector.matches(&event.object);
        match (was, is) {
            (false, false) => None,
            (false, true) => Some(Kind::Added),
            (true, true) => Some(Kind::Modified),
            (true, false) => Some(Kind::Deleted),
        }
    }

    fn bookmark(&mut self) -> Bytes {
        // Nothing of this bucket is missing up to here: the cursor was at its end after that was read.
        let revision = self.cursor.reached(self.cache.revision());
        self.told = revision;
        let content = Content::Bookmark {
            revision,
            is_initial_end: false,
        };
        self.framer.frame(Kind::Bookmark, &content)
    }

    fn expired(&mut self, expired: Expired) -> Bytes {
        let fault = Status::expired(expired.to_string());
        self.framer.frame(Kind::Error, &Content::Fault(&fault))
    }
}

fn joined(frames: Vec<Bytes>) -> Bytes {
    match frames.len() {
        0 => Bytes::new(),
        1 => frames.into_iter().next().unwrap_or_default(),
        _ => {
            let mut all = Vec::with_capacity(frames.iter().map(Bytes::len).sum());
            for frame in frames {
                all.extend_from_slice(&frame);
            }
            all.into()
        }
    }
}

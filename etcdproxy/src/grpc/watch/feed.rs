//! One watch of the members, which goes on where it was when its member is lost.

use std::sync::Arc;
use std::time::Duration;

use proto::etcdserverpb as pb;
use tokio_stream::StreamExt as _;
use tonic::{Code, Status, Streaming};

use super::super::caller::Caller;
use super::super::upstream::{Watching, settle};
use super::group::{Feed, Outcome};
use super::ranges::{Range, Ranges};

/// Pause before a lost watch is opened again.
const PAUSE: Duration = Duration::from_millis(100);

/// Feeds watchers for as long as there are any.
pub(super) async fn run(ranges: Arc<Ranges>, range: Range, feed: Feed, caller: Caller) {
    while let Some(next) = ranges.next(&range, feed) {
        let why = match open(&ranges, &range, next, &caller).await {
            Ok(mut watching) => {
                match pass_on(&ranges, &range, feed, &mut watching.responses).await {
                    None => return,
                    Some(why) => settle(&watching.seat, why),
                }
            }
            Err(why) => why,
        };
        tracing::debug!(feed, next, error = %why, "a watch is opened again");
        // As for etcd's client only what is the member's own affair passes by itself.
        if !matches!(why.code(), Code::Unavailable | Code::Internal) {
            let canceled = pb::WatchResponse {
                header: Some(pb::ResponseHeader::default()),
                canceled: true,
                cancel_reason: why.message().to_owned(),
                ..Default::default()
            };
            ranges.deliver(&range, feed, &canceled);
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn open(
    ranges: &Ranges,
    range: &Range,
    next: i64,
    caller: &Caller,
) -> Result<Watching, Status> {
    let (mut key, mut end) = (range.key.clone(), range.end.clone());
    ranges.kv.namespace.range(&mut key, &mut end);
    let create = pb::WatchCreateRequest {
        key,
        range_end: end,
        start_revision: next,
        progress_notify: true,
        prev_kv: true,
        ..Default::default()
    };
    ranges.kv.upstream.watch(caller, create).await
}

/// Passes responses on; gives why they ended, nothing if nobody needs them.
async fn pass_on(
    ranges: &Ranges,
    range: &Range,
    feed: Feed,
    responses: &mut Streaming<pb::WatchResponse>,
) -> Option<Status> {
    loop {
        let mut response = match responses.next().await {
            Some(Ok(response)) => response,
            Some(Err(why)) => return Some(why),
            None => return Some(Status::unavailable("the member ended the watch")),
        };
        ranges.kv.namespace.events(&mut response);
        if ranges.deliver(range, feed, &response) == Outcome::Over {
            return None;
        }
    }
}

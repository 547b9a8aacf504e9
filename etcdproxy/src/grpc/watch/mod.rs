//! Watches: clients that watch the same range share one watch of the members.
//!
//! ```text
//! client stream ─ stream ─▶ ranges ─ group ─▶ feed ══ one watch of a member ══▶
//!               ◀─────────  deliver: each watcher by its own revision and filters
//! ```
//!
//! [`group`] decides, purely, which watch a watcher shares: one that is not ahead of it. [`feed`] keeps
//! a watch open, over the loss of members. [`stream`] is one client's stream.

mod feed;
mod group;
mod ranges;
mod stream;

use std::sync::Arc;

use proto::etcdserverpb as pb;
use store::metrics::Metrics;
use tonic::{Request, Response, Status, Streaming};

use self::ranges::Ranges;
use super::caller::{Caller, no_leader};
use super::kv::Kv;
use super::leader::Leader;

/// Watch as a service.
pub(super) struct Service {
    kv: Arc<Kv>,
    ranges: Arc<Ranges>,
    leader: Arc<Leader>,
}

impl Service {
    pub(super) fn new(kv: Arc<Kv>, leader: Arc<Leader>, metrics: Arc<Metrics>) -> Self {
        let ranges = Arc::new(Ranges::new(Arc::clone(&kv), metrics));
        Self { kv, ranges, leader }
    }
}

#[tonic::async_trait]
impl pb::watch_server::Watch for Service {
    type WatchStream = stream::Responses;

    async fn watch(
        &self,
        request: Request<Streaming<pb::WatchRequest>>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let caller = Caller::of(&request);
        let lost = caller.requires_leader().then(|| self.leader.lost());
        if lost.as_ref().is_some_and(|lost| lost.is_now()) {
            return Err(no_leader());
        }
        let responses = stream::serve(
            Arc::clone(&self.kv),
            Arc::clone(&self.ranges),
            caller.lasting(),
            request.into_inner(),
            lost,
        );
        Ok(Response::new(responses))
    }
}

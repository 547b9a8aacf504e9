//! Whether the cluster has a leader, for streams that must not outlive it.
//!
//! A watch of a revision that never comes is kept open at a member, on the condition that there is a
//! leader. A member that knows of none ends it; that a member is lost says nothing of the leader, and
//! another one is asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::etcdserverpb as pb;
use tokio::sync::watch;
use tokio_stream::StreamExt as _;

use super::caller::{Caller, no_leader};
use super::upstream::{Upstream, settle};

/// The key that is watched; the same as etcd's proxy takes.
const KEY: &[u8] = b"__lostleader";
/// A revision that never comes.
const NEVER: i64 = i64::MAX - 2;
/// Pause between attempts; etcd makes ten a second.
const PAUSE: Duration = Duration::from_millis(100);
/// How long members may know of no leader before it counts: an election is no loss. A member itself
/// waits for three election time-outs before it ends a watch that is open.
const GRACE: Duration = Duration::from_secs(3);

/// See the module. A leader is taken for lost until a member says otherwise.
pub(super) struct Leader {
    has_one: watch::Receiver<bool>,
}

/// Tells when the leader is lost.
pub(super) struct Lost(watch::Receiver<bool>);

impl Lost {
    /// Whether it is now.
    pub(super) fn is_now(&self) -> bool {
        !*self.0.borrow()
    }

    /// Waits until it is.
    pub(super) async fn wait(mut self) {
        // Whoever could tell being gone is no loss of the leader.
        if self.0.wait_for(|has_one| !has_one).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Leader {
    /// Begins to watch.
    pub(super) fn new(upstream: Arc<Upstream>) -> Self {
        let (sender, has_one) = watch::channel(false);
        tokio::spawn(async move {
            let mut unknown_since = None;
            loop {
                let is_lost = match follow(&upstream, &sender).await {
                    End::Lost => {
                        unknown_since = None;
                        false
                    }
                    End::NoLeader => true,
                    End::NotOpened => {
                        unknown_since.get_or_insert_with(Instant::now).elapsed() >= GRACE
                    }
                };
                if is_lost {
                    sender.send_replace(false);
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { has_one }
    }

    pub(super) fn lost(&self) -> Lost {
        Lost(self.has_one.clone())
    }
}

/// Why a watch ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// A member has known of no leader for long.
    NoLeader,
    /// No member took it: there is no leader just now, or no member, which comes to the same.
    NotOpened,
    /// The member went.
    Lost,
}

/// Watches at one member until that ends.
async fn follow(upstream: &Upstream, has_one: &watch::Sender<bool>) -> End {
    let create = pb::WatchCreateRequest {
        key: KEY.into(),
        start_revision: NEVER,
        ..Default::default()
    };
    let opened = upstream.watch(&Caller::with_leader(), create).await;
    let Ok(mut watching) = opened else {
        return End::NotOpened;
    };
    while let Some(response) = watching.responses.next().await {
        match response {
            Ok(response) if response.canceled => return End::NoLeader,
            Ok(_) => {
                has_one.send_replace(true);
            }
            Err(why) => {
                let is_told = why.message() == no_leader().message();
                settle(&watching.seat, why);
                return if is_told { End::NoLeader } else { End::Lost };
            }
        }
    }
    End::Lost
}

//! All other members.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use proto::peer::peer_server::PeerServer;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tonic::Status;

use super::Local;
use super::dial::{Client, Dialer, MESSAGE_BYTES_MAX, Patience};
use super::kind::Kind;
use super::lane::Lane;
use super::link::Link;
use super::renew::Renewals;
use super::service::{Inbounds, Service};
use super::snapshot;
use crate::config::Url;
use crate::metrics::{Latency, Metrics};
use crate::raft::Outbox;

/// Members that are written to before the cluster's state names them, at most: those who wrote
/// first. More than a few mean that somebody plays.
const REMOTES_MAX: usize = 16;

/// Who this member is, and how patient.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The cluster.
    pub cluster_id: u64,
    /// This member.
    pub member_id: u64,
    /// How long a connection may take to come about.
    pub dial_timeout: Duration,
    /// How long another member may be silent (`--raft-read-timeout`).
    pub read_timeout: Duration,
    /// How long it may take no messages while some wait (`--raft-write-timeout`).
    pub write_timeout: Duration,
    /// TLS to those whose URLs ask for it.
    pub dialer: Dialer,
}

impl Settings {
    pub(super) fn patience(&self) -> Patience {
        Patience {
            dial: self.dial_timeout,
            silence: self.read_timeout,
        }
    }
}

/// What all streams share.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) metrics: Arc<Metrics>,
    local: RwLock<Option<Arc<dyn Local>>>,
    own_urls: RwLock<Vec<String>>,
}

impl Shared {
    /// The member; nothing before the start and after the stop.
    pub(super) fn local(&self) -> Option<Arc<dyn Local>> {
        self.local.read().clone()
    }

    /// Whether the member has many requests under way.
    pub(super) fn is_busy(&self) -> bool {
        let local = self.local.read();
        local.as_ref().is_some_and(|local| local.is_busy())
    }

    pub(super) fn own_urls(&self) -> Vec<String> {
        self.own_urls.read().clone()
    }

    /// A member that was reached is gone with its process.
    pub(super) fn vanished(&self, link: &Link) {
        if let Some(local) = self.local() {
            local.vanished(link.id);
        }
    }

    /// Messages to a member were dropped, or would be.
    pub(super) fn dropped(&self, link: &Link, count: usize) {
        link.figures.sent_failures.inc_by(count as u64);
        if let Some(local) = self.local() {
            local.unreachable(link.id);
        }
    }
}

/// The other members and the streams to them; see the module.
pub struct Peers {
    pub(super) shared: Arc<Shared>,
    pub(super) inbounds: Inbounds,
    renewals: Arc<Renewals>,
    links: RwLock<HashMap<u64, Entry>>,
    runtime: Handle,
    /// Serializes changes of the links.
    changing: Mutex<()>,
}

struct Entry {
    link: Arc<Link>,
    /// Not named by the cluster's state: it wrote first.
    is_remote: bool,
    lanes: [AbortHandle; 2],
}

impl Drop for Entry {
    fn drop(&mut self) {
        for lane in &self.lanes {
            lane.abort();
        }
        self.link.end_transfer();
    }
}

impl Peers {
    /// A transport without members; its tasks run on `runtime`.
    pub fn new(settings: Settings, metrics: Arc<Metrics>, runtime: Handle) -> Arc<Self> {
        Arc::new(Self {
            shared: Arc::new(Shared {
                settings,
                metrics,
                local: RwLock::new(None),
                own_urls: RwLock::new(Vec::new()),
            }),
            inbounds: Inbounds::default(),
            renewals: Arc::default(),
            links: RwLock::new(HashMap::new()),
            runtime,
            changing: Mutex::new(()),
        })
    }

    /// From now on what comes in goes to `local`. Until then calls of other members are put off.
    pub fn start(&self, local: Arc<dyn Local>) {
        *self.shared.local.write() = Some(local);
    }

    /// Ends all streams and lets go of the member.
    pub fn stop(&self) {
        let _changing = self.changing.lock();
        *self.shared.local.write() = None;
        self.links.write().clear();
        self.inbounds.end_all();
    }

    /// The gRPC service for the listeners of `--listen-peer-urls`.
    pub fn routes(self: &Arc<Self>) -> tonic::service::Routes {
        let service = PeerServer::new(Service::new(self.clone()));
        tonic::service::Routes::new(service.max_decoding_message_size(MESSAGE_BYTES_MAX))
    }

    /// Makes the links those of the cluster's members: id and peer URLs, this member among them.
    /// Streams to and from members that are none any more end.
    pub fn set_members(&self, members: &[(u64, Vec<String>)]) {
        let _changing = self.changing.lock();
        let own = self.shared.settings.member_id;
        let local = self.shared.local();
        let is_removed = |id| local.as_ref().is_some_and(|local| local.is_removed(id));
        if let Some((_, urls)) = members.iter().find(|(id, _)| *id == own) {
            self.shared.own_urls.write().clone_from(urls);
        }
        let is_member = |id: u64| members.iter().any(|(member, _)| *member == id);
        let gone: Vec<u64> = {
            let links = self.links.read();
            let gone = links
                .iter()
                .filter(|(id, entry)| !is_member(**id) && (!entry.is_remote || is_removed(**id)));
            gone.map(|(id, _)| *id).collect()
        };
        for id in gone {
            self.remove(id);
        }
        for (id, urls) in members.iter().filter(|(id, _)| *id != own) {
            self.set(*id, urls, false);
        }
    }

    /// How soon a member answers, and how many messages to it were dropped; nothing of one that is not
    /// known.
    pub fn exchanged(&self, id: u64) -> Option<(Latency, u64)> {
        let link = self.links.read().get(&id).map(|entry| entry.link.clone())?;
        let latency = *link.figures.latency.lock();
        Some((latency, link.figures.sent_failures.get()))
    }

    /// Since when a member is reached; nothing while it is not.
    pub fn active_since(&self, id: u64) -> Option<Instant> {
        self.links.read().get(&id)?.link.active_since()
    }

    /// The calls to a member, while it is reached.
    pub fn client(&self, id: u64) -> Option<Client> {
        self.links.read().get(&id)?.link.client()
    }

    /// Has the leader renew a lease: its time to live, 0 if it is not there. Renewals that come while
    /// others are under way go together. Must run inside the runtime.
    ///
    /// # Errors
    /// The leader is not reached, or is none any more; [`Status`] as it came from there.
    pub async fn renew(&self, leader: u64, id: i64) -> Result<i64, Status> {
        let client = self.client(leader).ok_or_else(unreached)?;
        self.renewals.renew(leader, client, id).await
    }

    /// A member has opened a stream to this one.
    pub(super) fn heard(&self, id: u64, urls: &[String]) {
        if let Some(entry) = self.links.read().get(&id) {
            entry.link.heard.send_replace(());
            return;
        }
        // This member lags behind: the sender was added by changes it has not seen. To answer, it
        // has to know the way.
        let _changing = self.changing.lock();
        let remotes = self.links.read().values().filter(|e| e.is_remote).count();
        let is_known = self.links.read().contains_key(&id);
        if !is_known && remotes < REMOTES_MAX && !urls.is_empty() {
            self.set(id, urls, true);
        }
    }

    fn remove(&self, id: u64) {
        let entry = self.links.write().remove(&id);
        self.inbounds.end(id);
        let Some(entry) = entry else { return };
        drop(entry);
        self.shared
            .metrics
            .peer
            .forget(self.shared.settings.member_id, id);
        tracing::info!(
            "local-member-id" = %format_args!("{:x}", self.shared.settings.member_id),
            "removed-remote-peer-id" = %format_args!("{id:x}"),
            "removed remote peer"
        );
    }

    /// Adds a link, or gives one other URLs.
    fn set(&self, id: u64, urls: &[String], is_remote: bool) {
        let parsed: Vec<Url> = urls
            .iter()
            .filter_map(|url| {
                Url::parse(url)
                    .inspect_err(|error| tracing::warn!(url, error, "skipped a peer URL"))
                    .ok()
            })
            .collect();
        let own = self.shared.settings.member_id;
        let mut links = self.links.write();
        let message = if let Some(entry) = links.get_mut(&id) {
            entry.is_remote &= is_remote;
            if !entry.link.set_urls(parsed.into()) {
                return;
            }
            "updated remote peer"
        } else {
            let link = Arc::new(Link::new(own, id, parsed.into(), &self.shared.metrics));
            let lanes = [Kind::Control, Kind::Append].map(|kind| {
                let lane = Lane {
                    shared: self.shared.clone(),
                    link: link.clone(),
                    kind,
                };
                self.runtime.spawn(lane.run()).abort_handle()
            });
            let entry = Entry {
                link,
                is_remote,
                lanes,
            };
            links.insert(id, entry);
            "added remote peer"
        };
        drop(links);
        tracing::info!(
            "local-member-id" = %format_args!("{own:x}"),
            "remote-peer-id" = %format_args!("{id:x}"),
            "remote-peer-urls" = ?crate::logging::Json(urls),
            "{message}"
        );
    }

    fn push(&self, link: &Link, kind: Kind, messages: Vec<Bytes>) {
        let dropped = link.queue(kind).push(messages);
        if dropped == 0 {
            return;
        }
        if link.status.is_first_drop() {
            tracing::warn!(
                "local-member-id" = %format_args!("{:x}", self.shared.settings.member_id),
                "remote-peer-id" = %format_args!("{:x}", link.id),
                "remote-peer-name" = kind.name(),
                "dropped internal Raft message since sending buffer is full"
            );
        }
        self.shared.dropped(link, dropped);
    }
}

/// What a client learns of a member that is not reached.
fn unreached() -> Status {
    Status::unavailable("etcdserver: request timed out, possibly due to connection lost")
}

impl Outbox for Peers {
    fn send(&self, to: u64, messages: Vec<Bytes>) {
        let links = self.links.read();
        let Some(entry) = links.get(&to) else {
            tracing::debug!(
                "unknown-target-peer-id" = %format_args!("{to:x}"),
                "ignored message send request; unknown remote peer target"
            );
            return;
        };
        let link = entry.link.clone();
        drop(links);
        // Most rounds of raft have messages of one kind only for a member.
        let is_append = |message: &Bytes| Kind::of(message) == Kind::Append;
        let appends = messages.iter().filter(|message| is_append(message)).count();
        if appends == messages.len() {
            self.push(&link, Kind::Append, messages);
        } else if appends == 0 {
            self.push(&link, Kind::Control, messages);
        } else {
            let (appends, control) = messages.into_iter().partition(is_append);
            self.push(&link, Kind::Control, control);
            self.push(&link, Kind::Append, appends);
        }
    }

    fn send_snapshot(&self, to: u64, message: Bytes) {
        let link = self.links.read().get(&to).map(|entry| entry.link.clone());
        match (link, self.shared.local()) {
            (Some(link), Some(local)) => {
                let sending = snapshot::send(self.shared.clone(), link.clone(), local, message);
                link.set_transfer(self.runtime.spawn(sending).abort_handle());
            }
            (None, Some(local)) => local.snapshot_sent(to, false),
            // Stopped: nobody is left to be told.
            (_, None) => {}
        }
    }
}

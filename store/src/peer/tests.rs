//! Two and three transports over loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use proto::etcdserverpb as pb;
use proto::peer::{LeaseRenewResponse, MembersResponse, VersionRequest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::{Code, Status};

use super::*;
use crate::metrics::Metrics;
use crate::raft::Outbox as _;
use crate::serve::{self, Options, Services};
use crate::together::Together;

const CLUSTER: u64 = 0xc1;

/// Longer than anything here takes.
const DEADLINE: Duration = Duration::from_secs(20);

/// What a member was told.
#[derive(Default)]
struct Record {
    messages: Vec<(u64, Bytes)>,
    /// How many messages each step brought.
    steps: Vec<usize>,
    unreachable: Vec<u64>,
    removed: usize,
    /// How many leases each call renewed.
    renewals: Vec<usize>,
    snapshots_sent: Vec<(u64, bool)>,
    /// What was received of each transfer.
    snapshots: Vec<(u64, Vec<Bytes>)>,
}

/// A member that remembers.
#[derive(Default)]
struct Member {
    id: AtomicU64,
    record: Mutex<Record>,
    gone: Mutex<Vec<u64>>,
    /// While this is there and the other end lives, log entries are not taken.
    gate: Mutex<Option<std::sync::mpsc::Receiver<()>>>,
    /// While this is true, renewals are not answered.
    holds_renewals: tokio::sync::watch::Sender<bool>,
    /// While its other end lives, the next snapshot is not read.
    stuck: Mutex<Option<std::sync::mpsc::Receiver<()>>>,
}

impl Local for Member {
    fn step(&self, from: u64, messages: Vec<Bytes>) {
        if messages.iter().any(|message| message[1] == 3)
            && let Some(gate) = &*self.gate.lock()
        {
            // Not the worker itself: it may be the one that the others have left the sockets to.
            let _ = tokio::task::block_in_place(|| gate.recv());
        }
        let mut record = self.record.lock();
        record.steps.push(messages.len());
        record
            .messages
            .extend(messages.into_iter().map(|message| (from, message)));
    }

    fn unreachable(&self, id: u64) {
        self.record.lock().unreachable.push(id);
    }

    fn snapshot_sent(&self, to: u64, ok: bool) {
        self.record.lock().snapshots_sent.push((to, ok));
    }

    /// Frames of 1 MiB, as many as the message has bytes, behind what the other side asks for.
    fn send_snapshot(&self, to: u64, message: Bytes, mut frames: Frames) -> Result<(), String> {
        let first = frames.incoming.blocking_recv().ok_or("no position came")?;
        if first != format!("position of {to}") {
            return Err("an odd position came".into());
        }
        for number in 0..message.len() {
            let frame = vec![number as u8; 1024 * 1024].into();
            frames
                .outgoing
                .blocking_send(frame)
                .map_err(|_| "the way is gone")?;
        }
        Ok(())
    }

    fn receive_snapshot(&self, from: u64, mut frames: Frames) -> Result<(), String> {
        let own = self.id.load(Ordering::Relaxed);
        let position = format!("position of {own}").into();
        frames
            .outgoing
            .blocking_send(position)
            .map_err(|_| "the way is gone")?;
        if let Some(gate) = self.stuck.lock().take() {
            let _ = gate.recv();
        }
        let mut received = Vec::new();
        while let Some(frame) = frames.incoming.blocking_recv() {
            if frame[0] == 13 {
                return Err("an unlucky frame came".into());
            }
            received.push(frame);
        }
        self.record.lock().snapshots.push((from, received));
        Ok(())
    }

    fn renew(&self, ids: Vec<i64>) -> BoxFuture<'_, Result<LeaseRenewResponse, Status>> {
        async move {
            self.record.lock().renewals.push(ids.len());
            // So that others come meanwhile.
            let mut is_held = self.holds_renewals.subscribe();
            let _ = is_held.wait_for(|is_held| !is_held).await;
            if ids.contains(&-1) {
                return Err(Status::unknown("etcdserver: not leader"));
            }
            let ttls = ids.iter().map(|id| if *id == 40_404 { 0 } else { id * 10 });
            Ok(LeaseRenewResponse {
                ttls: ttls.collect(),
                term: 7,
            })
        }
        .boxed()
    }

    fn time_to_live(
        &self,
        request: pb::LeaseTimeToLiveRequest,
    ) -> BoxFuture<'_, Result<pb::LeaseTimeToLiveResponse, Status>> {
        let response = pb::LeaseTimeToLiveResponse {
            id: request.id,
            ttl: 5,
            keys: vec![Bytes::from("key")],
            ..Default::default()
        };
        std::future::ready(Ok(response)).boxed()
    }

    fn promote(
        &self,
        _: pb::MemberPromoteRequest,
    ) -> BoxFuture<'_, Result<pb::MemberPromoteResponse, Status>> {
        let text = "etcdserver: can only promote a learner member which is in sync with leader";
        std::future::ready(Err(Status::failed_precondition(text))).boxed()
    }

    fn members(&self) -> Result<MembersResponse, Status> {
        Ok(MembersResponse {
            cluster_id: CLUSTER,
            member_id: self.id.load(Ordering::Relaxed),
            members: vec![pb::Member {
                id: 9,
                is_learner: true,
                ..Default::default()
            }],
            removed: self.gone.lock().clone(),
            ..Default::default()
        })
    }

    fn cluster_version(&self) -> Option<String> {
        Some("3.7.0".into())
    }

    fn is_removed(&self, id: u64) -> bool {
        self.gone.lock().contains(&id)
    }

    fn removed(&self) {
        self.record.lock().removed += 1;
    }
}

/// A member with its listener.
struct Node {
    id: u64,
    address: SocketAddr,
    peers: Arc<Peers>,
    member: Arc<Member>,
    metrics: Arc<Metrics>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

fn settings(cluster_id: u64, member_id: u64) -> Settings {
    Settings {
        cluster_id,
        member_id,
        dial_timeout: Duration::from_secs(1),
        read_timeout: Duration::from_secs(1),
        write_timeout: Duration::from_secs(1),
        dialer: Dialer::default(),
    }
}

impl Node {
    fn start(cluster_id: u64, id: u64, port: u16) -> Self {
        let flags = [format!("--listen-peer-urls=http://127.0.0.1:{port}")];
        let config = crate::config::parse(&flags, &[]).result.unwrap();
        let bound = serve::bind_peers(&config).unwrap();
        let address = bound[0].local_addr().unwrap();
        let metrics = Arc::new(Metrics::new(false).unwrap());
        let peers = Peers::new(settings(cluster_id, id), metrics.clone(), Handle::current());
        let member = Arc::new(Member::default());
        member.id.store(id, Ordering::Relaxed);
        peers.start(member.clone());
        let services = Services {
            routes: peers.routes(),
            http: axum::Router::new(),
            metrics_http: axum::Router::new(),
            metrics: metrics.clone(),
            spans: None,
        };
        let (stop, stopped) = watch::channel(false);
        let options = Options::peers(&config);
        let serving = tokio::spawn(serve::run(bound, services, options, stopped));
        Self {
            id,
            address,
            peers,
            member,
            metrics,
            stop,
            serving,
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn knows(&self, others: &[&Node]) {
        let own = (self.id, vec![self.url()]);
        let others = others.iter().map(|node| (node.id, vec![node.url()]));
        let members: Vec<_> = std::iter::once(own).chain(others).collect();
        self.peers.set_members(&members);
    }

    async fn stop(self) {
        self.peers.stop();
        self.stop.send_replace(true);
        self.serving.await.unwrap();
    }

    fn received(&self) -> usize {
        self.member.record.lock().messages.len()
    }

    fn metric(&self, line: &str) -> f64 {
        let text = self.metrics.render().unwrap();
        let value = text.lines().find_map(|known| known.strip_prefix(line));
        value.map_or(0.0, |value| value.trim().parse().unwrap())
    }
}

/// Two members that reach each other.
async fn pair() -> (Node, Node) {
    let (a, b) = (Node::start(CLUSTER, 1, 0), Node::start(CLUSTER, 2, 0));
    a.knows(&[&b]);
    b.knows(&[&a]);
    until("both reach each other", || {
        a.peers.active_since(2).is_some() && b.peers.active_since(1).is_some()
    })
    .await;
    (a, b)
}

async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(
            began.elapsed() < DEADLINE,
            "{what}: not within {DEADLINE:?}"
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A message as raft encodes it: the type first.
fn message(kind: u8, number: u64, len: usize) -> Bytes {
    let mut bytes = vec![8, kind];
    bytes.extend(number.to_be_bytes());
    bytes.resize(len.max(10), 0);
    bytes.into()
}

fn append(number: u64, len: usize) -> Bytes {
    message(3, number, len)
}

fn heartbeat(number: u64) -> Bytes {
    message(8, number, 10)
}

fn number(message: &Bytes) -> u64 {
    u64::from_be_bytes(message[2..10].try_into().unwrap())
}

/// The numbers of what came of a kind, in order.
fn numbers(node: &Node, kind: u8) -> Vec<u64> {
    let record = node.member.record.lock();
    let of_kind = record
        .messages
        .iter()
        .filter(|(_, message)| message[1] == kind);
    of_kind.map(|(_, message)| number(message)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_keep_their_order_and_travel_in_batches() {
    let (a, b) = pair().await;
    const COUNT: u64 = 20_000;
    let peers = a.peers.clone();
    // From a thread of its own, as raft's.
    let sender = std::thread::spawn(move || {
        for n in 0..COUNT {
            peers.send(2, vec![append(n, 100), heartbeat(n)]);
        }
    });
    tokio::task::spawn_blocking(|| sender.join().unwrap())
        .await
        .unwrap();
    until("all came", || b.received() == 2 * COUNT as usize).await;
    let all: Vec<u64> = (0..COUNT).collect();
    assert_eq!(numbers(&b, 3), all);
    assert_eq!(numbers(&b, 8), all);
    let steps = b.member.record.lock().steps.len();
    assert!(steps < COUNT as usize, "{steps} steps");
    assert_eq!(
        a.metric(r#"etcd_network_peer_sent_bytes_total{To="2"}"#),
        110.0 * COUNT as f64
    );
    assert_eq!(
        b.metric(r#"etcd_network_peer_received_bytes_total{From="1"}"#),
        110.0 * COUNT as f64
    );
    assert_eq!(
        a.metric(r#"etcd_network_active_peers{Local="1",Remote="2"}"#),
        1.0
    );
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_message_may_be_larger_than_a_call() {
    let (a, b) = pair().await;
    // Larger than the queue, too.
    const LEN: usize = 40 * 1024 * 1024;
    a.peers.send(2, vec![append(1, 10), append(2, LEN)]);
    until("it came", || b.received() == 2).await;
    a.peers.send(2, vec![append(3, 10)]);
    until("more came", || b.received() == 3).await;
    assert_eq!(numbers(&b, 3), [1, 2, 3]);
    assert_eq!(b.member.record.lock().messages[1].1.len(), LEN);
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_member_that_comes_back_is_reached_again() {
    let (a, b) = pair().await;
    let port = b.address.port();
    b.stop().await;
    until("the loss is seen", || a.peers.active_since(2).is_none()).await;
    assert!(a.peers.client(2).is_none());
    assert_eq!(
        a.metric(r#"etcd_network_active_peers{Local="1",Remote="2"}"#),
        0.0
    );
    assert_eq!(
        a.metric(r#"etcd_network_disconnected_peers_total{Local="1",Remote="2"}"#),
        1.0
    );
    // While nobody is there, what is sent is dropped and reported.
    until("drops are reported", || {
        a.member.record.lock().unreachable.clear();
        a.peers.send(2, vec![heartbeat(0)]);
        a.member.record.lock().unreachable == [2]
    })
    .await;
    assert!(a.metric(r#"etcd_network_peer_sent_failures_total{To="2"}"#) > 0.0);
    let b = Node::start(CLUSTER, 2, port);
    b.knows(&[&a]);
    until("it is reached again", || a.peers.active_since(2).is_some()).await;
    until("messages come", || {
        a.peers.send(2, vec![append(1, 10), heartbeat(2)]);
        !numbers(&b, 3).is_empty() && !numbers(&b, 8).is_empty()
    })
    .await;
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn word_from_the_other_side_ends_the_pause() {
    let a = Node::start(CLUSTER, 1, 0);
    let b = Node::start(CLUSTER, 2, 0);
    // Nobody listens there: a pauses ever longer.
    let (url, listener) = (b.url(), b.address.port());
    b.stop().await;
    a.peers.set_members(&[(1, vec![a.url()]), (2, vec![url])]);
    until("many attempts failed", || {
        a.member.record.lock().unreachable.len() >= 14
    })
    .await;
    let b = Node::start(CLUSTER, 2, listener);
    b.knows(&[&a]);
    until("a reaches b", || a.peers.active_since(2).is_some()).await;
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn another_url_is_tried_when_one_fails() {
    let (a, b) = (Node::start(CLUSTER, 1, 0), Node::start(CLUSTER, 2, 0));
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead_url = format!("http://{}", dead.local_addr().unwrap());
    drop(dead);
    let urls = vec![dead_url.clone(), b.url()];
    a.peers.set_members(&[(1, vec![a.url()]), (2, urls)]);
    until("the second is used", || a.peers.active_since(2).is_some()).await;
    // The first never answered; the one in use stays when the other goes.
    a.peers
        .set_members(&[(1, vec![a.url()]), (2, vec![b.url()])]);
    a.peers.send(2, vec![heartbeat(1)]);
    until("it came", || b.received() == 1).await;
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_member_may_move() {
    let (a, b) = pair().await;
    let moved = Node::start(CLUSTER, 2, 0);
    a.peers
        .set_members(&[(1, vec![a.url()]), (2, vec![moved.url()])]);
    until("messages go where it is now", || {
        a.peers.send(2, vec![append(1, 10), heartbeat(1)]);
        !numbers(&moved, 3).is_empty() && !numbers(&moved, 8).is_empty()
    })
    .await;
    // Moving is no failure.
    assert_eq!(
        a.metric(r#"etcd_network_disconnected_peers_total{Local="1",Remote="2"}"#),
        0.0
    );
    a.stop().await;
    b.stop().await;
    moved.stop().await;
}

#[tokio::test]
async fn who_does_not_belong_is_refused() {
    let a = Node::start(CLUSTER, 1, 0);
    let stranger = Node::start(0xc2, 2, 0);
    let misled = Node::start(CLUSTER, 3, 0);
    let gone = Node::start(CLUSTER, 4, 0);
    a.member.gone.lock().push(4);
    stranger.knows(&[&a]);
    gone.knows(&[&a]);
    // It takes a for member 9.
    misled
        .peers
        .set_members(&[(3, vec![misled.url()]), (9, vec![a.url()])]);
    until("the removed one is told", || {
        gone.member.record.lock().removed > 0
    })
    .await;
    until("all are refused", || {
        [&stranger, &misled, &gone]
            .iter()
            .all(|node| !node.member.record.lock().unreachable.is_empty())
    })
    .await;
    for (node, to) in [(&stranger, 1), (&misled, 9), (&gone, 1)] {
        node.peers.send(to, vec![append(1, 10), heartbeat(1)]);
        assert!(node.peers.active_since(to).is_none());
        assert!(node.peers.client(to).is_none());
    }
    // Each tries again, and takes nothing along.
    for node in [&stranger, &misled, &gone] {
        let tried = || node.member.record.lock().unreachable.len();
        let before = tried();
        until("it has tried again", || tried() >= before + 4).await;
    }
    assert_eq!(a.received(), 0);
    // Once, however often it tries.
    assert_eq!(gone.member.record.lock().removed, 1);
    for node in [a, stranger, misled, gone] {
        node.stop().await;
    }
}

#[tokio::test]
async fn streams_of_a_removed_member_end() {
    let (a, b) = pair().await;
    a.member.gone.lock().push(2);
    a.peers.set_members(&[(1, vec![a.url()])]);
    assert!(a.peers.active_since(2).is_none());
    until("the removed one is told", || {
        b.member.record.lock().removed > 0
    })
    .await;
    until("b knows", || b.peers.active_since(1).is_none()).await;
    b.peers.send(1, vec![heartbeat(1)]);
    a.peers.send(2, vec![heartbeat(1)]);
    let tried = || b.member.record.lock().unreachable.len();
    let before = tried();
    until("b has tried again", || tried() >= before + 4).await;
    assert_eq!((a.received(), b.received()), (0, 0));
    let text = a.metrics.render().unwrap();
    assert!(!text.contains(r#"etcd_network_active_peers{Local="1",Remote="2"}"#));
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn an_unknown_member_of_the_cluster_is_answered() {
    // a lags behind and does not know b, which has joined since.
    let (a, b) = (Node::start(CLUSTER, 1, 0), Node::start(CLUSTER, 2, 0));
    a.knows(&[]);
    b.knows(&[&a]);
    until("a finds the way back", || a.peers.active_since(2).is_some()).await;
    // A change that does not name it yet keeps it, one that removes it does not.
    a.knows(&[]);
    assert!(a.peers.active_since(2).is_some());
    a.member.gone.lock().push(2);
    a.knows(&[]);
    assert!(a.peers.active_since(2).is_none());
    a.stop().await;
    b.stop().await;
}

/// A member that takes connections and never reads from them, as a stopped process does.
async fn deaf() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[tokio::test]
async fn a_stopped_process_is_found_out_by_its_silence() {
    let (deaf, url) = deaf().await;
    let a = Node::start(CLUSTER, 1, 0);
    a.peers.set_members(&[(1, vec![a.url()]), (2, vec![url])]);
    let first = deaf.accept().await.unwrap();
    // It is given up and tried again, though its socket stays open.
    let both = async { (deaf.accept().await.unwrap(), deaf.accept().await.unwrap()) };
    tokio::time::timeout(DEADLINE, both).await.unwrap();
    assert!(a.peers.active_since(2).is_none());
    assert!(!a.member.record.lock().unreachable.is_empty());
    drop(first);
    a.stop().await;
}

#[tokio::test]
async fn garbage_on_the_port_harms_nobody() {
    let (a, b) = pair().await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut random = vec![0; 4096];
    getrandom::fill(&mut random).unwrap();
    let with_preface = [&preface[..], &random[..]].concat();
    let requests: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        &random,
        &with_preface,
        b"",
    ];
    for request in requests {
        let mut socket = TcpStream::connect(a.address).await.unwrap();
        socket.write_all(request).await.unwrap();
        socket.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(DEADLINE, socket.read_to_end(&mut answer))
            .await
            .unwrap();
    }
    // A call without a greeting, and one whose batch is none.
    let url = crate::config::Url::parse(&a.url()).unwrap();
    let patience = settings(CLUSTER, 7).patience();
    let nobody = Dialer::default()
        .dial(&url, patience, None, Together::default())
        .await
        .unwrap();
    let status = nobody
        .client
        .clone()
        .messages(futures::stream::pending())
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::InvalidArgument, "invalid from")
    );
    b.peers.send(1, vec![append(5, 10)]);
    until("members go on", || numbers(&a, 3) == [5]).await;
    a.stop().await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn heartbeats_pass_log_entries_that_are_stuck() {
    let (a, b) = pair().await;
    let (release, gate) = std::sync::mpsc::channel::<()>();
    *b.member.gate.lock() = Some(gate);
    const COUNT: u64 = 100;
    const LEN: usize = 1024 * 1024;
    // Until what does not fit into the queue and the windows was dropped, and raft knows.
    let failures = r#"etcd_network_peer_sent_failures_total{To="2"}"#;
    let mut number = 0..COUNT;
    until("the queue is full", || {
        let number = number.next().unwrap_or(COUNT - 1);
        a.peers.send(2, vec![append(number, LEN)]);
        a.metric(failures) > 30.0
    })
    .await;
    assert!(a.member.record.lock().unreachable.contains(&2));
    assert!(numbers(&b, 3).is_empty());
    a.peers.send(2, vec![heartbeat(1)]);
    until("the heartbeat came", || numbers(&b, 8) == [1]).await;
    assert!(numbers(&b, 3).is_empty());
    drop(release);
    until("entries flow again", || {
        a.peers.send(2, vec![append(COUNT, 10)]);
        numbers(&b, 3).contains(&COUNT)
    })
    .await;
    let came = numbers(&b, 3);
    // Each stream keeps the order. On a machine that is slow enough the member was dialled anew
    // meanwhile, and what the stream before still held comes late.
    let overtaken = came.windows(2).filter(|pair| pair[1] < pair[0]).count();
    assert!(overtaken <= 1, "{came:?}");
    a.stop().await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_member_that_takes_nothing_for_too_long_is_dialled_anew() {
    let (a, b) = pair().await;
    let (release, gate) = std::sync::mpsc::channel::<()>();
    *b.member.gate.lock() = Some(gate);
    for n in 0..60 {
        a.peers.send(2, vec![append(n, 1024 * 1024)]);
    }
    // Pings are answered, so only the queue tells.
    a.member.record.lock().unreachable.clear();
    until("it is given up", || {
        !a.member.record.lock().unreachable.is_empty()
    })
    .await;
    drop(release);
    until("entries flow again", || {
        a.peers.send(2, vec![append(100, 10)]);
        numbers(&b, 3).contains(&100)
    })
    .await;
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn members_call_each_other() {
    let (a, b) = pair().await;
    let mut client = a.peers.client(2).unwrap();
    let request = pb::LeaseTimeToLiveRequest { id: 3, keys: true };
    let answer = client
        .lease_time_to_live(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!((answer.id, answer.ttl, answer.keys.len()), (3, 5, 1));
    let request = pb::MemberPromoteRequest { id: 4 };
    let status = client.promote(request).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().starts_with("etcdserver: can only promote"));
    let status = client
        .hash_kv(pb::HashKvRequest { revision: 1 })
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    let version = client
        .version(VersionRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (version.server.as_str(), version.cluster.as_str()),
        ("3.7.1", "3.7.0")
    );
    // A removed member has nothing to say.
    b.member.gone.lock().push(1);
    let request = pb::LeaseTimeToLiveRequest { id: 3, keys: true };
    let status = client.lease_time_to_live(request).await.unwrap_err();
    assert_eq!(Refusal::of(&status), Some((Refusal::Removed, "c1".into())));
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn who_joins_may_ask_for_the_members() {
    let a = Node::start(CLUSTER, 1, 0);
    a.member.gone.lock().push(5);
    let url = crate::config::Url::parse(&a.url()).unwrap();
    let answer = super::members(&Dialer::default(), &url, DEADLINE)
        .await
        .unwrap();
    assert_eq!(
        (answer.cluster_id, answer.member_id, answer.removed),
        (CLUSTER, 1, vec![5])
    );
    assert_eq!(
        (answer.members[0].id, answer.members[0].is_learner),
        (9, true)
    );
    a.stop().await;
    let error = super::members(&Dialer::default(), &url, DEADLINE)
        .await
        .unwrap_err();
    assert!(matches!(error, AskError::Dial(_)), "{error}");
    let (_deaf, url) = deaf().await;
    let url = crate::config::Url::parse(&url).unwrap();
    let error = super::members(&Dialer::default(), &url, Duration::from_millis(50))
        .await
        .unwrap_err();
    assert!(matches!(error, AskError::Timeout(_)), "{error}");
}

#[tokio::test]
async fn renewals_that_come_together_go_together() {
    let (a, b) = pair().await;
    let renew = |id| a.peers.renew(2, id);
    b.member.holds_renewals.send_replace(true);
    let release = async {
        until("the first call came", || {
            !b.member.record.lock().renewals.is_empty()
        })
        .await;
        b.member.holds_renewals.send_replace(false);
    };
    let all = futures::future::join_all((1..=500).map(renew));
    let (all, ()) = tokio::join!(all, release);
    for (id, ttl) in (1..=500).zip(all) {
        assert_eq!(ttl.unwrap(), id * 10);
    }
    let calls = b.member.record.lock().renewals.clone();
    assert_eq!(calls.iter().sum::<usize>(), 500);
    assert!(calls.len() <= 16, "{calls:?}");
    assert_eq!(a.peers.renew(2, 40_404).await.unwrap(), 0);
    let status = a.peers.renew(2, -1).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::Unknown, "etcdserver: not leader")
    );
    assert_eq!(
        a.peers.renew(3, 1).await.unwrap_err().code(),
        Code::Unavailable
    );
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_snapshot_is_streamed() {
    let (a, b) = pair().await;
    // More than all windows and channels hold, so each side waits for the other.
    a.peers.send_snapshot(2, Bytes::from_static(&[0; 12]));
    let sent = |node: &Node| node.member.record.lock().snapshots_sent.clone();
    until("it is sent", || sent(&a) == [(2, true)]).await;
    {
        let record = b.member.record.lock();
        let (from, frames) = &record.snapshots[0];
        assert_eq!(*from, 1);
        let heads: Vec<u8> = frames.iter().map(|frame| frame[0]).collect();
        assert_eq!(heads, (0..12).collect::<Vec<u8>>());
        assert!(frames.iter().all(|frame| frame.len() == 1024 * 1024));
    }
    // The receiver refuses in the middle, and says why.
    a.peers.send_snapshot(2, Bytes::from_static(&[0; 100]));
    until("it failed", || sent(&a) == [(2, true), (2, false)]).await;
    assert_eq!(b.member.record.lock().snapshots.len(), 1);
    // Nobody is there.
    a.peers.send_snapshot(9, Bytes::new());
    until("that failed, too", || sent(&a).len() == 3).await;
    assert_eq!(sent(&a)[2], (9, false));
    assert_eq!(
        a.metric(r#"etcd_network_snapshot_send_success{To="2"}"#),
        1.0
    );
    assert_eq!(
        a.metric(r#"etcd_network_snapshot_send_failures{To="2"}"#),
        1.0
    );
    assert_eq!(
        a.metric(r#"etcd_network_snapshot_send_inflights_total{To="2"}"#),
        0.0
    );
    let received = |name: &str| {
        b.metric(&format!(
            r#"etcd_network_snapshot_receive_{name}{{From="1"}}"#
        ))
    };
    until("both ends are done", || received("inflights_total") == 0.0).await;
    assert_eq!((received("success"), received("failures")), (1.0, 1.0));
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_snapshot_ends_with_its_receiver() {
    let (a, b) = pair().await;
    let (release, gate) = std::sync::mpsc::channel::<()>();
    *b.member.stuck.lock() = Some(gate);
    a.peers.send_snapshot(2, Bytes::from_static(&[0; 200]));
    until("it is under way", || {
        a.metric(r#"etcd_network_peer_sent_bytes_total{To="2"}"#) > 2e6
    })
    .await;
    // The receiver reads nothing, so only so much has left.
    assert!(a.metric(r#"etcd_network_peer_sent_bytes_total{To="2"}"#) < 64e6);
    b.stop.send_replace(true);
    until("it failed", || {
        a.member.record.lock().snapshots_sent == [(2, false)]
    })
    .await;
    drop(release);
    a.stop().await;
    b.stop().await;
}

//! Figures of the transport between members alone: the time and the processor time of one message
//! there and one back, and of log entries in batches with their acknowledgements.
//!
//! `cargo bench -p store --bench peer [-- ROUNDS]`. Two transports in one process over loopback, each
//! with a runtime of its own; processor time is that of both ends, the kernel's share included.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use store::config;
use store::metrics::Metrics;
use store::peer::{Dialer, Local, Peers, Settings};
use store::raft::Outbox;
use store::serve::{self, Options, Services};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

/// Bytes of a message with one log entry.
const ENTRY_BYTES: usize = 300;

/// One member: answers each step with one small message, or tells who waits for answers.
struct End {
    peers: Arc<Peers>,
    other: u64,
    answered: Option<Mutex<Sender<usize>>>,
}

impl Local for End {
    fn step(&self, _: u64, messages: Vec<Bytes>) {
        match &self.answered {
            Some(answered) => {
                let count = messages.len();
                // The bench that no longer waits is over.
                let _ = answered.lock().send(count);
            }
            None => {
                let answers = messages.iter().map(|_| small()).collect();
                self.peers.send(self.other, answers);
            }
        }
    }

    fn unreachable(&self, _: u64) {}

    fn snapshot_sent(&self, _: u64, _: bool) {}

    fn is_removed(&self, _: u64) -> bool {
        false
    }

    fn removed(&self) {}
}

struct Node {
    id: u64,
    url: String,
    peers: Arc<Peers>,
    _stop: watch::Sender<bool>,
    _runtime: Runtime,
}

fn node(id: u64, answered: Option<Sender<usize>>, threads: usize) -> io::Result<Node> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?;
    let flags = ["--listen-peer-urls=http://127.0.0.1:0".to_owned()];
    let parsed = config::parse(&flags, &[]).result;
    let config = parsed.map_err(|error| io::Error::other(error.to_string()))?;
    let _inside = runtime.enter();
    let bound = serve::bind_peers(&config).map_err(io::Error::other)?;
    let address = bound
        .first()
        .and_then(serve::Bound::local_addr)
        .ok_or_else(|| io::Error::other("no listener"))?;
    let metrics = Arc::new(Metrics::new(false).map_err(io::Error::other)?);
    let settings = Settings {
        cluster_id: 1,
        member_id: id,
        dial_timeout: Duration::from_secs(1),
        read_timeout: Duration::from_secs(5),
        write_timeout: Duration::from_secs(5),
        dialer: Dialer::default(),
    };
    let peers = Peers::new(settings, metrics.clone(), runtime.handle().clone());
    peers.start(Arc::new(End {
        peers: peers.clone(),
        other: 3 - id,
        answered: answered.map(Mutex::new),
    }));
    let services = Services {
        routes: peers.routes(),
        http: axum::Router::new(),
        metrics_http: axum::Router::new(),
        metrics,
        spans: None,
    };
    let (stop, stopped) = watch::channel(false);
    runtime.spawn(serve::run(
        bound,
        services,
        Options::peers(&config),
        stopped,
    ));
    drop(_inside);
    Ok(Node {
        id,
        url: format!("http://{address}"),
        peers,
        _stop: stop,
        _runtime: runtime,
    })
}

fn small() -> Bytes {
    Bytes::from_static(&[
        8, 9, 16, 1, 24, 2, 32, 5, 48, 100, 64, 99, 80, 1, 88, 7, 1, 2, 3, 4,
    ])
}

fn entry() -> Bytes {
    let mut bytes = vec![0; ENTRY_BYTES];
    bytes[..2].copy_from_slice(&[8, 3]);
    bytes.into()
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let rounds = arguments.next().map_or(Ok(20_000), |text| text.parse());
    let rounds: usize = rounds.map_err(io::Error::other)?;
    let mut out = io::stdout().lock();
    for threads in [1, 2] {
        let (sender, answers) = channel();
        let a = node(1, Some(sender), threads)?;
        let b = node(2, None, threads)?;
        let members: Vec<_> = [&a, &b].map(|n| (n.id, vec![n.url.clone()])).into();
        a.peers.set_members(&members);
        b.peers.set_members(&members);
        while a.peers.active_since(2).is_none() || b.peers.active_since(1).is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        // The stream of entries comes up on its own.
        std::thread::sleep(Duration::from_millis(100));
        writeln!(out, "runtimes of {threads} threads")?;
        for (name, make, batch) in [
            ("a small message and its answer", small as fn() -> Bytes, 1),
            ("an entry and its answer", entry, 1),
            ("100 entries and their answers", entry, 100),
        ] {
            let figures = turns(&a, &answers, rounds, make, batch)?;
            writeln!(out, "  {name}: {figures}")?;
        }
    }
    Ok(())
}

/// Sends a batch, waits for all answers, and again.
fn turns(
    node: &Node,
    answers: &Receiver<usize>,
    rounds: usize,
    make: fn() -> Bytes,
    batch: usize,
) -> io::Result<String> {
    let mut took = Vec::with_capacity(rounds);
    let before = cpu()?;
    for _ in 0..rounds {
        let began = Instant::now();
        node.peers.send(2, (0..batch).map(|_| make()).collect());
        let mut left = batch;
        while left > 0 {
            let came = answers.recv_timeout(Duration::from_secs(10));
            left -= came.map_err(io::Error::other)?;
        }
        took.push(began.elapsed());
    }
    let cpu = (cpu()? - before).as_secs_f64() * 1e6 / rounds as f64;
    took.sort_unstable();
    let (p50, p99) = (took[rounds / 2], took[rounds * 99 / 100]);
    Ok(format!(
        "p50 {p50:?}, p99 {p99:?}, {cpu:.1} µs of processor time"
    ))
}

/// Processor time of this process.
fn cpu() -> io::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // Behind the name, which may hold blanks: user and system time, in ticks of 10 ms.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

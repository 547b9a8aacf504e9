//! What it costs a leader to bring another member up to date: memory, processor, and how long
//! writes take meanwhile.
//!
//! `cargo bench -p store --bench catchup [-- KEYS [MIB_PER_SECOND]]`. The receiver is a process of
//! its own that gets the frames over a pipe, so that the leader's figures are the leader's alone. A
//! write is one transaction on the state, as the apply thread makes it; there is no log here.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::RwLock;
use store::apply::{Meta, State};
use store::backend::LazyBackend;
use store::catchup::{self, Folder, Greeting, Inbox, Options};
use store::mvcc::{self, PutOptions, Store};
use tokio::sync::mpsc;

const VALUE_BYTES: usize = 256;
const PUTS_PER_TRANSACTION: usize = 500;
const FRAMES: usize = 2;
const WRITE_INTERVAL: Duration = Duration::from_micros(200);

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    match arguments[..] {
        ["receive", dir] => runtime.block_on(receive(Path::new(dir))),
        _ => {
            let number = |at: usize, default: u64| {
                let text = arguments.get(at);
                text.map_or(Ok(default), |text| text.parse().map_err(io::Error::other))
            };
            runtime.block_on(lead(number(0, 1_000_000)?, number(1, 16)?))
        }
    }
}

async fn lead(keys: u64, mib_per_second: u64) -> io::Result<()> {
    let dir = tempfile::tempdir()?;
    let state = fill(dir.path(), keys)?;
    let state = Arc::new(RwLock::new(state));
    tell(&format!("{keys} keys: RSS {} MiB", memory("VmRSS")?))?;
    let stop = AtomicBool::new(false);
    let alone = write_until(&state, &stop, Some(Duration::from_secs(5)));
    tell(&format!("writes alone: {}", percentiles(alone)))?;

    // Forgets the peak so far.
    std::fs::write("/proc/self/clear_refs", "5")?;
    let before = (memory("VmRSS")?, processor()?, Instant::now());
    let mut receiver = Command::new(std::env::current_exe()?)
        .arg("receive")
        .arg(dir.path().join("other"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (mut to, mut from) = match (receiver.stdin.take(), receiver.stdout.take()) {
        (Some(to), Some(from)) => (to, from),
        _ => return Err(io::Error::other("no pipes")),
    };
    let (out, mut leaving) = mpsc::channel::<Bytes>(FRAMES);
    let (back, arriving) = mpsc::channel::<Bytes>(FRAMES);
    std::thread::spawn(move || {
        while let Some(frame) = leaving.blocking_recv() {
            if write_frame(&mut to, &frame).is_err() {
                return;
            }
        }
    });
    std::thread::spawn(move || {
        while let Ok(frame) = read_frame(&mut from) {
            if back.blocking_send(frame).is_err() {
                return;
            }
        }
    });
    let options = Options {
        busy_bytes_per_second: mib_per_second << 20,
        ..Options::default()
    };
    let greeting = Greeting {
        cluster_id: 1,
        message: Bytes::new(),
    };
    let source: Arc<dyn catchup::ViewSource> = state.clone();
    let (sent, writes) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| write_until(&state, &stop, None));
        let sent = tokio::task::block_in_place(|| {
            let sending = catchup::send(source, greeting, options, out, arriving);
            tokio::runtime::Handle::current().block_on(sending)
        });
        stop.store(true, Ordering::Relaxed);
        (sent, writer.join())
    });
    let sent = sent.map_err(io::Error::other)?;
    let writes = writes.map_err(|_| io::Error::other("the writer failed"))?;
    let took = before.2.elapsed();
    tell(&format!("writes meanwhile: {}", percentiles(writes)))?;
    tell(&format!(
        "sent {} records, {} MiB in {took:.1?}, {} views; processor {:.2} s, writes included; RSS {} MiB, at most {} MiB",
        sent.records.0,
        sent.bytes >> 20,
        sent.views,
        (processor()? - before.1).as_secs_f64(),
        before.0,
        memory("VmHWM")?,
    ))?;
    receiver.wait()?;
    Ok(())
}

async fn receive(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let inbox = Inbox::new(1, Arc::new(Folder::new(dir)));
    let (arriving, frames_in) = mpsc::channel::<Bytes>(FRAMES);
    let (frames_out, mut leaving) = mpsc::channel::<Bytes>(FRAMES);
    std::thread::spawn(move || {
        let mut from = io::stdin().lock();
        while let Ok(frame) = read_frame(&mut from) {
            if arriving.blocking_send(frame).is_err() {
                return;
            }
        }
    });
    let writer = std::thread::spawn(move || {
        let mut to = io::stdout().lock();
        while let Some(frame) = leaving.blocking_recv() {
            if write_frame(&mut to, &frame).is_err() {
                return;
            }
        }
    });
    let received = catchup::receive(&inbox, frames_in, frames_out).await;
    let received = received.map_err(io::Error::other)?;
    // The verdict is to be read before this process ends.
    let _ = writer.join();
    let (processor, peak) = (processor()?, memory("VmHWM")?);
    let start = Instant::now();
    let backend = LazyBackend::open(&received.path).map_err(io::Error::other)?;
    let store = Store::open(Arc::new(backend), mvcc::Options::default());
    let store = store.map_err(io::Error::other)?;
    let mut err = io::stderr().lock();
    writeln!(
        err,
        "received: processor {:.2} s, RSS at most {peak} MiB; opened {} keys in {:.2?}",
        processor.as_secs_f64(),
        store.key_count(),
        start.elapsed()
    )
}

fn fill(dir: &Path, keys: u64) -> io::Result<State> {
    let backend = LazyBackend::open(&dir.join("sled")).map_err(io::Error::other)?;
    let store = Store::open(Arc::new(backend), mvcc::Options::default());
    let mut store = store.map_err(io::Error::other)?;
    for batch in 0..keys / PUTS_PER_TRANSACTION as u64 {
        let mut txn = store.begin();
        for number in 0..PUTS_PER_TRANSACTION as u64 {
            put(&mut txn, batch * PUTS_PER_TRANSACTION as u64 + number)?;
        }
        txn.commit();
        if batch % 200 == 199 {
            checkpoint(&mut store)?;
        }
    }
    checkpoint(&mut store)?;
    let mut state = Meta::default().restore(store).map_err(io::Error::other)?;
    state.applied = (1, 1);
    Ok(state)
}

fn put(txn: &mut mvcc::WriteTxn<'_>, number: u64) -> io::Result<()> {
    let key = format!("/registry/pods/default/{number:012}");
    // Values that no one compresses.
    let value: Vec<u8> = (0..VALUE_BYTES as u64)
        .map(|at| (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (at % 8 * 8)) as u8)
        .collect();
    txn.put(key.into(), value.into(), 0, PutOptions::default())
        .map_err(io::Error::other)?;
    Ok(())
}

fn checkpoint(store: &mut Store) -> io::Result<()> {
    let done = store.begin_checkpoint(Vec::new()).run();
    store.finish_checkpoint(done.map_err(io::Error::other)?);
    Ok(())
}

/// Writes at a steady pace, and notes how long each write took.
fn write_until(state: &RwLock<State>, stop: &AtomicBool, limit: Option<Duration>) -> Vec<Duration> {
    let start = Instant::now();
    let mut took = Vec::new();
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) && limit.is_none_or(|limit| start.elapsed() < limit) {
        let due = Instant::now();
        {
            let state = &mut *state.write();
            let mut txn = state.store.begin();
            if put(&mut txn, number % 1_000_000).is_ok() {
                txn.commit();
            }
            state.applied.0 += 1;
        }
        took.push(due.elapsed());
        number += 7;
        std::thread::sleep(WRITE_INTERVAL);
    }
    took
}

fn percentiles(mut took: Vec<Duration>) -> String {
    took.sort_unstable();
    let at = |part: f64| took[((took.len() - 1) as f64 * part) as usize];
    format!(
        "{} writes, p50 {:.1?}, p99 {:.1?}, p99.9 {:.1?}, at most {:.1?}",
        took.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    )
}

/// A line of `/proc/self/status`, in MiB.
fn memory(name: &str) -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    let kib: u64 = number
        .unwrap_or_default()
        .parse()
        .map_err(io::Error::other)?;
    Ok(kib >> 10)
}

/// Processor time of this process, threads that ended included.
fn processor() -> io::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name of the program may hold anything; behind it come numbers.
    let numbers = stat.rsplit(')').next().unwrap_or_default();
    let ticks = numbers.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Ok(Duration::from_secs_f64(
        ticks as f64 / rustix::param::clock_ticks_per_second() as f64,
    ))
}

fn write_frame(to: &mut impl Write, frame: &Bytes) -> io::Result<()> {
    to.write_all(&(frame.len() as u32).to_le_bytes())?;
    to.write_all(frame)?;
    to.flush()
}

fn read_frame(from: &mut impl Read) -> io::Result<Bytes> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut frame = vec![0; u32::from_le_bytes(length) as usize];
    from.read_exact(&mut frame)?;
    Ok(frame.into())
}

fn tell(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

//! Figures of the multi-version store alone: cost of a put, bytes written and memory for a million
//! keys, restart, ranges.
//!
//! `cargo bench -p store --bench mvcc [-- KEYS]`. Each phase runs in its own process, so that its
//! memory is its own.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use store::backend::{Backend, Blob, SledBackend};
use store::mvcc::{LogRef, Options, PutOptions, RangeQuery, Store, ValueSource};

const VALUE_BYTES: usize = 256;
const PUTS_PER_CHECKPOINT: usize = 50_000;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<&String> = arguments.iter().filter(|a| !a.starts_with("--")).collect();
    match numbers[..] {
        [phase, keys, dir] => run(phase, parse(keys)?, Path::new(dir)),
        _ => {
            let keys = numbers.first().map_or("100000", |keys| keys.as_str());
            drive(keys)
        }
    }
}

fn parse(keys: &str) -> io::Result<usize> {
    keys.parse().map_err(io::Error::other)
}

fn drive(keys: &str) -> io::Result<()> {
    let dir = tempfile::tempdir()?;
    for phase in ["memory", "recents", "fill", "restart", "churn", "restart"] {
        let status = std::process::Command::new(std::env::current_exe()?)
            .args([phase, keys])
            .arg(dir.path())
            .status()?;
        if !status.success() {
            return Err(io::Error::other(format!("phase {phase} failed: {status}")));
        }
    }
    Ok(())
}

fn run(phase: &str, keys: usize, dir: &Path) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match phase {
        "memory" => memory(keys, &mut out),
        "recents" => recents(keys, &mut out),
        "fill" => fill(keys, dir, &mut out),
        "restart" => restart(dir, &mut out),
        "churn" => churn(keys, dir, &mut out),
        other => Err(io::Error::other(format!("no phase is called {other}"))),
    }
}

fn key(number: usize) -> Bytes {
    format!("/registry/pods/default/pod-{number:010}").into()
}

fn numbers(keys: usize) -> Vec<u32> {
    let mut numbers: Vec<u32> = (0..keys as u32).collect();
    numbers.shuffle(&mut StdRng::seed_from_u64(1));
    numbers
}

fn open(dir: &Path) -> Store {
    let backend = Arc::new(SledBackend::open(dir).expect("the directory is ours"));
    Store::open(backend, Options::default()).expect("the checkpoint is sound")
}

fn put(store: &mut Store, key: Bytes, value: Bytes) {
    let mut txn = store.begin();
    txn.put(key, value, 0, PutOptions::default())
        .expect("nothing is read");
    txn.commit();
}

fn checkpoint(store: &mut Store) {
    let job = store.begin_checkpoint(Vec::new());
    store.finish_checkpoint(job.run().expect("the disk has space"));
}

/// Index and records in memory, empty values: cost of a put and bytes per key of the index.
fn memory(keys: usize, out: &mut impl Write) -> io::Result<()> {
    let order = numbers(keys);
    let all: Vec<(Bytes, Bytes)> = order
        .iter()
        .map(|&number| (key(number as usize), Bytes::from(vec![7; VALUE_BYTES])))
        .collect();
    let backend = Arc::new(store::backend::MemoryBackend::new());
    let mut store = Store::open(backend, Options::default()).expect("it is empty");
    let begin = Stopwatch::now();
    for (key, value) in all {
        put(&mut store, key, value);
    }
    let each = begin.elapsed() / keys as u32;
    writeln!(out, "put, {keys} keys in random order, in memory: {each:?}")?;
    let again: Vec<Bytes> = order.iter().map(|&number| key(number as usize)).collect();
    let value = Bytes::from(vec![7; VALUE_BYTES]);
    let begin = Stopwatch::now();
    for key in &again[..keys / 10] {
        put(&mut store, key.clone(), value.clone());
    }
    let each = begin.elapsed() / (keys / 10) as u32;
    writeln!(out, "put over an existing key: {each:?}")?;
    let begin = Stopwatch::now();
    for key in &again[keys / 2..] {
        store.get(key).expect("it is in memory");
    }
    let each = begin.elapsed() / (keys / 2) as u32;
    writeln!(out, "get from memory: {each:?}")
}

/// A log of which every value is the same.
struct Log;

impl ValueSource for Log {
    fn read(&self, _segment: u64, _offset: u64, len: u32) -> io::Result<Bytes> {
        Ok(Bytes::from(vec![7; len as usize]))
    }
}

/// Records that wait for a checkpoint, with their values in a log: cost and memory. Few
/// keys, so that the index is small.
fn recents(keys: usize, out: &mut impl Write) -> io::Result<()> {
    let backend = Arc::new(store::backend::MemoryBackend::new());
    let options = Options {
        values: Some(Arc::new(Log)),
        ..Options::default()
    };
    let mut store = Store::open(backend, options).expect("it is empty");
    let before = rss("VmRSS")?;
    let begin = Stopwatch::now();
    for at in 0..keys {
        let log = LogRef {
            segment: at as u64 >> 17,
            offset: (at as u64 & 0x1_ffff) * 350,
            len: VALUE_BYTES as u32,
        };
        let options = PutOptions {
            log: Some(log),
            ..PutOptions::default()
        };
        let mut txn = store.begin();
        let value = Bytes::from(vec![7; VALUE_BYTES]);
        txn.put(key(at % 1000), value, 0, options)
            .expect("nothing is read");
        txn.commit();
    }
    let each = begin.elapsed() / keys as u32;
    writeln!(
        out,
        "recents: put {each:?}, {} MiB for {keys} records",
        rss("VmRSS")? - before
    )?;
    let mut rng = StdRng::seed_from_u64(5);
    let gets = 100_000;
    let begin = Stopwatch::now();
    for _ in 0..gets {
        let revision = rng.random_range(1_002..keys as i64);
        store
            .previous(&key(revision as usize % 1000), revision)
            .expect("it is in the log");
    }
    writeln!(out, "get from recents: {:?}", begin.elapsed() / gets)?;
    // The clock of a thread advances in steps of some milliseconds.
    let (scans, mut scanned) = (50, 0);
    let begin = Stopwatch::now();
    for _ in 0..scans {
        let found = store
            .events_since(2, i64::MAX, b"none", b"", usize::MAX)
            .expect("nothing is compacted");
        scanned += found.next_revision - 2;
    }
    let each = begin.elapsed() / scanned as u32;
    writeln!(out, "scan of recents: {each:?} per record")
}

fn fill(keys: usize, dir: &Path, out: &mut impl Write) -> io::Result<()> {
    let mut store = open(dir);
    let mut rng = StdRng::seed_from_u64(2);
    let mut checkpoints = Duration::ZERO;
    for (at, number) in numbers(keys).into_iter().enumerate() {
        let mut value = vec![0; VALUE_BYTES];
        rng.fill(&mut value[..]);
        put(&mut store, key(number as usize), value.into());
        if (at + 1) % PUTS_PER_CHECKPOINT == 0 {
            let begin = Stopwatch::now();
            checkpoint(&mut store);
            checkpoints += begin.elapsed();
        }
    }
    checkpoint(&mut store);
    let written = written_bytes()? / keys as u64;
    let each = checkpoints / keys as u32;
    let disk = store.bytes_on_disk() / keys as u64;
    writeln!(
        out,
        "fill: checkpoint {each:?} and {written} B written per record of {} B, {disk} B on disk, \
         RSS {} MiB, peak {} MiB",
        VALUE_BYTES + key(0).len(),
        rss("VmRSS")?,
        rss("VmHWM")?
    )
}

fn restart(dir: &Path, out: &mut impl Write) -> io::Result<()> {
    let begin = Stopwatch::now();
    let backend = Arc::new(SledBackend::open(dir).expect("the directory is ours"));
    let sled = begin.elapsed();
    let sled_rss = rss("VmRSS")?;
    let store = Store::open(backend.clone(), Options::default()).expect("the checkpoint is sound");
    let keys = store.key_count();
    writeln!(
        out,
        "restart with {keys} keys: {:?} ({sled:?} and {sled_rss} MiB of it sled), RSS {} MiB ({} B per key), peak {} MiB",
        begin.elapsed(),
        rss("VmRSS")?,
        (rss("VmRSS")? << 20) / keys as u64,
        rss("VmHWM")?
    )?;
    let mut headers = 0;
    for slot in 0..backend.slots_end(Blob::Headers) {
        let blob = backend
            .get_blob(Blob::Headers, slot)
            .expect("it is readable");
        headers += blob.map_or(0, |blob| blob.len());
    }
    writeln!(out, "headers: {} B per key", headers / keys)?;
    let all = RangeQuery {
        key: Bytes::from_static(b"\0"),
        range_end: Bytes::from_static(b"\0"),
        ..RangeQuery::default()
    };
    let begin = Stopwatch::now();
    let ten = RangeQuery {
        limit: 10,
        ..all.clone()
    };
    let found = store.range(&ten).expect("it is there");
    writeln!(
        out,
        "limit 10 of {}: {:?}, cold",
        found.count,
        begin.elapsed()
    )?;
    let begin = Stopwatch::now();
    store.range(&ten).expect("it is there");
    writeln!(out, "limit 10 again: {:?}", begin.elapsed())?;
    let mut rng = StdRng::seed_from_u64(3);
    let gets = 2000;
    let begin = Stopwatch::now();
    for _ in 0..gets {
        let found = store.get(&key(rng.random_range(0..keys)));
        assert!(found.expect("it is readable").is_some());
    }
    writeln!(
        out,
        "random get: {:?}, RSS {} MiB",
        begin.elapsed() / gets,
        rss("VmRSS")?
    )?;
    let begin = Stopwatch::now();
    let found = store.range(&all).expect("it is there");
    writeln!(
        out,
        "full range of {}: {:?}, RSS {} MiB",
        found.kvs.len(),
        begin.elapsed(),
        rss("VmRSS")?
    )?;
    drop(found);
    let begin = Stopwatch::now();
    let hash = store.hash_kv(0).expect("it is there");
    writeln!(
        out,
        "hash {:08x}: {:?}, RSS {} MiB",
        hash.hash,
        begin.elapsed(),
        rss("VmRSS")?
    )
}

/// Overwrites every key once in random order, compacting and checkpointing on the way.
fn churn(keys: usize, dir: &Path, out: &mut impl Write) -> io::Result<()> {
    let mut store = open(dir);
    let mut rng = StdRng::seed_from_u64(4);
    let mut compactions = Duration::ZERO;
    let mut longest = Duration::ZERO;
    for (at, number) in numbers(keys).into_iter().rev().enumerate() {
        let mut value = vec![0; VALUE_BYTES];
        rng.fill(&mut value[..]);
        put(&mut store, key(number as usize), value.into());
        if (at + 1) % PUTS_PER_CHECKPOINT == 0 {
            let revision = store.revision();
            store.compact(revision).expect("it is new");
            loop {
                let begin = Stopwatch::now();
                let done = store.compact_step(1000);
                compactions += begin.elapsed();
                longest = longest.max(begin.elapsed());
                if done {
                    break;
                }
            }
            checkpoint(&mut store);
        }
    }
    writeln!(
        out,
        "churn: {} B written and {:?} of compaction per overwrite, longest slice {longest:?}, \
         {} B on disk per key, RSS {} MiB, peak {} MiB",
        written_bytes()? / keys as u64,
        compactions / keys as u32,
        store.bytes_on_disk() / keys as u64,
        rss("VmRSS")?,
        rss("VmHWM")?
    )
}

/// CPU time of this thread: the machine may be busy with other things.
#[derive(Clone, Copy)]
struct Stopwatch(u64);

impl Stopwatch {
    fn now() -> Self {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let nanoseconds = text.split_whitespace().next().unwrap_or_default();
        Self(nanoseconds.parse().unwrap_or_default())
    }

    fn elapsed(self) -> Duration {
        Duration::from_nanos(Self::now().0 - self.0)
    }
}

fn rss(field: &str) -> io::Result<u64> {
    Ok(proc_field("/proc/self/status", field)? >> 10)
}

fn written_bytes() -> io::Result<u64> {
    proc_field("/proc/self/io", "write_bytes")
}

fn proc_field(path: &str, name: &str) -> io::Result<u64> {
    let text = std::fs::read_to_string(path)?;
    let field = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let field = field.ok_or_else(|| io::Error::other(format!("{path} has no {name}")))?;
    let number = field.split_whitespace().next().unwrap_or_default();
    number.parse().map_err(io::Error::other)
}

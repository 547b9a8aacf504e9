//! Damaged files under a real process: images of a small data directory, each started.
//!
//! What must never come: other data than was written, less than what was acknowledged without a
//! word, an end without a line that names the place, or no end at all.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::{Error, Options, Server, eventually};
use proto::mvccpb::KeyValue;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tempfile::TempDir;

use crate::client::Client;
use crate::copy::copy_dir;

const SECTOR: u64 = 512;
/// Images of each kind: evenly spread over the log's sectors.
const IMAGES: u64 = 14;
const SEED: u64 = 3;
/// How long a checkpoint may take.
const CHECKPOINT_LIMIT: Duration = Duration::from_secs(60);

/// What became of an image.
#[derive(Debug)]
enum Outcome {
    /// It was refused: the fatal line.
    Refused(String),
    /// It serves these pairs, ordered by revision.
    Serves(Vec<KeyValue>),
    /// It serves, but says that it cannot read the pairs.
    Unreadable(String),
}

/// A data directory and what is in it.
struct Base {
    dir: TempDir,
    /// In the order of their revisions, all different keys.
    pairs: Vec<KeyValue>,
}

impl Base {
    /// Writes one key after the other, of sizes around that of a sector.
    async fn make(count: u32, size: u32, flags: &[&str]) -> Base {
        let dir = TempDir::with_prefix("pintle-image-").unwrap();
        let mut server = start(dir.path(), flags).unwrap();
        let mut client = Client::connect(&server.client_url()).await.unwrap();
        for number in 0..count {
            let value = vec![number as u8 + 1; (number * 97 % size) as usize];
            client
                .put(format!("key{number:04}"), value, 0)
                .await
                .unwrap();
        }
        let pairs = by_revision(client.all().await.unwrap().1);
        assert_eq!(pairs.len(), count as usize);
        // A stop does not wait for a checkpoint that is being made.
        if flags
            .iter()
            .any(|flag| flag.starts_with("--snapshot-count"))
        {
            let saved = eventually(CHECKPOINT_LIMIT, || server.log().contains("saved snapshot"));
            assert!(saved, "no checkpoint is made");
        }
        server.stop().unwrap();
        Base { dir, pairs }
    }

    /// A copy of its data directory.
    fn copy(&self) -> TempDir {
        let copy = TempDir::with_prefix("pintle-image-").unwrap();
        copy_dir(&self.dir.path().join("data"), &copy.path().join("data")).unwrap();
        copy
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join(FIRST_SEGMENT)
    }
}

const FIRST_SEGMENT: &str = "data/member/wal/0000000000000000.wal";

fn by_revision(mut pairs: Vec<KeyValue>) -> Vec<KeyValue> {
    pairs.sort_unstable_by_key(|kv| kv.mod_revision);
    pairs
}

fn start(dir: &Path, flags: &[&str]) -> Result<Server, Error> {
    let binary = harness::binary("etcd").unwrap();
    let mut options = Options::new(binary).flags(flags.iter().copied());
    options.dir = Some(dir.to_path_buf());
    Server::start_with(options)
}

/// Starts the image in `dir`.
async fn outcome(dir: &Path) -> Outcome {
    let mut server = match start(dir, &[]) {
        Ok(server) => server,
        Err(Error::Exited { status, log, .. }) => {
            assert_eq!(status.code(), Some(1), "{log}");
            let fatal: Vec<&str> = log
                .lines()
                .filter(|line| line.contains("\"level\":\"fatal\""))
                .collect();
            assert_eq!(fatal.len(), 1, "{log}");
            assert!(log.lines().all(|line| line.starts_with('{')), "{log}");
            return Outcome::Refused(fatal[0].to_owned());
        }
        Err(error) => panic!("{error}"),
    };
    let mut client = Client::connect(&server.client_url()).await.unwrap();
    match client.all().await {
        Ok((_, pairs)) => Outcome::Serves(by_revision(pairs)),
        Err(status) => {
            // Either the reply says it, or the process has ended and its log does.
            let log = server.log();
            let says = status.message().contains("damaged") || log.contains("is damaged");
            assert!(says, "{status}\n{log}");
            server.kill();
            Outcome::Unreadable(status.message().to_owned())
        }
    }
}

/// The bytes of the first segment up to the end of its last frame, in whole sectors.
fn written(log: &Path) -> u64 {
    let bytes = fs::read(log).unwrap();
    let last = bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64;
    (last + 1).next_multiple_of(SECTOR)
}

fn write(image: &TempDir, at: u64, bytes: &[u8]) {
    let path = image.path().join(FIRST_SEGMENT);
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(bytes, at).unwrap();
}

/// Sector boundaries of the log behind its first frame, evenly spread, the last ones among them.
fn boundaries(end: u64) -> Vec<u64> {
    let sectors = end / SECTOR;
    let mut picked: Vec<u64> = (0..IMAGES)
        .map(|at| (1 + at * (sectors - 1) / IMAGES) * SECTOR)
        .collect();
    picked.extend([end - 2 * SECTOR, end - SECTOR]);
    picked.sort_unstable();
    picked.dedup();
    picked
}

/// A log whose end never reached the disk: its member starts with all before it, or finds that
/// what is missing was needed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_without_its_end_is_a_prefix_or_refused() {
    let base = Base::make(60, 1_500, &[]).await;
    let end = written(&base.log());
    let mut prefixes = 0;
    for boundary in boundaries(end) {
        let image = base.copy();
        write(&image, boundary, &vec![0; (end - boundary) as usize]);
        match outcome(image.path()).await {
            Outcome::Serves(pairs) => {
                assert!(base.pairs.starts_with(&pairs), "zeros from {boundary} on");
                prefixes += 1;
            }
            Outcome::Refused(line) => assert!(line.contains(".wal"), "{line}"),
            Outcome::Unreadable(text) => panic!("zeros from {boundary} on: {text}"),
        }
    }
    assert!(prefixes >= 5, "{prefixes} logs were cut");
}

/// A file that is shorter than it was made is not the end of a log: space for it was reserved.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_truncated_segment_is_refused() {
    let base = Base::make(30, 1_500, &[]).await;
    let end = written(&base.log());
    for length in [0, SECTOR, end / 2 + 3, end, end + SECTOR] {
        let image = base.copy();
        let file = OpenOptions::new()
            .write(true)
            .open(image.path().join(FIRST_SEGMENT))
            .unwrap();
        file.set_len(length).unwrap();
        match outcome(image.path()).await {
            Outcome::Refused(line) => assert!(line.contains(FIRST_SEGMENT), "{line}"),
            other => panic!("{length} bytes of the log are left: {other:?}"),
        }
    }
}

/// A flipped bit anywhere in what was written is found, and the place is named; or nothing that
/// counts was hit and everything is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_bit_in_the_log_is_refused() {
    let base = Base::make(60, 1_500, &[]).await;
    let end = written(&base.log());
    let mut random = StdRng::seed_from_u64(SEED);
    let log = File::open(base.log()).unwrap();
    let mut refused = 0;
    let picked = boundaries(end);
    for boundary in &picked {
        let at = boundary - SECTOR + random.random_range(0..SECTOR);
        let mut byte = [0];
        log.read_exact_at(&mut byte, at).unwrap();
        let image = base.copy();
        write(&image, at, &[byte[0] ^ 1 << random.random_range(0..8)]);
        match outcome(image.path()).await {
            Outcome::Refused(line) => {
                let named = line.contains(FIRST_SEGMENT) && line.contains("damaged at offset ");
                assert!(named, "a flip at {at}: {line}");
                refused += 1;
            }
            Outcome::Serves(pairs) => assert!(pairs == base.pairs, "a flip at {at}"),
            Outcome::Unreadable(text) => panic!("a flip at {at}: {text}"),
        }
    }
    assert!(
        refused * 2 > picked.len(),
        "{refused} of {} flips were noticed",
        picked.len()
    );
}

/// A flipped bit in the checkpoint: refused, or everything is there; a damaged value may show only
/// when it is read, by an error and never by other data.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_bit_in_the_checkpoint_is_never_wrong_data() {
    let base = Base::make(150, 9_000, &["--snapshot-count=25"]).await;
    let mut random = StdRng::seed_from_u64(SEED);
    let root = base.dir.path().join("data/member");
    let files = files_below(&root.join("sled"));
    assert!(!files.is_empty());
    let mut refused = 0;
    for number in 0..3 * IMAGES as usize {
        let (file, bytes) = &files[number % files.len()];
        let used: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        let at = used[random.random_range(0..used.len())];
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << random.random_range(0..8);
        let image = base.copy();
        let name = file.strip_prefix(base.dir.path()).unwrap();
        fs::write(image.path().join(name), damaged).unwrap();
        match outcome(image.path()).await {
            Outcome::Serves(pairs) => {
                assert!(pairs == base.pairs, "a flip at {at} of {}", name.display());
            }
            Outcome::Refused(line) => {
                assert!(
                    line.contains("checkpoint"),
                    "a flip at {at} of {}: {line}",
                    name.display()
                );
                refused += 1;
            }
            Outcome::Unreadable(_) => refused += 1,
        }
    }
    assert!(refused > 0, "no flip was noticed");
}

/// Without its directory the checkpoint is made again from the log, as long as that is whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_checkpoint_is_made_again_from_a_whole_log() {
    let base = Base::make(60, 1_500, &["--snapshot-count=25"]).await;
    let image = base.copy();
    fs::remove_dir_all(image.path().join("data/member/sled")).unwrap();
    match outcome(image.path()).await {
        Outcome::Serves(pairs) => assert!(pairs == base.pairs),
        other => panic!("{other:?}"),
    }
    // The wrong way round there is nothing to go on with.
    let image = base.copy();
    fs::remove_dir_all(image.path().join("data/member/wal")).unwrap();
    match outcome(image.path()).await {
        Outcome::Refused(line) => assert!(line.contains("the checkpoint holds entry"), "{line}"),
        other => panic!("{other:?}"),
    }
}

/// All files that hold anything, with their contents.
fn files_below(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(&entry.path()));
            continue;
        }
        let bytes = fs::read(entry.path()).unwrap();
        if bytes.iter().any(|byte| *byte != 0) {
            files.push((entry.path(), bytes));
        }
    }
    files.sort_unstable();
    files
}

//! The backend on sled 0.34, arranged around what it does with large values (docs/adr/0003).
//!
//! Facts about sled 0.34.7 that shape this file:
//!
//! - a leaf is written whole when it splits (at 17 keys), and when it changes for the tenth time
//!   since it was last written whole; in between only changes are written, and superseded ones
//!   keep their place on disk. Every whole write also moves one page out of a segment that is half
//!   empty; nothing else does, as the background flusher is off;
//! - the cache looks at accesses only after 64 of them in one of its 256 shards, so a few hundred
//!   large pages are never evicted.
//!
//! So each blob has a leaf of its own: beside the blob's key stand fillers that never hold
//! anything. Before the blob is written the fillers are touched nine times, so that the blob's own
//! write is the whole one, which frees its predecessor at once.
//!
//! ```text
//! tree "headers" or "values":  slot, 4 BE | 0       -> the blob
//!                              slot, 4 BE | 1 ..= 8 -> nothing
//! ```
//!
//! And after every 16 MiB that went through the cache, small pages of all shards are read so often
//! that the large ones go.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{Backend, Batch, Blob, Error};

/// Bytes of sled's page cache. Blobs are larger than a shard's part of it, and never stay.
const CACHE_BYTES: u64 = 8 << 20;
/// Bytes of blobs that may pile up in the cache before they are driven out.
const PILE_BYTES_MAX: u64 = 16 << 20;
/// Keys of a leaf after a split in ascending insertion: one for the blob, the rest fillers.
const KEYS_PER_SLOT: u8 = 9;
/// Changes after which sled writes a leaf whole.
const TOUCHES: u8 = 9;
/// Slots made at once. More would fill whole segments with pages that die young, which makes sled
/// move blobs about: 256 at once cost 1.9 bytes written per byte, 32 cost 1.2.
const MAKE: u32 = 32;
/// sled's cache shards, and the accesses a shard collects before it looks at them.
const SHARDS: u32 = 256;
const ACCESSES: u32 = 64;
/// Small pages to read; more than shards, as inner pages take numbers between them.
const BALLAST_PAGES: u32 = SHARDS + 16;
/// How often to look whether a database has been closed.
const CLOSE_POLL: Duration = Duration::from_millis(1);

/// A sled database in one directory.
pub struct SledBackend {
    db: sled::Db,
    headers: Slots,
    values: Slots,
    ballast: sled::Tree,
    piled_bytes: AtomicU64,
}

/// The tree of one family.
struct Slots {
    tree: sled::Tree,
    /// Slots below have all their keys.
    made: Mutex<u32>,
}

impl SledBackend {
    /// Opens or creates the database in `path`.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let refused = |source| Error::Open {
            path: path.to_owned(),
            source: Box::new(source),
        };
        let db = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None)
            .mode(sled::Mode::HighThroughput)
            .open()
            .map_err(refused)?;
        let ballast = db.open_tree("ballast").map_err(refused)?;
        fill_ballast(&ballast).map_err(refused)?;
        Ok(Self {
            headers: Slots::open(&db, "headers").map_err(refused)?,
            values: Slots::open(&db, "values").map_err(refused)?,
            ballast,
            db,
            piled_bytes: AtomicU64::new(0),
        })
    }

    fn slots(&self, family: Blob) -> &Slots {
        match family {
            Blob::Headers => &self.headers,
            Blob::Values => &self.values,
        }
    }

    /// Counts bytes that went through the cache, and drives large pages out when there are many.
    fn count(&self, bytes: usize) -> Result<(), Error> {
        let piled = self.piled_bytes.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if piled < PILE_BYTES_MAX {
            return Ok(());
        }
        self.piled_bytes.store(0, Ordering::Relaxed);
        for _ in 0..ACCESSES {
            for page in 0..BALLAST_PAGES {
                self.ballast
                    .get(slot_key(page, 0))
                    .map_err(failed("read"))?;
            }
        }
        Ok(())
    }
}

/// Makes a leaf for each number below `BALLAST_PAGES`, unless they are there.
fn fill_ballast(ballast: &sled::Tree) -> sled::Result<()> {
    if ballast.contains_key(slot_key(BALLAST_PAGES, 0))? {
        return Ok(());
    }
    for page in 0..=BALLAST_PAGES {
        for filler in 0..KEYS_PER_SLOT {
            ballast.insert(slot_key(page, filler), &[])?;
        }
    }
    Ok(())
}

impl Slots {
    fn open(db: &sled::Db, name: &str) -> sled::Result<Self> {
        let tree = db.open_tree(name)?;
        let last = tree.last()?.and_then(|(key, _)| slot_of(&key));
        Ok(Self {
            tree,
            // The last slot may have been cut short by a crash; making it again does no harm.
            made: Mutex::new(last.unwrap_or(0)),
        })
    }

    fn make(&self, slot: u32) -> sled::Result<()> {
        let mut made = self.made.lock();
        while *made <= slot {
            let end = *made + MAKE;
            for slot in *made..end {
                for filler in 0..KEYS_PER_SLOT {
                    // Never over a blob that is there already.
                    let key = slot_key(slot, filler);
                    if filler > 0 || !self.tree.contains_key(key)? {
                        self.tree.insert(key, &[])?;
                    }
                }
            }
            *made = end;
        }
        Ok(())
    }

    fn put(&self, slot: u32, data: &[u8]) -> sled::Result<()> {
        self.make(slot)?;
        for touch in 0..TOUCHES {
            let filler = 1 + touch % (KEYS_PER_SLOT - 1);
            self.tree.insert(slot_key(slot, filler), &[])?;
        }
        self.tree.insert(slot_key(slot, 0), data)?;
        Ok(())
    }
}

fn slot_key(slot: u32, filler: u8) -> [u8; 5] {
    let [a, b, c, d] = slot.to_be_bytes();
    [a, b, c, d, filler]
}

/// The slot of a key; `None` if the key is none of ours.
fn slot_of(key: &[u8]) -> Option<u32> {
    let (slot, filler) = key.split_first_chunk::<4>()?;
    (filler.len() == 1).then(|| u32::from_be_bytes(*slot))
}

/// Waits until nobody has the database in `path` open: threads of the engine let go of it a little
/// after it was dropped.
///
/// # Errors
/// Somebody still has it open after so long, or the file cannot be looked at.
pub fn await_closed(path: &Path, wait: Duration) -> Result<(), Error> {
    let failed = |source: std::io::Error| Error::Engine {
        step: "close",
        source: Box::new(source),
    };
    let file = match File::open(path.join("db")) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(failed)?,
    };
    let start = Instant::now();
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK) if start.elapsed() < wait => std::thread::sleep(CLOSE_POLL),
            Err(errno) => return Err(failed(errno.into())),
        }
    }
}

/// Whether a source file, as a panic names it, is one of the engine's: it panics on some damage.
pub fn is_engine(file: &str) -> bool {
    file.split(['/', '\\'])
        .any(|part| part.starts_with("sled-"))
}

fn failed(step: &'static str) -> impl Fn(sled::Error) -> Error {
    move |source| Error::Engine {
        step,
        source: Box::new(source),
    }
}

fn to_bytes(value: sled::IVec) -> Bytes {
    // IVec shares its buffer by reference count, so no copy is made.
    Bytes::from_owner(value)
}

impl Backend for SledBackend {
    fn write(&self, batch: Batch) -> Result<(), Error> {
        let mut inner = sled::Batch::default();
        for (key, value) in batch.changes() {
            match value {
                Some(value) => inner.insert(key.as_ref(), value.as_ref()),
                None => inner.remove(key.as_ref()),
            }
        }
        self.db.apply_batch(inner).map_err(failed("write"))
    }

    fn flush(&self) -> Result<(), Error> {
        self.db.flush().map_err(failed("flush"))?;
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        Ok(self.db.get(key).map_err(failed("read"))?.map(to_bytes))
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        visit: &mut dyn FnMut(&[u8], Bytes) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        if from >= to {
            return Ok(());
        }
        for pair in self.db.range(from..to) {
            let (key, value) = pair.map_err(failed("read"))?;
            if visit(&key, to_bytes(value)).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn put_blob(&self, family: Blob, slot: u32, data: Bytes) -> Result<(), Error> {
        let slots = self.slots(family);
        slots.put(slot, &data).map_err(failed("write"))?;
        self.count(data.len())
    }

    fn get_blob(&self, family: Blob, slot: u32) -> Result<Option<Bytes>, Error> {
        let tree = &self.slots(family).tree;
        let Some(data) = tree.get(slot_key(slot, 0)).map_err(failed("read"))? else {
            return Ok(None);
        };
        self.count(data.len())?;
        Ok((!data.is_empty()).then(|| to_bytes(data)))
    }

    fn slots_end(&self, family: Blob) -> u32 {
        // The last slot may be half made, but no blob lies beyond it.
        *self.slots(family).made.lock() + 1
    }

    fn bytes_on_disk(&self) -> u64 {
        self.db.size_on_disk().unwrap_or(0)
    }
}

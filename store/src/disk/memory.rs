//! A disk in memory that can lose power, fill up and fail, for tests and the simulation.
//!
//! Each file keeps its sectors as a program reads them now, and beside each sector that was
//! written since the last sync, what the platter held before:
//!
//! ```text
//! sectors   0 1 2 3 4 ...      what reads see
//! unsynced      2 3            what each held at the last sync
//! ```
//!
//! [`MemoryDisk::crash`] lets a seed decide, sector by sector, which of the two survives. Names
//! work likewise: a name created or removed since the last `sync_dir` may or may not be there.
//! Handles that were open before a crash fail from then on, so that a thread of the "dead"
//! process can no longer write.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Disk, DiskFile, SECTOR};

/// What [`MemoryDisk::crash`] may do to data that was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Everything that was not synced is gone.
    All,
    /// Everything survives: the process died, the machine did not.
    Nothing,
    /// The seed decides for each sector and each name.
    Torn,
}

/// A disk in memory. Clones share it.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Default)]
struct State {
    names: BTreeMap<PathBuf, usize>,
    /// The names as of the last `sync_dir` of their directory.
    durable_names: BTreeMap<PathBuf, usize>,
    dirs: BTreeSet<PathBuf>,
    files: Vec<Content>,
    /// Goes up with each crash; a handle of an older number is dead.
    life: u64,
    faults: Faults,
    written_bytes: u64,
    syncs: u64,
}

#[derive(Clone, Default)]
struct Faults {
    capacity_bytes: Option<u64>,
    bytes_until_full: Option<u64>,
    syncs_until_error: Option<u64>,
    changes_until_halt: Option<u64>,
}

#[derive(Clone, Default)]
struct Content {
    size: u64,
    durable_size: u64,
    /// Sectors that were never written are absent, and zero.
    sectors: BTreeMap<u64, [u8; SECTOR]>,
    /// What sectors written since the last sync held before.
    unsynced: BTreeMap<u64, Option<[u8; SECTOR]>>,
}

impl MemoryDisk {
    /// An empty disk without limits.
    pub fn new() -> MemoryDisk {
        MemoryDisk::default()
    }

    /// A second disk with the same content, live and durable, that goes its own way from here.
    pub fn fork(&self) -> MemoryDisk {
        MemoryDisk {
            state: Arc::new(Mutex::new(self.state.lock().clone())),
        }
    }

    /// Cuts the power: unsynced data and names survive as `loss` and `seed` say, open handles
    /// die, and faults are cleared. The same seed on the same content does the same.
    pub fn crash(&self, loss: Loss, seed: u64) {
        let state = &mut *self.state.lock();
        state.life += 1;
        state.faults = Faults::default();
        if loss == Loss::Nothing {
            // What was not synced still is not, and a power cut may come.
            return;
        }
        let mut coin = Coin::new(loss, seed);
        for content in &mut state.files {
            content.crash(&mut coin);
        }
        let touched: BTreeSet<PathBuf> = state
            .names
            .keys()
            .chain(state.durable_names.keys())
            .cloned()
            .collect();
        for path in touched {
            let durable = state.durable_names.get(&path).copied();
            if state.names.get(&path).copied() != durable && coin.loses() {
                match durable {
                    Some(file) => state.names.insert(path, file),
                    None => state.names.remove(&path),
                };
            }
        }
        state.durable_names = state.names.clone();
    }

    /// Limits the disk to `bytes` of reserved space; `None` takes the limit away.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.state.lock().faults.capacity_bytes = bytes;
    }

    /// Lets writes fail with `StorageFull` once `bytes` more bytes are written, the one that
    /// does not fit after its last whole sector that does, until called again with `None`.
    pub fn fill_after(&self, bytes: Option<u64>) {
        self.state.lock().faults.bytes_until_full = bytes;
    }

    /// Lets every sync after the next `count` ones fail; `None` heals it.
    pub fn fail_sync_after(&self, count: Option<u64>) {
        self.state.lock().faults.syncs_until_error = count;
    }

    /// Lets everything that changes the disk fail after `count` more changes, as if the process
    /// had died there, until the next crash. A write, a sync, a create and a remove are a change
    /// each.
    pub fn halt_after(&self, count: u64) {
        self.state.lock().faults.changes_until_halt = Some(count);
    }

    /// Changes a byte behind everyone's back, durably: what rot does.
    pub fn corrupt(
        &self,
        path: &Path,
        offset: u64,
        change: impl FnOnce(&mut u8),
    ) -> io::Result<()> {
        let state = &mut *self.state.lock();
        let file = state.find(path)?;
        let number = offset / SECTOR as u64;
        let sectors = &mut state.files[file].sectors;
        let sector = sectors.entry(number).or_insert([0; SECTOR]);
        change(&mut sector[(offset % SECTOR as u64) as usize]);
        Ok(())
    }

    /// Total bytes written so far.
    pub fn written_bytes(&self) -> u64 {
        self.state.lock().written_bytes
    }

    /// Number of successful file syncs so far.
    pub fn syncs(&self) -> u64 {
        self.state.lock().syncs
    }
}

/// Decides what a crash keeps.
struct Coin {
    loss: Loss,
    state: u64,
}

impl Coin {
    fn new(loss: Loss, seed: u64) -> Coin {
        Coin { loss, state: seed }
    }

    fn loses(&mut self) -> bool {
        match self.loss {
            Loss::All => true,
            Loss::Nothing => false,
            Loss::Torn => {
                // splitmix64
                self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut mixed = self.state;
                mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                (mixed ^ (mixed >> 31)) & 1 == 1
            }
        }
    }
}

impl Content {
    fn crash(&mut self, coin: &mut Coin) {
        if self.size != self.durable_size && coin.loses() {
            self.size = self.durable_size;
        }
        for (number, before) in std::mem::take(&mut self.unsynced) {
            if coin.loses() {
                self.put(number, before);
            }
        }
        self.durable_size = self.size;
    }

    fn put(&mut self, number: u64, sector: Option<[u8; SECTOR]>) {
        match sector {
            Some(bytes) => self.sectors.insert(number, bytes),
            None => self.sectors.remove(&number),
        };
    }

    fn read(&self, buffer: &mut [u8], offset: u64) -> usize {
        let end = self.size.min(offset + buffer.len() as u64);
        let mut at = offset;
        while at < end {
            let within = (at % SECTOR as u64) as usize;
            let take = (SECTOR - within).min((end - at) as usize);
            let into = &mut buffer[(at - offset) as usize..][..take];
            match self.sectors.get(&(at / SECTOR as u64)) {
                Some(sector) => into.copy_from_slice(&sector[within..within + take]),
                None => into.fill(0),
            }
            at += take as u64;
        }
        end.saturating_sub(offset) as usize
    }

    fn write(&mut self, data: &[u8], offset: u64) {
        let mut at = offset;
        let end = offset + data.len() as u64;
        while at < end {
            let number = at / SECTOR as u64;
            let within = (at % SECTOR as u64) as usize;
            let take = (SECTOR - within).min((end - at) as usize);
            let before = self.sectors.get(&number).copied();
            self.unsynced.entry(number).or_insert(before);
            let sector = self.sectors.entry(number).or_insert([0; SECTOR]);
            sector[within..within + take].copy_from_slice(&data[(at - offset) as usize..][..take]);
            at += take as u64;
        }
        self.size = self.size.max(end);
    }

    fn truncate(&mut self, size: u64) {
        let first_gone = size.div_ceil(SECTOR as u64);
        for (number, before) in self.sectors.split_off(&first_gone) {
            self.unsynced.entry(number).or_insert(Some(before));
        }
        if let Some(sector) = self.sectors.get_mut(&(size / SECTOR as u64)) {
            let before = *sector;
            sector[(size % SECTOR as u64) as usize..].fill(0);
            self.unsynced
                .entry(size / SECTOR as u64)
                .or_insert(Some(before));
        }
        self.size = size;
    }
}

impl State {
    fn free_bytes(&self) -> u64 {
        let used: u64 = self.names.values().map(|&file| self.files[file].size).sum();
        self.faults
            .capacity_bytes
            .map_or(u64::MAX, |capacity| capacity.saturating_sub(used))
    }

    /// Counts one change of the disk.
    fn change(&mut self) -> io::Result<()> {
        match &mut self.faults.changes_until_halt {
            Some(0) => Err(io::Error::other("the disk was halted")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| not_found(path))
    }
}

fn not_found(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, path.display().to_string())
}

impl Disk for MemoryDisk {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.state.lock().dirs.insert(dir.to_owned());
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.state.lock();
        let names: Vec<String> = state
            .names
            .keys()
            .filter(|path| path.parent() == Some(dir))
            .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
            .collect();
        if names.is_empty() && !state.dirs.contains(dir) {
            return Err(not_found(dir));
        }
        Ok(names)
    }

    fn create(&self, path: &Path, size: u64) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state.lock();
        state.change()?;
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if state.free_bytes() < size {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let file = state.files.len();
        state.files.push(Content {
            size,
            ..Content::default()
        });
        state.names.insert(path.to_owned(), file);
        Ok(Box::new(MemoryFile {
            disk: self.clone(),
            life: state.life,
            file,
        }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let state = self.state.lock();
        Ok(Box::new(MemoryFile {
            disk: self.clone(),
            life: state.life,
            file: state.find(path)?,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.change()?;
        let file = state.find(from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.change()?;
        state.find(path)?;
        state.names.remove(path);
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let state = &mut *self.state.lock();
        state.change()?;
        state
            .durable_names
            .retain(|path, _| path.parent() != Some(dir));
        for (path, &file) in &state.names {
            if path.parent() == Some(dir) {
                state.durable_names.insert(path.clone(), file);
            }
        }
        Ok(())
    }

    fn free_bytes(&self, _dir: &Path) -> io::Result<u64> {
        Ok(self.state.lock().free_bytes())
    }
}

/// How much of a write of `len` bytes at `offset` is done with room for `left` bytes.
fn whole_sectors(left: u64, len: usize, offset: u64) -> usize {
    if left >= len as u64 {
        return len;
    }
    let end = (offset + left) / SECTOR as u64 * SECTOR as u64;
    end.saturating_sub(offset) as usize
}

struct MemoryFile {
    disk: MemoryDisk,
    life: u64,
    file: usize,
}

impl MemoryFile {
    fn with<T>(&self, act: impl FnOnce(&mut State, usize) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.disk.state.lock();
        if state.life != self.life {
            return Err(io::Error::other("the disk crashed since this was opened"));
        }
        act(&mut state, self.file)
    }
}

impl DiskFile for MemoryFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.with(|state, file| Ok(state.files[file].read(buffer, offset)))
    }

    fn write_at(&self, data: &[u8], offset: u64) -> io::Result<()> {
        self.with(|state, file| {
            state.change()?;
            let fits = match state.faults.bytes_until_full {
                Some(left) => whole_sectors(left, data.len(), offset),
                None => data.len(),
            };
            if let Some(left) = &mut state.faults.bytes_until_full {
                *left -= fits as u64;
            }
            state.files[file].write(&data[..fits], offset);
            state.written_bytes += fits as u64;
            if fits < data.len() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(|state, file| {
            state.change()?;
            match &mut state.faults.syncs_until_error {
                Some(0) => return Err(io::Error::other("injected sync error")),
                Some(left) => *left -= 1,
                None => {}
            }
            let content = &mut state.files[file];
            content.unsynced.clear();
            content.durable_size = content.size;
            state.syncs += 1;
            Ok(())
        })
    }

    fn size(&self) -> io::Result<u64> {
        self.with(|state, file| Ok(state.files[file].size))
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.with(|state, file| {
            state.change()?;
            state.files[file].truncate(size);
            Ok(())
        })
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<u64>> {
        self.with(|state, file| {
            let first = offset / SECTOR as u64;
            let found = state.files[file].sectors.range(first..).next();
            Ok(found.map(|(&number, _)| offset.max(number * SECTOR as u64)))
        })
    }
}

//! Opening: the index is rebuilt from the headers of the chunks that the manifest names.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;

use super::chunk;
use super::chunks::{Chunk, Chunks, Dead, Slots};
use super::entry::{Entry, Versions};
use super::error::Error;
use super::manifest::{self, Manifest};
use super::revision::{Revision, Version};
use super::tree::Tree;
use crate::backend::{Backend, Blob};

/// What a checkpoint brings back.
pub(super) struct Restored {
    pub(super) revision: i64,
    pub(super) compacted: i64,
    pub(super) tree: Tree,
    pub(super) chunks: Chunks,
    pub(super) live_bytes: u64,
    /// Keys with a lease, as they are now.
    pub(super) leases: Vec<(Bytes, i64)>,
}

/// Reads the checkpoint; without one the store is fresh.
pub(super) fn restore(backend: &dyn Backend) -> Result<Restored, Error> {
    let manifest = match backend.get(manifest::KEY)? {
        Some(entry) => Some(manifest::decode(&entry)?),
        None => None,
    };
    let (revision, compacted) = manifest
        .as_ref()
        .map_or((1, -1), |manifest| (manifest.revision, manifest.compacted));
    let mut load = Load::new(manifest);
    load.scan(backend)?;
    let (chunks, versions, leases) = load.finish()?;
    if let Some(last) = chunks.directory.last()
        && last.last.main > revision
    {
        return Err(last.damaged(format!("it goes beyond revision {revision}")));
    }
    let mut live_bytes = 0;
    for (key, version) in &versions {
        live_bytes += (key.len() + version.value_len()) as u64;
    }
    let tree = build_tree(versions);
    let leases = leases
        .into_iter()
        .filter(|(key, (rev, _))| {
            let newest = tree.get(key).map(|entry| entry.versions.last().rev());
            newest == Some(*rev)
        })
        .map(|(key, (_, lease))| (key, lease))
        .collect();
    Ok(Restored {
        revision,
        compacted,
        tree,
        chunks,
        live_bytes,
        leases,
    })
}

type Leases = HashMap<Bytes, (Revision, i64)>;

/// Collects headers slot by slot, in whatever order the slots stand.
struct Load {
    /// Dead records of the chunks that count, by slot.
    named: HashMap<u32, Vec<Dead>>,
    slots: Slots,
    directory: Vec<Chunk>,
    versions: Vec<(Box<[u8]>, Version)>,
    leases: Leases,
}

impl Load {
    fn new(manifest: Option<Manifest>) -> Self {
        let chunks = manifest.map(|manifest| manifest.chunks).unwrap_or_default();
        Self {
            directory: Vec::with_capacity(chunks.len()),
            named: chunks.into_iter().collect(),
            slots: Slots::default(),
            versions: Vec::new(),
            leases: HashMap::new(),
        }
    }

    fn scan(&mut self, backend: &dyn Backend) -> Result<(), Error> {
        let mut failed = None;
        backend.scan_blobs(
            Blob::Headers,
            &mut |slot, entry| match self.slot(slot, &entry) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            },
        )?;
        failed.map_or(Ok(()), Err)
    }

    fn slot(&mut self, slot: u32, entry: &[u8]) -> Result<(), Error> {
        self.slots.free.extend(self.slots.end..slot);
        self.slots.end = slot + 1;
        let Some(dead) = self.named.remove(&slot) else {
            self.slots.free.insert(slot);
            self.slots.stale.insert(slot);
            return Ok(());
        };
        let mut chunk = Chunk {
            first: Revision::default(),
            last: Revision::default(),
            slot,
            records: 0,
            bytes: 0,
            dead_bytes: 0,
            dead: Arc::new(dead),
        };
        self.headers(&mut chunk, entry)
            .map_err(|detail| Error::Damaged {
                chunk: format!("in slot {slot}"),
                detail: format!("headers: {detail}"),
            })?;
        if chunk.records == 0 {
            return Err(chunk.damaged("it holds no record"));
        }
        self.directory.push(chunk);
        Ok(())
    }

    fn headers(&mut self, chunk: &mut Chunk, entry: &[u8]) -> Result<(), chunk::Damage> {
        let dead = Arc::clone(&chunk.dead);
        let mut dead_seen = 0;
        chunk::read_headers(entry, |header| {
            if chunk.records == 0 {
                chunk.first = header.rev;
            }
            chunk.last = header.rev;
            chunk.records += 1;
            let bytes = header.key.len() + header.value_len;
            chunk.bytes += bytes;
            // The manifest lists the dead in order.
            if dead.get(dead_seen) == Some(&chunk.dead_form(header.rev)) {
                dead_seen += 1;
                chunk.dead_bytes += bytes;
                return;
            }
            let version = match header.tombstone {
                true => Version::tombstone(header.rev),
                false => Version::put(header.rev, header.create, header.number, header.value_len),
            };
            self.versions.push((header.key.as_slice().into(), version));
            if header.lease != 0 {
                let key = Bytes::copy_from_slice(&header.key);
                let place = self.leases.entry(key).or_default();
                *place = (*place).max((header.rev, header.lease));
            }
        })?;
        match dead_seen == dead.len() {
            true => Ok(()),
            false => Err("a record that the manifest calls dead is not there"),
        }
    }

    #[expect(
        clippy::type_complexity,
        reason = "taken apart at once by the only caller"
    )]
    fn finish(mut self) -> Result<(Chunks, Vec<(Box<[u8]>, Version)>, Leases), Error> {
        if let Some(slot) = self.named.keys().next() {
            return Err(Error::DamagedMeta(format!(
                "the chunk in slot {slot} is missing"
            )));
        }
        self.directory.sort_unstable_by_key(|chunk| chunk.first);
        for pair in self.directory.windows(2) {
            if pair[0].last >= pair[1].first {
                return Err(pair[1].damaged("it overlaps the one before"));
            }
        }
        let mut chunks = Chunks::default();
        chunks.publish(self.directory, self.slots);
        Ok((chunks, self.versions, self.leases))
    }
}

fn build_tree(mut versions: Vec<(Box<[u8]>, Version)>) -> Tree {
    versions.sort_unstable_by(|a, b| {
        let (key, other) = (&a.0, &b.0);
        key.cmp(other).then_with(|| a.1.rev().cmp(&b.1.rev()))
    });
    let mut versions = versions.into_iter().peekable();
    let entries = std::iter::from_fn(|| {
        let (key, version) = versions.next()?;
        let mut all = Versions::One(version);
        while let Some((_, next)) = versions.next_if(|(next, _)| *next == key) {
            all.push(next);
        }
        Some(Entry { key, versions: all })
    });
    Tree::from_sorted(entries)
}

//! Writes a fresh bbolt file in one pass.
//!
//! Input comes bucket by bucket, keys ascending. A leaf page goes out as soon as it is full; of
//! what went out only the page's first key and number are kept, one branch page's worth per level
//! of the tree, so memory does not grow with the number of keys:
//!
//! ```text
//! level 1            [k0 p9] [k7 …                     kept: at most one page of entries
//! level 0   [k0 p3][k3 p4] … → written as page 9       kept: the entries since then
//! leaf      [k0 …] → page 3  [k3 …] → page 4  [k6 …    kept: the page being filled
//! ```
//!
//! Meta pages come last, once the root is known: until [`Writer::finish`] the output is no
//! database. Invariants: keys of a bucket ascend strictly; every branch page has two children or
//! more, as bbolt's own have; pages are numbered in the order written, without gaps.

use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::mem;

use super::format::{
    BUCKET_BYTES, BUCKET_FLAG, ELEMENT_BYTES, FIRST_DATA_PAGE, HEADER_BYTES, Header, Kind, Meta,
};
use super::{Error, KEY_BYTES_MAX, PAGE_SIZE, VALUE_BYTES_MAX};

/// The largest inline bucket, as a page: bbolt's own threshold.
const INLINE_BYTES_MAX: usize = PAGE_SIZE / 4;
/// The page of the (empty) free list.
const FREE_LIST_PAGE: u64 = FIRST_DATA_PAGE;
/// Output is written in pieces of this size.
const BUFFER_BYTES: usize = 256 << 10;
/// A branch page is not closed below this many children, whatever their keys need: one stays
/// behind to open the next page, so at least two are in each.
const BRANCH_CHILDREN_MIN: usize = 3;

/// A bbolt file being written.
#[derive(Debug)]
pub struct Writer<W: Write + Seek> {
    pages: Pages<W>,
    root: Tree,
}

impl<W: Write + Seek> Writer<W> {
    /// Starts a file at the beginning of `out`, which must be empty.
    pub fn new(out: W) -> Result<Self, Error> {
        let mut pages = Pages {
            out: BufWriter::with_capacity(BUFFER_BYTES, out),
            next: FREE_LIST_PAGE + 1,
        };
        pages.seek_to(FREE_LIST_PAGE + 1)?;
        Ok(Self {
            pages,
            root: Tree::default(),
        })
    }

    /// Adds the bucket `name`, filled by `fill`. Buckets come in the order of their names.
    pub fn bucket<E: From<Error>>(
        &mut self,
        name: &[u8],
        fill: impl FnOnce(&mut Bucket<'_, W>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut root = Bucket {
            pages: &mut self.pages,
            tree: mem::take(&mut self.root),
        };
        let filled = root.bucket(name, fill);
        self.root = root.tree;
        filled
    }

    /// Writes the root and the meta pages. Returns the output, flushed but not synced, and the
    /// length of the file in bytes.
    pub fn finish(mut self) -> Result<(W, u64), Error> {
        let root = self.root.finish(&mut self.pages)?;
        let end = self.pages.next;
        let meta = Meta {
            page_size: PAGE_SIZE as u32,
            root,
            free_list: FREE_LIST_PAGE,
            end,
            txid: 1,
        };
        self.pages.seek_to(0)?;
        // The higher transaction id is in page 0, because ids are even there and odd in page 1.
        for (id, txid) in [(0, 2), (1, 1)] {
            let header = Header {
                id,
                kind: Kind::Meta,
                count: 0,
                overflow: 0,
            };
            let mut page = header.encode().to_vec();
            page.extend_from_slice(&Meta { txid, ..meta }.encode());
            self.pages.write_at_cursor(id, page)?;
        }
        let free_list = Header {
            id: FREE_LIST_PAGE,
            kind: Kind::FreeList,
            count: 0,
            overflow: 0,
        };
        self.pages
            .write_at_cursor(FREE_LIST_PAGE, free_list.encode().to_vec())?;
        let out = self.pages.out.into_inner().map_err(|error| Error::Write {
            page: end,
            source: error.into_error(),
        })?;
        Ok((out, end * PAGE_SIZE as u64))
    }
}

/// A bucket being filled.
#[derive(Debug)]
pub struct Bucket<'a, W: Write + Seek> {
    pages: &'a mut Pages<W>,
    tree: Tree,
}

impl<W: Write + Seek> Bucket<'_, W> {
    /// Adds a key, which must be greater than every key before it.
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), Error> {
        self.tree.put(self.pages, 0, key, value)
    }

    /// Adds a bucket within this one; its name takes part in the order of keys.
    pub fn bucket<E: From<Error>>(
        &mut self,
        name: &[u8],
        fill: impl FnOnce(&mut Bucket<'_, W>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut child = Bucket {
            pages: &mut *self.pages,
            tree: Tree::default(),
        };
        fill(&mut child)?;
        let tree = child.tree;
        let value = match tree.inline() {
            Some(page) => bucket_value(0, &page),
            None => bucket_value(tree.finish(self.pages)?, &[]),
        };
        self.tree.has_buckets = true;
        self.tree.put(self.pages, BUCKET_FLAG, name, &value)?;
        Ok(())
    }
}

/// The value of a bucket element: its root page, or 0 and the page itself.
fn bucket_value(root: u64, inline: &[u8]) -> Vec<u8> {
    let mut value = vec![0; BUCKET_BYTES];
    value[..8].copy_from_slice(&root.to_le_bytes());
    value.extend_from_slice(inline);
    value
}

/// The output, as a sequence of pages.
#[derive(Debug)]
struct Pages<W: Write + Seek> {
    out: BufWriter<W>,
    next: u64,
}

impl<W: Write + Seek> Pages<W> {
    /// Writes a page at the end of the file and returns its number.
    fn append(&mut self, build: impl FnOnce(u64) -> Vec<u8>) -> Result<u64, Error> {
        let id = self.next;
        let page = build(id);
        let count = page.len().div_ceil(PAGE_SIZE) as u64;
        self.write_at_cursor(id, page)?;
        self.next += count;
        Ok(id)
    }

    /// Writes `page`, padded with zeros to whole pages, where the output stands.
    fn write_at_cursor(&mut self, id: u64, mut page: Vec<u8>) -> Result<(), Error> {
        page.resize(page.len().next_multiple_of(PAGE_SIZE), 0);
        self.out
            .write_all(&page)
            .map_err(|source| Error::Write { page: id, source })
    }

    fn seek_to(&mut self, page: u64) -> Result<(), Error> {
        self.out
            .seek(SeekFrom::Start(page * PAGE_SIZE as u64))
            .map(drop)
            .map_err(|source| Error::Write { page, source })
    }
}

/// The tree of one bucket, as far as it has not gone out.
#[derive(Debug, Default)]
struct Tree {
    leaf: Leaf,
    /// From the level right above the leaves upwards; empty until the first leaf went out.
    levels: Vec<Level>,
    last_key: Vec<u8>,
    has_buckets: bool,
}

impl Tree {
    fn put<W: Write + Seek>(
        &mut self,
        pages: &mut Pages<W>,
        flags: u32,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), Error> {
        if key.is_empty() {
            return Err(Error::EmptyKey);
        }
        if key.len() > KEY_BYTES_MAX {
            return Err(Error::KeyTooLong { bytes: key.len() });
        }
        if value.len() > VALUE_BYTES_MAX {
            return Err(Error::ValueTooLong { bytes: value.len() });
        }
        if key <= self.last_key.as_slice() {
            return Err(Error::OutOfOrder {
                key: key.to_vec(),
                previous: self.last_key.clone(),
            });
        }
        if !self.leaf.has_room_for(key, value) {
            self.flush_leaf(pages)?;
        }
        self.leaf.push(flags, key, value);
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        Ok(())
    }

    /// The whole bucket as one inline page, if bbolt would keep it inline.
    fn inline(&self) -> Option<Vec<u8>> {
        let small = self.levels.is_empty() && self.leaf.bytes() <= INLINE_BYTES_MAX;
        (small && !self.has_buckets).then(|| self.leaf.encode(0))
    }

    /// Writes what is left and returns the number of the root page.
    fn finish<W: Write + Seek>(mut self, pages: &mut Pages<W>) -> Result<u64, Error> {
        if self.levels.is_empty() || !self.leaf.elements.is_empty() {
            self.flush_leaf(pages)?;
        }
        let mut at = 0;
        loop {
            let entries = mem::take(&mut self.levels[at].entries);
            let top = at + 1 == self.levels.len();
            if top && let [(_, root)] = entries.as_slice() {
                return Ok(*root);
            }
            let (first, id) = write_branch(pages, entries)?;
            self.add(pages, at + 1, first, id)?;
            at += 1;
        }
    }

    fn flush_leaf<W: Write + Seek>(&mut self, pages: &mut Pages<W>) -> Result<(), Error> {
        let leaf = mem::take(&mut self.leaf);
        let id = pages.append(|id| leaf.encode(id))?;
        self.add(pages, 0, leaf.first_key(), id)
    }

    /// Adds a child to a level; a level that is full goes out and becomes a child of the next.
    fn add<W: Write + Seek>(
        &mut self,
        pages: &mut Pages<W>,
        mut at: usize,
        mut key: Vec<u8>,
        mut id: u64,
    ) -> Result<(), Error> {
        loop {
            if self.levels.len() == at {
                self.levels.push(Level::default());
            }
            let level = &mut self.levels[at];
            let full = level.entries.len() >= BRANCH_CHILDREN_MIN
                && level.bytes + ELEMENT_BYTES + key.len() > PAGE_SIZE;
            if !full {
                level.push(key, id);
                return Ok(());
            }
            let closed = level.take_all_but_last();
            level.push(key, id);
            (key, id) = write_branch(pages, closed)?;
            at += 1;
        }
    }
}

/// Writes a branch page; returns its first key and its number.
fn write_branch<W: Write + Seek>(
    pages: &mut Pages<W>,
    mut entries: Vec<(Vec<u8>, u64)>,
) -> Result<(Vec<u8>, u64), Error> {
    let id = pages.append(|id| {
        let mut elements = Vec::with_capacity(entries.len() * ELEMENT_BYTES);
        let mut data = Vec::new();
        for (position, (key, child)) in entries.iter().enumerate() {
            let offset = (entries.len() - position) * ELEMENT_BYTES + data.len();
            elements.extend_from_slice(&(offset as u32).to_le_bytes());
            elements.extend_from_slice(&(key.len() as u32).to_le_bytes());
            elements.extend_from_slice(&child.to_le_bytes());
            data.extend_from_slice(key);
        }
        page(id, Kind::Branch, &elements, &data)
    })?;
    Ok((mem::take(&mut entries[0].0), id))
}

/// Puts a page together from its elements and what they point to.
fn page(id: u64, kind: Kind, elements: &[u8], data: &[u8]) -> Vec<u8> {
    let bytes = HEADER_BYTES + elements.len() + data.len();
    let header = Header {
        id,
        kind,
        count: u16::try_from(elements.len() / ELEMENT_BYTES)
            .expect("a page is closed before it has 65,536 elements"),
        overflow: (bytes.div_ceil(PAGE_SIZE) - 1) as u32,
    };
    let mut page = Vec::with_capacity(bytes.next_multiple_of(PAGE_SIZE));
    page.extend_from_slice(&header.encode());
    page.extend_from_slice(elements);
    page.extend_from_slice(data);
    page
}

/// Children of a branch page that has not gone out: first key and page number of each.
#[derive(Debug)]
struct Level {
    entries: Vec<(Vec<u8>, u64)>,
    bytes: usize,
}

impl Default for Level {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            bytes: HEADER_BYTES,
        }
    }
}

impl Level {
    fn push(&mut self, key: Vec<u8>, id: u64) {
        self.bytes += ELEMENT_BYTES + key.len();
        self.entries.push((key, id));
    }

    /// Takes every child but the last, so that the next page starts with one already.
    fn take_all_but_last(&mut self) -> Vec<(Vec<u8>, u64)> {
        let mut taken = mem::take(self).entries;
        if let Some((key, id)) = taken.pop() {
            self.push(key, id);
        }
        taken
    }
}

/// The leaf page being filled.
#[derive(Debug, Default)]
struct Leaf {
    /// Flags, key length and value length of each element.
    elements: Vec<(u32, usize, usize)>,
    data: Vec<u8>,
}

impl Leaf {
    fn bytes(&self) -> usize {
        HEADER_BYTES + self.elements.len() * ELEMENT_BYTES + self.data.len()
    }

    /// Whether an element goes into the page without making it longer. An empty page takes
    /// anything: a value above the page size makes it overflow, and what then remains of its last
    /// page is filled as well.
    fn has_room_for(&self, key: &[u8], value: &[u8]) -> bool {
        let room = self.bytes().next_multiple_of(PAGE_SIZE) - self.bytes();
        self.elements.is_empty() || ELEMENT_BYTES + key.len() + value.len() <= room
    }

    fn push(&mut self, flags: u32, key: &[u8], value: &[u8]) {
        self.elements.push((flags, key.len(), value.len()));
        self.data.extend_from_slice(key);
        self.data.extend_from_slice(value);
    }

    fn first_key(&self) -> Vec<u8> {
        let length = self.elements.first().map_or(0, |(_, key, _)| *key);
        self.data[..length].to_vec()
    }

    fn encode(&self, id: u64) -> Vec<u8> {
        let mut elements = Vec::with_capacity(self.elements.len() * ELEMENT_BYTES);
        let mut offset = self.elements.len() * ELEMENT_BYTES;
        for (flags, key, value) in &self.elements {
            for field in [*flags, offset as u32, *key as u32, *value as u32] {
                elements.extend_from_slice(&field.to_le_bytes());
            }
            offset = offset + key + value - ELEMENT_BYTES;
        }
        page(id, Kind::Leaf, &elements, &self.data)
    }
}

#[cfg(test)]
mod tests;

//! Walks one bucket in the order of its keys, refusing what no bbolt would have written.
//!
//! Invariants checked on the way, each of which also bounds the walk: a page is visited once, the
//! tree is at most [`DEPTH_MAX`] high, keys ascend strictly, and a leaf's keys lie in the range
//! that the branches above it promise.

use bytes::Bytes;

use super::Error;
use super::format::{BUCKET_BYTES, Header, Kind, u64_at};
use super::reader::{BucketHandle, Element, Page, Reader};

/// No real tree comes near: with two children per branch this is 2^48 leaves.
const DEPTH_MAX: usize = 48;

/// What a bucket holds under a key.
#[derive(Debug, Clone)]
pub enum Value {
    /// Plain bytes.
    Data(Bytes),
    /// A bucket within the bucket.
    Bucket(BucketHandle),
}

/// A key of a bucket with what is under it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: Bytes,
    /// What is under it.
    pub value: Value,
}

/// A walk over one bucket; ends after the first error.
#[derive(Debug)]
pub struct Cursor<'a> {
    reader: &'a Reader,
    visited: Pages,
    walk: Walk,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(reader: &'a Reader, bucket: &BucketHandle) -> Self {
        Self {
            reader,
            visited: Pages::default(),
            walk: Walk::new(bucket),
        }
    }
}

impl Iterator for Cursor<'_> {
    type Item = Result<Entry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.walk.next(self.reader, &mut self.visited)
    }
}

/// A set of page numbers, a bit each; grows only to the highest number put in.
#[derive(Debug, Default)]
pub(super) struct Pages {
    words: Vec<u64>,
}

impl Pages {
    /// Adds a page; false if it was there.
    pub(super) fn insert(&mut self, page: u64) -> bool {
        let word = (page / 64) as usize;
        let bit = 1 << (page % 64);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let fresh = self.words[word] & bit == 0;
        self.words[word] |= bit;
        fresh
    }

    pub(super) fn contains(&self, page: u64) -> bool {
        let word = self.words.get((page / 64) as usize);
        word.is_some_and(|word| word & (1 << (page % 64)) != 0)
    }
}

/// The state of a walk without what it walks on, so that a check of the whole file can share one
/// set of visited pages among all buckets.
#[derive(Debug)]
pub(super) struct Walk {
    /// Where to start; taken by the first step.
    start: Option<BucketHandle>,
    stack: Vec<Frame>,
    previous: Option<Bytes>,
}

#[derive(Debug)]
struct Frame {
    page: Page,
    next: usize,
    /// Keys below this page are less than this.
    below: Option<Bytes>,
}

impl Walk {
    pub(super) fn new(bucket: &BucketHandle) -> Self {
        Self {
            start: Some(bucket.clone()),
            stack: Vec::new(),
            previous: None,
        }
    }

    /// The next entry in key order.
    pub(super) fn next(
        &mut self,
        reader: &Reader,
        visited: &mut Pages,
    ) -> Option<Result<Entry, Error>> {
        let found = self.step(reader, visited).transpose();
        if matches!(found, Some(Err(_)) | None) {
            self.start = None;
            self.stack.clear();
        }
        found
    }

    fn step(&mut self, reader: &Reader, visited: &mut Pages) -> Result<Option<Entry>, Error> {
        if let Some(bucket) = self.start.take() {
            let page = match bucket.inline {
                Some(bytes) => inline_page(reader, bucket.page, bytes)?,
                None => visit(reader, visited, bucket.page)?,
            };
            self.push(reader, page, None)?;
        }
        while let Some(frame) = self.stack.last_mut() {
            let position = frame.next;
            if position == usize::from(frame.page.header.count) {
                self.stack.pop();
                continue;
            }
            frame.next += 1;
            let id = frame.page.header.id;
            match frame.page.element(position) {
                Element::Child { key, page } => {
                    let below = frame.key_after(position).or_else(|| frame.below.clone());
                    if below.as_ref().is_some_and(|below| key >= *below)
                        || self.previous.as_ref().is_some_and(|last| key <= *last)
                    {
                        let what = format!("branch key {position} is out of order");
                        return Err(reader.damaged(id, what));
                    }
                    let child = visit(reader, visited, page)?;
                    if let Some(first) = first_key(&child)
                        && first < key
                    {
                        let what = format!("starts below its key in branch page {id}");
                        return Err(reader.damaged(page, what));
                    }
                    self.push(reader, child, below)?;
                }
                Element::Leaf { key, value } => {
                    self.advance(reader, id, &key)?;
                    let value = Value::Data(value);
                    return Ok(Some(Entry { key, value }));
                }
                Element::Bucket { name, value } => {
                    self.advance(reader, id, &name)?;
                    let value = Value::Bucket(bucket_handle(reader, id, &value)?);
                    return Ok(Some(Entry { key: name, value }));
                }
            }
        }
        Ok(None)
    }

    fn push(&mut self, reader: &Reader, page: Page, below: Option<Bytes>) -> Result<(), Error> {
        let id = page.header.id;
        if !matches!(page.header.kind, Kind::Branch | Kind::Leaf) {
            let what = format!("a {:?} page inside a bucket", page.header.kind);
            return Err(reader.damaged(id, what));
        }
        if self.stack.len() == DEPTH_MAX {
            return Err(reader.damaged(id, format!("more than {DEPTH_MAX} levels deep")));
        }
        let next = 0;
        self.stack.push(Frame { page, next, below });
        Ok(())
    }

    /// Checks the order of a leaf's key and makes it the last one seen.
    fn advance(&mut self, reader: &Reader, page: u64, key: &Bytes) -> Result<(), Error> {
        if self.previous.as_ref().is_some_and(|last| key <= last) {
            return Err(reader.damaged(page, format!("key {key:02x?} is out of order")));
        }
        let below = self.stack.last().and_then(|frame| frame.below.as_ref());
        if below.is_some_and(|below| key >= below) {
            let what = format!("key {key:02x?} belongs to the next page");
            return Err(reader.damaged(page, what));
        }
        self.previous = Some(key.clone());
        Ok(())
    }
}

impl Frame {
    /// The key of the element after `position` of a branch page.
    fn key_after(&self, position: usize) -> Option<Bytes> {
        let next = position + 1;
        let exists = next < usize::from(self.page.header.count);
        exists.then(|| key_of(self.page.element(next)))
    }
}

fn first_key(page: &Page) -> Option<Bytes> {
    (page.header.count > 0 && matches!(page.header.kind, Kind::Branch | Kind::Leaf))
        .then(|| key_of(page.element(0)))
}

fn key_of(element: Element) -> Bytes {
    match element {
        Element::Child { key, .. } | Element::Leaf { key, .. } => key,
        Element::Bucket { name, .. } => name,
    }
}

/// Reads a page that must not have been read before in this walk.
fn visit(reader: &Reader, visited: &mut Pages, id: u64) -> Result<Page, Error> {
    let page = reader.page(id)?;
    for part in 0..=u64::from(page.header.overflow) {
        if !visited.insert(id + part) {
            return Err(reader.damaged(id + part, "multiple references"));
        }
    }
    Ok(page)
}

/// Reads the value of a bucket element in page `page`.
fn bucket_handle(reader: &Reader, page: u64, value: &Bytes) -> Result<BucketHandle, Error> {
    if value.len() < BUCKET_BYTES {
        let what = format!("a bucket of {} bytes", value.len());
        return Err(reader.damaged(page, what));
    }
    Ok(match u64_at(value, 0) {
        0 => BucketHandle {
            page,
            inline: Some(value.slice(BUCKET_BYTES..)),
        },
        root => BucketHandle {
            page: root,
            inline: None,
        },
    })
}

/// The page of an inline bucket that stands in page `id`, given that number for errors.
fn inline_page(reader: &Reader, id: u64, bytes: Bytes) -> Result<Page, Error> {
    let damaged = |what: String| reader.damaged(id, format!("inline bucket: {what}"));
    let header = Header::decode(&bytes).map_err(damaged)?;
    if header.kind != Kind::Leaf || header.overflow != 0 {
        return Err(damaged(format!("not a plain leaf but {header:?}")));
    }
    Page::new(Header { id, ..header }, bytes).map_err(damaged)
}

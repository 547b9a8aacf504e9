//! Opens a bbolt file and reads pages from it, trusting nothing in them.
//!
//! The file is only read, never locked or mapped. Every page is checked when read: its number, its
//! type, and that all its elements lie within it. What spans pages (order, each page used once) is
//! checked by the cursor; what spans the file by [`Reader::check`].

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::cursor::{Cursor, Value};
use super::format::{
    BUCKET_FLAG, ELEMENT_BYTES, FIRST_DATA_PAGE, HEADER_BYTES, Header, Kind, META_BYTES, Meta,
    u32_at, u64_at,
};
use super::{Error, PAGE_SIZE};

/// Page sizes looked at when the first meta page is damaged: 1 KiB to 16 MiB, as bbolt does.
const PAGE_SIZE_BITS: Range<u32> = 10..25;

/// An open bbolt file.
#[derive(Debug)]
pub struct Reader {
    file: File,
    path: PathBuf,
    meta: Meta,
}

/// A bucket found in a file; open it with [`Reader::cursor`].
#[derive(Debug, Clone)]
pub struct BucketHandle {
    /// The page to name in errors: the root, or where the inline page stands.
    pub(super) page: u64,
    /// The page in place, if the bucket has no page of its own.
    pub(super) inline: Option<Bytes>,
}

impl Reader {
    /// Opens the file at `path`. Bytes after the last page in use are ignored, so a snapshot with
    /// its trailing checksum opens like a bare database.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let open_error = |source| Error::Open {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(open_error)?;
        let bytes = file.metadata().map_err(open_error)?.len();
        if bytes < 2 * PAGE_SIZE as u64 {
            return Err(Error::TooSmall {
                path: path.to_owned(),
                bytes,
            });
        }
        let meta = read_meta(&file, bytes).ok_or_else(|| Error::NotBolt {
            path: path.to_owned(),
        })?;
        let reader = Self {
            file,
            path: path.to_owned(),
            meta,
        };
        reader.check_meta(bytes)?;
        Ok(reader)
    }

    /// The length of the database in bytes: pages in use times page size.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.meta.end * u64::from(self.meta.page_size)
    }

    /// The file's path, as given to [`Reader::open`].
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bucket that holds all others.
    #[must_use]
    pub fn root(&self) -> BucketHandle {
        BucketHandle {
            page: self.meta.root,
            inline: None,
        }
    }

    /// The buckets of the root by name.
    pub fn buckets(&self) -> Result<BTreeMap<Bytes, BucketHandle>, Error> {
        let mut buckets = BTreeMap::new();
        for entry in self.cursor(&self.root()) {
            let entry = entry?;
            if let Value::Bucket(bucket) = entry.value {
                buckets.insert(entry.key, bucket);
            }
        }
        Ok(buckets)
    }

    /// Walks a bucket in the order of its keys.
    #[must_use]
    pub fn cursor(&self, bucket: &BucketHandle) -> Cursor<'_> {
        Cursor::new(self, bucket)
    }

    pub(super) fn meta(&self) -> &Meta {
        &self.meta
    }

    pub(super) fn damaged(&self, page: u64, what: impl Into<String>) -> Error {
        Error::Damaged {
            path: self.path.clone(),
            page,
            what: what.into(),
        }
    }

    /// Reads a page with everything that overflows from it, and checks what can be checked in it.
    pub(super) fn page(&self, id: u64) -> Result<Page, Error> {
        if !(FIRST_DATA_PAGE..self.meta.end).contains(&id) {
            let what = format!("out of range [{FIRST_DATA_PAGE}, {})", self.meta.end);
            return Err(self.damaged(id, what));
        }
        let mut bytes = self.read(id, self.meta.page_size as usize)?;
        let damaged = |what| self.damaged(id, what);
        let header = Header::decode(&bytes).map_err(damaged)?;
        if header.id != id {
            return Err(damaged(format!("says it is page {}", header.id)));
        }
        let pages = u64::from(header.overflow) + 1;
        if pages > self.meta.end - id {
            return Err(damaged(format!(
                "overflows by {} pages beyond the end {}",
                header.overflow, self.meta.end
            )));
        }
        if pages > 1 {
            let length = usize::try_from(pages * u64::from(self.meta.page_size))
                .map_err(|_| damaged("too long for this machine".to_owned()))?;
            bytes = self.read(id, length)?;
        }
        Page::new(header, Bytes::from(bytes)).map_err(damaged)
    }

    fn read(&self, page: u64, length: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; length];
        self.file
            .read_exact_at(&mut bytes, page * u64::from(self.meta.page_size))
            .map_err(|source| Error::Read {
                path: self.path.clone(),
                page,
                source,
            })?;
        Ok(bytes)
    }

    /// The claims of a meta page whose checksum holds may still be absurd for this file.
    fn check_meta(&self, file_bytes: u64) -> Result<(), Error> {
        let Meta { page_size, end, .. } = self.meta;
        let bits = page_size.trailing_zeros();
        if !page_size.is_power_of_two() || !PAGE_SIZE_BITS.contains(&bits) {
            return Err(self.damaged(0, format!("page size {page_size}")));
        }
        match end.checked_mul(u64::from(page_size)) {
            Some(bytes) if bytes <= file_bytes => Ok(()),
            _ => Err(self.damaged(
                0,
                format!("{end} pages of {page_size} bytes in a file of {file_bytes} bytes"),
            )),
        }
    }
}

/// Reads the valid meta page with the higher transaction id.
fn read_meta(file: &File, file_bytes: u64) -> Option<Meta> {
    let at = |offset| {
        let mut page = [0; HEADER_BYTES + META_BYTES];
        file.read_exact_at(&mut page, offset).ok()?;
        Meta::decode_page(&page)
    };
    let first = at(0);
    let second = match first {
        Some(meta) => at(u64::from(meta.page_size)),
        // Without the first, the page size is not known: try each.
        None => PAGE_SIZE_BITS
            .map(|bits| 1 << bits)
            .take_while(|offset| *offset < file_bytes)
            .find_map(at),
    };
    match (first, second) {
        (Some(first), Some(second)) if second.txid > first.txid => Some(second),
        (first, second) => first.or(second),
    }
}

/// A page whose elements are known to lie within it.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) header: Header,
    bytes: Bytes,
}

/// One element of a page.
#[derive(Debug)]
pub(super) enum Element {
    Child { key: Bytes, page: u64 },
    Leaf { key: Bytes, value: Bytes },
    Bucket { name: Bytes, value: Bytes },
}

impl Page {
    pub(super) fn new(header: Header, bytes: Bytes) -> Result<Self, String> {
        let page = Self { header, bytes };
        let element_bytes = match header.kind {
            Kind::Branch | Kind::Leaf => ELEMENT_BYTES,
            Kind::Meta | Kind::FreeList => return Ok(page),
        };
        let count = usize::from(header.count);
        if HEADER_BYTES + count * element_bytes > page.bytes.len() {
            return Err(format!("{count} elements do not fit"));
        }
        for position in 0..count {
            let (start, key, value) = page.spans(position);
            // All three are below 2^32, so the sum cannot wrap in 64 bits.
            let end = start as u64 + key as u64 + value as u64;
            if end > page.bytes.len() as u64 {
                return Err(format!("element {position} reaches beyond the page"));
            }
            if key == 0 {
                return Err(format!("element {position} has an empty key"));
            }
        }
        Ok(page)
    }

    pub(super) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The element at `position`, which must be below the header's count.
    pub(super) fn element(&self, position: usize) -> Element {
        let (start, key, value) = self.spans(position);
        let at = HEADER_BYTES + position * ELEMENT_BYTES;
        let value = self.bytes.slice(start + key..start + key + value);
        let key = self.bytes.slice(start..start + key);
        match self.header.kind {
            Kind::Branch => Element::Child {
                key,
                page: u64_at(&self.bytes, at + 8),
            },
            _ if u32_at(&self.bytes, at) & BUCKET_FLAG != 0 => Element::Bucket { name: key, value },
            _ => Element::Leaf { key, value },
        }
    }

    /// Where the key of an element starts, and the lengths of its key and value.
    fn spans(&self, position: usize) -> (usize, usize, usize) {
        let at = HEADER_BYTES + position * ELEMENT_BYTES;
        let field = |index: usize| u32_at(&self.bytes, at + 4 * index) as usize;
        match self.header.kind {
            Kind::Branch => (at + field(0), field(1), 0),
            _ => (at + field(1), field(2), field(3)),
        }
    }
}

#[cfg(test)]
mod tests;

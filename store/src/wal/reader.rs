//! Reads single entries back, checked.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;

use super::ahead::Ahead;
use super::error::Error;
use super::sector::{self, BODY, Sector};
use super::{Position, segment};
use crate::disk::SECTOR;

/// The open files of a log's segments, by number.
pub(super) type Files = Arc<RwLock<BTreeMap<u64, Arc<Ahead>>>>;

/// Reads entries of a log, while it is written, from any thread. Clones are cheap.
#[derive(Clone)]
pub struct Reader {
    pub(super) dir: PathBuf,
    pub(super) files: Files,
}

impl Reader {
    /// The data of the entry at `position`, a position that [`Wal::append`](super::Wal::append)
    /// or opening the log gave.
    ///
    /// Every sector read is checked. Fails with [`Error::Gone`] if the segment was cut since.
    pub fn read(&self, position: Position) -> Result<Bytes, Error> {
        let Position {
            segment,
            offset,
            len,
        } = position;
        let open = self.files.read().get(&segment).cloned();
        let open = open.ok_or(Error::Gone { segment })?;
        let path = segment::path(&self.dir, segment);
        let first = offset / SECTOR as u64;
        let skip = body_offset(offset)
            .ok_or_else(|| Error::corrupt(&path, offset, "a position lies outside a body"))?;
        let len = len as usize;
        let mut raw = vec![0; sector::sectors(skip + len) * SECTOR];
        open.fetch(first * SECTOR as u64, raw.len() as u64);
        open.file
            .read_at(&mut raw, first * SECTOR as u64)
            .map_err(Error::io("read", &path))?;

        let mut data = Vec::with_capacity(len);
        let mut skip = skip;
        for (number, sector) in (first..).zip(raw.chunks_exact(SECTOR)) {
            let Sector::Valid(_, body) = sector::inspect(sector, segment, number) else {
                let at = number * SECTOR as u64;
                return Err(Error::corrupt(&path, at, "a sector fails its checksum"));
            };
            let take = (BODY - skip).min(len - data.len());
            data.extend_from_slice(&body[skip..skip + take]);
            skip = 0;
        }
        Ok(data.into())
    }
}

/// How far into its sector's body a byte of the file lies.
fn body_offset(offset: u64) -> Option<usize> {
    ((offset % SECTOR as u64) as usize).checked_sub(SECTOR - BODY)
}

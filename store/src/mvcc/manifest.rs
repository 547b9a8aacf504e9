//! The entry of the backend that makes a checkpoint valid: chunks that it does not name do not
//! count, so chunks may be written before it in any order.
//!
//! ```text
//! "mvcc" -> | crc32c, 4 LE | format = 3 | revision | compact revision, zigzag |
//!           | count | (slot | checksum of headers | dead count | dead * dead count) * count |
//! dead:     | step of main to the previous dead one (or to the chunk's first) | sub |
//! ```
//!
//! Dead records must be known exactly: were a deletion gone from its chunk but the put before it
//! not yet from its own, the key would come back. The checksum tells a chunk from an older one in
//! the same slot, which an engine with damaged files may bring back.

use super::chunks::{Chunk, Dead};
use super::error::Error;
use super::varint::{Cursor, put, put_signed};

/// Its key in the backend.
pub(super) const KEY: &[u8] = b"mvcc";
/// Written by this release. The one before it, which had no packed values, is read, too.
const FORMAT: u64 = 3;

/// A chunk that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) slot: u32,
    /// Of its headers.
    pub(super) checksum: u32,
    pub(super) dead: Vec<Dead>,
}

/// What a checkpoint consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) revision: i64,
    pub(super) compacted: i64,
    /// In revision order.
    pub(super) chunks: Vec<Named>,
}

/// Encodes the manifest of a directory.
pub(super) fn encode(revision: i64, compacted: i64, directory: &[Chunk]) -> Vec<u8> {
    let mut out = vec![0; 4];
    put(&mut out, FORMAT);
    put(&mut out, revision as u64);
    put_signed(&mut out, compacted);
    put(&mut out, directory.len() as u64);
    for chunk in directory {
        put(&mut out, u64::from(chunk.slot));
        put(&mut out, u64::from(chunk.checksum));
        put(&mut out, chunk.dead.len() as u64);
        let mut dead: Vec<Dead> = chunk.dead.to_vec();
        dead.sort_unstable();
        let mut last = 0;
        for dead in dead {
            put(&mut out, u64::from(dead.main_step - last));
            put(&mut out, u64::from(dead.sub));
            last = dead.main_step;
        }
    }
    let crc = crc32c::crc32c(&out[4..]);
    out[..4].copy_from_slice(&crc.to_le_bytes());
    out
}

/// Decodes and verifies a manifest.
pub(super) fn decode(entry: &[u8]) -> Result<Manifest, Error> {
    let damaged = |detail: &str| Error::DamagedMeta(format!("manifest: {detail}"));
    let (crc, body) = entry
        .split_first_chunk::<4>()
        .ok_or_else(|| damaged("shorter than its checksum"))?;
    if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
        return Err(damaged("checksum does not match"));
    }
    let mut cursor = Cursor::new(body);
    match cursor.number() {
        Some(FORMAT | 2) => {}
        other => return Err(damaged(&format!("format {other:?} is not known"))),
    }
    decode_body(&mut cursor)
        .filter(|_| cursor.is_empty())
        .ok_or_else(|| damaged("malformed"))
}

fn decode_body(cursor: &mut Cursor<'_>) -> Option<Manifest> {
    let revision = cursor.positive()?;
    let compacted = cursor.signed()?;
    let count = cursor.size()?;
    let mut chunks = Vec::with_capacity(count.min(cursor.len()));
    for _ in 0..count {
        let slot = u32::try_from(cursor.number()?).ok()?;
        let checksum = u32::try_from(cursor.number()?).ok()?;
        let count = cursor.size()?;
        let mut dead = Vec::with_capacity(count.min(cursor.len()));
        let mut last = 0_u32;
        for _ in 0..count {
            last = last.checked_add(u32::try_from(cursor.number()?).ok()?)?;
            let sub = u32::try_from(cursor.number()?).ok()?;
            dead.push(Dead {
                main_step: last,
                sub,
            });
        }
        chunks.push(Named {
            slot,
            checksum,
            dead,
        });
    }
    Some(Manifest {
        revision,
        compacted,
        chunks,
    })
}

#[cfg(test)]
mod tests;

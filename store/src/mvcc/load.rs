//! From versions of the index to pairs: where the record lies, and what is read to get it.
//!
//! Records of chunks are read in revision order, chunk by chunk, whatever the order of the answer:
//! so a range over all keys opens each chunk once.

use bytes::{Bytes, BytesMut};
use proto::mvccpb::KeyValue;

use super::chunk::Values;
use super::chunks::Chunk;
use super::error::Error;
use super::range::Hit;
use super::recent::Record;
use super::revision::{Revision, Version};
use super::state::{Store, read_value};

/// From this part of a chunk on (a quarter), values share its memory instead of being copied.
const SHARE_PART: usize = 4;

impl Store {
    /// The record behind a version of the index.
    pub(super) fn load(&self, key: &[u8], version: &Version) -> Result<KeyValue, Error> {
        let rev = version.rev();
        if let Some(record) = self.recents.get(rev) {
            return self.load_recent(key, version, &record);
        }
        let mut kv = indexed(Bytes::copy_from_slice(key), version);
        let chunk = self.chunk_of(rev);
        let values = self.chunks.cached_values(&*self.backend, chunk)?;
        let (value, lease) = value_in(chunk, &values, rev, version)?;
        kv.value = Bytes::copy_from_slice(&value);
        kv.lease = lease;
        Ok(kv)
    }

    fn load_recent(
        &self,
        key: &[u8],
        version: &Version,
        record: &Record,
    ) -> Result<KeyValue, Error> {
        assert!(
            record.key == key && record.create == version.create(),
            "index and record disagree at {:?}",
            record.rev
        );
        let mut kv = indexed(record.key.clone(), version);
        kv.value = read_value(self.values.as_deref(), record)?;
        kv.lease = record.lease;
        Ok(kv)
    }

    fn chunk_of(&self, rev: Revision) -> &Chunk {
        self.chunks
            .find(rev)
            .unwrap_or_else(|| panic!("the index names {rev:?}, of which there is no record"))
    }

    /// The records of all hits, in their order.
    pub(super) fn load_all(&self, hits: &[Hit<'_>]) -> Result<Vec<KeyValue>, Error> {
        if let [hit] = hits {
            return Ok(vec![self.load(hit.key, hit.version)?]);
        }
        let mut kvs = Vec::with_capacity(hits.len());
        let mut cold: Vec<(Revision, usize)> = Vec::new();
        let mut keys = BytesMut::new();
        for hit in hits {
            match self.recents.get(hit.version.rev()) {
                Some(record) => kvs.push(self.load_recent(hit.key, hit.version, &record)?),
                None => {
                    cold.push((hit.version.rev(), kvs.len()));
                    keys.extend_from_slice(hit.key);
                    kvs.push(indexed(Bytes::new(), hit.version));
                }
            }
        }
        // One allocation holds the keys of all records that are not in memory.
        let mut keys = keys.freeze();
        for &(_, at) in &cold {
            kvs[at].key = keys.split_to(hits[at].key.len());
        }
        cold.sort_unstable_by_key(|&(rev, _)| rev);
        let mut cold = &cold[..];
        while let Some(&(rev, _)) = cold.first() {
            let chunk = self.chunk_of(rev);
            let (run, rest) = cold.split_at(cold.partition_point(|&(rev, _)| rev <= chunk.last));
            self.load_run(chunk, run, hits, &mut kvs)?;
            cold = rest;
        }
        Ok(kvs)
    }

    /// Fills in the values and leases of hits that lie in one chunk.
    fn load_run(
        &self,
        chunk: &Chunk,
        run: &[(Revision, usize)],
        hits: &[Hit<'_>],
        kvs: &mut [KeyValue],
    ) -> Result<(), Error> {
        let wanted: usize = run
            .iter()
            .map(|&(_, at)| hits[at].version.value_len())
            .sum();
        let share = wanted * SHARE_PART >= chunk.bytes;
        let cached;
        let whole;
        let values: &Values = if share {
            whole = chunk.values(&*self.backend)?;
            &whole
        } else {
            cached = self.chunks.cached_values(&*self.backend, chunk)?;
            &cached
        };
        for &(rev, at) in run {
            let (value, lease) = value_in(chunk, values, rev, hits[at].version)?;
            kvs[at].value = match share {
                true => value,
                false => Bytes::copy_from_slice(&value),
            };
            kvs[at].lease = lease;
        }
        Ok(())
    }
}

fn value_in(
    chunk: &Chunk,
    values: &Values,
    rev: Revision,
    version: &Version,
) -> Result<(Bytes, i64), Error> {
    values
        .get(rev)
        .filter(|(value, _)| value.len() == version.value_len())
        .ok_or_else(|| chunk.damaged(format!("revision {rev:?} is not as the index knows it")))
}

/// What the index knows of a pair.
fn indexed(key: Bytes, version: &Version) -> KeyValue {
    KeyValue {
        key,
        create_revision: version.create(),
        mod_revision: version.main(),
        version: version.number(),
        ..KeyValue::default()
    }
}

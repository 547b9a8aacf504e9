//! What `etcdutl snapshot status` tells of a file.

use std::collections::HashSet;
use std::path::Path;

use super::{Error, Record, names};
use crate::bolt::{Reader, Value};

/// A summary of a backup; each figure equals what etcdutl 3.7 prints for the same file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// CRC-32C of every bucket's name followed by its keys and values, buckets by name.
    pub hash: u32,
    /// The main revision of the last record; 0 without records.
    pub revision: i64,
    /// How many keys are alive.
    pub total_key: usize,
    /// The database's length in bytes, without a checksum after it.
    pub total_size: u64,
    /// The version of the storage schema; empty before etcd 3.6.
    pub version: String,
}

/// Checks the file at `path` and sums it up. The file is only read.
pub fn status(path: &Path) -> Result<Status, Error> {
    let reader = Reader::open(path)?;
    reader.check()?;
    let mut status = Status {
        hash: 0,
        revision: 0,
        total_key: 0,
        total_size: reader.size(),
        version: String::new(),
    };
    let mut alive: HashSet<Box<[u8]>> = HashSet::new();
    for (name, bucket) in reader.buckets()? {
        status.hash = crc32c::crc32c_append(status.hash, &name);
        for entry in reader.cursor(&bucket) {
            let entry = entry?;
            status.hash = crc32c::crc32c_append(status.hash, &entry.key);
            let Value::Data(value) = entry.value else {
                continue;
            };
            status.hash = crc32c::crc32c_append(status.hash, &value);
            if name == names::KEY {
                let content = |what| Error::Content {
                    path: path.to_owned(),
                    bucket: "key".to_owned(),
                    key: entry.key.to_vec(),
                    what,
                };
                let record = Record::from_bucket(&entry.key, value).map_err(content)?;
                let pair = record
                    .decode()
                    .map_err(|error| content(error.to_string()))?;
                status.revision = record.main;
                if record.tombstone {
                    alive.remove(&*pair.key);
                } else {
                    alive.insert(Box::from(&*pair.key));
                }
            } else if name == names::META && entry.key == names::STORAGE_VERSION {
                status.version = String::from_utf8_lossy(&value).into_owned();
            }
        }
    }
    status.total_key = alive.len();
    Ok(status)
}

//! From a file to a description and records.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::record::parse_revision;
use super::{Auth, Description, Digest, Error, Record, digest, names, values};
use crate::bolt::{BucketHandle, Cursor, Entry, Reader, Value};

/// A backup, or a database from a data directory, open for reading.
#[derive(Debug)]
pub struct Import {
    reader: Reader,
    buckets: BTreeMap<Bytes, BucketHandle>,
    description: Description,
}

impl Import {
    /// Opens and checks the file: its checksum as `digest` asks, the structure of the database,
    /// and everything but the records. The file is only read.
    ///
    /// A database of etcd 3.0 or later will do; what it lacks is left out of the description, and
    /// buckets and keys that etcd 3.7 does not know are passed over.
    pub fn open(path: &Path, digest: Digest) -> Result<Self, Error> {
        fs::metadata(path).map_err(Error::io("stat", path))?;
        if digest == Digest::Required {
            digest::verify(path)?;
        }
        let reader = Reader::open(path)?;
        reader.check()?;
        let buckets = reader.buckets()?;
        let description = describe(&Source {
            reader: &reader,
            buckets: &buckets,
        })?;
        Ok(Self {
            reader,
            buckets,
            description,
        })
    }

    /// The state apart from the records.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The records in the order of their revisions; ends after the first error.
    pub fn records(&self) -> impl Iterator<Item = Result<Record, Error>> + '_ {
        let source = Source {
            reader: &self.reader,
            buckets: &self.buckets,
        };
        source.pairs(names::KEY).map(move |pair| {
            let (key, value) = pair?;
            Record::from_bucket(&key, value).map_err(content(&self.reader, names::KEY, &key))
        })
    }
}

/// Where a description is read from.
struct Source<'a> {
    reader: &'a Reader,
    buckets: &'a BTreeMap<Bytes, BucketHandle>,
}

impl<'a> Source<'a> {
    /// The pairs of a bucket; none if there is no such bucket.
    fn pairs(&self, bucket: &'static [u8]) -> Pairs<'a> {
        Pairs {
            reader: self.reader,
            bucket,
            cursor: self
                .buckets
                .get(bucket)
                .map(|found| self.reader.cursor(found)),
        }
    }

    /// What `read` makes of each pair of a bucket.
    fn collect<T>(
        &self,
        bucket: &'static [u8],
        read: impl Fn(&[u8], &[u8]) -> Result<T, String>,
    ) -> Result<Vec<T>, Error> {
        self.pairs(bucket)
            .map(|pair| {
                let (key, value) = pair?;
                read(&key, &value).map_err(content(self.reader, bucket, &key))
            })
            .collect()
    }
}

/// The plain pairs of one bucket.
struct Pairs<'a> {
    reader: &'a Reader,
    bucket: &'static [u8],
    cursor: Option<Cursor<'a>>,
}

impl Iterator for Pairs<'_> {
    type Item = Result<(Bytes, Bytes), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.cursor.as_mut()?.next()? {
            Ok(Entry {
                key,
                value: Value::Data(value),
            }) => Ok((key, value)),
            Ok(entry) => {
                self.cursor = None;
                let what = "a bucket where a value is expected".to_owned();
                Err(content(self.reader, self.bucket, &entry.key)(what))
            }
            Err(error) => Err(error.into()),
        })
    }
}

fn content(reader: &Reader, bucket: &[u8], key: &[u8]) -> impl FnOnce(String) -> Error {
    let path: PathBuf = reader.path().to_owned();
    let bucket = String::from_utf8_lossy(bucket).into_owned();
    let key = key.to_vec();
    move |what| Error::Content {
        path,
        bucket,
        key,
        what,
    }
}

fn describe(source: &Source<'_>) -> Result<Description, Error> {
    let mut description = Description {
        members: source.collect(names::MEMBERS, |key, value| {
            let mut member: crate::cluster::Member = values::decode_json(value)?;
            member.id = values::decode_id(key)?;
            Ok(member)
        })?,
        removed_members: source.collect(names::MEMBERS_REMOVED, |key, _| values::decode_id(key))?,
        leases: source.collect(names::LEASE, |_, value| values::decode_lease(value))?,
        alarms: source.collect(names::ALARM, |key, _| values::decode_message(key))?,
        auth: Auth {
            users: source.collect(names::AUTH_USERS, |_, value| values::decode_message(value))?,
            roles: source.collect(names::AUTH_ROLES, |_, value| values::decode_message(value))?,
            ..Auth::default()
        },
        ..Description::default()
    };
    for bucket in [names::META, names::CLUSTER, names::AUTH] {
        for pair in source.pairs(bucket) {
            let (key, value) = pair?;
            describe_one(&mut description, &key, &value).map_err(content(
                source.reader,
                bucket,
                &key,
            ))?;
        }
    }
    Ok(description)
}

/// Takes over one of the single values; their keys are distinct across buckets.
fn describe_one(description: &mut Description, key: &[u8], value: &[u8]) -> Result<(), String> {
    match key {
        names::CONSISTENT_INDEX => description.consistent_index = values::decode_u64(value)?,
        names::TERM => description.term = values::decode_u64(value)?,
        names::CONF_STATE => description.configuration = Some(values::decode_json(value)?),
        names::STORAGE_VERSION => description.storage_version = Some(values::decode_text(value)?),
        names::SCHEDULED_COMPACTION => {
            description.scheduled_compaction = Some(parse_revision(value)?.0);
        }
        names::FINISHED_COMPACTION => {
            description.finished_compaction = Some(parse_revision(value)?.0);
        }
        names::CLUSTER_VERSION => description.cluster_version = Some(values::decode_text(value)?),
        names::V2 => description.v2 = Some(values::decode_message(value)?),
        names::DOWNGRADE => description.downgrade = Some(values::decode_json(value)?),
        names::AUTH_ENABLED => description.auth.enabled = value == [1],
        names::AUTH_REVISION => description.auth.revision = values::decode_u64(value)?,
        _ => {}
    }
    Ok(())
}

//! Records of a backup on their way into a store.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use proto::mvccpb::KeyValue;

use super::{Description, Error, Import, Record};
use crate::apply::{AlarmMeta, AuthMeta, LeaseMeta, Meta};
use crate::backend::MemoryBackend;
use crate::mvcc::{self, Revision, Store};

/// Puts all records into `target` and gives the last revision, which may be of a record that is not
/// taken over.
pub(super) fn records(
    import: &Import,
    file: &Path,
    target: &mut mvcc::Import<'_>,
) -> Result<i64, Error> {
    let mut last = 1;
    for record in import.records() {
        let record = record?;
        last = record.main.max(last);
        if let Some(pair) = checked(file, &record, target.last())? {
            let rev = Revision {
                main: record.main,
                sub: record.sub,
            };
            target.push(rev, record.tombstone, &pair)?;
        }
    }
    Ok(last)
}

/// The pair of a record that may follow `last`; nothing for the mark that etcd puts at the end
/// of a leap of the revision, which has no key.
fn checked(file: &Path, record: &Record, last: Revision) -> Result<Option<KeyValue>, Error> {
    let wrong = |what: &str| content(file, "key", record.bucket_key(), what);
    let pair = record.decode().map_err(|error| wrong(&error.to_string()))?;
    if pair.key.is_empty() && !record.tombstone {
        return Ok(None);
    }
    if record.main < 1 || (record.main, record.sub) <= (last.main, last.sub) {
        return Err(wrong(
            "the revision does not follow that of the record before",
        ));
    }
    if u32::try_from(record.sub).is_err() || u32::try_from(pair.value.len()).is_err() {
        return Err(wrong("beyond the limits of a transaction"));
    }
    let begins = (1..=record.main).contains(&pair.create_revision) && pair.version > 0;
    if !record.tombstone && !begins {
        return Err(wrong("create revision or version is not valid"));
    }
    Ok(Some(pair))
}

/// The last compaction that a backup tells of.
pub(super) fn compacted(description: &Description) -> Option<i64> {
    let compactions = [
        description.finished_compaction,
        description.scheduled_compaction,
    ];
    compactions.into_iter().flatten().max()
}

/// Revision and compact revision of a backup whose last record is of revision `last`.
pub(super) fn revisions(description: &Description, last: i64) -> (i64, i64) {
    let compacted = compacted(description).filter(|revision| *revision > 0);
    let compacted = compacted.unwrap_or(-1);
    (last.max(compacted), compacted)
}

/// The store of a backup, all of it in memory.
pub(super) fn store(import: &Import, file: &Path) -> Result<Store, Error> {
    let backend = Arc::new(MemoryBackend::default());
    let options = mvcc::Options::default();
    let mut target = mvcc::Import::new(&*backend, options.chunk_bytes);
    let last = records(import, file, &mut target)?;
    let (revision, compacted) = revisions(import.description(), last);
    target.finish(revision, compacted, Vec::new())?;
    Ok(Store::open(backend, options)?)
}

/// What a backup tells of leases, alarms, users and roles, and of API 2.
pub(super) fn meta(description: &Description) -> Meta {
    // One that stands twice is one.
    let leases: BTreeMap<i64, _> = description.leases.iter().map(|l| (l.id, l)).collect();
    let leases = leases.into_values().map(|lease| LeaseMeta {
        id: lease.id,
        ttl: lease.ttl,
        remaining: lease.remaining,
        // Which entry granted it, a backup does not tell.
        granted: 0,
    });
    let alarms = description.alarms.iter().map(|alarm| AlarmMeta {
        alarm: *alarm,
        // Of whom it was is unknown, so nothing but a person clears it.
        automatic: false,
    });
    Meta {
        leases: leases.collect(),
        alarms: alarms.collect(),
        auth: Some(AuthMeta {
            is_enabled: description.auth.enabled,
            revision: description.auth.revision,
            users: description.auth.users.clone(),
            roles: description.auth.roles.clone(),
        }),
        v2: description.v2.clone(),
        ..Meta::default()
    }
}

/// Something that etcd would not have put into a database.
pub(super) fn content(file: &Path, bucket: &str, key: Vec<u8>, what: &str) -> Error {
    Error::Content {
        path: file.to_owned(),
        bucket: bucket.to_owned(),
        key,
        what: what.to_owned(),
    }
}

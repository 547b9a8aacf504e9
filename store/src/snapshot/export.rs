//! From a description and records to a file.

use std::io::{Seek, Write};

use prost::Message;
use serde::Serialize;

use super::record::revision_bytes;
use super::{Description, Error, Record, names, values};
use crate::bolt::{self, Bucket, Writer};

/// Takes the records of a backup, in the order of their revisions.
#[derive(Debug)]
pub struct Records<'a, 'b, W: Write + Seek> {
    bucket: &'a mut Bucket<'b, W>,
}

impl<W: Write + Seek> Records<'_, '_, W> {
    /// Adds a record, which must be of a later revision than every record before.
    pub fn put(&mut self, record: &Record) -> Result<(), Error> {
        Ok(self.bucket.put(&record.bucket_key(), &record.key_value)?)
    }
}

/// Writes a backup to `out`, which must be empty, and returns it with the length in bytes.
///
/// `fill` is called once, to hand over the records; memory does not grow with their number. The
/// output is flushed but not synced.
pub fn export<W, F, E>(description: &Description, out: W, fill: F) -> Result<(W, u64), E>
where
    W: Write + Seek,
    F: FnOnce(&mut Records<'_, '_, W>) -> Result<(), E>,
    E: From<Error> + From<bolt::Error>,
{
    let mut writer = Writer::new(out)?;
    // Buckets in the order of their names, which the format asks for.
    put_all(&mut writer, names::ALARM, alarms(description))?;
    put_all(&mut writer, names::AUTH, auth(description))?;
    put_all(&mut writer, names::AUTH_ROLES, roles(description))?;
    put_all(&mut writer, names::AUTH_USERS, users(description))?;
    put_all(&mut writer, names::CLUSTER, cluster(description))?;
    writer.bucket(names::KEY, |bucket| fill(&mut Records { bucket }))?;
    put_all(&mut writer, names::LEASE, leases(description))?;
    put_all(&mut writer, names::MEMBERS, members(description))?;
    put_all(&mut writer, names::MEMBERS_REMOVED, removed(description))?;
    put_all(&mut writer, names::META, meta(description))?;
    Ok(writer.finish()?)
}

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn put_all<W: Write + Seek>(
    writer: &mut Writer<W>,
    bucket: &[u8],
    mut pairs: Pairs,
) -> Result<(), bolt::Error> {
    pairs.sort();
    writer.bucket(bucket, |bucket| {
        pairs
            .iter()
            .try_for_each(|(key, value)| bucket.put(key, value))
    })
}

fn alarms(description: &Description) -> Pairs {
    let alarms = description.alarms.iter();
    alarms
        .map(|alarm| (alarm.encode_to_vec(), Vec::new()))
        .collect()
}

fn auth(description: &Description) -> Pairs {
    let auth = &description.auth;
    let revision = auth.revision.to_be_bytes().to_vec();
    let mut pairs = vec![(names::AUTH_REVISION.to_vec(), revision)];
    if auth.enabled {
        pairs.push((names::AUTH_ENABLED.to_vec(), vec![1]));
    }
    pairs
}

fn roles(description: &Description) -> Pairs {
    let roles = description.auth.roles.iter();
    roles
        .map(|role| (role.name.to_vec(), role.encode_to_vec()))
        .collect()
}

fn users(description: &Description) -> Pairs {
    let users = description.auth.users.iter();
    users
        .map(|user| (user.name.to_vec(), user.encode_to_vec()))
        .collect()
}

fn cluster(description: &Description) -> Pairs {
    let mut pairs = Pairs::new();
    if let Some(version) = &description.cluster_version {
        pairs.push((
            names::CLUSTER_VERSION.to_vec(),
            version.clone().into_bytes(),
        ));
    }
    if let Some(downgrade) = &description.downgrade {
        pairs.push((names::DOWNGRADE.to_vec(), json(downgrade)));
    }
    pairs
}

fn leases(description: &Description) -> Pairs {
    let leases = description.leases.iter();
    leases
        .map(|lease| (lease.id.to_be_bytes().to_vec(), values::encode_lease(lease)))
        .collect()
}

fn members(description: &Description) -> Pairs {
    let members = description.members.iter();
    members
        .map(|member| (values::encode_id(member.id), json(member)))
        .collect()
}

fn removed(description: &Description) -> Pairs {
    let removed = description.removed_members.iter();
    removed
        .map(|id| (values::encode_id(*id), names::REMOVED.to_vec()))
        .collect()
}

fn meta(description: &Description) -> Pairs {
    let number = |value: u64| (value > 0).then(|| value.to_be_bytes().to_vec());
    let revision = |main: Option<i64>| main.map(|main| revision_bytes(main, 0).to_vec());
    let version = description.storage_version.clone();
    let values = [
        (
            names::CONF_STATE,
            description.configuration.as_ref().map(json),
        ),
        (
            names::CONSISTENT_INDEX,
            number(description.consistent_index),
        ),
        (
            names::FINISHED_COMPACTION,
            revision(description.finished_compaction),
        ),
        (
            names::SCHEDULED_COMPACTION,
            revision(description.scheduled_compaction),
        ),
        (names::STORAGE_VERSION, version.map(String::into_bytes)),
        (names::TERM, number(description.term)),
        (
            names::V2,
            description.v2.as_ref().map(prost::Message::encode_to_vec),
        ),
    ];
    let set = values.into_iter();
    set.filter_map(|(key, value)| Some((key.to_vec(), value?)))
        .collect()
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("structs of numbers, strings and lists have a JSON form")
}

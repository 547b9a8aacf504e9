//! The write of one object: read, decide, write if nothing has changed meanwhile, else again.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::cache::{Cache, Entry, set_revision};
use crate::call::Call;
use crate::fault::{Result, Status};
use crate::storage::{Current, Stored, encoding};

/// How often a write is tried whose object changes under it, before the client is told to come again.
/// Each time somebody else has got further.
const TRIES: usize = 64;

/// An object of the store.
#[derive(Clone, Debug)]
pub struct Found {
    /// With `apiVersion`, `kind` and its resource version.
    pub object: Value,
    /// The revision of its last write.
    pub revision: i64,
    /// The lease it ends with; 0 for none.
    pub lease: i64,
}

/// What is to become of an object.
#[derive(Debug)]
pub enum Change {
    /// It gets this form.
    Write(Value),
    /// It goes.
    Delete,
    /// It stays as it is; the answer is this.
    Keep(Value),
}

/// How a write has ended.
#[derive(Debug)]
pub struct Written {
    /// The object with the resource version of the write; of a deletion, its last form.
    pub object: Value,
    /// Whether it is gone.
    pub is_deleted: bool,
    /// Whether it was not there before.
    pub is_created: bool,
}

/// The key of the object that a call names.
fn key(cache: &Cache, call: &Call, rest: &str) -> String {
    format!("{}{}/{rest}", cache.prefix(), call.endpoint.folder)
}

/// Writes an object that is not there yet.
///
/// # Errors
/// It is there; the store cannot be written.
pub async fn create(
    cache: &Cache,
    call: &Call,
    rest: &str,
    mut object: Value,
    lease: i64,
) -> Result<Value> {
    if call.is_dry()? {
        if cache.bucket(&call.endpoint.folder).get(rest).is_some() {
            return Err(exists(call, &object));
        }
        return Ok(object);
    }
    let value = encode(call, &object)?;
    let key = key(cache, call, rest);
    match cache.store().create(key.as_bytes(), value, lease).await? {
        Ok(revision) => {
            set_revision(&mut object, revision);
            Ok(object)
        }
        Err(_) => Err(exists(call, &object)),
    }
}

fn exists(call: &Call, object: &Value) -> Status {
    let name = crate::object::name(object);
    Status::already_exists(&call.endpoint.group, &call.endpoint.plural, name)
}

fn encode(call: &Call, object: &Value) -> Result<Bytes> {
    let is_protobuf = call.endpoint.has_protobuf() && encoding::is_protobuf(&call.endpoint.group);
    encoding::encode(object, is_protobuf).map_err(|error| Status::internal(error.to_string()))
}

/// Changes an object as `decide` says, which may be asked several times: once of what the cache has, then
/// of what the store has.
///
/// # Errors
/// What `decide` says; it changes too fast; the store cannot be written.
pub async fn update(
    cache: &Cache,
    call: &Call,
    rest: &str,
    mut decide: impl FnMut(Option<&Found>) -> Result<Change>,
) -> Result<Written> {
    let key = key(cache, call, rest);
    let is_dry = call.is_dry()?;
    let mut found = cached(cache, call, rest)?;
    // What the cache has may be old: a refusal counts only when it is of what the store has.
    let mut is_fresh = false;
    for _ in 0..TRIES {
        let change = match decide(found.as_ref()) {
            Ok(change) => change,
            Err(fault) if is_fresh => return Err(fault),
            Err(_) => {
                found = read(cache, call, &key).await?;
                is_fresh = true;
                continue;
            }
        };
        let before = found.as_ref().map_or(0, |found| found.revision);
        let lease = found.as_ref().map_or(0, |found| found.lease);
        let (outcome, object, is_deleted) = match change {
            Change::Keep(object) => {
                if !is_fresh {
                    found = read(cache, call, &key).await?;
                    is_fresh = true;
                    if found.as_ref().map_or(0, |found| found.revision) != before {
                        continue;
                    }
                }
                return Ok(Written {
                    object,
                    is_deleted: false,
                    is_created: false,
                });
            }
            Change::Write(object) if is_dry => {
                return Ok(Written {
                    object,
                    is_deleted: false,
                    is_created: before == 0,
                });
            }
            Change::Delete if is_dry => {
                return Ok(Written {
                    object: found.map(|found| found.object).unwrap_or_default(),
                    is_deleted: true,
                    is_created: false,
                });
            }
            Change::Write(object) => {
                let value = encode(call, &object)?;
                let outcome = cache
                    .store()
                    .update(key.as_bytes(), before, value, lease)
                    .await?;
                (outcome, object, false)
            }
            Change::Delete => {
                let outcome = cache.store().delete(key.as_bytes(), before).await?;
                let last = found.as_ref().map(|found| found.object.clone());
                (outcome, last.unwrap_or_default(), true)
            }
        };
        match outcome {
            Ok(revision) => {
                let mut object = object;
                set_revision(&mut object, revision);
                return Ok(Written {
                    object,
                    is_deleted,
                    is_created: before == 0,
                });
            }
            Err(Current { stored }) => {
                found = stored.map(|stored| decode(call, &stored)).transpose()?;
                is_fresh = true;
            }
        }
    }
    Err(call.stale())
}

/// What the cache has of an object.
fn cached(cache: &Cache, call: &Call, rest: &str) -> Result<Option<Found>> {
    let entry = cache.bucket(&call.endpoint.folder).get(rest);
    entry.map(|entry| of_entry(call, &entry)).transpose()
}

/// An object of the cache with what its endpoint calls it.
///
/// # Errors
/// It cannot be decoded.
pub fn of_entry(call: &Call, entry: &Arc<Entry>) -> Result<Found> {
    let mut object = entry.tree().map_err(Status::internal)?;
    name_kind(call, &mut object);
    Ok(Found {
        object,
        revision: entry.revision,
        lease: entry.lease,
    })
}

async fn read(cache: &Cache, call: &Call, key: &str) -> Result<Option<Found>> {
    let (stored, _) = cache.store().get(key.as_bytes()).await?;
    stored.map(|stored| decode(call, &stored)).transpose()
}

fn decode(call: &Call, stored: &Stored) -> Result<Found> {
    let mut object =
        encoding::decode(&stored.value).map_err(|error| Status::internal(error.to_string()))?;
    set_revision(&mut object, stored.revision);
    name_kind(call, &mut object);
    Ok(Found {
        object,
        revision: stored.revision,
        lease: stored.lease,
    })
}

fn name_kind(call: &Call, object: &mut Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert("apiVersion".to_owned(), call.endpoint.api_version().into());
        object.insert("kind".to_owned(), (*call.endpoint.kind).into());
    }
}

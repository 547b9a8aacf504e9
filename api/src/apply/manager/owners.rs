//! The entries of `metadata.managedFields`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::apply::fields::FieldSet;
use crate::go;

/// Who an entry is for: what makes two entries the same one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) manager: String,
    pub(super) operation: String,
    /// Empty for those who apply, which are the same in all versions.
    pub(super) api_version: String,
    pub(super) subresource: String,
}

impl Owner {
    /// The JSON that upstream knows an owner by; owners are in its order.
    pub(super) fn id(&self) -> String {
        let fields = [
            ("manager", &self.manager),
            ("operation", &self.operation),
            ("apiVersion", &self.api_version),
            ("subresource", &self.subresource),
        ];
        let fields = fields
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| {
                let mut out = format!("\"{name}\":");
                go::json_text(&mut out, value);
                out
            });
        format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
    }
}

/// What an owner owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owned {
    pub(super) owner: Owner,
    pub(super) set: FieldSet,
    /// The version the set is in.
    pub(super) version: String,
    /// By apply.
    pub(super) applied: bool,
}

/// All owners of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Managed {
    /// By [`Owner::id`].
    pub(super) owners: BTreeMap<String, Owned>,
    /// When each of them wrote last; may speak of owners that own nothing any more.
    pub(super) times: BTreeMap<String, Option<String>>,
}

/// The managed fields of an object: none if it has no list of them.
pub(super) fn entries(object: &Value) -> Option<&Vec<Value>> {
    object.get("metadata")?.get("managedFields")?.as_array()
}

/// Whether a list of managed fields says that all be forgotten.
pub(super) fn is_reset(entries: &[Value]) -> bool {
    let blank = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    match entries {
        [] => true,
        [Value::Object(entry)] => entry.values().all(blank),
        _ => false,
    }
}

/// Whether managed fields can be read, as upstream checks them after admission.
///
/// # Errors
/// With the reason if they cannot.
pub fn validate_managed_fields(entries: &[Value]) -> Result<(), String> {
    Managed::decode(entries).map(drop)
}

impl Managed {
    /// Reads the entries of an object.
    pub(super) fn decode(entries: &[Value]) -> Result<Self, String> {
        let mut managed = Self::default();
        for (at, entry) in entries.iter().enumerate() {
            let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
            let applied = match text("operation") {
                "Apply" => true,
                "Update" => false,
                _ => return Err("operation must be `Apply` or `Update`".into()),
            };
            let version = text("apiVersion");
            if version.is_empty() {
                return Err("apiVersion must not be empty".into());
            }
            match text("fieldsType") {
                "FieldsV1" => {}
                "" => return Err(format!("missing fieldsType in managed fields entry {at}")),
                other => {
                    let other = go::quote(other);
                    return Err(format!(
                        "invalid fieldsType {other} in managed fields entry {at}"
                    ));
                }
            }
            let set = match entry.get("fieldsV1") {
                None | Some(Value::Null) => FieldSet::new(),
                Some(fields) => FieldSet::from_value(fields).map_err(|error| {
                    let entry = go::plain(entry);
                    format!(
                        "error decoding versioned set from {entry}: error decoding set: {error}"
                    )
                })?,
            };
            let owner = Owner {
                manager: text("manager").into(),
                operation: text("operation").into(),
                api_version: if applied {
                    String::new()
                } else {
                    version.into()
                },
                subresource: text("subresource").into(),
            };
            let id = owner.id();
            let time = entry.get("time").and_then(Value::as_str).map(String::from);
            managed.times.insert(id.clone(), time);
            managed.owners.insert(
                id,
                Owned {
                    owner,
                    set,
                    version: version.into(),
                    applied,
                },
            );
        }
        Ok(managed)
    }

    /// When an owner wrote last, in seconds.
    pub(super) fn seconds(&self, id: &str) -> i64 {
        self.times
            .get(id)
            .and_then(Option::as_deref)
            .map_or(0, seconds)
    }

    /// Writes the entries into an object: those who update after those who apply, then by time.
    pub(super) fn encode(&self, object: &mut Value) {
        let mut entries: Vec<(&String, &Owned)> = self.owners.iter().collect();
        entries.sort_by_cached_key(|(id, owned)| {
            (
                owned.operation().to_owned(),
                self.seconds(id),
                owned.owner.manager.clone(),
                owned.version.clone(),
                owned.owner.subresource.clone(),
            )
        });
        let entries: Vec<Value> = entries
            .into_iter()
            .map(|(id, owned)| owned.entry(self.times.get(id)))
            .collect();
        set_entries(object, (!entries.is_empty()).then_some(entries));
    }
}

fn seconds(time: &str) -> i64 {
    time.parse::<Timestamp>().map_or(0, Timestamp::as_second)
}

impl Owned {
    fn operation(&self) -> &str {
        if self.applied {
            "Apply"
        } else {
            &self.owner.operation
        }
    }

    fn entry(&self, time: Option<&Option<String>>) -> Value {
        let mut entry = Map::new();
        let mut put = |name: &str, text: &str| {
            if !text.is_empty() {
                entry.insert(name.into(), json!(text));
            }
        };
        put("manager", &self.owner.manager);
        put("operation", self.operation());
        put("apiVersion", &self.version);
        put("time", time.and_then(Option::as_deref).unwrap_or_default());
        put("fieldsType", "FieldsV1");
        put("subresource", &self.owner.subresource);
        entry.insert("fieldsV1".into(), self.set.to_value());
        Value::Object(entry)
    }
}

/// Puts managed fields into an object, or takes them off it.
pub(super) fn set_entries(object: &mut Value, entries: Option<Vec<Value>>) {
    let Value::Object(object) = object else {
        return;
    };
    match entries {
        Some(entries) => {
            let meta = object.entry("metadata").or_insert_with(|| json!({}));
            if !meta.is_object() {
                *meta = json!({});
            }
            meta["managedFields"] = Value::Array(entries);
        }
        None => {
            if let Some(Value::Object(meta)) = object.get_mut("metadata") {
                meta.remove("managedFields");
            }
        }
    }
}

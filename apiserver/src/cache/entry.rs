//! One object as the cache keeps it.

use api::selector::Selectable;
use bytes::Bytes;
use serde_json::Value;

/// An object at one revision.
#[derive(Debug)]
pub struct Entry {
    /// `<namespace>/<name>`, or `<name>`.
    pub key: Box<str>,
    /// The revision of its last write; in `bare` as `metadata.resourceVersion`.
    pub revision: i64,
    /// The lease it ends with; 0 for none.
    pub lease: i64,
    /// The JSON of the object without `apiVersion` and `kind`, which stand before it where it is shown by
    /// itself (see [`Entry::shown`]), and not at all where upstream leaves them out. If it cannot be
    /// decoded, the reason.
    pub bare: Result<Bytes, String>,
    /// Its labels, by ascending key.
    pub labels: Box<[(Box<str>, Box<str>)]>,
    /// What field selectors of its kind can ask for, in the order of the kind's [`Selectable`].
    pub fields: Box<[Box<str>]>,
}

impl Entry {
    /// Of an object as it is decoded, without a resource version.
    #[must_use]
    pub fn new(
        key: &str,
        revision: i64,
        lease: i64,
        object: Result<Value, String>,
        selectable: &Selectable,
    ) -> Self {
        let mut made = Self {
            key: key.into(),
            revision,
            lease,
            bare: Err(String::new()),
            labels: Box::default(),
            fields: Box::default(),
        };
        match object {
            Ok(mut object) => {
                set_revision(&mut object, revision);
                if let Some(object) = object.as_object_mut() {
                    object.remove("apiVersion");
                    object.remove("kind");
                }
                made.labels = labels(&object);
                let values = selectable.values(&object).into_iter();
                made.fields = values.map(String::into_boxed_str).collect();
                made.bare = match serde_json::to_vec(&object) {
                    Ok(bytes) => Ok(bytes.into()),
                    Err(error) => Err(error.to_string()),
                };
            }
            Err(reason) => made.bare = Err(reason),
        }
        made
    }

    /// The namespace; empty if the object lies in none.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.key
            .split_once('/')
            .map_or("", |(namespace, _)| namespace)
    }

    /// The object's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.key.split_once('/').map_or(&self.key, |(_, name)| name)
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        let found = self
            .labels
            .binary_search_by(|(known, _)| (**known).cmp(key));
        found.ok().map(|at| &*self.labels[at].1)
    }

    /// The same object as of another revision.
    #[must_use]
    pub fn as_of(&self, revision: i64) -> Self {
        let bare = self.tree().and_then(|mut object| {
            set_revision(&mut object, revision);
            let bytes = serde_json::to_vec(&object).map_err(|error| error.to_string())?;
            Ok(bytes.into())
        });
        Self {
            key: self.key.clone(),
            revision,
            lease: self.lease,
            bare,
            labels: self.labels.clone(),
            fields: self.fields.clone(),
        }
    }

    /// The object as a tree, without `apiVersion` and `kind`.
    ///
    /// # Errors
    /// It cannot be decoded.
    pub fn tree(&self) -> Result<Value, String> {
        let bare = self.bare.as_ref().map_err(Clone::clone)?;
        serde_json::from_slice(bare).map_err(|error| error.to_string())
    }

    /// Appends the JSON of the object with what comes before it: `{"kind":…,"apiVersion":…,`.
    ///
    /// # Errors
    /// It cannot be decoded.
    pub fn shown(&self, head: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let bare = self.bare.as_ref().map_err(Clone::clone)?;
        out.extend_from_slice(head);
        // Every object has metadata, so something follows.
        out.extend_from_slice(bare.get(1..).unwrap_or_default());
        Ok(())
    }
}

/// Sets `metadata.resourceVersion`.
pub fn set_revision(object: &mut Value, revision: i64) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("resourceVersion".to_owned(), revision.to_string().into());
    }
}

fn labels(object: &Value) -> Box<[(Box<str>, Box<str>)]> {
    let labels = object
        .pointer("/metadata/labels")
        .and_then(Value::as_object);
    let pairs = labels.into_iter().flatten();
    pairs
        .filter_map(|(key, value)| Some((key.as_str().into(), value.as_str()?.into())))
        .collect()
}

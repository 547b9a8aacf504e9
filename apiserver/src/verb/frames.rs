//! The frames of a watch.

use std::sync::Arc;

use api::wire::envelope;
use bytes::Bytes;
use serde_json::{Value, json};

use super::watch::{Content, Framer, Kind};
use crate::answer;
use crate::call::Call;
use crate::chain::media::{Encoding, Form};
use crate::storage::encoding::seal;

/// Makes frames as a call's client accepts them.
#[derive(Debug)]
pub struct Frames {
    call: Arc<Call>,
    /// The columns of a table have been described.
    has_headers: bool,
}

impl Frames {
    /// For the client of this call.
    #[must_use]
    pub fn new(call: Arc<Call>) -> Self {
        Self {
            call,
            has_headers: false,
        }
    }

    /// What a frame holds, as a tree.
    fn tree(&mut self, content: &Content<'_>) -> Value {
        let endpoint = &self.call.endpoint;
        let object = match content {
            Content::Object(entry) => match answer::tree(endpoint, entry) {
                Ok(object) => object,
                Err(status) => return status.to_value(),
            },
            Content::Bookmark {
                revision,
                is_initial_end,
            } => self.bookmark(*revision, *is_initial_end),
            Content::Fault(status) => return status.to_value(),
        };
        match self.call.accepted.form {
            Form::Plain => object,
            Form::Metadata(version) => answer::partial(&object, version),
            Form::Table(version) => {
                let headers = !std::mem::replace(&mut self.has_headers, true);
                let rows = std::slice::from_ref(&object);
                answer::table(&self.call, rows, version, &object["metadata"], headers)
                    .unwrap_or_else(|status| status.to_value())
            }
        }
    }

    /// An object that is nothing but how far the server is.
    fn bookmark(&self, revision: i64, is_initial_end: bool) -> Value {
        let endpoint = &self.call.endpoint;
        let mut object = json!({"metadata": {"resourceVersion": revision.to_string()}});
        if is_initial_end {
            object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        if endpoint.custom.is_none()
            && let Some((schema, id)) = endpoint.schema()
        {
            // Nothing in it could be wrong.
            let _ = api::wire::normalize(schema, id, &mut object);
        }
        if let Some(object) = object.as_object_mut() {
            object.insert("apiVersion".to_owned(), endpoint.api_version().into());
            object.insert("kind".to_owned(), (*endpoint.kind).into());
        }
        object
    }
}

impl Framer for Frames {
    fn frame(&mut self, kind: Kind, content: &Content<'_>) -> Bytes {
        let accepted = self.call.accepted;
        if let (Encoding::Json, Form::Plain, Content::Object(entry)) =
            (accepted.encoding, accepted.form, content)
        {
            let mut out = format!("{{\"type\":\"{}\",\"object\":", kind.name()).into_bytes();
            if entry.shown(&self.call.endpoint.head, &mut out).is_ok() {
                out.extend_from_slice(b"}\n");
                return out.into();
            }
        }
        let object = self.tree(content);
        match accepted.encoding {
            Encoding::Protobuf => match seal(&object) {
                Ok(sealed) => envelope::watch_frame(kind.name(), &sealed).into(),
                Err(error) => {
                    tracing::error!(%error, "an event cannot be encoded");
                    Bytes::new()
                }
            },
            Encoding::Yaml => {
                let event = json!({"type": kind.name(), "object": object});
                format!("---\n{}", api::wire::yaml::write(&event)).into()
            }
            Encoding::Json => {
                let event = format!("{{\"type\":\"{}\",\"object\":{object}}}\n", kind.name());
                event.into()
            }
        }
    }
}

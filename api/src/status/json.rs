//! A status as JSON.

use serde_json::{Map, Value, json};

use super::{Cause, Details, Status};

impl Status {
    /// The JSON of it, of `v1`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut metadata = Map::new();
        put(&mut metadata, "continue", &self.continue_at);
        let mut made = Map::new();
        made.insert("kind".into(), "Status".into());
        made.insert("apiVersion".into(), "v1".into());
        made.insert("metadata".into(), metadata.into());
        let status = if self.success { "Success" } else { "Failure" };
        made.insert("status".into(), status.into());
        put(&mut made, "message", &self.message);
        put(&mut made, "reason", self.reason.as_str());
        if let Some(details) = &self.details {
            made.insert("details".into(), details.to_value());
        }
        if self.code != 0 {
            made.insert("code".into(), self.code.into());
        }
        made.into()
    }
}

impl Details {
    fn to_value(&self) -> Value {
        let mut made = Map::new();
        put(&mut made, "name", &self.name);
        put(&mut made, "group", &self.group);
        put(&mut made, "kind", &self.kind);
        put(&mut made, "uid", &self.uid);
        if !self.causes.is_empty() {
            let causes = self.causes.iter().map(Cause::to_value);
            made.insert("causes".into(), causes.collect());
        }
        if self.retry_after_seconds != 0 {
            made.insert("retryAfterSeconds".into(), json!(self.retry_after_seconds));
        }
        made.into()
    }
}

impl Cause {
    fn to_value(&self) -> Value {
        let mut made = Map::new();
        put(&mut made, "reason", &self.reason);
        put(&mut made, "message", &self.message);
        put(&mut made, "field", &self.field);
        made.into()
    }
}

fn put(into: &mut Map<String, Value>, key: &str, text: &str) {
    if !text.is_empty() {
        into.insert(key.into(), text.into());
    }
}

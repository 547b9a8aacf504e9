//! What goes with a call to the member that answers it: who asks, and on what terms.

use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Request, Status};

/// What is passed on of a call's metadata.
const PASSED_ON: [&str; 5] = [
    "authorization",
    "client-api-version",
    "grpc-timeout",
    "hasleader",
    "token",
];

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Caller {
    metadata: MetadataMap,
}

impl Caller {
    /// Whoever sent a request.
    pub(super) fn of<T>(request: &Request<T>) -> Self {
        let mut metadata = MetadataMap::new();
        for name in PASSED_ON {
            if let Some(value) = request.metadata().get(name) {
                metadata.insert(name, value.clone());
            }
        }
        Self { metadata }
    }

    /// The same for what outlives the call.
    pub(super) fn lasting(&self) -> Self {
        let mut metadata = self.metadata.clone();
        metadata.remove("grpc-timeout");
        metadata.remove("hasleader");
        Self { metadata }
    }

    /// Somebody without a name who wants a leader to be there.
    pub(super) fn with_leader() -> Self {
        let mut metadata = MetadataMap::new();
        metadata.insert("hasleader", MetadataValue::from_static("true"));
        Self { metadata }
    }

    /// Whether a leader has to be there.
    pub(super) fn requires_leader(&self) -> bool {
        let value = self.metadata.get("hasleader");
        value.is_some_and(|value| value == "true")
    }

    /// By what a member knows who asks; renewals of the same asker go on one stream.
    pub(super) fn token(&self) -> Vec<u8> {
        let names = ["token", "authorization"];
        let token = names.iter().find_map(|name| self.metadata.get(*name));
        token.map_or_else(Vec::new, |token| token.as_bytes().to_vec())
    }

    /// A request on behalf of the caller.
    pub(super) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        *request.metadata_mut() = self.metadata.clone();
        request
    }
}

/// A cluster that has lost its leader, in etcd's words.
pub(super) fn no_leader() -> Status {
    Status::unavailable("etcdserver: no leader")
}

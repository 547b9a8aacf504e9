//! `--namespace`: keys of clients have a prefix at the members, which clients do not see.

use bytes::{Bytes, BytesMut};
use proto::etcdserverpb as pb;
use proto::mvccpb::KeyValue;
use tonic::Status;

/// A range's end that means all keys from its begin on.
const ALL: &[u8] = b"\0";

/// See the module; empty where there is none.
#[derive(Debug, Clone, Default)]
pub(super) struct Namespace(Bytes);

impl Namespace {
    pub(super) fn new(prefix: &str) -> Self {
        Self(Bytes::copy_from_slice(prefix.as_bytes()))
    }

    fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    fn key(&self, key: &Bytes) -> Bytes {
        let mut full = BytesMut::with_capacity(self.0.len() + key.len());
        full.extend_from_slice(&self.0);
        full.extend_from_slice(key);
        full.freeze()
    }

    /// Key and end of a range, as they are at the members.
    pub(super) fn range(&self, key: &mut Bytes, end: &mut Bytes) {
        if self.is_none() {
            return;
        }
        *key = self.key(key);
        if end == ALL {
            *end = prefix_end(&self.0);
        } else if !end.is_empty() {
            *end = self.key(end);
        }
    }

    /// Refuses a request without a key, which a prefix would give one.
    fn check(&self, key: &Bytes) -> Result<(), Status> {
        match key.is_empty() && !self.is_none() {
            true => Err(Status::invalid_argument("etcdserver: key is not provided")),
            false => Ok(()),
        }
    }

    pub(super) fn put(&self, request: &mut pb::PutRequest) -> Result<(), Status> {
        self.check(&request.key)?;
        if !self.is_none() {
            request.key = self.key(&request.key);
        }
        Ok(())
    }

    pub(super) fn read(&self, request: &mut pb::RangeRequest) -> Result<(), Status> {
        self.check(&request.key)?;
        self.range(&mut request.key, &mut request.range_end);
        Ok(())
    }

    pub(super) fn delete(&self, request: &mut pb::DeleteRangeRequest) -> Result<(), Status> {
        self.check(&request.key)?;
        self.range(&mut request.key, &mut request.range_end);
        Ok(())
    }

    pub(super) fn txn(&self, request: &mut pb::TxnRequest) -> Result<(), Status> {
        if self.is_none() {
            return Ok(());
        }
        for compare in &mut request.compare {
            self.range(&mut compare.key, &mut compare.range_end);
        }
        for operation in request.success.iter_mut().chain(&mut request.failure) {
            use pb::request_op::Request;
            match &mut operation.request {
                Some(Request::RequestRange(range)) => self.read(range)?,
                Some(Request::RequestPut(put)) => self.put(put)?,
                Some(Request::RequestDeleteRange(delete)) => self.delete(delete)?,
                Some(Request::RequestTxn(txn)) => self.txn(txn)?,
                None => {}
            }
        }
        Ok(())
    }

    /// A key as the client knows it; nothing if it is not in its namespace.
    pub(super) fn strip(&self, key: &Bytes) -> Option<Bytes> {
        key.starts_with(&self.0).then(|| key.slice(self.0.len()..))
    }

    fn strip_all<'a>(&self, pairs: impl IntoIterator<Item = &'a mut KeyValue>) {
        if self.is_none() {
            return;
        }
        for pair in pairs {
            if let Some(key) = self.strip(&pair.key) {
                pair.key = key;
            }
        }
    }

    pub(super) fn put_reply(&self, reply: &mut pb::PutResponse) {
        self.strip_all(&mut reply.prev_kv);
    }

    pub(super) fn read_reply(&self, reply: &mut pb::RangeResponse) {
        self.strip_all(&mut reply.kvs);
    }

    pub(super) fn delete_reply(&self, reply: &mut pb::DeleteRangeResponse) {
        self.strip_all(&mut reply.prev_kvs);
    }

    pub(super) fn txn_reply(&self, reply: &mut pb::TxnResponse) {
        if self.is_none() {
            return;
        }
        for answer in &mut reply.responses {
            use pb::response_op::Response;
            match &mut answer.response {
                Some(Response::ResponseRange(range)) => self.read_reply(range),
                Some(Response::ResponsePut(put)) => self.put_reply(put),
                Some(Response::ResponseDeleteRange(delete)) => self.delete_reply(delete),
                Some(Response::ResponseTxn(txn)) => self.txn_reply(txn),
                None => {}
            }
        }
    }

    pub(super) fn events(&self, response: &mut pb::WatchResponse) {
        for event in &mut response.events {
            self.strip_all(&mut event.kv);
            self.strip_all(&mut event.prev_kv);
        }
    }

    /// Keys of a lease that are in the namespace.
    pub(super) fn keys(&self, keys: &mut Vec<Bytes>) {
        if !self.is_none() {
            *keys = keys.iter().filter_map(|key| self.strip(key)).collect();
        }
    }
}

/// The first key behind all that begin with `prefix`.
fn prefix_end(prefix: &[u8]) -> Bytes {
    let Some(last) = prefix.iter().rposition(|byte| *byte < 0xff) else {
        return Bytes::from_static(ALL);
    };
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    end.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(namespace: &str, key: &str, end: &[u8]) -> (Bytes, Bytes) {
        let mut key = Bytes::copy_from_slice(key.as_bytes());
        let mut end = Bytes::copy_from_slice(end);
        Namespace::new(namespace).range(&mut key, &mut end);
        (key, end)
    }

    #[test]
    fn ranges_stay_within_the_namespace() {
        assert_eq!(range("p/", "a", b""), ("p/a".into(), "".into()));
        assert_eq!(range("p/", "a", b"c"), ("p/a".into(), "p/c".into()));
        assert_eq!(range("p/", "a", b"\0"), ("p/a".into(), "p0".into()));
        assert_eq!(range("", "a", b"\0"), ("a".into(), ALL.into()));
    }

    #[test]
    fn a_prefix_of_the_last_bytes_has_no_end() {
        assert_eq!(prefix_end(b"\xff\xff"), ALL);
        assert_eq!(prefix_end(b"a\xff"), Bytes::from_static(b"b"));
    }

    #[test]
    fn nested_transactions_are_moved_and_their_answers_moved_back() {
        let namespace = Namespace::new("n");
        let put = pb::PutRequest {
            key: "k".into(),
            ..Default::default()
        };
        let inner = pb::TxnRequest {
            success: vec![pb::RequestOp {
                request: Some(pb::request_op::Request::RequestPut(put)),
            }],
            ..Default::default()
        };
        let mut outer = pb::TxnRequest {
            failure: vec![pb::RequestOp {
                request: Some(pb::request_op::Request::RequestTxn(inner)),
            }],
            ..Default::default()
        };
        namespace.txn(&mut outer).expect("it has keys");
        assert!(format!("{outer:?}").contains("b\"nk\""), "{outer:?}");
        let empty = pb::RangeRequest::default();
        let refused = namespace.read(&mut empty.clone()).expect_err("no key");
        assert_eq!(refused.message(), "etcdserver: key is not provided");
        assert!(Namespace::default().read(&mut empty.clone()).is_ok());
    }
}

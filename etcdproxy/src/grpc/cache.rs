//! Answers to reads, for serializable reads that ask the same again.
//!
//! An answer is kept until a write that goes through this proxy may have changed it. Writes by other
//! ways are not seen, as in etcd: whoever reads serializably has to bear with old answers.

use std::num::NonZeroUsize;

use bytes::Bytes;
use lru::LruCache;
use prost::Message as _;
use proto::etcdserverpb as pb;
use tonic::Status;

/// Answers that are kept; etcd keeps as many.
const ANSWERS_MAX: NonZeroUsize = NonZeroUsize::new(2048).expect("not zero");

/// See the module.
pub(super) struct Cache {
    answers: LruCache<Vec<u8>, Answer>,
    compacted: i64,
}

struct Answer {
    key: Bytes,
    end: Bytes,
    /// What happened before an old revision does not change.
    is_latest: bool,
    reply: pb::RangeResponse,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            answers: LruCache::new(ANSWERS_MAX),
            compacted: -1,
        }
    }
}

impl Cache {
    /// The answer to a serializable read, if it is kept.
    ///
    /// # Errors
    /// The revision is known to be compacted.
    pub(super) fn get(
        &mut self,
        request: &pb::RangeRequest,
    ) -> Result<Option<pb::RangeResponse>, Status> {
        let name = name(request);
        if request.revision > 0 && request.revision < self.compacted {
            self.answers.pop(&name);
            return Err(Status::out_of_range(
                "etcdserver: mvcc: required revision has been compacted",
            ));
        }
        Ok(self.answers.get(&name).map(|answer| answer.reply.clone()))
    }

    /// Keeps an answer.
    pub(super) fn add(&mut self, request: &pb::RangeRequest, reply: &pb::RangeResponse) {
        if request.revision <= self.compacted {
            return;
        }
        let answer = Answer {
            key: request.key.clone(),
            end: request.range_end.clone(),
            is_latest: request.revision == 0,
            reply: reply.clone(),
        };
        self.answers.put(name(request), answer);
    }

    /// Drops what a write to the range may have changed.
    pub(super) fn invalidate(&mut self, key: &[u8], end: &[u8]) {
        let changed = self.answers.iter().filter(|(_, answer)| {
            answer.is_latest && overlap((&answer.key, &answer.end), (key, end))
        });
        let changed: Vec<Vec<u8>> = changed.map(|(name, _)| name.clone()).collect();
        for name in changed {
            self.answers.pop(&name);
        }
    }

    /// Keeps what a transaction read and drops what it wrote.
    pub(super) fn note(&mut self, requests: &[pb::RequestOp], replies: &[pb::ResponseOp]) {
        use pb::{request_op::Request, response_op::Response};
        for (request, reply) in requests.iter().zip(replies) {
            match (&request.request, &reply.response) {
                (Some(Request::RequestPut(put)), _) => self.invalidate(&put.key, &[]),
                (Some(Request::RequestDeleteRange(delete)), _) => {
                    self.invalidate(&delete.key, &delete.range_end);
                }
                (Some(Request::RequestRange(read)), Some(Response::ResponseRange(reply))) => {
                    self.add(read, reply);
                }
                (Some(Request::RequestTxn(inner)), Some(Response::ResponseTxn(reply))) => {
                    let taken = match reply.succeeded {
                        true => &inner.success,
                        false => &inner.failure,
                    };
                    self.note(taken, &reply.responses);
                }
                _ => {}
            }
        }
    }

    /// History up to `revision` is gone.
    pub(super) fn compact(&mut self, revision: i64) {
        self.compacted = self.compacted.max(revision);
    }

    pub(super) fn len(&self) -> usize {
        self.answers.len()
    }
}

/// By what an answer is found again: linearizable reads answer serializable ones.
fn name(request: &pb::RangeRequest) -> Vec<u8> {
    let mut request = request.clone();
    request.serializable = true;
    request.encode_to_vec()
}

/// Whether two ranges have a key in common; no end is that key alone, a zero byte all from it on.
fn overlap(one: (&[u8], &[u8]), other: (&[u8], &[u8])) -> bool {
    let begins_before_end_of = |key: &[u8], range: (&[u8], &[u8])| match range {
        (only, []) => key <= only,
        (_, [0]) => true,
        (_, end) => key < end,
    };
    begins_before_end_of(one.0, other) && begins_before_end_of(other.0, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(key: &'static str, end: &'static [u8], revision: i64) -> pb::RangeRequest {
        pb::RangeRequest {
            key: key.into(),
            range_end: Bytes::from_static(end),
            revision,
            ..Default::default()
        }
    }

    fn kept(cache: &mut Cache, request: &pb::RangeRequest) -> bool {
        cache.get(request).expect("not compacted").is_some()
    }

    #[test]
    fn a_write_drops_what_it_may_have_changed() {
        let mut cache = Cache::default();
        let requests = [
            read("a", b"", 0),
            read("a", b"c", 0),
            read("b", b"\0", 0),
            read("a", b"", 3),
        ];
        for request in &requests {
            cache.add(request, &pb::RangeResponse::default());
        }
        cache.invalidate(b"a", b"");
        let left: Vec<bool> = requests.iter().map(|r| kept(&mut cache, r)).collect();
        assert_eq!(left, [false, false, true, true]);
        cache.invalidate(b"x", b"z");
        assert!(!kept(&mut cache, &requests[2]));
    }

    #[test]
    fn a_linearizable_read_answers_a_serializable_one() {
        let mut cache = Cache::default();
        cache.add(&read("a", b"", 0), &pb::RangeResponse::default());
        let mut request = read("a", b"", 0);
        request.serializable = true;
        assert!(kept(&mut cache, &request));
        request.limit = 1;
        assert!(!kept(&mut cache, &request));
    }

    #[test]
    fn what_is_compacted_is_not_answered() {
        let mut cache = Cache::default();
        cache.add(&read("a", b"", 5), &pb::RangeResponse::default());
        cache.compact(9);
        let refused = cache.get(&read("a", b"", 5)).expect_err("compacted");
        assert_eq!(
            refused.message(),
            "etcdserver: mvcc: required revision has been compacted"
        );
    }
}

//! The header of every reply.

use proto::etcdserverpb::ResponseHeader;

use super::Member;

impl Member {
    /// A header with this member's ids and term, and `revision`.
    pub(super) fn header(&self, revision: i64) -> Option<ResponseHeader> {
        Some(ResponseHeader {
            cluster_id: self.identity.cluster_id,
            member_id: self.identity.member_id,
            revision,
            raft_term: self.raft.link().term(),
        })
    }

    /// A header with the store's present revision.
    pub(crate) fn header_now(&self) -> Option<ResponseHeader> {
        let revision = self.state.read().store.revision();
        self.header(revision)
    }

    /// The header of a reply whose revision was settled when it was carried out.
    pub(super) fn complete(&self, header: Option<ResponseHeader>) -> Option<ResponseHeader> {
        self.header(header.map_or(0, |header| header.revision))
    }
}

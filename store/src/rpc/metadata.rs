//! What clients say beside the request: `hasleader`, `client-api-version`; and what they may not ask
//! a learner.

use std::sync::Arc;

use tonic::service::Interceptor;
use tonic::{Request, Status};

use super::{Member, leaderless, status};

/// What a service does for who asks a learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Learners {
    /// Nothing.
    Refused,
    /// It depends on the call, which looks itself.
    Asked,
}

/// Looks at each call's metadata before the call itself.
#[derive(Clone)]
pub(super) struct Check {
    member: Arc<Member>,
    learners: Learners,
}

impl Check {
    pub(super) fn new(member: Arc<Member>, learners: Learners) -> Self {
        Self { member, learners }
    }
}

impl Interceptor for Check {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        if self.learners == Learners::Refused {
            self.member.refuse_learner()?;
        }
        let metadata = request.metadata();
        if let Some(version) = metadata.get("client-api-version")
            && version.to_str().is_err()
        {
            return Err(status::invalid_client_api_version());
        }
        if leaderless::requires_leader(metadata) && self.member.raft.link().leader() == 0 {
            return Err(status::no_leader());
        }
        Ok(request)
    }
}

//! The server as a service within its process: no socket, no certificates; whoever gets it is who they are
//! said to be.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::authn::User;
use crate::serve::Body;
use crate::server::Server;

/// Who asks from within the process; a request from without cannot have it.
#[derive(Clone, Debug)]
pub(crate) struct Own(pub(crate) User);

/// See the module.
#[derive(Clone)]
pub struct Local {
    server: Arc<Server>,
    user: User,
    /// Who reads, if that is somebody else.
    reader: Option<User>,
}

impl std::fmt::Debug for Local {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Local")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl Local {
    /// For this user.
    #[must_use]
    pub fn new(server: Arc<Server>, user: User) -> Self {
        Self {
            server,
            user,
            reader: None,
        }
    }

    /// The same, where somebody else reads: controllers share what they know of the cluster, and each may
    /// itself only what it has to do.
    #[must_use]
    pub fn with_reader(mut self, reader: User) -> Self {
        self.reader = Some(reader);
        self
    }

    /// Who makes a request.
    fn user(&self, method: &Method) -> &User {
        match &self.reader {
            Some(reader) if *method == Method::GET => reader,
            _ => &self.user,
        }
    }
}

impl<B> tower::Service<Request<B>> for Local
where
    B: http_body::Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: std::fmt::Display,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let user = self.user(&parts.method).clone();
        parts.extensions.insert(Own(user));
        let server = self.server.clone();
        Box::pin(async move { Ok(server.handle(parts, body).await) })
    }
}

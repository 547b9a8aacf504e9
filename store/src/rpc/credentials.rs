//! What a request brings along to say who it comes from, and who that is.

use std::sync::Arc;
use std::time::Instant;

use tonic::{Request, Status};

use super::Member;
use crate::auth::{Caller, assigned_at};

/// Where a token stands, and where the JSON gateway puts it.
const TOKEN: [&str; 2] = ["token", "authorization"];
/// What may stand before a token.
const BEARER: &str = "Bearer ";
/// The JSON gateway's mark: its connection, and so its certificate, is not the caller's.
const GATEWAY: &str = "grpcgateway-accept";

/// The common name of the certificate that a client has shown, as the connection puts it into the
/// extensions of each request.
#[derive(Clone, Debug)]
pub struct CommonName(pub Arc<str>);

/// See the module. Nothing is looked at while nobody has to say who they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Credentials(Option<Box<Shown>>);

#[derive(Clone, Debug)]
enum Shown {
    /// It counts for more than a certificate.
    Token(String),
    /// The common name of a certificate.
    Name(Arc<str>),
}

impl Member {
    /// What this request brings along.
    pub(super) fn credentials<T>(&self, request: &Request<T>) -> Credentials {
        if !self.tokens.is_enabled() {
            return Credentials::default();
        }
        let metadata = request.metadata();
        if let Some(token) = TOKEN.iter().find_map(|name| metadata.get(*name)) {
            let token = String::from_utf8_lossy(token.as_bytes());
            let token = token.strip_prefix(BEARER).unwrap_or(&token);
            return Credentials(Some(Box::new(Shown::Token(token.to_owned()))));
        }
        let name = request.extensions().get::<CommonName>();
        let name = name.filter(|_| !metadata.contains_key(GATEWAY));
        Credentials(name.map(|name| Box::new(Shown::Name(name.0.clone()))))
    }

    /// Who that is.
    ///
    /// # Errors
    /// A token that does not count, or a member that cannot find out.
    pub(super) async fn caller(&self, by: &Credentials) -> Result<Caller, Status> {
        match &by.0 {
            None => Ok(Caller::default()),
            // Boxed, so that requests of nobody in particular do not carry its state around.
            Some(shown) => Box::pin(self.find_out(shown)).await,
        }
    }

    async fn find_out(&self, shown: &Shown) -> Result<Caller, Status> {
        if let Shown::Token(token) = shown {
            // It may have been assigned by another member, and be known here in a moment.
            let applied = self.raft.link().applied_index();
            if assigned_at(token).is_some_and(|index| index > applied) {
                self.linearizable().await?;
            }
        }
        let revision = {
            let state = self.state.read();
            if !state.auth.is_enabled() {
                return Ok(Caller::default());
            }
            state.auth.revision()
        };
        match shown {
            Shown::Token(token) => Ok(self.tokens.caller(token, revision, Instant::now())?),
            Shown::Name(name) => Ok(Caller {
                user: name.to_string(),
                revision,
            }),
        }
    }

    /// Lets nobody but who is in charge through.
    ///
    /// # Errors
    /// It is somebody else.
    pub(super) async fn require_root(&self, by: &Credentials) -> Result<(), Status> {
        let caller = self.caller(by).await?;
        Ok(self.state.read().auth.may_administer(&caller)?)
    }

    /// Lets nobody through who is not known.
    ///
    /// # Errors
    /// Nobody knows who asks.
    pub(super) async fn require_user(&self, by: &Credentials) -> Result<Caller, Status> {
        // Renewals come by here: while nobody has to say who they are, the state is left alone.
        if !self.tokens.is_enabled() {
            return Ok(Caller::default());
        }
        let caller = self.caller(by).await?;
        self.state.read().auth.must_be_known(&caller)?;
        Ok(caller)
    }
}

//! All ways to authenticate, one after the other.

use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, header};
use rustls_pki_types::CertificateDer;

use crate::authz::joined;
use crate::tokens;

use super::x509::user_of;
use super::{
    ANONYMOUS, AUTHENTICATED, Anonymous, AuthnError, ClientRoots, FrontProxy, TokenFile,
    UNAUTHENTICATED, User,
};

/// What a request shows.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The certificates of the connection's other end, its own first; verified here, not before.
    pub chain: &'a [CertificateDer<'a>],
    /// The request's path.
    pub path: &'a str,
    /// When it came.
    pub now: SystemTime,
}

/// Who it is, and for whom the credentials are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// Who.
    pub user: User,
    /// The audiences that were asked for and that the credentials are meant for; none if they are
    /// meant for everybody.
    pub audiences: Vec<String>,
}

/// All ways to authenticate; those that are not set up are passed over.
#[derive(Clone, Debug, Default)]
pub struct Authenticators {
    /// Proxies.
    pub front_proxy: Option<FrontProxy>,
    /// Client certificates.
    pub client_roots: Option<ClientRoots>,
    /// Tokens from a file.
    pub token_file: Option<TokenFile>,
    /// Tokens of service accounts.
    pub service_accounts: Option<Arc<tokens::Verifier>>,
    /// Those who show nothing.
    pub anonymous: Option<Anonymous>,
    /// What this server calls itself (`--api-audiences`).
    pub audiences: Vec<String>,
}

impl Authenticators {
    /// Who makes a request; nobody, if nothing is shown and anonymous requests are not let in. That
    /// and an error are a 401 `Unauthorized`.
    ///
    /// # Errors
    /// [`AuthnError::Rejected`]: credentials were shown that nobody accepts.
    pub fn authenticate(&self, request: &Credentials<'_>) -> Result<Option<User>, AuthnError> {
        let authorization = request.headers.get(header::AUTHORIZATION);
        let authorization = authorization.and_then(|value| value.to_str().ok());
        let found = self.decide(request, authorization, &self.audiences)?;
        Ok(found.map(|found| found.user))
    }

    /// Whose token it is, for these audiences; for those of this server if there are none. That is
    /// what a TokenReview asks.
    ///
    /// # Errors
    /// [`AuthnError::Rejected`]: nobody accepts it.
    pub fn authenticate_token(
        &self,
        token: &str,
        audiences: &[String],
        now: SystemTime,
    ) -> Result<Option<Authenticated>, AuthnError> {
        let request = Credentials {
            headers: &HeaderMap::new(),
            chain: &[],
            path: "",
            now,
        };
        let audiences = if audiences.is_empty() {
            &self.audiences
        } else {
            audiences
        };
        self.decide(&request, Some(&format!("Bearer {token}")), audiences)
    }

    /// Takes what authenticates out of a request's headers, so that nobody behind sees it.
    pub fn clear(&self, headers: &mut HeaderMap) {
        headers.remove(header::AUTHORIZATION);
        if let Some(proxy) = &self.front_proxy {
            proxy.clear(headers);
        }
        // The headers of convention are taken out in any case.
        for name in ["x-remote-user", "x-remote-uid", "x-remote-group"] {
            headers.remove(name);
        }
        let names = headers
            .keys()
            .filter(|name| name.as_str().starts_with("x-remote-extra-"));
        for name in names.cloned().collect::<Vec<_>>() {
            headers.remove(name);
        }
    }

    fn decide(
        &self,
        request: &Credentials<'_>,
        authorization: Option<&str>,
        audiences: &[String],
    ) -> Result<Option<Authenticated>, AuthnError> {
        let ways: [&dyn Fn() -> Result<Option<Authenticated>, AuthnError>; 4] = [
            &|| self.by_proxy(request, audiences),
            &|| self.by_certificate(request),
            &|| match authorization.and_then(bearer) {
                Some(token) => self.by_token(token, audiences, request.now),
                None => Ok(None),
            },
            &|| match websocket_token(request.headers) {
                Ok(Some(token)) => self.by_token(&token, audiences, request.now),
                Ok(None) => Ok(None),
                Err(why) => Err(AuthnError::Rejected(why.into())),
            },
        ];
        let mut errors = Vec::new();
        for way in ways {
            match way() {
                Ok(Some(found)) => return Ok(Some(known(found))),
                Ok(None) => {}
                Err(why) => errors.push(why.to_string()),
            }
        }
        if !errors.is_empty() {
            return Err(AuthnError::Rejected(joined(errors)));
        }
        let anonymous = self.anonymous.as_ref();
        let user = anonymous.and_then(|anonymous| anonymous.user(request.path));
        Ok(user.map(|user| Authenticated {
            user,
            audiences: audiences.to_vec(),
        }))
    }

    fn by_proxy(
        &self,
        request: &Credentials<'_>,
        audiences: &[String],
    ) -> Result<Option<Authenticated>, AuthnError> {
        let Some(proxy) = &self.front_proxy else {
            return Ok(None);
        };
        let user = proxy.user(request.chain, request.headers, request.now)?;
        Ok(user.and_then(|user| self.agnostic(user, audiences)))
    }

    fn by_certificate(
        &self,
        request: &Credentials<'_>,
    ) -> Result<Option<Authenticated>, AuthnError> {
        let (Some(roots), Some(leaf)) = (&self.client_roots, request.chain.first()) else {
            return Ok(None);
        };
        roots.verify(request.chain, request.now)?;
        let audiences = Vec::new();
        let user = user_of(leaf)?;
        Ok(user.map(|user| Authenticated { user, audiences }))
    }

    fn by_token(
        &self,
        token: &str,
        audiences: &[String],
        now: SystemTime,
    ) -> Result<Option<Authenticated>, AuthnError> {
        if self.token_file.is_none() && self.service_accounts.is_none() {
            return Ok(None);
        }
        let in_file = self.token_file.as_ref().and_then(|file| file.user(token));
        let in_file = in_file.and_then(|user| self.agnostic(user.clone(), audiences));
        if let Some(found) = in_file {
            return Ok(Some(found));
        }
        let verified = match &self.service_accounts {
            Some(verifier) => verifier.verify(token, audiences, now),
            None => Ok(None),
        };
        match verified {
            Ok(Some((user, audiences))) => Ok(Some(Authenticated { user, audiences })),
            Ok(None) => Err(AuthnError::Rejected("invalid bearer token".into())),
            Err(why) => Err(AuthnError::Rejected(why.to_string())),
        }
    }

    /// Credentials that know of no audiences are meant for this server.
    fn agnostic(&self, user: User, asked: &[String]) -> Option<Authenticated> {
        let audiences = common(&self.audiences, asked);
        let fits = asked.is_empty() || !audiences.is_empty();
        fits.then_some(Authenticated { user, audiences })
    }
}

/// What two lists have in common, in the order of the first.
pub(crate) fn common(first: &[String], second: &[String]) -> Vec<String> {
    let both = first.iter().filter(|one| second.contains(one));
    both.cloned().collect()
}

/// Puts whoever is known into the group of those who are.
fn known(mut found: Authenticated) -> Authenticated {
    let user = &mut found.user;
    let is_placed =
        user.name == ANONYMOUS || user.is_in(AUTHENTICATED) || user.is_in(UNAUTHENTICATED);
    if !is_placed {
        user.groups.push(AUTHENTICATED.into());
    }
    found
}

/// The token in an `Authorization` header, if it holds one that is not empty.
#[must_use]
pub fn bearer(authorization: &str) -> Option<&str> {
    let mut words = authorization.trim().splitn(3, ' ');
    let scheme = words.next()?;
    let token = words.next()?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The token among the protocols that a browser offers for a web socket, since it cannot set other
/// headers: `base64url.bearer.authorization.k8s.io.<token>`. Another protocol has to be offered with
/// it, and only that may be answered.
///
/// # Errors
/// There are several, one cannot be decoded, or it is the only protocol; in upstream's words.
pub fn websocket_token(headers: &HeaderMap) -> Result<Option<String>, &'static str> {
    let has = |name: &str, wanted: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.to_ascii_lowercase().contains(wanted))
    };
    if !has("connection", "upgrade") || !has("upgrade", "websocket") {
        return Ok(None);
    }
    let offers = headers.get_all("sec-websocket-protocol");
    let offers = offers.iter().filter_map(|value| value.to_str().ok());
    let (mut token, mut has_other) = (None, false);
    for offer in offers.flat_map(|value| value.split(',')) {
        let prefix = "base64url.bearer.authorization.k8s.io.";
        let Some(encoded) = offer.trim().strip_prefix(prefix) else {
            has_other = true;
            continue;
        };
        if token.is_some() {
            return Err("multiple base64.bearer.authorization tokens specified");
        }
        let decoded = URL_SAFE_NO_PAD.decode(encoded);
        let decoded = decoded.map_err(|_| "invalid base64.bearer.authorization token encoding")?;
        let decoded = String::from_utf8(decoded);
        token = Some(decoded.map_err(|_| "invalid base64.bearer.authorization token")?);
    }
    match token.filter(|token| !token.is_empty()) {
        Some(_) if !has_other => Err("missing additional subprotocol"),
        token => Ok(token),
    }
}

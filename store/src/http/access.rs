//! Who may call over plain HTTP: `--host-whitelist` against DNS rebinding, and `--cors`.

use super::answer::plain;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, HOST,
    HeaderName, HeaderValue, ORIGIN,
};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use std::sync::Arc;

/// The lists of who may call; an empty one, or one with `*`, lets in all.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Host headers, without port.
    pub hosts: Vec<String>,
    /// Origins of web pages.
    pub origins: Vec<String>,
}

fn allows(list: &[String], value: &str) -> bool {
    list.is_empty() || list.iter().any(|known| known == "*" || known == value)
}

/// Puts the checks in front of a router.
pub(super) fn guard(router: Router, access: Access) -> Router {
    router.layer(middleware::from_fn_with_state(Arc::new(access), check))
}

async fn check(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    let host = request
        .uri()
        .host()
        .or_else(|| text(&request, HOST))
        .unwrap_or_default();
    let host = without_port(host);
    if !allows(&access.hosts, host) {
        tracing::warn!(
            host,
            "rejecting HTTP request to prevent DNS rebinding attacks"
        );
        return plain(StatusCode::MISDIRECTED_REQUEST, &misdirected(host));
    }
    let origin = allowed_origin(&access, &request);
    let mut response = if request.method() == Method::OPTIONS {
        Response::default()
    } else {
        next.run(request).await
    };
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        let methods = HeaderValue::from_static("POST, GET, OPTIONS, PUT, DELETE");
        let names = HeaderValue::from_static("accept, content-type, authorization");
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
    }
    response
}

fn text(request: &Request, name: HeaderName) -> Option<&str> {
    request
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
}

/// The origin a web page may call from; nothing if the page may not.
fn allowed_origin(access: &Access, request: &Request) -> Option<HeaderValue> {
    if allows(&access.origins, "*") {
        return Some(HeaderValue::from_static("*"));
    }
    let origin = text(request, ORIGIN).unwrap_or_default();
    allows(&access.origins, origin)
        .then(|| request.headers().get(ORIGIN).cloned())
        .flatten()
}

fn without_port(host: &str) -> &str {
    crate::config::url::split_host_port(host).map_or(host, |(host, _)| host)
}

fn misdirected(host: &str) -> String {
    let host = crate::config::quote(host);
    format!(
        "\nThe Host header of this request is not in the list of known hosts.\n\n\
         Either call by a known name, or add the name to the list: --host-whitelist {host}\n\n\
         The list protects against DNS rebinding (CVE-2018-5702).\n"
    )
}

//! What is served beside objects: discovery, the version, health.

use api::discovery::{self, Aggregated};
use api::openapi::PROTOBUF;
use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use http::request::Parts;
use http::{HeaderValue, Response};
use serde_json::{Value, json};

use crate::answer;
use crate::chain::info::Info;
use crate::chain::joined;
use crate::chain::media::Encoding;
use crate::fault::{Result, Status};
use crate::openapi;
use crate::registry::Served;
use crate::serve::Body;
use crate::server::Server;

/// The version of Kubernetes that is spoken.
pub const VERSION: &str = "v1.37.2";

/// Answers a path that names no resource.
///
/// # Errors
/// There is no such path.
pub fn answer(
    server: &Server,
    served: &Served,
    parts: &Parts,
    info: &Info,
) -> Result<Response<Body>> {
    let path = info.path.trim_matches('/');
    let steps: Vec<&str> = path.split('/').collect();
    let registry = &served.registry;
    let accept = joined(&parts.headers, ACCEPT);
    let found = match steps.as_slice() {
        ["healthz" | "livez", ..] => {
            return Ok(answer::bytes(200, "text/plain; charset=utf-8", "ok"));
        }
        ["readyz", ..] if server.cache.is_filled() => {
            return Ok(answer::bytes(200, "text/plain; charset=utf-8", "ok"));
        }
        ["readyz", ..] => {
            let text = "[-]watch-cache failed: not filled yet\nreadyz check failed\n";
            return Ok(answer::bytes(500, "text/plain; charset=utf-8", text));
        }
        ["version"] => Some(version()),
        ["api"] => match aggregated(&accept) {
            Some(form) => {
                let document = discovery::aggregated_core(registry, form);
                return Ok(document_of(parts, &document, form));
            }
            None => Some(discovery::versions(registry, &address(parts))),
        },
        ["apis"] => match aggregated(&accept) {
            Some(form) => {
                let document = discovery::aggregated_groups(registry, form);
                return Ok(document_of(parts, &document, form));
            }
            None => Some(discovery::groups(registry)),
        },
        ["api", version] => discovery::resources(registry, "", version),
        ["apis", group] => discovery::group(registry, group),
        ["apis", group, version] => discovery::resources(registry, group, version),
        ["openapi", "v3"] => Some(openapi::index(registry)),
        ["openapi", "v3", "api", version] => {
            return open_api(parts, served.documents.v3(registry, "", version));
        }
        ["openapi", "v3", "apis", group, version] => {
            return open_api(parts, served.documents.v3(registry, group, version));
        }
        ["openapi", "v2"] if accept.contains("proto-openapi") => {
            let document = served
                .documents
                .v2_protobuf(registry)
                .ok_or_else(Status::no_such_resource)?;
            return Ok(answer::bytes(200, PROTOBUF, document));
        }
        ["openapi", "v2"] => return open_api(parts, served.documents.v2(registry)),
        _ => None,
    };
    let found = found.ok_or_else(Status::no_such_resource)?;
    Ok(answer::encoded(200, Encoding::Json, &found))
}

/// An OpenAPI document; one that is asked for by its hash stays the same for ever.
fn open_api(parts: &Parts, document: Option<Bytes>) -> Result<Response<Body>> {
    let document = document.ok_or_else(Status::no_such_resource)?;
    let mut response = answer::bytes(200, "application/json", document);
    if parts
        .uri
        .query()
        .is_some_and(|query| query.starts_with("hash="))
    {
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, immutable"));
    }
    Ok(response)
}

/// Which aggregated form a client prefers, if it takes one.
fn aggregated(accept: &str) -> Option<Aggregated> {
    accept.split(',').find_map(|clause| {
        let has = |text: &str| clause.contains(text);
        if !has("as=APIGroupDiscoveryList") || !has("g=apidiscovery.k8s.io") {
            return None;
        }
        if has("v=v2beta1") {
            Some(Aggregated::V2Beta1)
        } else if has("v=v2") {
            Some(Aggregated::V2)
        } else {
            None
        }
    })
}

fn document_of(parts: &Parts, document: &Value, form: Aggregated) -> Response<Body> {
    let text = document.to_string();
    let etag = discovery::etag(text.as_bytes());
    let media = match form {
        Aggregated::V2 => "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        Aggregated::V2Beta1 => {
            "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
        }
    };
    let is_known = parts
        .headers
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut response = if is_known {
        answer::bytes(304, media, "")
    } else {
        answer::bytes(200, media, text)
    };
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}

fn address(parts: &Parts) -> String {
    let host = parts
        .headers
        .get(http::header::HOST)
        .and_then(|host| host.to_str().ok());
    host.map(str::to_owned)
        .or_else(|| parts.uri.authority().map(ToString::to_string))
        .unwrap_or_default()
}

fn version() -> Value {
    json!({
        "major": "1",
        "minor": "37",
        "emulationMajor": "1",
        "emulationMinor": "37",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "36",
        "gitVersion": VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": format!("linux/{}", std::env::consts::ARCH.replace("x86_64", "amd64").replace("aarch64", "arm64")),
    })
}

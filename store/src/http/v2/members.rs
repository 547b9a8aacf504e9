//! `/v2/members`, `/v2/machines`: who belongs to the cluster.

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tonic::{Code, Status};

use super::auth::{Wanted, may};
use super::{JSON, Refusal, Second, allowed, body, content_type, object};
use crate::cluster::Member;
use crate::config::Url;
use crate::http::answer::plain;

/// A member as this API tells of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    id: String,
    name: String,
    #[serde(rename = "peerURLs")]
    peer_urls: Vec<String>,
    #[serde(rename = "clientURLs")]
    client_urls: Vec<String>,
}

impl From<&Member> for Told {
    fn from(member: &Member) -> Self {
        Self {
            id: format!("{:x}", member.id),
            name: member.name.clone(),
            peer_urls: member.peer_urls.clone(),
            client_urls: member.client_urls.clone(),
        }
    }
}

#[derive(Serialize)]
struct All {
    members: Vec<Told>,
}

/// Where a member is reached.
#[derive(Deserialize)]
struct Urls {
    #[serde(rename = "peerURLs", default)]
    peer_urls: Option<Vec<String>>,
}

/// Where clients reach all members.
pub(super) fn machines(second: &Second, request: &Request) -> Response {
    if let Err(response) = allowed(request, "GET,HEAD") {
        return *response;
    }
    let state = second.member.state.read();
    let members = &state.members;
    let mut urls: Vec<&str> = members
        .iter()
        .flat_map(|member| member.client_urls.iter().map(String::as_str))
        .collect();
    urls.sort_unstable();
    let text = urls.join(", ");
    super::typed(StatusCode::OK, "text/plain; charset=utf-8", text)
}

/// Answers about all members, or about the one that the rest of the path names.
pub(super) async fn answer(second: &Second, rest: &str, request: Request) -> Response {
    if let Err(response) = allowed(&request, "GET,POST,DELETE,PUT") {
        return *response;
    }
    let (parts, content) = request.into_parts();
    if !may(second, &parts, Wanted::RootToWrite).await {
        return Refusal::no_access().answer();
    }
    let answer = carry_out(second, rest, &parts, content).await;
    second.name_cluster(answer.unwrap_or_else(|refusal| refusal.answer()))
}

async fn carry_out(
    second: &Second,
    rest: &str,
    parts: &Parts,
    content: Body,
) -> Result<Response, Refusal> {
    match parts.method.as_str() {
        "GET" => show(second, rest),
        "POST" => add(second, &urls(parts, body(content).await)?).await,
        _ if rest.is_empty() => Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")),
        "DELETE" => remove(second, rest).await,
        _ => {
            let id = id(rest)?;
            update(second, id, &urls(parts, body(content).await)?).await
        }
    }
}

fn show(second: &Second, rest: &str) -> Result<Response, Refusal> {
    let state = second.member.state.read();
    let members = &state.members;
    match rest {
        "" => {
            let members = members.iter().map(Told::from).collect();
            Ok(object(StatusCode::OK, &All { members }))
        }
        "leader" => {
            let leader = members.get(second.member.raft.link().leader());
            let leader = leader
                .ok_or_else(|| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "During election"))?;
            Ok(object(StatusCode::OK, &Told::from(leader)))
        }
        _ => Err(Refusal::new(StatusCode::NOT_FOUND, "Not found")),
    }
}

async fn add(second: &Second, urls: &[String]) -> Result<Response, Refusal> {
    let added = second.member.add_member(urls, false).await;
    let (id, members) = added.map_err(|status| refused(&status, ""))?;
    let added = members.into_iter().find(|member| member.id == id);
    let added = added.map(Member::from).unwrap_or_default();
    Ok(object(StatusCode::CREATED, &Told::from(&added)))
}

async fn remove(second: &Second, rest: &str) -> Result<Response, Refusal> {
    let id = id(rest)?;
    let name = format!("{id:x}");
    if second.member.state.read().members.is_removed(id) {
        let text = format!("Member permanently removed: {name}");
        return Err(Refusal::new(StatusCode::GONE, text));
    }
    let removed = second.member.remove_member(id).await;
    removed.map_err(|status| refused(&status, &name))?;
    Ok(done())
}

async fn update(second: &Second, id: u64, urls: &[String]) -> Result<Response, Refusal> {
    let updated = second.member.update_member(id, urls).await;
    updated.map_err(|status| refused(&status, &format!("{id:x}")))?;
    Ok(done())
}

fn done() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// What a call of API 3 says, in the words of this one.
fn refused(status: &Status, id: &str) -> Refusal {
    match status.code() {
        Code::NotFound => Refusal::new(StatusCode::NOT_FOUND, format!("No such member: {id}")),
        Code::FailedPrecondition if status.message().contains("Peer URLs already exists") => {
            Refusal::new(StatusCode::CONFLICT, "membership: peerURL exists")
        }
        Code::FailedPrecondition if status.message().contains("member ID already exist") => {
            Refusal::new(StatusCode::CONFLICT, "membership: ID exists")
        }
        _ => Refusal::internal(&status.message()),
    }
}

fn id(text: &str) -> Result<u64, Refusal> {
    let digits = text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let id = u64::from_str_radix(text, 16).ok().filter(|_| digits);
    id.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, format!("No such member: {text}")))
}

fn urls(parts: &Parts, content: Result<Vec<u8>, String>) -> Result<Vec<String>, Refusal> {
    let bad = |why: String| Refusal::new(StatusCode::BAD_REQUEST, why);
    let kind = content_type(&parts.headers);
    if kind != JSON {
        let text = format!("Bad Content-Type {kind}, accept application/json");
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    let given: Urls =
        serde_json::from_slice(&content.map_err(bad)?).map_err(|error| bad(error.to_string()))?;
    let urls = given.peer_urls.unwrap_or_default();
    if urls.is_empty() {
        return Err(bad("no valid URLs given".to_owned()));
    }
    let urls = urls.iter().map(|url| Url::parse(url));
    let urls: Vec<Url> = urls.collect::<Result<_, _>>().map_err(bad)?;
    Ok(urls.iter().map(ToString::to_string).collect())
}

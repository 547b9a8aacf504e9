//! `/v2/keys/…`: reads, writes, and the way to those who watch.

use std::time::Duration;

use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::auth::{Wanted, may};
use super::form::Form;
use super::json::EventText;
use super::{Failure, Second, allowed, body, content_type, object, watch};
use crate::clock;
use crate::v2::{self, Action, Code, Error, Event, KEYS, path};

/// The most parts of a key. etcd knows no bound; what is nested deeper than this no client of it
/// could take apart.
const PARTS_MAX: usize = 512;

/// What is asked of a key.
pub(super) enum Asked {
    Get { quorum: bool },
    Watch { since: u64, stream: bool },
    Write(v2::Request),
}

/// A request, read.
pub(super) struct Wish {
    /// In the tree.
    pub(super) path: String,
    pub(super) recursive: bool,
    pub(super) asked: Asked,
    no_value: bool,
}

/// The path of a key as clients know it.
pub(super) fn outside(path: &str) -> &str {
    path.strip_prefix(KEYS).unwrap_or(path)
}

/// Answers a request for a key, which is what follows `/v2/keys` in the path.
pub(super) async fn answer(second: &Second, key: &str, request: Request) -> Response {
    if let Err(response) = allowed(&request, "HEAD,GET,PUT,POST,DELETE") {
        return *response;
    }
    let (parts, content) = request.into_parts();
    let answer = match body(content).await {
        Ok(content) => carry_out(second, key, &parts, &content).await,
        Err(why) => Err(Error::of_request(Code::InvalidForm, why).into()),
    };
    let response = answer.unwrap_or_else(refused);
    second.name_cluster(response)
}

async fn carry_out(
    second: &Second,
    key: &str,
    parts: &Parts,
    content: &[u8],
) -> Result<Response, Failure> {
    let kind = content_type(&parts.headers);
    let form = Form::read(&parts.method, &parts.uri, &kind, content)
        .map_err(|why| Error::of_request(Code::InvalidForm, why))?;
    let wish = read(key, &parts.method, &form)?;
    let wanted = Wanted::Key {
        key,
        recursive: wish.recursive,
    };
    if !may(second, parts, wanted).await {
        let error = Error::of_request(Code::Unauthorized, "Insufficient credentials");
        return Err(error.into());
    }
    let event = match wish.asked {
        Asked::Write(request) => second.write(request).await?,
        Asked::Get { quorum } => second.get(&wish.path, wish.recursive, quorum).await?,
        Asked::Watch { since, stream } => {
            let state = second.member.state.read();
            let watching = state.v2.watch(&wish.path, wish.recursive, stream, since)?;
            drop(state);
            return Ok(watch::answer(second, watching));
        }
    };
    Ok(told(second, &event, wish.no_value))
}

/// What came of it.
fn told(second: &Second, event: &Event, no_value: bool) -> Response {
    let code = match event.is_created() {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    let action = event.action();
    let is_silent = no_value
        && matches!(
            action,
            Action::Set | Action::CompareAndSwap | Action::Create | Action::Update
        );
    let mut response = object(code, &EventText::of(event, is_silent));
    second.note(response.headers_mut(), event.at);
    response
}

fn refused(failure: Failure) -> Response {
    let mut error = match failure {
        Failure::Refused(error) => error,
        Failure::Cluster(why) => {
            tracing::warn!(error = why, "a request of API 2 was not carried out");
            Error::of_request(Code::RaftInternal, why)
        }
    };
    error.cause = outside(&error.cause).to_owned();
    let code = StatusCode::from_u16(error.code.status());
    let mut response = object(code.unwrap_or(StatusCode::BAD_REQUEST), &error);
    let headers = response.headers_mut();
    headers.insert("x-etcd-index", error.index.into());
    response
}

/// Reads what is asked for.
pub(super) fn read(key: &str, method: &Method, form: &Form) -> Result<Wish, Error> {
    let path = path::clean(&format!("{KEYS}{key}"));
    if path.matches('/').count() > PARTS_MAX {
        let why = format!("a key of more than {PARTS_MAX} parts");
        return Err(Error::of_request(Code::InvalidForm, why));
    }
    let index = |name: &str| {
        let why = format!("invalid value for \"{name}\"");
        let read = form.number(name);
        read.map_err(|()| Error::of_request(Code::IndexNotANumber, why))
    };
    let invalid =
        |name: &str| Error::of_request(Code::InvalidField, format!("invalid value for {name}"));
    let flag = |name: &str| {
        let read = form.flag(name);
        read.map_err(|()| invalid(&format!("\"{name}\"")))
    };
    let (prev_index, since) = (index("prevIndex")?, index("waitIndex")?);
    let recursive = flag("recursive")?;
    // What is listed is always in order here.
    flag("sorted")?;
    let (wait, dir) = (flag("wait")?, flag("dir")?);
    let (quorum, stream) = (flag("quorum")?, flag("stream")?);
    if wait && method != Method::GET {
        let why = "\"wait\" can only be used with GET requests";
        return Err(Error::of_request(Code::InvalidField, why));
    }
    let prev_value = form.get("prevValue");
    if prev_value == Some("") {
        let why = "\"prevValue\" cannot be empty";
        return Err(Error::of_request(Code::PrevValueRequired, why));
    }
    let no_value = flag("noValueOnSuccess")?;
    let ttl = match form.get("ttl") {
        None | Some("") => None,
        Some(_) => {
            let why = "invalid value for \"ttl\"";
            let ttl = form.number("ttl");
            Some(ttl.map_err(|()| Error::of_request(Code::TtlNotANumber, why))?)
        }
    };
    let maybe = |name: &str| match form.get(name) {
        None => Ok(None),
        Some(_) => form.flag(name).map(Some).map_err(|()| invalid(name)),
    };
    let prev_exist = maybe("prevExist")?;
    let refresh = maybe("refresh")? == Some(true);
    let value = form.get("value").unwrap_or_default();
    if refresh && !value.is_empty() {
        let why = "A value was provided on a refresh";
        return Err(Error::of_request(Code::RefreshValue, why));
    }
    if refresh && ttl.is_none() {
        return Err(Error::of_request(
            Code::RefreshTtlRequired,
            "No TTL value set",
        ));
    }
    let write = |method| {
        let time = clock::unix_nanos();
        Asked::Write(v2::Request {
            value: value.to_owned(),
            dir,
            prev_value: prev_value.unwrap_or_default().to_owned(),
            prev_index,
            prev_exist,
            expires: ttl.map_or(0, |ttl| runs_out(time, ttl)),
            recursive,
            refresh,
            ..v2::Request::new(method, path.clone(), time)
        })
    };
    let asked = match method.as_str() {
        "PUT" => write(v2::Method::Put),
        "POST" => write(v2::Method::Post),
        "DELETE" => write(v2::Method::Delete),
        "GET" if wait && !quorum => Asked::Watch { since, stream },
        "GET" => Asked::Get { quorum },
        _ => Asked::Get { quorum: false },
    };
    Ok(Wish {
        path,
        recursive,
        asked,
        no_value,
    })
}

/// When something of that many seconds runs out. As in Go, what is too much turns into the past.
fn runs_out(time: i64, seconds: u64) -> i64 {
    let second = Duration::from_secs(1).as_nanos() as i64;
    time.wrapping_add((seconds as i64).wrapping_mul(second))
}

//! `/v2/stats/…`: what was counted.

use std::collections::BTreeMap;
use std::time::Instant;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::{JSON, Refusal, Second, allowed, json, typed};
use crate::clock;
use crate::config::duration;
use crate::metrics::Latency;

/// How often what was done to the keys.
pub(super) fn of_keys(second: &Second, request: &Request) -> Response {
    if let Err(response) = allowed(request, "GET") {
        return *response;
    }
    told(&second.member.state.read().v2.stats())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfMember {
    name: String,
    id: String,
    state: &'static str,
    start_time: String,
    leader_info: Led,
    recv_append_request_cnt: u64,
    send_append_request_cnt: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Led {
    leader: String,
    uptime: String,
    start_time: String,
}

/// What this member has to do with raft.
pub(super) fn of_member(second: &Second, request: &Request) -> Response {
    if let Err(response) = allowed(request, "GET") {
        return *response;
    }
    let member = &second.member;
    let id = member.identity.member_id;
    let link = member.raft.link();
    let state = member.state.read();
    let name = state.members.get(id).map(|own| own.name.clone());
    drop(state);
    let since = link.leader_since().unwrap_or(second.began);
    let (sent, received) = link.appends();
    let leader = match link.leader() {
        0 => String::new(),
        leader => format!("{leader:x}"),
    };
    told(&OfMember {
        name: name.unwrap_or_default(),
        id: format!("{id:x}"),
        state: match link.is_leader() {
            true => "StateLeader",
            false => "StateFollower",
        },
        start_time: moment(second.began),
        leader_info: Led {
            leader,
            uptime: duration::format(i64::try_from(since.elapsed().as_nanos()).unwrap_or(i64::MAX)),
            start_time: moment(since),
        },
        recv_append_request_cnt: received,
        send_append_request_cnt: sent,
    })
}

#[derive(Serialize)]
struct OfLeader {
    leader: String,
    followers: BTreeMap<String, Follower>,
}

#[derive(Serialize)]
struct Follower {
    latency: Latency,
    counts: Counts,
}

#[derive(Serialize)]
struct Counts {
    fail: u64,
    success: u64,
}

/// How the members answer this one, if it leads.
pub(super) fn of_leader(second: &Second, request: &Request) -> Response {
    if let Err(response) = allowed(request, "GET") {
        return *response;
    }
    let member = &second.member;
    let own = member.identity.member_id;
    if !member.raft.link().is_leader() {
        return Refusal::new(StatusCode::FORBIDDEN, "not current leader").answer();
    }
    let state = member.state.read();
    let others = state.members.iter().filter(|other| other.id != own);
    let followers = others.filter_map(|other| {
        let (latency, fail) = member.others.exchanged(other.id)?;
        let success = latency.count;
        let counts = Counts { fail, success };
        Some((format!("{:x}", other.id), Follower { latency, counts }))
    });
    told(&OfLeader {
        leader: format!("{own:x}"),
        followers: followers.collect(),
    })
}

/// As Go's `json.Marshal`, without a line end.
fn told(value: &impl Serialize) -> Response {
    typed(StatusCode::OK, JSON, json::text(value))
}

/// When that was, by the clock of the day.
fn moment(at: Instant) -> String {
    let ago = i64::try_from(at.elapsed().as_nanos()).unwrap_or(i64::MAX);
    json::moment(clock::unix_nanos().saturating_sub(ago))
}

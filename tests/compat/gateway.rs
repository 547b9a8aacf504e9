//! The API over JSON: the same HTTP requests to both servers.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of a test fail it by panicking, as the test itself does"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use harness::{Options, Server};
use serde_json::Value;

use crate::pair::Servers;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Requests, each with its method, path, and body; headers stand before the body, one in brackets each.
const REQUESTS: &str = r#"
POST /v3/kv/put {"key":"Zm9v","value":"YmFy"}
POST /v3/kv/put {"key":"Zm9v","value":"YmF6","prev_kv":true}
POST /v3/kv/put {"key":"Zm8-_w","value":"-_8="}
POST /v3/kv/range {"key":"Zm9v"}
POST /v3/kv/range {"key":"Zg==","rangeEnd":"eg==","sort_order":"DESCEND","sortTarget":1,"limit":"1"}
POST /v3/kv/range {"key":"AA==","range_end":"AA==","count_only":true}
POST /v3/kv/range {"key":"Zm9v","revision":"100"}
POST /v3/kv/range {"key":"Zm9v","revision":2}
POST /v3/kv/range {"key":"Zm9v","revision":2e0}
POST /v3/kv/range {"key":""}
POST /v3/kv/range {}
POST /v3/kv/range
POST /v3/kv/range {
POST /v3/kv/range x
POST /v3/kv/range []
POST /v3/kv/range null
POST /v3/kv/range 5
POST /v3/kv/range "text"
POST /v3/kv/range {"key":5}
POST /v3/kv/range {"key":"!!"}
POST /v3/kv/range {"key":"Zm9v","limit":"x"}
POST /v3/kv/range {"key":"Zm9v","limit":1.5}
POST /v3/kv/range {"key":"Zm9v","serializable":"yes"}
POST /v3/kv/range {"key":"Zm9v","nothing":{"a":[1]}}
POST /v3/kv/range {"key":null}
POST /v3/kv/range {"key":"Zm9v"} behind it
POST /v3/kv/range/ {"key":"Zm9v"}
POST /v3/kv/nothing {}
POST /v3/ {}
POST /v3 {}
POST /v3alpha/kv/range {"key":"Zm9v"}
POST /v3beta/kv/range {"key":"Zm9v"}
GET /v3
GET /v3beta
GET /v3beta/
GET /v3/kv/range
PUT /v3/kv/range {"key":"Zm9v"}
DELETE /v3/kv/range
OPTIONS /v3/kv/range
POST /v3/kv/range [Accept: text/plain] {"key":"Zm9v"}
POST /v3/kv/range [Content-Type: text/plain] {"key":"Zm9v"}
POST /v3/kv/range [Grpc-Timeout: 10S] {"key":"Zm9v"}
POST /v3/kv/range [Grpc-Timeout: 10x] {"key":"Zm9v"}
POST /v3/kv/range [Authorization: nobody] {"key":"Zm9v"}
POST /v3/kv/range [Grpc-Metadata-Token: nobody] {"key":"Zm9v"}
POST /v3/kv/txn {"compare":[{"result":"EQUAL","target":"CREATE","key":"Zm9v","createRevision":"2"}],"success":[{"requestRange":{"key":"Zm9v"}}],"failure":[]}
POST /v3/kv/txn {"compare":[{"target":"VALUE","key":"Zm9v","value":"YmF6","result":0}],"success":[{"request_put":{"key":"YQ==","value":"YQ=="}},{"request_delete_range":{"key":"bm8="}}]}
POST /v3/kv/txn {"success":[{"request_txn":{"success":[{"request_range":{"key":"YQ=="}}]}}]}
POST /v3/kv/txn {"compare":[{"result":"NOPE"}]}
POST /v3/kv/deleterange {"key":"YQ==","prev_kv":true}
POST /v3/kv/compaction {"revision":"3"}
POST /v3/kv/compaction {"revision":"300"}
POST /v3/lease/grant {"TTL":"100","ID":"7"}
POST /v3/lease/grant {"TTL":100,"ID":"7"}
POST /v3/lease/grant {"TTL":-1}
POST /v3/kv/put {"key":"bGVhc2Vk","value":"","lease":"7"}
POST /v3/lease/timetolive {"ID":"7","keys":true}
POST /v3/kv/lease/timetolive {"ID":7}
POST /v3/lease/timetolive {"ID":"8"}
POST /v3/lease/leases {}
POST /v3/kv/lease/leases {}
POST /v3/lease/keepalive {"ID":"7"}{"ID":7} {"ID":8}
POST /v3/lease/keepalive {"ID":"7"} x
POST /v3/lease/keepalive
POST /v3/kv/lease/revoke {"ID":"8"}
POST /v3/lease/revoke {"ID":"7"}
POST /v3/cluster/member/list {}
POST /v3/cluster/member/list {"linearizable":true}
POST /v3/cluster/member/add {"peerURLs":["nonsense"]}
POST /v3/cluster/member/remove {"ID":"5"}
POST /v3/cluster/member/update {"ID":"5","peerURLs":["http://127.0.0.1:1"]}
POST /v3/cluster/member/promote {"ID":"5"}
POST /v3/maintenance/status {}
POST /v3/maintenance/alarm {"action":"GET"}
POST /v3/maintenance/alarm {"action":"ACTIVATE","alarm":"NOSPACE","memberID":"1"}
POST /v3/maintenance/alarm {"action":2,"alarm":1,"memberID":1}
POST /v3/maintenance/defragment {}
POST /v3/maintenance/hash {}
POST /v3/maintenance/hashkv {"revision":"100"}
POST /v3/maintenance/transfer-leadership {"targetID":"5"}
POST /v3/auth/status {}
POST /v3/auth/authenticate {"name":"a","password":"b"}
POST /v3/lock/lock {"name":"bG9jaw==","lease":"77"}
POST /v3/lock/unlock {"key":"bG9jaw=="}
POST /v3/election/leader {"name":"bm9uZQ=="}
POST /v3/election/resign {}
POST /v3/election/proclaim {"leader":{"name":"bm9uZQ==","key":"bm9uZQ==","rev":"1","lease":"1"}}
GET /v3/watch
POST /v3/watch [Grpc-Timeout: 1S] {"create_request":{"key":"YWxvbmU="}}
POST /v3/lease/keepalive [Grpc-Timeout: 1S] {"ID":"7"}
POST /v3/lease/keepalive {"ID":"7"} {"ID":{}} {"ID":"7"}
"#;

/// The same of users and roles, by themselves. `{token}` is what the last login gave.
const AUTH: &str = r#"
POST /v3/kv/put {"key":"YQ==","value":"MQ=="}
POST /v3/auth/status {}
POST /v3/auth/enable {}
POST /v3/auth/user/add {"name":"root","password":"pw"}
POST /v3/auth/user/add {"name":"root","password":"pw"}
POST /v3/auth/user/add {"name":"","password":"pw"}
POST /v3/auth/user/add {"name":"u","options":{"no_password":true}}
POST /v3/auth/user/list {}
POST /v3/auth/user/grant {"user":"root","role":"root"}
POST /v3/auth/user/grant {"user":"u","role":"none"}
POST /v3/auth/role/add {"name":"r"}
POST /v3/auth/role/add {"name":"root"}
POST /v3/auth/role/grant {"name":"r","perm":{"permType":"READWRITE","key":"YQ==","range_end":"Yg=="}}
POST /v3/auth/role/grant {"name":"r","perm":{"permType":1,"key":"Yw=="}}
POST /v3/auth/role/grant {"name":"r","perm":{"permType":"READ","key":"Yg==","range_end":"YQ=="}}
POST /v3/auth/role/grant {"name":"r"}
POST /v3/auth/role/get {"role":"r"}
POST /v3/auth/role/get {"role":"root"}
POST /v3/auth/role/get {"role":"none"}
POST /v3/auth/role/list {}
POST /v3/auth/user/grant {"user":"u","role":"r"}
POST /v3/auth/user/get {"name":"u"}
POST /v3/auth/user/changepw {"name":"u","password":"pw"}
POST /v3/auth/user/changepw {"name":"none","password":"pw"}
POST /v3/auth/enable {}
POST /v3/auth/status {}
POST /v3/kv/range {"key":"YQ=="}
POST /v3/auth/user/list {}
POST /v3/cluster/member/list {}
POST /v3/watch [Grpc-Timeout: 1S] {"create_request":{"key":"YQ=="}}
POST /v3/auth/authenticate {"name":"root","password":"wrong"}
POST /v3/auth/authenticate {"name":"u","password":""}
POST /v3/auth/authenticate {"name":"root","password":"pw"}
POST /v3/kv/range [Authorization: {token}] {"key":"YQ=="}
POST /v3/kv/range [Authorization: Bearer {token}] {"key":"YQ=="}
POST /v3/kv/range [Grpc-Metadata-Token: {token}] {"key":"YQ=="}
POST /v3/kv/range [Authorization: {token}x] {"key":"YQ=="}
POST /v3/auth/user/list [Authorization: {token}] {}
POST /v3/auth/user/get [Authorization: {token}] {"name":"u"}
POST /v3/auth/role/revoke [Authorization: {token}] {"role":"r","key":"Yw=="}
POST /v3/auth/role/revoke [Authorization: {token}] {"role":"r","key":"Yw=="}
POST /v3/auth/role/get [Authorization: {token}] {"role":"r"}
POST /v3/auth/user/revoke [Authorization: {token}] {"name":"u","role":"r"}
POST /v3/auth/user/revoke [Authorization: {token}] {"name":"root","role":"root"}
POST /v3/auth/role/delete [Authorization: {token}] {"role":"r"}
POST /v3/auth/user/delete [Authorization: {token}] {"name":"u"}
POST /v3/auth/user/delete [Authorization: {token}] {"name":"root"}
POST /v3/auth/disable {}
POST /v3/auth/disable [Authorization: {token}] {}
POST /v3/auth/disable {}
POST /v3/kv/range [Authorization: {token}] {"key":"YQ=="}
"#;

/// A watch, and what it says after some of the requests.
const WATCH: &str =
    r#"{"create_request":{"key":"Zm9v","start_revision":"1"}} {"progress_request":{}}"#;

#[test]
fn json_gets_the_same_answers() {
    let servers = Servers::find().unwrap();
    let [ours, real] =
        [servers.a, servers.b].map(|binary| Server::start_with(Options::new(binary)).unwrap());
    let mut report = compare(&ours, &real, REQUESTS);
    let watched = [&ours, &real].map(|server| watch(&server.endpoint()));
    if watched[0] != watched[1] {
        report += &format!("\nwatch\n ours: {:?}\n etcd: {:?}", watched[0], watched[1]);
    }
    assert!(report.is_empty(), "{report}");
}

#[test]
fn json_is_asked_who_it_is_by_both() {
    let servers = Servers::find().unwrap();
    let [ours, real] =
        [servers.a, servers.b].map(|binary| Server::start_with(Options::new(binary)).unwrap());
    let report = compare(&ours, &real, AUTH);
    assert!(report.is_empty(), "{report}");
}

/// What is answered differently, of requests that are lines.
fn compare(ours: &Server, real: &Server, requests: &str) -> String {
    let mut report = String::new();
    let mut tokens = [String::new(), String::new()];
    for line in requests.lines().filter(|line| !line.is_empty()) {
        let mut answers = Vec::new();
        for (server, token) in [ours, real].into_iter().zip(&mut tokens) {
            let mut answer = ask(&server.endpoint(), &line.replace("{token}", token));
            for value in &mut answer.2 {
                if let Some(given) = value.get_mut("token") {
                    *token = given.as_str().unwrap().to_owned();
                    *given = "own".into();
                }
            }
            answers.push(answer);
        }
        if answers[0] != answers[1] {
            report += &format!("\n{line}\n ours: {:?}\n etcd: {:?}", answers[0], answers[1]);
        }
    }
    report
}

/// Status, the headers that matter, and the body.
type Answer = (u16, BTreeMap<String, String>, Vec<Value>);

pub(crate) fn send(endpoint: &str, line: &str) -> BufReader<TcpStream> {
    let (method, rest) = line.split_once(' ').unwrap();
    let (path, mut body) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut head = String::new();
    while let Some((header, rest)) = body
        .strip_prefix('[')
        .filter(|rest| rest.contains("] "))
        .and_then(|rest| rest.split_once("] "))
    {
        head += &format!("{header}\r\n");
        body = rest;
    }
    let length = body.len();
    // An answer of HTTP/1.0 comes without chunks.
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: localhost\r\n{head}Content-Length: {length}\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(endpoint).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    BufReader::new(stream)
}

pub(crate) fn head(answer: &mut BufReader<TcpStream>) -> (u16, BTreeMap<String, String>) {
    let mut lines = answer.lines().map(Result::unwrap);
    let status = lines.next().unwrap();
    let status = status.split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .by_ref()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_lowercase(), value.to_owned()))
        })
        .filter(|(name, _)| !["date", "content-length", "connection"].contains(&name.as_str()))
        .collect();
    (status, headers)
}

fn ask(endpoint: &str, line: &str) -> Answer {
    let mut answer = send(endpoint, line);
    let (status, headers) = head(&mut answer);
    let mut body = String::new();
    let read = answer.read_to_string(&mut body);
    assert!(read.is_ok(), "{line}: {read:?} after {body}");
    let mut values: Vec<Value> = serde_json::Deserializer::from_str(&body)
        .into_iter()
        .map(|value| value.unwrap_or_else(|_| body.clone().into()))
        .collect();
    values.iter_mut().for_each(mask);
    (status, headers, values)
}

/// The first three lines of a watch: that it is made, the history, and how far it is.
fn watch(endpoint: &str) -> Answer {
    let mut answer = send(endpoint, &format!("POST /v3/watch {WATCH}"));
    let (status, headers) = head(&mut answer);
    let mut values: Vec<Value> = answer
        .lines()
        .take(2)
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect();
    values.iter_mut().for_each(mask);
    (status, headers, values)
}

/// Replaces what each server makes up, or measures.
fn mask(value: &mut Value) {
    const OWN: [&str; 13] = [
        "cluster_id",
        "member_id",
        "leader",
        "raft_term",
        "raftTerm",
        "raftIndex",
        "raftAppliedIndex",
        "dbSize",
        "dbSizeInUse",
        "hash",
        "peerURLs",
        "clientURLs",
        "name",
    ];
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let is_long = key == "ID" && value.as_str().is_some_and(|id| id.len() > 10);
                let is_spelled = key == "message" && value.as_str().is_some_and(is_of_encoder);
                if value == CUT_OFF {
                    *value = "context deadline exceeded".into();
                }
                match OWN.contains(&key.as_str()) || is_long || is_spelled {
                    true => *value = "own".into(),
                    false => mask(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(mask),
        _ => {}
    }
}

/// What Go's gateway says of a stream whose time is over, if its server notices before it does.
const CUT_OFF: &str = "stream terminated by RST_STREAM with error code: CANCEL";

/// Go's library of JSON says where in the text the fault is, and in words of its own.
fn is_of_encoder(message: &str) -> bool {
    message.starts_with("proto:") || message.starts_with("invalid character")
}

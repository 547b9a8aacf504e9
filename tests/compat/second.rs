//! API 2: the same HTTP requests to the server under test and to the distribution's etcd 3.4, the
//! last that has it. What comes back is compared byte by byte, but for ids and times.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of a test fail it by panicking, as the test itself does"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, Read};
use std::path::PathBuf;

use harness::{Options, Server, eventually};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng as _, SeedableRng};

use crate::gateway::{head, send};

/// Requests of a random row, and rows; each on servers of its own.
const REQUESTS: usize = 600;
const SEEDS: u64 = 3;
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// Requests, each with its method, path and form or object; headers stand before it in brackets.
const KEYS: &str = r#"
GET /v2/keys
GET /v2/keys/
GET /v2/keys/none
PUT /v2/keys/a value=1
PUT /v2/keys/a value=2
PUT /v2/keys/a value=<%26>%22%0A%C3%A9
GET /v2/keys/a
HEAD /v2/keys/a
GET /v2/keys/a?quorum=true
GET /v2/keys/a?quorum=true&wait=true
GET /v2/keys//a
GET /v2/keys/b/../a
GET /v2/keys/a/
GET /v2/keys/a/b
PUT /v2/keys/a/b value=1
PUT /v2/keys/a value=3&prevValue=2
PUT /v2/keys/a value=3&prevValue=
PUT /v2/keys/a value=3&prevIndex=1
PUT /v2/keys/a value=3&prevIndex=1&prevValue=9
PUT /v2/keys/a value=3&prevIndex=x
PUT /v2/keys/a value=3&prevIndex=-1
PUT /v2/keys/a value=3&prevExist=true
PUT /v2/keys/a value=3&prevExist=false
PUT /v2/keys/a value=3&prevExist=maybe
PUT /v2/keys/none value=3&prevExist=true
PUT /v2/keys/none value=3&prevValue=1
PUT /v2/keys/a dir=true
PUT /v2/keys/d dir=true
PUT /v2/keys/d dir=true
PUT /v2/keys/d value=1
PUT /v2/keys/d dir=true&prevExist=true&ttl=100
GET /v2/keys/d
PUT /v2/keys/d dir=true&prevExist=true
PUT /v2/keys/d value=1&prevExist=true
PUT /v2/keys/d value=1&prevValue=1
PUT /v2/keys/d/e/f value=1&ttl=100
PUT /v2/keys/d/e/f value=1&ttl=100&noValueOnSuccess=true
PUT /v2/keys/d/e/f value=1&noValueOnSuccess=perhaps
PUT /v2/keys/d/e/f ttl=50&refresh=true&prevExist=true
PUT /v2/keys/d/e/f ttl=50&refresh=true
PUT /v2/keys/d/e/f value=1&ttl=50&refresh=true
PUT /v2/keys/d/e/f refresh=true
PUT /v2/keys/d/e/f refresh=what
PUT /v2/keys/none2 ttl=50&refresh=true
PUT /v2/keys/d/e/f value=2&ttl=
PUT /v2/keys/d/e/f value=2&ttl=x
PUT /v2/keys/d/e/f value=2&ttl=99999999999
PUT /v2/keys/d/_h value=1
PUT /v2/keys/_d/x value=1
GET /v2/keys/d?recursive=true&sorted=true
GET /v2/keys?recursive=true&sorted=true
GET /v2/keys/d/_h
GET /v2/keys/d?recursive=2
GET /v2/keys/d?sorted=x
GET /v2/keys/d?wait=x
GET /v2/keys/d?quorum=x
GET /v2/keys/d?stream=x
GET /v2/keys/d?dir=x
PUT /v2/keys/d?wait=true value=1
POST /v2/keys/q value=1
POST /v2/keys/q value=2&ttl=100
POST /v2/keys/q dir=true
POST /v2/keys/a value=1
POST /v2/keys value=1
GET /v2/keys/q?recursive=true&sorted=true
DELETE /v2/keys/q
DELETE /v2/keys/q?dir=true
DELETE /v2/keys/q?recursive=true
DELETE /v2/keys/q?recursive=true
DELETE /v2/keys/a?prevValue=9
DELETE /v2/keys/a?prevIndex=1
DELETE /v2/keys/d?prevIndex=1
DELETE /v2/keys/a?prevValue=3
DELETE /v2/keys/a
PUT /v2/keys/empty dir=true
DELETE /v2/keys/empty?dir=true
DELETE /v2/keys
DELETE /v2/keys/?recursive=true
PUT /v2/keys value=1
PUT /v2/keys value=1&prevExist=true
PUT /v2/keys value=1&prevExist=false
PUT /v2/keys value=1&prevValue=1
PUT /v2/keys/form [Content-Type: text/plain] value=1
PUT /v2/keys/form [Content-Type: application/x-www-form-urlencoded; charset=utf-8] value=1
PUT /v2/keys/form?value=query value=body
PUT /v2/keys/form?value=query
PUT /v2/keys/form value=%zz
PUT /v2/keys/form value=1;2
PUT /v2/keys/%41%20b value=1
GET /v2/keys/A%20b
PATCH /v2/keys/a value=1
OPTIONS /v2/keys/a
GET /v2/keys/d/e/f?wait=true&waitIndex=1
GET /v2/keys/none?wait=true&waitIndex=x
GET /v2/nothing
GET /v2
GET /v2/
GET /v2/keysandmore
GET /v2/machines
POST /v2/machines
GET /v2/members
GET /v2/members/
GET /v2/members/leader
GET /v2/members/none
POST /v2/members
POST /v2/members [Content-Type: application/json] {"peerURLs":["nonsense"]}
POST /v2/members [Content-Type: application/json] {"peerURLs":[]}
PUT /v2/members
PUT /v2/members/77 [Content-Type: application/json] {"peerURLs":["http://127.0.0.1:1"]}
PUT /v2/members/xyz [Content-Type: application/json] {"peerURLs":["http://127.0.0.1:1"]}
DELETE /v2/members
DELETE /v2/members/77
DELETE /v2/members/xyz
PATCH /v2/members
GET /v2/stats/none
POST /v2/stats/store
POST /v2/stats/self
GET /v2/stats/leader
POST /v2/members [Content-Type: application/json; charset=utf-8] {"peerURLs":["http://127.0.0.1:1"]}
"#;

/// The same of users and roles. `{root}`, `{u}` and `{bad}` stand for what they show.
const AUTH: &str = r#"
GET /v2/auth/enable
GET /v2/auth/users
GET /v2/auth/users/
GET /v2/auth/users/none
GET /v2/auth/roles
GET /v2/auth/roles/none
GET /v2/auth/roles/root
GET /v2/auth/roles/a/b
GET /v2/auth/none
PUT /v2/auth/enable
DELETE /v2/auth/enable
POST /v2/auth/enable
PUT /v2/auth/users/root {"user":"root","password":"pw"}
PUT /v2/auth/users/root {"user":"root"}
PUT /v2/auth/users/u {"user":"u"}
PUT /v2/auth/users/u {"user":"v","password":"pw"}
PUT /v2/auth/users/u {"user"
PUT /v2/auth/users/u {"user":"u","password":"pw"}
PUT /v2/auth/users/u {"user":"u","password":"pw"}
PUT /v2/auth/users/u {"user":"u"}
PUT /v2/auth/users/u {"user":"u"}
PUT /v2/auth/users/w {"user":"w","password":"pw","roles":["a","b"]}
PUT /v2/auth/users/w {"user":"w","password":"pw","roles":["a","b"]}
PUT /v2/auth/users/w {"user":"w","roles":["a"],"grant":["c"]}
PUT /v2/auth/users/w {"user":"w","grant":["a"]}
PUT /v2/auth/users/w {"user":"w","grant":["c"]}
PUT /v2/auth/users/w {"user":"w","revoke":["d"]}
PUT /v2/auth/users/w {"user":"w","revoke":["c","a"]}
PUT /v2/auth/users/x {"user":"x","grant":["a"]}
POST /v2/auth/users/w {}
GET /v2/auth/users/w
GET /v2/auth/users/u
GET /v2/auth/users
PUT /v2/auth/roles/root {"role":"root"}
PUT /v2/auth/roles/r {"role":"s"}
PUT /v2/auth/roles/r {"role":"r","permissions":{"kv":{"read":["/a/*"],"write":["/a/b"]}}}
PUT /v2/auth/roles/r {"role":"r"}
PUT /v2/auth/roles/s {"role":"s"}
PUT /v2/auth/roles/s {"role":"s","grant":{"kv":{"read":["/s*"]}}}
PUT /v2/auth/roles/s {"role":"s","grant":{"kv":{"read":["/s*"]}}}
PUT /v2/auth/roles/s {"role":"s","revoke":{"kv":{"read":["/t"],"write":["/t"]}}}
PUT /v2/auth/roles/s {"role":"s","grant":{"kv":{"write":["/s/w","/s/*"]}},"revoke":{"kv":{"read":["/s*"]}}}
PUT /v2/auth/roles/s {"role":"s","permissions":{"kv":{"read":["/x"]}},"grant":{"kv":{"read":["/y"]}}}
PUT /v2/auth/roles/none {"role":"none","grant":{"kv":{"read":["/y"]}}}
GET /v2/auth/roles/r
GET /v2/auth/roles/s
GET /v2/auth/roles
PUT /v2/auth/users/u {"user":"u","grant":["r","s","gone"]}
GET /v2/auth/users/u
GET /v2/auth/users
PUT /v2/keys/a/b value=1
PUT /v2/keys/s/w value=1
PUT /v2/auth/enable
PUT /v2/auth/enable
GET /v2/auth/enable
GET /v2/auth/roles
GET /v2/auth/roles [Authorization: {root}]
GET /v2/auth/roles/guest [Authorization: {root}]
GET /v2/auth/users [Authorization: {u}]
GET /v2/auth/users [Authorization: {bad}]
GET /v2/auth/users [Authorization: Basic !!]
GET /v2/keys/a/b
PUT /v2/auth/roles/guest [Authorization: {root}] {"role":"guest","revoke":{"kv":{"read":["/*"],"write":["/*"]}}}
GET /v2/keys/a/b
PUT /v2/keys/a/b value=2
GET /v2/keys/a/b [Authorization: {u}]
GET /v2/keys/a/b?recursive=true [Authorization: {u}]
GET /v2/keys/a/c/d?recursive=true [Authorization: {u}]
PUT /v2/keys/a/b [Authorization: {u}] value=2
PUT /v2/keys/a/c [Authorization: {u}] value=2
GET /v2/keys/s/w [Authorization: {u}]
PUT /v2/keys/s/x [Authorization: {u}] value=2
DELETE /v2/keys/s?recursive=true [Authorization: {u}]
GET /v2/keys/a/b [Authorization: {bad}]
GET /v2/keys/a/b [Authorization: {root}]
GET /v2/members
POST /v2/members [Content-Type: application/json] {"peerURLs":["http://127.0.0.1:0"]}
GET /v2/stats/store
DELETE /v2/auth/users/root [Authorization: {root}]
DELETE /v2/auth/users/w [Authorization: {u}]
DELETE /v2/auth/users/w [Authorization: {root}]
DELETE /v2/auth/users/w [Authorization: {root}]
DELETE /v2/auth/roles/s [Authorization: {root}]
DELETE /v2/auth/roles/s [Authorization: {root}]
DELETE /v2/auth/roles/root [Authorization: {root}]
DELETE /v2/auth/enable
DELETE /v2/auth/enable [Authorization: {root}]
DELETE /v2/auth/enable
PUT /v2/auth/users/u {"user":"u","password":"other"}
GET /v2/keys/a/b
"#;

/// Both servers, at the same index.
struct Both {
    ours: Server,
    real: Server,
}

/// Status, the headers that matter, and the body.
type Answer = (u16, BTreeMap<String, String>, String);

impl Both {
    fn start() -> Self {
        let ours = std::env::var_os("PINTLE_TEST_ETCD").map(PathBuf::from);
        let ours = ours.unwrap_or_else(|| harness::binary("etcd").unwrap());
        let start = |binary: PathBuf| {
            let options = Options::new(binary).flags(["--enable-v2".to_owned()]);
            let server = Server::start_with(options).unwrap();
            let is_settled = || {
                let (_, versions) = harness::get(&server.endpoint(), "/version").unwrap();
                !versions.contains("not_decided")
            };
            assert!(eventually(PATIENCE, is_settled));
            server
        };
        let both = Self {
            ours: start(ours),
            real: start(harness::peers::etcd_of_api_2().unwrap()),
        };
        both.level();
        both
    }

    /// etcd keeps its members in the same tree, so that its index has moved before the first request.
    fn level(&self) {
        let index = |server: &Server| {
            let (_, headers, _) = ask(server, "GET /v2/keys");
            headers["x-etcd-index"].parse::<u64>().unwrap()
        };
        let (ours, real) = (index(&self.ours), index(&self.real));
        for (server, puts) in [(&self.ours, real + 1 - ours), (&self.real, 1)] {
            for _ in 0..puts {
                ask(server, "PUT /v2/keys/level value=1");
            }
            ask(server, "DELETE /v2/keys/level");
        }
        assert_eq!(index(&self.ours), index(&self.real));
    }

    /// What is answered differently; nothing if it is the same.
    fn differ(&self, line: &str) -> Option<String> {
        let ours = ask(&self.ours, line);
        let real = ask(&self.real, line);
        (ours != real).then(|| format!("\n{line}\n ours: {ours:?}\n etcd: {real:?}"))
    }

    fn compare<'a>(&self, lines: impl Iterator<Item = &'a str>) {
        let lines = lines.filter(|line| !line.is_empty());
        let report: String = lines.filter_map(|line| self.differ(line)).collect();
        assert!(report.is_empty(), "{report}");
    }
}

/// A line as it is sent: forms and objects say what they are.
fn spelled(line: &str) -> String {
    let basic = |user: &str| format!("Basic {user}");
    let line = line
        .replace("{root}", &basic("cm9vdDpwdw=="))
        .replace("{u}", &basic("dTpwdw=="))
        .replace("{bad}", &basic("cm9vdDp3cm9uZw=="));
    let mut words = line.splitn(3, ' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    match words.next() {
        None => line,
        // With headers alone there is no body.
        Some(rest) if rest.starts_with('[') && rest.ends_with(']') => {
            format!("{method} {path} {rest} ")
        }
        Some(rest) if rest.contains("Content-Type") => line,
        Some(rest) if rest.contains('{') => line,
        Some(rest) => {
            let kind = "[Content-Type: application/x-www-form-urlencoded]";
            format!("{method} {path} {kind} {rest}")
        }
    }
}

fn ask(server: &Server, line: &str) -> Answer {
    let mut answer = send(&server.endpoint(), &spelled(line));
    let (status, mut headers) = head(&mut answer);
    for own in ["x-etcd-cluster-id", "x-raft-index", "x-raft-term"] {
        if let Some(value) = headers.get_mut(own) {
            *value = "own".to_owned();
        }
    }
    let mut body = String::new();
    answer.read_to_string(&mut body).unwrap();
    (status, headers, masked(&body))
}

/// A body without what each server makes up or measures.
fn masked(body: &str) -> String {
    const OWN: [&str; 6] = ["expiration", "id", "name", "leader", "message", "cause"];
    let mut out = body.to_owned();
    for own in OWN {
        let begin = format!("\"{own}\":\"");
        let mut parts = out.split(&begin);
        let mut masked = parts.next().unwrap().to_owned();
        for part in parts {
            let (text, rest) = part.split_once('"').unwrap_or((part, ""));
            let is_own = match own {
                // What Go's parsers of JSON and URLs say is in their own words.
                "message" => text.starts_with("invalid character") || text.starts_with("parse "),
                "cause" => false,
                _ => true,
            };
            let text = if is_own { "own" } else { text };
            masked += &format!("{begin}{text}\"{rest}");
        }
        out = masked;
    }
    for own in ["peerURLs", "clientURLs"] {
        if let Some((before, rest)) = out.split_once(&format!("\"{own}\":[")) {
            let after = rest.split_once(']').unwrap().1;
            out = format!("{before}\"{own}\":[own]{after}");
        }
    }
    if out.starts_with("{\"getsSuccess\"") {
        // What is read of users and roles differs, and what was done before the first request.
        return out.split(|c: char| c.is_ascii_digit()).collect();
    }
    match out.starts_with("http://") {
        true => "http://own".to_owned(),
        false => out,
    }
}

#[test]
fn keys_of_api_2_are_answered_as_by_etcd() {
    Both::start().compare(KEYS.lines());
}

#[test]
fn users_of_api_2_may_what_they_may_in_etcd() {
    Both::start().compare(AUTH.lines());
}

/// A random request for one of a few keys.
fn random(random: &mut StdRng) -> String {
    const PARTS: [&str; 5] = ["a", "b", "a-", "_h", "c"];
    let mut path = String::from("/v2/keys");
    for _ in 0..random.random_range(0..4) {
        path += &format!("/{}", PARTS.choose(random).unwrap());
    }
    let mut form = Vec::new();
    let value = random.random_range(0..3);
    let mut maybe = |form: &mut Vec<String>, odds: f64, text: String| {
        if random.random_bool(odds) {
            form.push(text);
        }
    };
    let method = match value {
        0 => "PUT",
        1 => "PUT",
        _ => "GET",
    };
    maybe(&mut form, 0.1, "recursive=true".to_owned());
    maybe(&mut form, 0.15, "dir=true".to_owned());
    let mut out = vec![];
    maybe(&mut out, 0.7, format!("value={value}"));
    maybe(&mut out, 0.15, format!("prevValue={value}"));
    maybe(&mut out, 0.1, "prevExist=true".to_owned());
    maybe(&mut out, 0.1, "prevExist=false".to_owned());
    maybe(&mut out, 0.2, "ttl=1000".to_owned());
    maybe(&mut out, 0.05, "refresh=true".to_owned());
    maybe(&mut out, 0.1, "noValueOnSuccess=true".to_owned());
    if random.random_bool(0.1) {
        form.push(format!("prevIndex={}", random.random_range(0..300)));
    }
    match random.random_range(0..10) {
        0 => format!("DELETE {path}?{}", [form, out].concat().join("&")),
        1 => format!("POST {path} {}", [form, out].concat().join("&")),
        2 => format!("GET {path}?recursive=true&sorted=true"),
        3 => format!("GET {path}?quorum=true&sorted=true"),
        _ if method == "GET" => format!("GET {path}?sorted=true"),
        _ => format!("PUT {path} {}", [form, out].concat().join("&")),
    }
}

#[test]
fn random_requests_of_api_2_get_the_same_answers() {
    for seed in 0..SEEDS {
        let mut rng = StdRng::seed_from_u64(seed);
        let lines: Vec<String> = (0..REQUESTS).map(|_| random(&mut rng)).collect();
        let both = Both::start();
        both.compare(lines.iter().map(String::as_str));
        // Everything that can still be watched, and what was counted.
        let (_, headers, _) = ask(&both.ours, "GET /v2/keys");
        let last: u64 = headers["x-etcd-index"].parse().unwrap();
        let watches = (1..=last).map(|index| {
            let key = ["", "/a", "/a/b", "/b", "/_h"][usize::try_from(index % 5).unwrap()];
            let key = if index == last { "" } else { key };
            format!("GET /v2/keys{key}?wait=true&recursive=true&waitIndex={index}")
        });
        let watches: Vec<String> = watches.collect();
        for line in watches.iter().filter(|line| has_happened(&both, line)) {
            assert_eq!(both.differ(line), None, "seed {seed}");
        }
    }
}

/// Whether a watch ends at once: its first line is there before anything else happens.
fn has_happened(both: &Both, line: &str) -> bool {
    let short = std::time::Duration::from_millis(100);
    let is_told = |server: &Server| {
        let mut answer = send(&server.endpoint(), &spelled(line));
        head(&mut answer);
        answer.get_ref().set_read_timeout(Some(short)).unwrap();
        let mut text = String::new();
        answer.read_line(&mut text).is_ok() && !text.is_empty()
    };
    let (ours, real) = (is_told(&both.ours), is_told(&both.real));
    assert_eq!(ours, real, "{line}");
    ours
}

#[test]
fn watches_of_api_2_tell_what_etcd_s_tell() {
    let both = Both::start();
    let servers = [&both.ours, &both.real];
    let watch =
        |path: &str| servers.map(|server| send(&server.endpoint(), &format!("GET /v2/keys{path}")));
    let mut watches: Vec<_> = [
        "/w?wait=true",
        "/w?wait=true&recursive=true",
        "/w/d/k?wait=true",
        "?wait=true&recursive=true&stream=true",
        "/w/d?wait=true&stream=true",
        "/w/_h?wait=true&recursive=true&stream=true",
        "/ttl?wait=true",
    ]
    .into_iter()
    .map(watch)
    .collect();
    for answers in &mut watches {
        let [ours, real] = answers.each_mut().map(|answer| head(answer).0);
        assert_eq!((ours, real), (200, 200));
    }
    for line in [
        "PUT /v2/keys/w/d/k value=1",
        "PUT /v2/keys/w/d/k value=2&prevValue=1",
        "PUT /v2/keys/w/d/k ttl=900&refresh=true&prevExist=true",
        "PUT /v2/keys/w/_h/k value=1",
        "POST /v2/keys/w/d value=1",
        "PUT /v2/keys/w/d/e/_h value=1",
        "DELETE /v2/keys/w/d?recursive=true",
        "PUT /v2/keys/w/d value=1",
        "DELETE /v2/keys/w?recursive=true",
        "PUT /v2/keys/ttl value=1&ttl=1",
        "PUT /v2/keys/last value=1",
    ] {
        assert_eq!(both.differ(line), None);
    }
    for (at, answers) in watches.iter_mut().enumerate() {
        let [ours, real] = answers.each_mut().map(|answer| {
            let mut told = Vec::new();
            let mut line = String::new();
            while answer.read_line(&mut line).is_ok_and(|read| read > 0) {
                let is_last = line.contains("/last");
                told.push(masked(&std::mem::take(&mut line)));
                if is_last {
                    break;
                }
                let short = std::time::Duration::from_secs(if at == 6 { 20 } else { 1 });
                answer.get_ref().set_read_timeout(Some(short)).unwrap();
            }
            told
        });
        assert_eq!(ours, real, "watch {at}");
        assert!(!ours.is_empty(), "watch {at}");
    }
    // What ran out is gone on both.
    let is_gone = |server: &Server| ask(server, "GET /v2/keys/ttl").0 == 404;
    assert!(eventually(PATIENCE, || servers
        .iter()
        .all(|server| is_gone(server))));
    assert_eq!(both.differ("GET /v2/keys/ttl"), None);
}

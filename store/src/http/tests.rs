//! The answers against those recorded from etcd 3.7.1.

use super::*;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use futures::future::BoxFuture;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// A member in some state.
#[derive(Default)]
struct Member {
    alarms: Vec<Alarm>,
    without_leader: bool,
    learner: bool,
    serializable: Option<&'static str>,
    linearizable: Option<&'static str>,
    undecided: bool,
}

impl Probe for Member {
    fn alarms(&self) -> Vec<Alarm> {
        self.alarms.clone()
    }

    fn has_leader(&self) -> bool {
        !self.without_leader
    }

    fn is_learner(&self) -> bool {
        self.learner
    }

    fn cluster_version(&self) -> Option<String> {
        (!self.undecided).then(|| version::CLUSTER.into())
    }

    fn storage_version(&self) -> Option<String> {
        (!self.undecided).then(|| version::STORAGE.into())
    }

    fn cluster_id(&self) -> u64 {
        0x57ba_369f_1b71_e9b2
    }

    fn members(&self) -> Vec<crate::cluster::Member> {
        let member = |id: u64, is_learner| crate::cluster::Member {
            id,
            peer_urls: vec![format!("http://127.0.0.1:{id}")],
            is_learner,
            ..Default::default()
        };
        let mut started = member(13_036_367_236_772_181_556, false);
        started.name = "m3".into();
        started.client_urls = vec!["http://127.0.0.1:54519".into()];
        vec![member(7, true), started]
    }

    fn read(&self, serializable: bool) -> BoxFuture<'_, Result<(), String>> {
        let error = if serializable {
            self.serializable
        } else {
            self.linearizable
        };
        Box::pin(async move { error.map_or(Ok(()), |error| Err(error.into())) })
    }

    fn raft_status(&self) -> serde_json::Value {
        serde_json::json!({"term": 2})
    }

    fn refresh(&self, metrics: &Metrics) {
        metrics.mvcc.keys.set(7);
    }
}

async fn ask(router: &Router, method: &str, path: &str) -> (u16, HeaderMap, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(Body::empty())
        .unwrap();
    send(router, request).await
}

async fn send(router: &Router, request: Request<Body>) -> (u16, HeaderMap, String) {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        parts.status.as_u16(),
        parts.headers,
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

fn router(member: Member) -> Router {
    let metrics = Arc::new(Metrics::new(false).unwrap());
    client_router(Arc::new(member), metrics, None, None, Access::default())
}

#[tokio::test]
async fn healthy_answers_are_those_of_etcd() {
    let router = router(Member::default());
    let text = "text/plain; charset=utf-8";
    let readyz = "[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\nok\n";
    let cases = [
        (
            "GET",
            "/version",
            200,
            "application/json",
            r#"{"etcdserver":"3.7.1","etcdcluster":"3.7.0","storage":"3.7.0"}"#,
        ),
        (
            "GET",
            "/health",
            200,
            text,
            r#"{"health":"true","reason":""}"#,
        ),
        (
            "GET",
            "/health?serializable=true",
            200,
            text,
            r#"{"health":"true","reason":""}"#,
        ),
        ("GET", "/livez", 200, text, "ok\n"),
        (
            "GET",
            "/livez?verbose",
            200,
            text,
            "[+]serializable_read ok\nok\n",
        ),
        ("GET", "/livez/serializable_read", 200, text, "ok\n"),
        ("GET", "/readyz", 200, text, "ok\n"),
        ("GET", "/readyz?verbose", 200, text, readyz),
        ("GET", "/readyz?verbose&exclude=foo", 200, text, readyz),
        (
            "GET",
            "/readyz/non_learner?verbose=1",
            200,
            text,
            "[+]non_learner ok\nok\n",
        ),
        ("GET", "/livez/foo", 404, text, "404 page not found\n"),
        ("GET", "/v2/keys", 404, text, "404 page not found\n"),
        ("GET", "/health/", 404, text, "404 page not found\n"),
        ("GET", "/", 404, text, "404 page not found\n"),
        ("POST", "/version", 405, text, "Method Not Allowed\n"),
        ("POST", "/health", 405, text, "Method Not Allowed\n"),
        ("POST", "/livez", 405, text, "Method Not Allowed\n"),
        ("POST", "/debug/vars", 405, text, "Method Not Allowed\n"),
    ];
    for (method, path, code, content_type, body) in cases {
        let (status, headers, text) = ask(&router, method, path).await;
        assert_eq!((status, text.as_str()), (code, body), "{method} {path}");
        assert_eq!(headers["content-type"], content_type, "{method} {path}");
        assert_eq!(
            headers["access-control-allow-origin"], "*",
            "{method} {path}"
        );
        assert_eq!(
            headers.get("allow").is_some(),
            code == 405,
            "{method} {path}"
        );
        let sure = headers.get("x-content-type-options").is_some();
        assert_eq!(
            sure,
            !path.starts_with("/health") && path != "/version" || code != 200,
            "{path}"
        );
    }
}

#[tokio::test]
async fn head_is_not_get() {
    let router = router(Member::default());
    assert_eq!(ask(&router, "HEAD", "/health").await.0, 405);
    assert_eq!(ask(&router, "HEAD", "/metrics").await.0, 200);
}

#[tokio::test]
async fn alarms_fail_health_unless_excluded() {
    let nospace = || Member {
        alarms: vec![Alarm::NoSpace],
        ..Member::default()
    };
    let (code, _, body) = ask(&router(nospace()), "GET", "/health").await;
    assert_eq!(
        (code, body.as_str()),
        (503, "{\"health\":\"false\",\"reason\":\"ALARM NOSPACE\"}\n")
    );
    assert_eq!(
        ask(&router(nospace()), "GET", "/health?exclude=NOSPACE")
            .await
            .0,
        200
    );
    assert_eq!(
        ask(
            &router(nospace()),
            "GET",
            "/health?exclude=CORRUPT&exclude=NOSPACE"
        )
        .await
        .0,
        200
    );
    assert_eq!(ask(&router(nospace()), "GET", "/readyz").await.0, 200);
    let corrupt = Member {
        alarms: vec![Alarm::Corrupt],
        ..Member::default()
    };
    let (code, _, body) = ask(&router(corrupt), "GET", "/readyz").await;
    assert_eq!(code, 503);
    assert!(
        body.starts_with("[-]data_corruption failed: alarm activated: CORRUPT\n[+]"),
        "{body}"
    );
}

#[tokio::test]
async fn a_member_without_leader_lives_but_is_not_ready() {
    let timeout = Some("etcdserver: request timed out");
    let member = || Member {
        without_leader: true,
        linearizable: timeout,
        ..Member::default()
    };
    let (code, _, body) = ask(&router(member()), "GET", "/health").await;
    assert_eq!(
        (code, body.as_str()),
        (
            503,
            "{\"health\":\"false\",\"reason\":\"RAFT NO LEADER\"}\n"
        )
    );
    assert_eq!(
        ask(&router(member()), "GET", "/health?serializable=true")
            .await
            .0,
        200
    );
    assert_eq!(ask(&router(member()), "GET", "/livez").await.0, 200);
    let (code, _, body) = ask(&router(member()), "GET", "/readyz").await;
    assert_eq!(code, 503);
    assert!(
        body.contains("[-]linearizable_read failed: etcdserver: request timed out\n"),
        "{body}"
    );
    let excluded = "/readyz?exclude=linearizable_read";
    assert_eq!(ask(&router(member()), "GET", excluded).await.0, 200);
    let fails = Member {
        linearizable: timeout,
        ..Member::default()
    };
    let (_, _, body) = ask(&router(fails), "GET", "/health").await;
    assert!(
        body.contains("RANGE ERROR:etcdserver: request timed out"),
        "{body}"
    );
}

#[tokio::test]
async fn a_learner_is_not_ready_and_versions_may_be_undecided() {
    let member = || Member {
        learner: true,
        undecided: true,
        ..Member::default()
    };
    let (code, _, body) = ask(&router(member()), "GET", "/readyz/non_learner").await;
    assert_eq!(
        (code, body.as_str()),
        (503, "[-]non_learner failed: not supported for learner\n\n")
    );
    let (_, _, body) = ask(&router(member()), "GET", "/version").await;
    assert_eq!(
        body,
        r#"{"etcdserver":"3.7.1","etcdcluster":"not_decided","storage":"unknown"}"#
    );
}

#[tokio::test]
async fn metrics_are_fresh_and_count_the_checks() {
    let router = router(Member::default());
    ask(&router, "GET", "/health").await;
    ask(&router, "GET", "/readyz").await;
    let (code, headers, body) = ask(&router, "POST", "/metrics").await;
    assert_eq!(code, 200);
    assert_eq!(headers["content-type"], metrics::CONTENT_TYPE);
    let lines = [
        "etcd_debugging_mvcc_keys_total 7",
        "etcd_server_health_success 1",
        "etcd_server_healthcheck{name=\"linearizable_read\",type=\"readyz\"} 1",
        "etcd_server_healthchecks_total{name=\"non_learner\",status=\"success\",type=\"readyz\"} 1",
    ];
    for line in lines {
        assert!(body.lines().any(|ours| ours == line), "{line} is missing");
    }
}

#[tokio::test]
async fn debug_vars_are_json() {
    let (_, headers, body) = ask(&router(Member::default()), "GET", "/debug/vars").await;
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(json["raft.status"]["term"], 2);
}

#[tokio::test]
async fn hosts_and_origins_are_checked() {
    let metrics = Arc::new(Metrics::new(false).unwrap());
    let access = Access {
        hosts: vec!["good".into()],
        origins: vec!["http://page".into()],
    };
    let router = client_router(Arc::new(Member::default()), metrics, None, None, access);
    let request = |method: &str, host: &str, origin: &str| {
        let request = Request::builder()
            .method(method)
            .uri("/health")
            .header("host", host);
        request
            .header("origin", origin)
            .body(Body::empty())
            .unwrap()
    };
    let (code, headers, _) = send(&router, request("GET", "good:2379", "http://page")).await;
    assert_eq!(
        (code, &headers["access-control-allow-origin"]),
        (200, &"http://page".parse().unwrap())
    );
    let (code, headers, _) = send(&router, request("GET", "good", "http://other")).await;
    assert_eq!(
        (code, headers.contains_key("access-control-allow-origin")),
        (200, false)
    );
    assert_eq!(
        send(&router, request("GET", "evil", "http://page")).await.0,
        421
    );
    let (code, _, body) = send(&router, request("OPTIONS", "good", "http://page")).await;
    assert_eq!((code, body.as_str()), (200, ""));
}

#[tokio::test]
async fn the_metrics_port_has_metrics_and_health_only() {
    let metrics = Arc::new(Metrics::new(false).unwrap());
    let router = metrics_router(Arc::new(Member::default()), metrics);
    for (path, code) in [
        ("/metrics", 200),
        ("/health", 200),
        ("/livez", 200),
        ("/version", 404),
    ] {
        let (status, headers, _) = ask(&router, "GET", path).await;
        assert_eq!(
            (status, headers.contains_key("access-control-allow-origin")),
            (code, false)
        );
    }
}

#[tokio::test]
async fn other_members_find_what_etcd_shows_them() {
    let undecided = Member {
        undecided: true,
        ..Member::default()
    };
    let router = peer_router(Arc::new(Member::default()));
    let (code, headers, body) = ask(&router, "GET", "/members").await;
    assert_eq!(code, 200);
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["x-etcd-cluster-id"], "57ba369f1b71e9b2");
    assert_eq!(
        body,
        "[{\"id\":7,\"peerURLs\":[\"http://127.0.0.1:7\"],\"isLearner\":true},\
         {\"id\":13036367236772181556,\"peerURLs\":[\"http://127.0.0.1:13036367236772181556\"],\
         \"name\":\"m3\",\"clientURLs\":[\"http://127.0.0.1:54519\"]}]\n"
    );
    let (code, headers, body) = ask(&router, "GET", "/version").await;
    assert_eq!(
        (code, &headers["content-type"]),
        (200, &"application/json".parse().unwrap())
    );
    assert_eq!(
        body,
        r#"{"etcdserver":"3.7.1","etcdcluster":"3.7.0","storage":"3.7.0"}"#
    );
    let (_, _, body) = ask(&peer_router(Arc::new(undecided)), "GET", "/version").await;
    assert!(body.contains("not_decided"));
    let (code, _, body) = ask(&router, "GET", "/downgrade/enabled").await;
    assert_eq!((code, body.as_str()), (200, "false"));
    for method in ["GET", "POST"] {
        let (code, headers, body) = ask(&router, method, "/raft/probing").await;
        assert_eq!(
            (code, &headers["content-type"]),
            (200, &"text/plain; charset=utf-8".parse().unwrap())
        );
        assert!(
            body.starts_with(r#"{"OK":true,"Now":"2"#) && body.ends_with("Z\"}\n"),
            "{body}"
        );
    }
    for path in ["/members", "/version", "/downgrade/enabled"] {
        let (code, headers, body) = ask(&router, "POST", path).await;
        assert_eq!((code, body.as_str()), (405, "Method Not Allowed\n"));
        assert_eq!(headers["allow"], "GET");
    }
    for path in [
        "/",
        "/health",
        "/livez",
        "/readyz",
        "/metrics",
        "/members/",
        "/raft/probing/x",
    ] {
        let (code, _, body) = ask(&router, "GET", path).await;
        assert_eq!(
            (code, body.as_str()),
            (404, "404 page not found\n"),
            "{path}"
        );
    }
}

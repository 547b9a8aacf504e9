//! The loops against our own store and server, as processes of their own.
//!
//! Needs the binary: `cargo build -p pintle`.

#![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use controllers::cluster_role_aggregation::ClusterRoleAggregation;
use controllers::election::Election;
use controllers::garbage::GarbageCollector;
use controllers::namespace::Namespaces;
use controllers::resource_quota::ResourceQuotas;
use controllers::root_ca::RootCa;
use controllers::service_account::ServiceAccounts;
use controllers::ttl_after_finished::TtlAfterFinished;
use controllers::{Loop, call, supervise};
use harness::{Options, Server, eventually_async};
use kube::{Client, Config};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// How long anything may take; far longer than it does.
const LIMIT: Duration = Duration::from_secs(20);

/// A server with its store; both end when it is dropped.
struct Cluster {
    api: Child,
    url: String,
    _certificates: tempfile::TempDir,
    _store: Server,
}

impl Cluster {
    fn start() -> Self {
        let binary = harness::binary("pintle").unwrap();
        let certificates = tempfile::tempdir().unwrap();
        // The one binary acts by the name it is called under.
        let etcd = certificates.path().join("etcd");
        std::os::unix::fs::symlink(&binary, &etcd).unwrap();
        let store = Server::start_with(Options::new(etcd)).unwrap();
        let port = harness::free_port().unwrap();
        let api = Command::new(binary)
            .arg("kube-apiserver")
            .arg(format!("--etcd-servers={}", store.client_url()))
            .arg(format!("--secure-port={port}"))
            .arg("--bind-address=127.0.0.1")
            .arg(format!("--cert-dir={}", certificates.path().display()))
            .arg("--authorization-mode=AlwaysAllow")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            api,
            url: format!("https://127.0.0.1:{port}"),
            _certificates: certificates,
            _store: store,
        }
    }

    async fn client(&self) -> Client {
        let mut config = Config::new(self.url.parse().unwrap());
        config.accept_invalid_certs = true;
        let client = Client::try_from(config).unwrap();
        let ready = eventually_async(LIMIT, async || {
            call::get(&client, "/api/v1/namespaces").await.is_ok()
        });
        assert!(ready.await, "the server is not ready");
        client
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.api.kill();
        let _ = self.api.wait();
    }
}

async fn create(client: &Client, path: &str, object: Value) -> Value {
    call::create(client, path, &object).await.unwrap()
}

async fn comes(client: &Client, path: &str, what: impl Fn(&Value) -> bool) {
    let found = eventually_async(LIMIT, async || {
        call::get(client, path)
            .await
            .is_ok_and(|object| what(&object))
    });
    assert!(found.await, "{path}: {:?}", call::get(client, path).await);
}

async fn goes(client: &Client, path: &str) {
    let gone = eventually_async(LIMIT, async || {
        call::get(client, path)
            .await
            .is_err_and(|error| error.is_not_found())
    });
    assert!(gone.await, "{path}: {:?}", call::get(client, path).await);
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

fn map(name: &str, metadata: &Value) -> Value {
    let mut map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
    map["metadata"]["name"] = name.into();
    map
}

fn owner(owner: &Value, blocks: bool) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]["name"],
           "uid": owner["metadata"]["uid"], "blockOwnerDeletion": blocks})
}

async fn delete(client: &Client, path: &str, propagation: &str) {
    let options =
        json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation});
    call::delete(client, path, &options).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_its_loops_is_whole() {
    let cluster = Cluster::start();
    let client = cluster.client().await;
    create(&client, "/api/v1/namespaces", namespace("early")).await;
    let stop = CancellationToken::new();
    let loops: Vec<Arc<dyn Loop>> = vec![
        Arc::new(Namespaces {
            grace: Duration::ZERO,
        }),
        Arc::new(GarbageCollector),
        Arc::new(ServiceAccounts),
        Arc::new(RootCa::new("certificates")),
        Arc::new(ClusterRoleAggregation),
        Arc::new(ResourceQuotas),
        Arc::new(TtlAfterFinished),
    ];
    let running = tokio::spawn(supervise(loops, client.clone(), stop.clone()));
    create(&client, "/api/v1/namespaces", namespace("a")).await;
    accounts_and_certificates(&client).await;
    quotas(&client).await;
    aggregation(&client).await;
    collection(&client).await;
    orphans(&client).await;
    foreground(&client).await;
    cycles(&client).await;
    misplaced(&client).await;
    elections(&client).await;
    finished_jobs(&client).await;
    namespaces(&client).await;
    stop.cancel();
    tokio::time::timeout(LIMIT, running).await.unwrap().unwrap();
}

async fn accounts_and_certificates(client: &Client) {
    let account = "/api/v1/namespaces/a/serviceaccounts/default";
    let published = "/api/v1/namespaces/a/configmaps/kube-root-ca.crt";
    comes(client, account, |_| true).await;
    comes(client, published, |map| {
        map["data"]["ca.crt"] == "certificates"
    })
    .await;
    comes(
        client,
        "/api/v1/namespaces/early/serviceaccounts/default",
        |_| true,
    )
    .await;
    // What is deleted comes again, what is changed is changed back.
    let old = call::get(client, account).await.unwrap();
    delete(client, account, "Background").await;
    comes(client, account, |new| {
        new["metadata"]["uid"] != old["metadata"]["uid"]
    })
    .await;
    call::edit(client, published, |map| {
        map["data"]["other"] = json!("x");
        Ok(true)
    })
    .await
    .unwrap();
    comes(client, published, |map| {
        map["data"] == json!({"ca.crt": "certificates"})
    })
    .await;
}

async fn quotas(client: &Client) {
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"},
                       "spec": {"hard": {"configmaps": "10", "count/secrets": "5"}}});
    create(client, "/api/v1/namespaces/a/resourcequotas", quota).await;
    let path = "/api/v1/namespaces/a/resourcequotas/q";
    let used = |maps: &str| {
        let used = json!({"configmaps": maps, "count/secrets": "0"});
        move |quota: &Value| quota["status"]["used"] == used
    };
    comes(client, path, used("1")).await;
    create(
        client,
        "/api/v1/namespaces/a/configmaps",
        map("counted", &json!({})),
    )
    .await;
    comes(client, path, used("2")).await;
    delete(
        client,
        "/api/v1/namespaces/a/configmaps/counted",
        "Background",
    )
    .await;
    comes(client, path, used("1")).await;
}

async fn aggregation(client: &Client) {
    let roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    let role = |name: &str| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}});
    let mut all = role("all");
    all["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": {"to": "all"}}]});
    create(client, roles, all).await;
    let rules = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]);
    let mut part = role("part");
    part["metadata"]["labels"] = json!({"to": "all"});
    part["rules"] = rules.clone();
    create(client, roles, part).await;
    comes(client, &format!("{roles}/all"), |role| {
        role["rules"] == rules
    })
    .await;
}

async fn collection(client: &Client) {
    let maps = "/api/v1/namespaces/a/configmaps";
    let path = |name: &str| format!("{maps}/{name}");
    let first = create(client, maps, map("first", &json!({}))).await;
    let second = create(client, maps, map("second", &json!({}))).await;
    let owned = |owners: Value| json!({"ownerReferences": owners});
    let of_first = owned(json!([owner(&first, false)]));
    let child = create(client, maps, map("child", &of_first)).await;
    create(
        client,
        maps,
        map("grandchild", &owned(json!([owner(&child, false)]))),
    )
    .await;
    let of_both = owned(json!([owner(&first, false), owner(&second, false)]));
    create(client, maps, map("shared", &of_both)).await;
    // A secret, by an owner of another kind.
    let mut secret = map("secret", &of_first);
    secret["kind"] = json!("Secret");
    create(client, "/api/v1/namespaces/a/secrets", secret).await;
    delete(client, &path("first"), "Background").await;
    goes(client, &path("child")).await;
    goes(client, &path("grandchild")).await;
    goes(client, "/api/v1/namespaces/a/secrets/secret").await;
    let left = owner(&second, false);
    comes(client, &path("shared"), |map| {
        let owners = &map["metadata"]["ownerReferences"];
        owners.as_array().is_some_and(|owners| owners.len() == 1) && owners[0]["uid"] == left["uid"]
    })
    .await;
    // An owner that never was.
    let mut never = owner(&second, false);
    never["uid"] = json!("00000000-0000-0000-0000-000000000000");
    create(client, maps, map("lost", &owned(json!([never])))).await;
    goes(client, &path("lost")).await;
}

async fn orphans(client: &Client) {
    let maps = "/api/v1/namespaces/a/configmaps";
    let parent = create(client, maps, map("parent", &json!({}))).await;
    let owned = json!({"ownerReferences": [owner(&parent, true)]});
    create(client, maps, map("orphan", &owned)).await;
    delete(client, &format!("{maps}/parent"), "Orphan").await;
    goes(client, &format!("{maps}/parent")).await;
    comes(client, &format!("{maps}/orphan"), |map| {
        map["metadata"]["ownerReferences"]
            .as_array()
            .is_none_or(Vec::is_empty)
    })
    .await;
}

async fn foreground(client: &Client) {
    let maps = "/api/v1/namespaces/a/configmaps";
    let head = create(client, maps, map("head", &json!({}))).await;
    let owned =
        json!({"ownerReferences": [owner(&head, true)], "finalizers": ["example.org/hold"]});
    create(client, maps, map("held", &owned)).await;
    delete(client, &format!("{maps}/head"), "Foreground").await;
    let held = format!("{maps}/held");
    comes(client, &held, |map| {
        !map["metadata"]["deletionTimestamp"].is_null()
    })
    .await;
    comes(client, &format!("{maps}/head"), |map| {
        map["metadata"]["finalizers"] == json!(["foregroundDeletion"])
    })
    .await;
    call::edit(client, &held, |map| {
        map["metadata"]["finalizers"] = json!([]);
        Ok(true)
    })
    .await
    .unwrap();
    goes(client, &held).await;
    goes(client, &format!("{maps}/head")).await;
}

async fn cycles(client: &Client) {
    let maps = "/api/v1/namespaces/a/configmaps";
    for propagation in ["Foreground", "Background"] {
        let first = create(client, maps, map("ring", &json!({}))).await;
        let owned = json!({"ownerReferences": [owner(&first, true)]});
        let second = create(client, maps, map("round", &owned)).await;
        call::edit(client, &format!("{maps}/ring"), |map| {
            map["metadata"]["ownerReferences"] = json!([owner(&second, true)]);
            Ok(true)
        })
        .await
        .unwrap();
        delete(client, &format!("{maps}/ring"), propagation).await;
        goes(client, &format!("{maps}/ring")).await;
        goes(client, &format!("{maps}/round")).await;
    }
}

async fn misplaced(client: &Client) {
    let elsewhere = "/api/v1/namespaces/early/configmaps";
    let far = create(client, elsewhere, map("far", &json!({}))).await;
    let owned = json!({"ownerReferences": [owner(&far, false)]});
    let maps = "/api/v1/namespaces/a/configmaps";
    create(client, maps, map("misplaced", &owned)).await;
    goes(client, &format!("{maps}/misplaced")).await;
    let told = |events: &Value| {
        let events = call::array(events, "/items").iter();
        let mut reasons = events.map(|event| call::text(event, "/reason"));
        reasons.any(|reason| reason == "OwnerRefInvalidNamespace")
    };
    comes(client, "/api/v1/namespaces/a/events", told).await;
    comes(client, &format!("{elsewhere}/far"), |_| true).await;
}

async fn finished_jobs(client: &Client) {
    let jobs = "/apis/batch/v1/namespaces/a/jobs";
    let container = json!({"name": "c", "image": "i"});
    let conditions = |time: &str| {
        ["SuccessCriteriaMet", "Complete"]
            .map(|kind| json!({"type": kind, "status": "True", "lastTransitionTime": time}))
    };
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "job"},
        "spec": {
            "ttlSecondsAfterFinished": 0,
            "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
        },
    });
    create(client, jobs, job).await;
    let path = format!("{jobs}/job");
    call::edit_at(client, &path, &format!("{path}/status"), |job| {
        let long_ago = "2026-01-01T00:00:00Z";
        job["status"] = json!({
            "startTime": long_ago,
            "completionTime": long_ago,
            "succeeded": 1,
            "conditions": conditions("2026-01-01T00:00:00Z"),
        });
        Ok(true)
    })
    .await
    .unwrap();
    goes(client, &path).await;
}

async fn elections(client: &Client) {
    let (tell, mut told) = tokio::sync::mpsc::channel(4);
    let stand = |identity: &'static str, stop: &CancellationToken| {
        let (client, tell, stop) = (client.clone(), tell.clone(), stop.clone());
        let election = Election {
            retry_period: Duration::from_millis(20),
            ..Election::new("early", "lease", identity)
        };
        tokio::spawn(async move {
            let lead = |term: CancellationToken| async move {
                tell.send(identity).await.unwrap();
                term.cancelled().await;
            };
            election.run(&client, &stop, lead).await
        })
    };
    let stop = CancellationToken::new();
    let one = stand("one", &stop);
    assert_eq!(told.recv().await, Some("one"));
    let two = stand("two", &CancellationToken::new());
    // Who stops makes room for the next at once.
    stop.cancel();
    assert!(!one.await.unwrap(), "the lease was released");
    assert_eq!(told.recv().await, Some("two"));
    let lease = "/apis/coordination.k8s.io/v1/namespaces/early/leases/lease";
    comes(client, lease, |lease| {
        lease["spec"]["holderIdentity"] == "two"
    })
    .await;
    call::edit(client, lease, |lease| {
        lease["spec"]["holderIdentity"] = json!("three");
        Ok(true)
    })
    .await
    .unwrap();
    assert!(two.await.unwrap(), "the lease was taken");
}

async fn namespaces(client: &Client) {
    let held = json!({"finalizers": ["example.org/hold"]});
    create(
        client,
        "/api/v1/namespaces/a/configmaps",
        map("last", &held),
    )
    .await;
    delete(client, "/api/v1/namespaces/a", "Background").await;
    comes(client, "/api/v1/namespaces/a", |namespace| {
        let conditions = call::array(namespace, "/status/conditions");
        let mut messages = conditions.iter().map(|one| call::text(one, "/message"));
        namespace["status"]["phase"] == "Terminating"
            && messages.any(|message| {
                message
                    == "Some content in the namespace has finalizers remaining: \
                        example.org/hold in 1 resource instances"
            })
    })
    .await;
    call::edit(client, "/api/v1/namespaces/a/configmaps/last", |map| {
        map["metadata"]["finalizers"] = json!([]);
        Ok(true)
    })
    .await
    .unwrap();
    goes(client, "/api/v1/namespaces/a").await;
    let maps = call::list(client, "/api/v1/namespaces/a/configmaps")
        .await
        .unwrap();
    assert!(maps.is_empty(), "{maps:?}");
}

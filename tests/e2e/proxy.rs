//! `etcd gateway` and `etcd grpc-proxy`, as etcd's own `etcdctl` sees them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use harness::{Cluster, ClusterOptions, Server, eventually, peers};

use crate::ALONE;
use crate::client::LIMIT;
use crate::command::etcdctl;

/// What runs in front of servers, and ends with this.
struct Front {
    child: Child,
    log: PathBuf,
    address: String,
}

impl Front {
    /// Starts `etcd <kind> start`, and waits until it says that it is ready.
    fn start(etcd: &Path, dir: &Path, kind: &str, ready: &str, flags: &[&str]) -> Self {
        let address = format!("127.0.0.1:{}", harness::free_port().unwrap());
        let log = dir.join(format!("{}.log", address.replace(':', "-")));
        let mut command = Command::new(etcd);
        command
            .current_dir(dir)
            .args([kind, "start", "--listen-addr", &address])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap());
        if kind == "grpc-proxy" {
            command.args(["--advertise-client-url", &address]);
        }
        let child = command.spawn().unwrap();
        let front = Front {
            child,
            log,
            address,
        };
        let is_ready = eventually(LIMIT, || front.log().contains(ready));
        assert!(is_ready, "{}", front.log());
        front
    }

    fn gateway(dir: &Path, endpoints: &str) -> Self {
        let etcd = harness::binary("etcd").unwrap();
        let flags = ["--endpoints", endpoints, "--retry-delay=100ms"];
        Self::start(
            &etcd,
            dir,
            "gateway",
            "ready to proxy client requests",
            &flags,
        )
    }

    fn proxy(etcd: &Path, dir: &Path, endpoints: &str, flags: &[&str]) -> Self {
        let flags = [&["--endpoints", endpoints], flags].concat();
        Self::start(etcd, dir, "grpc-proxy", "started gRPC proxy", &flags)
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// A figure of the proxy's own metrics.
    fn figure(&self, name: &str) -> u64 {
        let (_, text) = harness::get(&self.address, "/proxy/metrics").unwrap();
        let mut lines = text.lines().filter_map(|line| line.split_once(' '));
        let found = lines.find(|(known, _)| *known == name);
        found.map_or(0, |(_, value)| value.parse().unwrap())
    }

    fn told(&self, arguments: &[&str]) -> (bool, String) {
        etcdctl(&[&["--endpoints", &self.address], arguments].concat())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A watch by `etcdctl` that writes what it is told into a file.
struct Watcher {
    child: Child,
    told: PathBuf,
    /// What it complained of.
    errors: PathBuf,
}

impl Watcher {
    fn start(dir: &Path, name: &str, endpoint: &str, arguments: &[&str]) -> Self {
        let told = dir.join(name);
        let errors = dir.join(format!("{name}.errors"));
        let child = Command::new(peers::etcdctl().unwrap())
            .env_clear()
            .args(["--endpoints", endpoint, "watch"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(fs::File::create(&told).unwrap())
            .stderr(fs::File::create(&errors).unwrap())
            .spawn()
            .unwrap();
        Self {
            child,
            told,
            errors,
        }
    }

    fn told(&self) -> String {
        fs::read_to_string(&self.told).unwrap()
    }

    /// Waits until this is the last that it was told, and sees that it was told it once.
    fn awaits(&self, expected: &str) {
        assert!(
            eventually(LIMIT, || self.told().ends_with(expected)),
            "expected {expected:?}, was told {:?}; {}",
            self.told(),
            fs::read_to_string(&self.errors).unwrap()
        );
        assert_eq!(self.told().matches(expected).count(), 1);
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_gateway_passes_over_a_member_that_is_gone_until_it_is_back() {
    let _alone = ALONE.blocking_lock();
    let etcd = harness::binary("etcd").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut servers = [(); 2].map(|()| Server::start(&etcd, &[]).unwrap());
    for (name, server) in ["a", "b"].iter().zip(&servers) {
        assert!(etcdctl(&["--endpoints", &server.endpoint(), "put", "name", name]).0);
    }
    let endpoints = format!("{},{}", servers[0].client_url(), servers[1].endpoint());
    let gateway = Front::gateway(dir.path(), &endpoints);
    let asked = || gateway.told(&["get", "name", "--print-value-only"]).1;
    let mut answers = [asked(), asked()];
    answers.sort();
    assert_eq!(answers, ["a\n", "b\n"]);
    servers[0].kill();
    assert_eq!([asked(), asked(), asked()], ["b\n", "b\n", "b\n"]);
    servers[0].restart().unwrap();
    let both = || [asked(), asked()].contains(&"a\n".to_owned());
    assert!(eventually(LIMIT, both), "{}", gateway.log());
}

#[test]
fn a_gateway_does_not_carry_to_itself() {
    let _alone = ALONE.blocking_lock();
    let address = format!("127.0.0.1:{}", harness::free_port().unwrap());
    let output = Command::new(harness::binary("etcd").unwrap())
        .args(["gateway", "start", "--listen-addr", &address])
        .args(["--endpoints", &address])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = "should not resolve to the gateway listen addr";
    assert!(said.contains(expected), "{said}");
}

/// Command lines whose answers do not name a revision; each proxy has keys of its own.
const SAME: &[&str] = &[
    "put a 1",
    "get a",
    "get a --consistency=s",
    "get a --consistency=s",
    "put a 2",
    "get a --consistency=s",
    "put b 1 --prev-kv",
    "put b 2 --prev-kv",
    "get a b --print-value-only",
    "get --prefix=true --keys-only a",
    "get --from-key a",
    "get --prefix a --order=DESCEND --sort-by=VALUE --limit 1",
    "put a --ignore-value",
    "put nothing --ignore-value",
    "del b --prev-kv",
    "del b",
    "get b --consistency=s",
    "del --prefix a",
    "get a --consistency=s",
    "put a x --lease=1234",
    "lease timetolive 1234 --keys",
    "lease revoke 1234",
    "lease list",
    "compaction 1000000",
    "endpoint health --command-timeout=5s",
    "auth status",
    "role list",
    "alarm list",
    "get a --rev 1000000",
];

#[test]
fn a_proxy_answers_as_etcd_s_does() {
    let _alone = ALONE.blocking_lock();
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(peers::etcd().unwrap(), &[]).unwrap();
    let ours = harness::binary("etcd").unwrap();
    let real = peers::etcd().unwrap();
    let front = |etcd: &Path, name: &str| {
        Front::proxy(etcd, dir.path(), &server.endpoint(), &["--namespace", name])
    };
    let (ours, real) = (front(&ours, "ours/"), front(&real, "real/"));
    for line in SAME {
        let words: Vec<&str> = line.split(' ').collect();
        let told = [&ours, &real].map(|front| {
            let (success, text) = front.told(&words);
            let text = text.replace(&front.address, "<address>");
            // What the client itself logs, and how long it took.
            let kept = text.lines().filter(|line| !line.starts_with('{'));
            let kept: Vec<&str> = kept.map(|l| l.split("took").next().unwrap_or(l)).collect();
            (success, kept.join("\n"))
        });
        assert_eq!(told[0], told[1], "{line}");
    }
    let under = |prefix| etcdctl(&["--endpoints", &server.endpoint(), "get", "--prefix", prefix]).1;
    let moved = under("real/").replace("real/", "ours/");
    assert_eq!(under("ours/"), moved);
    assert_eq!(
        ours.figure("etcd_grpc_proxy_cache_hits_total"),
        real.figure("etcd_grpc_proxy_cache_hits_total")
    );
}

#[test]
fn watches_are_shared_and_outlive_members() {
    let _alone = ALONE.blocking_lock();
    let dir = tempfile::tempdir().unwrap();
    let etcd = harness::binary("etcd").unwrap();
    let mut cluster = Cluster::start(ClusterOptions::new(&etcd, 3)).unwrap();
    let endpoints: Vec<String> = (0..3).map(|member| cluster.endpoint(member)).collect();
    let proxy = Front::proxy(&etcd, dir.path(), &endpoints.join(","), &[]);
    assert!(proxy.told(&["put", "x0", "0"]).0);
    let watch =
        |name, arguments: &[&str]| Watcher::start(dir.path(), name, &proxy.address, arguments);
    let plain = watch("plain", &["x", "--prefix"]);
    let previous = watch("previous", &["x", "--prefix", "--prev-kv"]);
    let past = watch("past", &["x", "--prefix", "--rev=1"]);
    let mut told = String::new();
    let all = [&plain, &previous, &past];
    let is_told = || {
        proxy.told(&["put", "x0", "0"]);
        all.iter().all(|watcher| !watcher.told().is_empty())
    };
    assert!(eventually(LIMIT, is_told), "{}", proxy.log());
    // One of them reads what is past, and joins the others when it has caught up.
    let shared = || proxy.figure("etcd_grpc_proxy_watchers_coalescing_total");
    assert!(eventually(LIMIT, || shared() == 2), "{}", shared());
    for round in 0..3 {
        let put = |value: &str| proxy.told(&["put", "x1", value, "--command-timeout=20s"]);
        let value = round.to_string();
        assert!(eventually(LIMIT, || put(&value).0), "{}", proxy.log());
        told += &format!("PUT\nx1\n{round}\n");
        plain.awaits(&told);
        past.awaits(&told);
        cluster.kill(round);
        cluster.launch(&[round]).unwrap();
    }
    let with_previous = told.replace("PUT\nx1\n1", "PUT\nx1\n0\nx1\n1");
    let with_previous = with_previous.replace("PUT\nx1\n2", "PUT\nx1\n1\nx1\n2");
    previous.awaits(&with_previous);
    // A watch by etcdctl requires a leader: when the last member that was killed led, all of them are
    // opened again, and share again.
    assert!(eventually(LIMIT, || shared() == 2), "{}", shared());
}

#[test]
fn renewals_are_shared_and_proxies_know_each_other() {
    let _alone = ALONE.blocking_lock();
    let dir = tempfile::tempdir().unwrap();
    let etcd = harness::binary("etcd").unwrap();
    let server = Server::start(&etcd, &[]).unwrap();
    let flags = ["--resolver-prefix=___proxies", "--resolver-ttl=5"];
    let proxies = [(); 2].map(|()| Front::proxy(&etcd, dir.path(), &server.endpoint(), &flags));
    let known = || proxies[0].told(&["member", "list"]).1;
    let all = |list: &str| proxies.iter().all(|proxy| list.contains(&proxy.address));
    assert!(eventually(LIMIT, || all(&known())), "{}", known());
    let (_, granted) = proxies[0].told(&["lease", "grant", "2"]);
    let lease = granted.split(' ').nth(1).unwrap().to_owned();
    let keep = |proxy: &Front| {
        Command::new(peers::etcdctl().unwrap())
            .env_clear()
            .args(["--endpoints", &proxy.address, "lease", "keep-alive", &lease])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut keepers = [keep(&proxies[0]), keep(&proxies[0])];
    // Longer than the lease would live.
    std::thread::sleep(Duration::from_secs(5));
    let (_, left) = proxies[1].told(&["lease", "timetolive", &lease]);
    for keeper in &mut keepers {
        let _ = keeper.kill();
        let _ = keeper.wait();
    }
    assert!(left.contains("granted with TTL(2s), remaining("), "{left}");
    let health = harness::get(&proxies[0].address, "/proxy/health").unwrap();
    assert_eq!(health, (200, r#"{"health":"true","reason":""}"#.into()));
}

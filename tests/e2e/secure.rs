//! Clients and members speak TLS, as etcd's own `etcdctl` sees it.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};

use harness::{Cluster, ClusterOptions, eventually, peers};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::ALONE;
use crate::client::LIMIT;
use crate::command::{etcdctl, run};

/// Sees that both `etcdctl` do the same: exit code, output, and the last line of what they complain.
fn same(arguments: &[&str]) {
    let told = |program: &Path| {
        let output = run(program, arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let last = errors.lines().last().unwrap_or_default().to_owned();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), stdout, last)
    };
    let ours = told(&harness::binary("etcdctl").unwrap());
    let real = told(&peers::etcdctl().unwrap());
    assert_eq!(ours, real, "{arguments:?}");
}

/// A server that ends with this. The harness asks without TLS whether one is ready.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An authority in `ca.pem`, and what it signs for `server` and `client`.
pub(crate) fn certificates(dir: &Path) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    fs::write(dir.join("ca.pem"), ca.pem()).unwrap();
    for name in ["server", "client"] {
        let hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let pair = KeyPair::generate().unwrap();
        let signed = params.signed_by(&pair, &ca).unwrap();
        fs::write(dir.join(format!("{name}.pem")), signed.pem()).unwrap();
        fs::write(dir.join(format!("{name}-key.pem")), pair.serialize_pem()).unwrap();
    }
}

#[test]
fn clients_show_and_see_certificates() {
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path());
    let path = |name: &str| dir.path().join(name).display().to_string();
    let secure = format!("https://127.0.0.1:{}", harness::free_port().unwrap());
    let socket = format!("unix://{}", path("etcd.sock"));
    let peer = format!("http://127.0.0.1:{}", harness::free_port().unwrap());
    let log = dir.path().join("server.log");
    let mut command = Command::new(harness::binary("etcd").unwrap());
    command
        .args([
            format!("--data-dir={}", path("data")),
            format!("--listen-client-urls={secure},{socket}"),
            format!("--advertise-client-urls={secure}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
            format!("--cert-file={}", path("server.pem")),
            format!("--key-file={}", path("server-key.pem")),
            format!("--trusted-ca-file={}", path("ca.pem")),
            "--client-cert-auth".to_owned(),
        ])
        .stderr(fs::File::create(&log).unwrap());
    let _server = Running(command.spawn().unwrap());
    let (ca, cert, key) = (path("ca.pem"), path("client.pem"), path("client-key.pem"));
    let known = [
        "--endpoints",
        &secure,
        "--cacert",
        &ca,
        "--cert",
        &cert,
        "--key",
        &key,
    ];
    assert_eq!(
        etcdctl(&[&known[..], &["put", "a", "1"]].concat()),
        (true, "OK\n".into())
    );
    assert_eq!(
        etcdctl(&[&known[..], &["get", "a"]].concat()),
        (true, "a\n1\n".into())
    );
    assert_eq!(
        etcdctl(&["--endpoints", &socket, "get", "a"]),
        (true, "a\n1\n".into())
    );
    let unknown = [
        "--endpoints",
        &secure,
        "--cacert",
        &ca,
        "--command-timeout=1s",
    ];
    assert!(!etcdctl(&[&unknown[..], &["get", "a"]].concat()).0);
    let bare = secure.trim_start_matches("https://");
    let plain = format!("http://{bare}");
    let own = ["--cert", &cert, "--key", &key];
    let (short, get) = (["--command-timeout=2s"], ["get", "a"]);
    let flags: [&[&str]; 11] = [
        &[],
        &["--cacert", &ca],
        &own,
        &[&own[..], &["--cacert", &ca]].concat(),
        &[&own[..], &["--insecure-skip-tls-verify"]].concat(),
        &["--insecure-transport=false"],
        &["--cert", &cert],
        &["--cert", &cert, "--key", &ca],
        &["--cert", &key, "--key", &cert],
        &["--cert", &key, "--key", &key],
        &["--cacert", "/nowhere"],
    ];
    // Most of them wait until their time is over.
    for endpoint in [secure.as_str(), bare, &plain, &socket] {
        let at = ["--endpoints", endpoint];
        std::thread::scope(|scope| {
            for flags in flags {
                scope.spawn(move || same(&[&at[..], flags, &short, &get].concat()));
            }
        });
    }
    // Whom the certificate names is a user, once there are any.
    for command in [
        "user add root:secret",
        "user grant-role root root",
        "user add client --no-password",
        "role add r",
        "role grant-permission r read a",
        "user grant-role client r",
        "auth enable",
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        assert!(etcdctl(&[&known[..], &words].concat()).0, "{command}");
    }
    let by_name = |words: &[&str]| etcdctl(&[&known[..], words].concat()).1;
    assert_eq!(by_name(&["get", "a"]), "a\n1\n");
    let denied = "etcdserver: permission denied";
    assert!(by_name(&["put", "a", "2"]).contains(denied));
    // A password counts for more.
    let root = ["--user", "root:secret", "put", "a", "2"];
    assert_eq!(by_name(&root), "OK\n");
    let nameless = etcdctl(&["--endpoints", &socket, "get", "a"]).1;
    assert!(
        nameless.contains("etcdserver: user name is empty"),
        "{nameless}"
    );
    let told = || fs::read_to_string(&log).unwrap();
    let line = "tls: client didn't provide a certificate";
    assert!(eventually(LIMIT, || told().contains(line)));
    assert!(told().contains("rejected connection on client endpoint"));
}

#[test]
fn members_speak_tls_to_each_other() {
    let _alone = ALONE.blocking_lock();
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path());
    let path = |name: &str| dir.path().join(name).display().to_string();
    let given = [
        format!("--peer-cert-file={}", path("server.pem")),
        format!("--peer-key-file={}", path("server-key.pem")),
        format!("--peer-trusted-ca-file={}", path("ca.pem")),
        "--peer-client-cert-auth".to_owned(),
        "--peer-cert-allowed-cn=server".to_owned(),
    ];
    let automatic = ["--peer-auto-tls".to_owned()];
    for flags in [&given[..], &automatic[..]] {
        let options = ClusterOptions {
            peer_scheme: "https",
            ..ClusterOptions::new(harness::binary("etcd").unwrap(), 3)
        };
        let mut cluster = Cluster::start(options.flags(flags.iter().cloned())).unwrap();
        let put = |cluster: &Cluster, member: usize, value: &str| {
            let endpoint = cluster.endpoint(member);
            etcdctl(&["--endpoints", &endpoint, "put", "a", value]).0
        };
        for member in 0..3 {
            assert!(eventually(LIMIT, || put(&cluster, member, "1")));
        }
        // One that was away finds the others again, and they it.
        cluster.kill(2);
        assert!(eventually(LIMIT, || put(&cluster, 0, "2")));
        cluster.launch(&[2]).unwrap();
        let endpoint = cluster.endpoint(2);
        let read = ["--endpoints", &endpoint, "get", "a", "--print-value-only"];
        assert!(eventually(LIMIT, || etcdctl(&read) == (true, "2\n".into())));
        assert!(cluster.log(0).contains("starting with peer TLS"));
    }
}

#[test]
fn members_reach_each_other_by_unix_sockets() {
    let _alone = ALONE.blocking_lock();
    let dir = tempfile::tempdir().unwrap();
    let socket =
        |member: usize| format!("unix://{}", dir.path().join(format!("p{member}")).display());
    let clients: Vec<String> = (0..3)
        .map(|_| format!("127.0.0.1:{}", harness::free_port().unwrap()))
        .collect();
    let initial: Vec<String> = (0..3)
        .map(|member| format!("m{member}={}", socket(member)))
        .collect();
    let start = |member: usize| {
        let mut command = Command::new(harness::binary("etcd").unwrap());
        command
            .arg(format!("--name=m{member}"))
            .arg(format!(
                "--data-dir={}",
                dir.path().join(format!("d{member}")).display()
            ))
            .arg(format!("--listen-client-urls=http://{}", clients[member]))
            .arg(format!(
                "--advertise-client-urls=http://{}",
                clients[member]
            ))
            .arg(format!("--listen-peer-urls={}", socket(member)))
            .arg(format!("--initial-advertise-peer-urls={}", socket(member)))
            .arg(format!("--initial-cluster={}", initial.join(",")))
            .stderr(fs::File::create(dir.path().join(format!("{member}.log"))).unwrap());
        Running(command.spawn().unwrap())
    };
    let mut members: Vec<Running> = (0..3).map(start).collect();
    let put =
        |member: usize, value| etcdctl(&["--endpoints", &clients[member], "put", "a", value]).0;
    for member in 0..3 {
        assert!(eventually(LIMIT, || put(member, "1")), "member {member}");
    }
    drop(members.pop());
    assert!(eventually(LIMIT, || put(0, "2")));
    members.push(start(2));
    let read = ["--endpoints", &clients[2], "get", "a", "--print-value-only"];
    assert!(eventually(LIMIT, || etcdctl(&read) == (true, "2\n".into())));
}

//! The flags of kubeadm's manifest start our server as they stand, and its probes answer.

use std::fs;
use std::process::{Command, Stdio};

use harness::eventually;

use crate::ALONE;
use crate::client::LIMIT;
use crate::command::etcdctl;
use crate::secure::{Running, certificates};

#[test]
fn kubeadm_s_manifest_starts_the_server() {
    let _alone = ALONE.blocking_lock();
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path());
    let path = |name: &str| dir.path().join(name).display().to_string();
    let port = || harness::free_port().unwrap();
    let (client, peer, metrics) = (port(), port(), format!("127.0.0.1:{}", port()));
    let (server, key, ca) = (path("server.pem"), path("server-key.pem"), path("ca.pem"));
    let log = dir.path().join("log");
    let mut command = Command::new(harness::binary("etcd").unwrap());
    command
        .args([
            format!("--advertise-client-urls=https://127.0.0.1:{client}"),
            format!("--cert-file={server}"),
            "--client-cert-auth=true".to_owned(),
            format!("--data-dir={}", path("data")),
            "--feature-gates=InitialCorruptCheck=true".to_owned(),
            format!("--initial-advertise-peer-urls=https://127.0.0.1:{peer}"),
            format!("--initial-cluster=node=https://127.0.0.1:{peer}"),
            format!("--key-file={key}"),
            format!("--listen-client-urls=https://127.0.0.1:{client},https://127.0.0.1:{client}"),
            format!("--listen-metrics-urls=http://{metrics}"),
            format!("--listen-peer-urls=https://127.0.0.1:{peer}"),
            "--name=node".to_owned(),
            format!("--peer-cert-file={server}"),
            "--peer-client-cert-auth=true".to_owned(),
            format!("--peer-key-file={key}"),
            format!("--peer-trusted-ca-file={ca}"),
            "--snapshot-count=10000".to_owned(),
            format!("--trusted-ca-file={ca}"),
            "--watch-progress-notify-interval=5s".to_owned(),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log).unwrap());
    let _server = Running(command.spawn().unwrap());
    let told = || fs::read_to_string(&log).unwrap();
    let answers = |path| matches!(harness::get(&metrics, path), Ok((200, _)));
    // Start, readiness and liveness of today, and those of older manifests.
    for probe in [
        "/readyz",
        "/livez",
        "/health?serializable=false",
        "/health?exclude=NOSPACE&serializable=true",
        "/metrics",
    ] {
        assert!(eventually(LIMIT, || answers(probe)), "{probe}: {}", told());
    }
    let endpoint = format!("https://127.0.0.1:{client}");
    let known = [
        "--endpoints",
        &endpoint,
        "--cacert",
        &ca,
        "--cert",
        &path("client.pem"),
        "--key",
        &path("client-key.pem"),
    ];
    let asked = etcdctl(&[&known[..], &["endpoint", "health"]].concat());
    assert!(asked.0, "{}", asked.1);
    let unknown = etcdctl(&[
        "--endpoints",
        &endpoint,
        "--cacert",
        &ca,
        "get",
        "a",
        "--command-timeout=1s",
    ]);
    assert!(!unknown.0, "{}", unknown.1);
}

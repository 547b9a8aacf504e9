//! Certificates of the curve P-521, as etcd makes them for itself.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use harness::{eventually, peers};

use crate::ALONE;
use crate::client::LIMIT;
use crate::command::told;
use crate::secure::Running;

/// Starts a server that speaks TLS to clients; gives it and its URL.
fn serve(etcd: &Path, dir: &Path, flags: &[String]) -> (Running, String) {
    let [client, peer] = [(); 2].map(|()| harness::free_port().unwrap());
    let url = format!("https://127.0.0.1:{client}");
    let peer = format!("http://127.0.0.1:{peer}");
    let child = Command::new(etcd)
        .args([
            format!("--data-dir={}", dir.display()),
            format!("--listen-client-urls={url}"),
            format!("--advertise-client-urls={url}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
        ])
        .args(flags)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (Running(child), url)
}

#[test]
fn clients_and_servers_speak_by_etcd_s_own_certificates() {
    let _alone = ALONE.blocking_lock();
    let dir = tempfile::tempdir().unwrap();
    let (real, ours) = (dir.path().join("real"), dir.path().join("ours"));
    let etcdctl = [
        harness::binary("etcdctl").unwrap(),
        peers::etcdctl().unwrap(),
    ];
    let put = |etcdctl: &Path, url: &str, trust: &[&str]| {
        let at = ["--endpoints", url, "--command-timeout=20s"];
        told(etcdctl, &[&at, trust, &["put", "a", "1"]].concat())
    };
    let any = ["--insecure-transport=false", "--insecure-skip-tls-verify"];
    let flags = ["--auto-tls".to_owned()];
    let (_server, url) = serve(&peers::etcd().unwrap(), &real, &flags);
    let is_served = || put(&etcdctl[0], &url, &any).0;
    assert!(
        eventually(LIMIT, is_served),
        "{:?}",
        put(&etcdctl[0], &url, &any)
    );
    // etcd's certificate and key for our server.
    let made = real.join("fixtures").join("client");
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| made.join(name).display().to_string());
    assert!(fs::read_to_string(&key).unwrap().contains("PRIVATE KEY"));
    let flags = [format!("--cert-file={cert}"), format!("--key-file={key}")];
    let (_server, url) = serve(&harness::binary("etcd").unwrap(), &ours, &flags);
    let checked = ["--cacert", cert.as_str()];
    let is_served = || put(&etcdctl[1], &url, &checked).0;
    assert!(
        eventually(LIMIT, is_served),
        "{:?}",
        put(&etcdctl[1], &url, &checked)
    );
    assert!(put(&etcdctl[0], &url, &any).0);
}

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, client::WebPkiServerVerifier};

use crate::inspect::Facts;
use crate::{Names, Pair, Pki, PkiError, ensure, kubeconfig};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn names() -> Names {
    Names {
        node: "node-1".into(),
        host: "machine".into(),
        addresses: vec!["192.0.2.7".parse().unwrap()],
        ..Names::default()
    }
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn roots(ca: &Pair) -> Arc<RootCertStore> {
    let mut store = RootCertStore::empty();
    store.add(der(ca)).unwrap();
    Arc::new(store)
}

fn der(pair: &Pair) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pair.cert_pem.as_bytes()).unwrap()
}

fn at(now: SystemTime) -> UnixTime {
    UnixTime::since_unix_epoch(now.duration_since(SystemTime::UNIX_EPOCH).unwrap())
}

fn is_client(pair: &Pair, ca: &Pair) -> bool {
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(ca), provider());
    let verifier = verifier.build().unwrap();
    verifier
        .verify_client_cert(&der(pair), &[], at(now()))
        .is_ok()
}

fn is_server(pair: &Pair, ca: &Pair, name: &str) -> bool {
    use rustls::client::danger::ServerCertVerifier as _;
    let verifier = WebPkiServerVerifier::builder_with_provider(roots(ca), provider());
    let verifier = verifier.build().unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let checked = verifier.verify_server_cert(&der(pair), &[], &name, &[], at(now()));
    checked.is_ok()
}

fn subject(pair: &Pair) -> (String, Option<String>) {
    let facts = Facts::of(&pair.cert_pem).unwrap();
    (facts.common_name, facts.organization)
}

fn made(folder: &Path) -> Pki {
    ensure(folder, &names(), now()).unwrap()
}

#[test]
fn every_certificate_serves_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let pki = made(folder.path());
    for name in [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "localhost",
        "127.0.0.1",
        "::1",
        "10.96.0.1",
        "machine",
        "node-1",
        "192.0.2.7",
    ] {
        assert!(is_server(&pki.api_server, &pki.ca, name), "{name}");
    }
    assert!(!is_server(&pki.api_server, &pki.ca, "elsewhere"));
    assert!(!is_client(&pki.api_server, &pki.ca));
    let named = [
        (&pki.admin, "kubernetes-admin", Some("system:masters")),
        (
            &pki.controller_manager,
            "system:kube-controller-manager",
            None,
        ),
        (&pki.scheduler, "system:kube-scheduler", None),
        (&pki.kubelet, "system:node:node-1", Some("system:nodes")),
        (
            &pki.kubelet_client,
            "kube-apiserver-kubelet-client",
            Some("system:masters"),
        ),
    ];
    for (pair, name, group) in named {
        assert!(is_client(pair, &pki.ca), "{name}");
        assert_eq!(subject(pair), (name.into(), group.map(str::to_owned)));
    }
    assert!(is_client(&pki.front_proxy_client, &pki.front_proxy_ca));
    assert!(!is_client(&pki.front_proxy_client, &pki.ca));
    for member in [&pki.store_server, &pki.store_peer] {
        assert!(is_server(member, &pki.store_ca, "192.0.2.7"));
        assert!(is_client(member, &pki.store_ca));
    }
    assert!(is_client(&pki.store_client, &pki.store_ca));
    // Who administers the cluster has no way into the store.
    assert!(!is_client(&pki.admin, &pki.store_ca));
}

#[test]
fn keys_fit_their_certificates_and_rustls_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let pki = made(folder.path());
    for pair in [&pki.api_server, &pki.admin, &pki.store_peer] {
        let key = PrivateKeyDer::from_pem_slice(pair.key_pem.as_bytes()).unwrap();
        rustls::sign::CertifiedKey::from_der(vec![der(pair)], key, &provider()).unwrap();
    }
    assert!(pki.service_account.public_pem.contains("PUBLIC KEY"));
}

#[test]
fn only_the_owner_reads() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("pki");
    made(&folder);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let mut seen = 0;
    for folder in [folder.clone(), folder.join("etcd")] {
        assert_eq!(mode(&folder), 0o700);
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 2 * 13 + 2);
}

#[test]
fn what_holds_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let first = made(folder.path());
    let later = ensure(folder.path(), &names(), now() + 200 * DAY).unwrap();
    assert_eq!(first, later);
}

#[test]
fn leaves_are_renewed_when_less_than_a_third_remains() {
    let folder = tempfile::tempdir().unwrap();
    let first = made(folder.path());
    let later = ensure(folder.path(), &names(), now() + 244 * DAY).unwrap();
    assert_ne!(first.admin, later.admin);
    assert_ne!(first.api_server.key_pem, later.api_server.key_pem);
    assert_eq!(first.ca, later.ca);
    assert_eq!(first.service_account, later.service_account);
    assert!(is_client(&first.admin, &later.ca));
}

#[test]
fn authorities_keep_their_key_when_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let first = made(folder.path());
    let later = ensure(folder.path(), &names(), now() + 8 * 365 * DAY).unwrap();
    assert_ne!(first.ca.cert_pem, later.ca.cert_pem);
    assert_eq!(first.ca.key_pem, later.ca.key_pem);
    let facts = |pair: &Pair| Facts::of(&pair.cert_pem).unwrap();
    assert_eq!(facts(&first.ca).public_key, facts(&later.ca).public_key);
    assert_eq!(facts(&first.ca).common_name, facts(&later.ca).common_name);
}

#[test]
fn a_certificate_made_before_the_clock_was_set_back_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = made(folder.path());
    let earlier = ensure(folder.path(), &names(), now() - DAY).unwrap();
    assert_ne!(first.admin, earlier.admin);
}

#[test]
fn other_names_make_other_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let first = made(folder.path());
    let mut names = names();
    names.addresses.push("192.0.2.8".parse().unwrap());
    let later = ensure(folder.path(), &names, now()).unwrap();
    assert!(is_server(&later.api_server, &later.ca, "192.0.2.8"));
    assert_eq!(first.admin, later.admin);
}

#[test]
fn damaged_leaves_are_made_again_but_authorities_never() {
    let folder = tempfile::tempdir().unwrap();
    let first = made(folder.path());
    fs::write(&first.admin.cert, "nonsense").unwrap();
    fs::copy(&first.scheduler.key, &first.kubelet.key).unwrap();
    let later = made(folder.path());
    assert!(is_client(&later.admin, &later.ca));
    assert_ne!(first.kubelet, later.kubelet);

    fs::write(&first.ca.cert, "nonsense").unwrap();
    let why = ensure(folder.path(), &names(), now()).unwrap_err();
    assert!(matches!(why, PkiError::Malformed { .. }), "{why}");
    fs::copy(&first.admin.cert, &first.ca.cert).unwrap();
    let why = ensure(folder.path(), &names(), now()).unwrap_err();
    assert!(
        why.to_string()
            .ends_with("not a certificate of an authority")
    );
    fs::write(&first.ca.cert, &first.ca.cert_pem).unwrap();
    fs::remove_file(&first.ca.key).unwrap();
    let why = ensure(folder.path(), &names(), now()).unwrap_err();
    assert!(matches!(why, PkiError::Half { .. }), "{why}");
}

#[test]
fn leaves_of_another_authority_are_made_again() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = made(folder.path());
    let foreign = made(other.path());
    fs::copy(&foreign.admin.cert, &first.admin.cert).unwrap();
    fs::copy(&foreign.admin.key, &first.admin.key).unwrap();
    let later = made(folder.path());
    assert!(is_client(&later.admin, &first.ca));
}

#[test]
fn a_crash_between_key_and_certificate_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let first = made(folder.path());
    fs::remove_file(&first.ca.cert).unwrap();
    let later = made(folder.path());
    assert_eq!(first.ca.key_pem, later.ca.key_pem);
    assert!(is_client(&later.admin, &later.ca));
}

#[test]
fn a_kubeconfig_says_what_it_was_given() {
    let text = kubeconfig("https://[::1]:6443", "CA", "CERT", "KEY", "a\"b: c\u{1}");
    let read: serde_json::Value = serde_norway::from_str(&text).unwrap();
    assert_eq!(read["kind"], "Config");
    assert_eq!(
        read["clusters"][0]["cluster"]["server"],
        "https://[::1]:6443"
    );
    assert_eq!(
        read["clusters"][0]["cluster"]["certificate-authority-data"],
        "Q0E="
    );
    assert_eq!(read["users"][0]["name"], "a\"b: c\u{1}");
    assert_eq!(
        read["users"][0]["user"]["client-certificate-data"],
        "Q0VSVA=="
    );
    assert_eq!(read["users"][0]["user"]["client-key-data"], "S0VZ");
    assert_eq!(read["contexts"][0]["context"]["user"], "a\"b: c\u{1}");
    assert_eq!(read["current-context"], read["contexts"][0]["name"]);
}

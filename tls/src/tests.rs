//! Handshakes between a server and clients of this crate, with certificates made for the test.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyIdMethod, KeyPair, RevocationReason, RevokedCertParams, SerialNumber,
};
use tempfile::TempDir;

use super::*;

/// An authority, and a directory for what it signs.
struct Authority {
    dir: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "authority");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(dir.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { dir, issuer }
    }

    fn ca(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// Signs a certificate for a common name and hosts; it lies in files named after `file`.
    fn sign(&self, file: &str, name: &str, hosts: &[&str], serial: u64) -> (PathBuf, PathBuf) {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.serial_number = Some(SerialNumber::from(serial));
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let pair = KeyPair::generate().unwrap();
        let signed = params.signed_by(&pair, &self.issuer).unwrap();
        let cert = self.dir.path().join(format!("{file}.pem"));
        let key = self.dir.path().join(format!("{file}-key.pem"));
        fs::write(&cert, signed.pem()).unwrap();
        fs::write(&key, pair.serialize_pem()).unwrap();
        (cert, key)
    }

    /// A server's or client's settings with a certificate of this authority.
    fn settings(&self, file: &str, name: &str, hosts: &[&str], serial: u64) -> Settings {
        let (cert, key) = self.sign(file, name, hosts, serial);
        Settings {
            cert,
            key,
            trusted_ca: self.ca(),
            ..Settings::default()
        }
    }

    /// Writes a list that revokes these serial numbers, as DER.
    fn revoke(&self, path: &Path, serials: &[u64]) {
        let now = std::time::SystemTime::now();
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: now.into(),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        });
        let list = rcgen::CertificateRevocationListParams {
            this_update: now.into(),
            next_update: (now + std::time::Duration::from_secs(3600)).into(),
            crl_number: SerialNumber::from(serials.len() as u64),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&self.issuer).unwrap();
        fs::write(path, list.der()).unwrap();
    }
}

/// What a server and a client see of each other: an error, or nothing.
async fn meet(server: &Server, client: &Settings) -> (Option<String>, Option<String>) {
    let client = Client::new(client, Trust::Checked).unwrap();
    meet_as(server, &client, "localhost").await
}

async fn meet_as(server: &Server, client: &Client, host: &str) -> (Option<String>, Option<String>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (near, far) = tokio::io::duplex(64 * 1024);
    let serving = async {
        let mut stream = server.accept(far).await?;
        let _ = stream.write_all(b"x").await;
        Ok::<_, Rejected>(())
    };
    let calling = async {
        let mut stream = client.connect(host, near).await?;
        // With TLS 1.3 a client hears only now that it was refused.
        stream.read_u8().await.map_err(Rejected::Handshake)?;
        Ok::<_, Rejected>(())
    };
    let (served, called) = tokio::join!(serving, calling);
    let text = |result: Result<(), Rejected>| result.err().map(|error| error.to_string());
    (text(served), text(called))
}

#[tokio::test]
async fn both_show_who_they_are() {
    let authority = Authority::new();
    let settings = authority.settings("server", "server", &["localhost"], 1);
    let server = Server::new(&settings).unwrap();
    let client = authority.settings("client", "client", &[], 2);
    assert_eq!(meet(&server, &client).await, (None, None));

    let nobody = Settings {
        trusted_ca: authority.ca(),
        ..Settings::default()
    };
    let (served, called) = meet(&server, &nobody).await;
    assert_eq!(served.unwrap(), "tls: client didn't provide a certificate");
    assert_eq!(called.unwrap(), "remote error: tls: certificate required");

    let other = Authority::new();
    let stranger = Settings {
        trusted_ca: authority.ca(),
        ..other.settings("client", "client", &[], 2)
    };
    let (served, _) = meet(&server, &stranger).await;
    assert_eq!(
        served.unwrap(),
        "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    );

    let client = Client::new(&client, Trust::Checked).unwrap();
    let (_, called) = meet_as(&server, &client, "elsewhere").await;
    assert!(called.unwrap().contains("not valid for name"));
}

#[tokio::test]
async fn versions_and_suites_are_those_asked_for() {
    let authority = Authority::new();
    let settings = authority.settings("server", "server", &["localhost"], 1);
    let old = Settings {
        max: Some(Version::Tls12),
        suites: parse_suites(["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]).unwrap(),
        ..settings.clone()
    };
    let server = Server::new(&old).unwrap();
    assert_eq!(meet(&server, &old).await, (None, None));
    let new = Settings {
        min: Some(Version::Tls13),
        ..settings
    };
    let (served, called) = meet(&server, &new).await;
    assert!(served.is_some() && called.is_some());
    let wrong = parse_suites(["TLS_AES_128_GCM_SHA256", "x"]).unwrap_err();
    assert_eq!(wrong.to_string(), r#"unexpected TLS cipher suite "x""#);
    assert!(parse_suites(["TLS_RSA_WITH_AES_128_CBC_SHA"]).is_ok());
}

#[tokio::test]
async fn only_allowed_names_pass() {
    let authority = Authority::new();
    let settings = authority.settings("server", "server", &["localhost"], 1);
    let client = authority.settings("client", "c1", &["a.example", "127.0.0.1"], 2);
    let refused = Some("client certificate authentication failed".to_owned());
    let rules = [
        (Allowed::CommonNames(vec!["c0".into(), "c1".into()]), true),
        (Allowed::CommonNames(vec!["a.example".into()]), false),
        (Allowed::Hosts(vec!["a.example".into()]), true),
        (Allowed::Hosts(vec!["127.0.0.1".into()]), true),
        (Allowed::Hosts(vec!["c1".into()]), false),
    ];
    for (allowed, passes) in rules {
        let server = Server::new(&Settings {
            allowed: allowed.clone(),
            ..settings.clone()
        });
        let (served, told) = meet(&server.unwrap(), &client).await;
        let expected = match passes {
            true => (None, None),
            false => (
                refused.clone(),
                Some("remote error: tls: bad certificate".to_owned()),
            ),
        };
        assert_eq!((served, told), expected, "{allowed:?}");
    }
}

#[tokio::test]
async fn a_revoked_certificate_does_not_count_from_then_on() {
    let authority = Authority::new();
    let crl = authority.dir.path().join("crl.der");
    let settings = Settings {
        crl: crl.clone(),
        ..authority.settings("server", "server", &["localhost"], 1)
    };
    let server = Server::new(&settings).unwrap();
    let client = authority.settings("client", "client", &[], 0x2a);
    let (served, _) = meet(&server, &client).await;
    assert!(served.unwrap().contains("no such file or directory"));
    authority.revoke(&crl, &[7]);
    assert_eq!(meet(&server, &client).await.0, None);
    authority.revoke(&crl, &[7, 0x2a]);
    let (served, _) = meet(&server, &client).await;
    assert_eq!(served.unwrap(), "transport: certificate serial 2a revoked");
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_to_the_next_client() {
    let authority = Authority::new();
    let settings = authority.settings("server", "server", &["localhost"], 1);
    let server = Server::new(&settings).unwrap();
    let client = authority.settings("client", "client", &[], 2);
    assert_eq!(meet(&server, &client).await, (None, None));
    authority.sign("server", "server", &["elsewhere"], 3);
    assert!(meet(&server, &client).await.1.is_some());
    let client = Client::new(&client, Trust::Checked).unwrap();
    assert_eq!(meet_as(&server, &client, "elsewhere").await, (None, None));
    fs::write(&settings.key, "nonsense").unwrap();
    assert!(meet_as(&server, &client, "elsewhere").await.0.is_some());
}

#[test]
fn faulty_files_are_named() {
    let authority = Authority::new();
    let good = authority.settings("good", "good", &[], 1);
    let other = authority.settings("other", "other", &[], 2);
    let text = |settings: Settings| Server::new(&settings).unwrap_err().to_string();
    let missing = Settings {
        cert: "/nowhere/cert.pem".into(),
        ..good.clone()
    };
    assert_eq!(
        text(missing),
        "open /nowhere/cert.pem: no such file or directory"
    );
    let swapped = Settings {
        key: other.key,
        ..good.clone()
    };
    assert_eq!(text(swapped), "tls: private key does not match public key");
    let empty = authority.dir.path().join("empty");
    fs::write(&empty, "").unwrap();
    let no_cert = Settings {
        cert: empty.clone(),
        ..good.clone()
    };
    assert_eq!(
        text(no_cert),
        "tls: failed to find any PEM data in certificate input"
    );
    let no_key = Settings {
        key: empty,
        ..good.clone()
    };
    assert_eq!(
        text(no_key),
        "tls: failed to find any PEM data in key input"
    );
    let half = Settings {
        client_cert: good.cert.clone(),
        ..good
    };
    assert!(text(half).starts_with("ClientKeyFile and ClientCertFile must both be present"));
}

#[tokio::test]
async fn a_member_makes_its_own_certificate_once() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("fixtures").join("peer");
    let hosts = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let made = self_signed::in_directory(&dir, &hosts, 1).unwrap();
    let first = fs::read(&made.cert).unwrap();
    let mode = fs::metadata(&made.key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mode = fs::metadata(&dir).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert_eq!(self_signed::in_directory(&dir, &hosts, 1).unwrap(), made);
    assert_eq!(fs::read(&made.cert).unwrap(), first);
    // Nobody vouches for it, and its own side does not ask.
    let server = Server::new(&made).unwrap();
    assert_eq!(meet(&server, &made).await, (None, None));
    // Whoever was given it as an authority may check it, too.
    let checking = Settings {
        trusted_ca: made.cert.clone(),
        ..Settings::default()
    };
    assert_eq!(meet(&server, &checking).await, (None, None));
    let error = self_signed::in_directory(&dir, &hosts, 0).unwrap_err();
    assert!(error.to_string().contains("should be greater than 0"));
}

#[tokio::test]
async fn a_certificate_names_where_its_owner_calls_from() {
    let authority = Authority::new();
    let check = async |hosts: &[&str], remote: &str| {
        let (cert, _) = authority.sign("named", "named", hosts, 9);
        let chain = files::certificates(&cert).unwrap();
        let remote: IpAddr = remote.parse().unwrap();
        names::Names::of(&chain[0]).check(remote).await
    };
    assert_eq!(check(&[], "10.0.0.1").await, Ok(()));
    assert_eq!(check(&["10.0.0.1"], "10.0.0.1").await, Ok(()));
    assert_eq!(check(&["10.0.0.1"], "::ffff:10.0.0.1").await, Ok(()));
    assert_eq!(check(&["localhost"], "127.0.0.1").await, Ok(()));
    assert_eq!(
        check(&["10.0.0.1"], "10.0.0.2").await.unwrap_err(),
        "x509: certificate is valid for 10.0.0.1, not 10.0.0.2"
    );
    assert_eq!(
        check(&["localhost"], "127.9.9.9").await.unwrap_err(),
        r#"tls: "127.9.9.9" does not match any of DNSNames ["localhost"]"#
    );
}

#[tokio::test]
async fn who_does_not_speak_tls_is_told_apart() {
    use tokio::io::AsyncWriteExt as _;
    let authority = Authority::new();
    let settings = authority.settings("server", "server", &["localhost"], 1);
    let server = Server::new(&settings).unwrap();
    let (mut near, far) = tokio::io::duplex(1024);
    near.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let error = server.accept(far).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "tls: first record does not look like a TLS handshake"
    );
    let (near, far) = tokio::io::duplex(1024);
    drop(near);
    let error = server.accept(far).await.unwrap_err();
    assert!(error.is_end());
    assert_eq!(error.to_string(), "EOF");
}

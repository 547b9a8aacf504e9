use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};
use pki::{Names, Pair, Pki};
use proptest::prelude::*;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::impersonate::impersonation;
use super::*;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

fn made() -> Pki {
    let folder = tempfile::tempdir().unwrap();
    let names = Names {
        node: "node-1".into(),
        ..Names::default()
    };
    pki::ensure(folder.path(), &names, now()).unwrap()
}

fn der(pair: &Pair) -> [CertificateDer<'static>; 1] {
    [CertificateDer::from_pem_slice(pair.cert_pem.as_bytes()).unwrap()]
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    pairs.iter().map(pair).collect()
}

fn ask(
    authenticators: &Authenticators,
    chain: &[CertificateDer<'_>],
    pairs: &[(&str, &str)],
) -> Result<Option<User>, AuthnError> {
    authenticators.authenticate(&Credentials {
        headers: &headers(pairs),
        chain,
        path: "/api",
        now: now(),
    })
}

fn rejected(why: &str) -> Result<Option<User>, AuthnError> {
    Err(AuthnError::Rejected(why.into()))
}

#[test]
fn certificates_name_users_and_groups() {
    let pki = made();
    let authenticators = Authenticators {
        client_roots: Some(ClientRoots::parse(&pki.ca.cert_pem).unwrap()),
        ..Authenticators::default()
    };
    let admin = ask(&authenticators, &der(&pki.admin), &[])
        .unwrap()
        .unwrap();
    assert_eq!(admin.name, "kubernetes-admin");
    assert_eq!(admin.groups, ["system:masters", "system:authenticated"]);
    assert!(admin.extra[CREDENTIAL_ID][0].starts_with("X509SHA256="));
    assert_eq!(admin.extra[CREDENTIAL_ID][0].len(), 11 + 64);
    let kubelet = ask(&authenticators, &der(&pki.kubelet), &[])
        .unwrap()
        .unwrap();
    assert_eq!(kubelet.name, "system:node:node-1");
    assert_eq!(crate::authz::node::node_of(&kubelet), Some("node-1"));
    assert_eq!(ask(&authenticators, &[], &[]), Ok(None));
}

#[test]
fn certificates_that_do_not_count_say_why() {
    let pki = made();
    let roots = ClientRoots::parse(&pki.ca.cert_pem).unwrap();
    let why = |pair: &Pair, now: SystemTime| roots.verify(&der(pair), now).unwrap_err().to_string();
    let foreign = why(&pki.front_proxy_client, now());
    assert!(
        foreign.starts_with("verifying certificate SN="),
        "{foreign}"
    );
    assert!(
        foreign.contains(", SKID=") && foreign.contains(", AKID="),
        "{foreign}"
    );
    assert!(foreign.ends_with("failed: x509: certificate signed by unknown authority"));
    let late = why(&pki.admin, now() + Duration::from_secs(400 * 24 * 3600));
    assert!(
        late.ends_with("x509: certificate has expired or is not yet valid"),
        "{late}"
    );
    let early = why(&pki.admin, now() - Duration::from_secs(24 * 3600));
    assert!(
        early.ends_with("x509: certificate has expired or is not yet valid"),
        "{early}"
    );
    let server = why(&pki.api_server, now());
    assert!(
        server.ends_with("x509: certificate specifies an incompatible key usage"),
        "{server}"
    );
    assert!(roots.verify(&[], now()).is_err());
    assert!(
        roots
            .verify(&[CertificateDer::from(vec![1, 2])], now())
            .is_err()
    );
    assert!(ClientRoots::parse("").is_err());
    assert!(ClientRoots::parse(&pki.ca.key_pem).is_err());
}

#[test]
fn proxies_are_believed_by_their_certificate() {
    let pki = made();
    let mut proxy = FrontProxy::new(ClientRoots::parse(&pki.front_proxy_ca.cert_pem).unwrap());
    proxy.allowed = vec!["front-proxy-client".into()];
    let mut authenticators = Authenticators {
        front_proxy: Some(proxy),
        anonymous: Some(Anonymous::default()),
        ..Authenticators::default()
    };
    let sent = [
        ("X-Remote-User", "jane"),
        ("X-Remote-Group", "a"),
        ("X-Remote-Group", "b"),
        ("X-Remote-Uid", "7"),
        ("X-Remote-Extra-Scopes%2fx", "s"),
    ];
    let jane = ask(&authenticators, &der(&pki.front_proxy_client), &sent)
        .unwrap()
        .unwrap();
    assert_eq!((jane.name.as_str(), jane.uid.as_str()), ("jane", "7"));
    assert_eq!(jane.groups, ["a", "b", "system:authenticated"]);
    assert_eq!(jane.extra["scopes/x"], ["s"]);
    // Without the certificate the headers say nothing.
    let nobody = ask(&authenticators, &[], &sent).unwrap().unwrap();
    assert_eq!(nobody.name, "system:anonymous");
    assert!(ask(&authenticators, &der(&pki.admin), &sent).is_err());
    authenticators.front_proxy.as_mut().unwrap().allowed = vec!["other".into()];
    let why = "x509: subject with cn=front-proxy-client is not in the allowed list";
    assert_eq!(
        ask(&authenticators, &der(&pki.front_proxy_client), &sent),
        rejected(why)
    );

    let mut all = headers(&sent);
    all.insert("authorization", HeaderValue::from_static("x"));
    all.insert("accept", HeaderValue::from_static("x"));
    authenticators.clear(&mut all);
    assert_eq!(all.len(), 1);
}

#[test]
fn a_later_certificate_authority_outvotes_the_proxy() {
    let pki = made();
    let authenticators = Authenticators {
        front_proxy: Some(FrontProxy::new(
            ClientRoots::parse(&pki.front_proxy_ca.cert_pem).unwrap(),
        )),
        client_roots: Some(ClientRoots::parse(&pki.ca.cert_pem).unwrap()),
        ..Authenticators::default()
    };
    let admin = ask(&authenticators, &der(&pki.admin), &[])
        .unwrap()
        .unwrap();
    assert_eq!(admin.name, "kubernetes-admin");
}

fn with_file() -> Authenticators {
    let text = "t1,jane,7,\"a,b\"\nt2,joe,8\n,nobody,9\n\"t\"\"3\",x y,10,c\n";
    Authenticators {
        token_file: Some(TokenFile::parse("tokens.csv", text).unwrap()),
        anonymous: Some(Anonymous::default()),
        audiences: vec!["api".into()],
        ..Authenticators::default()
    }
}

#[test]
fn tokens_from_a_file() {
    let authenticators = with_file();
    let by = |authorization: &str| ask(&authenticators, &[], &[("authorization", authorization)]);
    let jane = by("Bearer t1").unwrap().unwrap();
    assert_eq!((jane.name.as_str(), jane.uid.as_str()), ("jane", "7"));
    assert_eq!(jane.groups, ["a", "b", "system:authenticated"]);
    assert_eq!(
        by("bearer t2").unwrap().unwrap().groups,
        ["system:authenticated"]
    );
    assert_eq!(by("Bearer t\"3").unwrap().unwrap().name, "x y");
    assert_eq!(by("Bearer nonsense"), rejected("invalid bearer token"));
    // What is no bearer token is nothing at all.
    for other in ["Basic t1", "Bearer", "Bearer  t1", "t1"] {
        let anonymous = by(other).unwrap().unwrap();
        assert_eq!(anonymous.name, "system:anonymous", "{other}");
        assert_eq!(anonymous.groups, ["system:unauthenticated"]);
    }
    let why = TokenFile::parse("f", "a,b\n").unwrap_err().to_string();
    assert_eq!(
        why,
        "token file 'f' must have at least 3 columns (token, user name, user uid), found 2"
    );
}

#[test]
fn anonymous_requests_need_leave() {
    let mut authenticators = with_file();
    authenticators.anonymous = Some(Anonymous {
        paths: vec!["/healthz".into()],
    });
    assert_eq!(ask(&authenticators, &[], &[]), Ok(None));
    let open = authenticators.authenticate(&Credentials {
        headers: &HeaderMap::new(),
        chain: &[],
        path: "/healthz",
        now: now(),
    });
    assert_eq!(open.unwrap().unwrap().name, "system:anonymous");
}

#[test]
fn tokens_for_other_audiences_are_not_known() {
    let authenticators = with_file();
    let ask = |audiences: &[&str]| {
        let audiences: Vec<String> = audiences.iter().map(ToString::to_string).collect();
        authenticators.authenticate_token("t1", &audiences, now())
    };
    assert_eq!(ask(&[]).unwrap().unwrap().audiences, ["api"]);
    assert_eq!(ask(&["x", "api"]).unwrap().unwrap().audiences, ["api"]);
    assert_eq!(
        ask(&["x"]),
        Err(AuthnError::Rejected("invalid bearer token".into()))
    );
}

#[test]
fn web_sockets_offer_their_token() {
    let authenticators = with_file();
    let prefix = "base64url.bearer.authorization.k8s.io.";
    let offer = |protocols: String| {
        let sent = [
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-protocol", protocols.as_str()),
        ];
        ask(&authenticators, &[], &sent)
    };
    let jane = offer(format!("v5.channel.k8s.io, {prefix}dDE"))
        .unwrap()
        .unwrap();
    assert_eq!(jane.name, "jane");
    assert_eq!(
        offer(format!("{prefix}dDE")),
        rejected("missing additional subprotocol")
    );
    assert_eq!(
        offer(format!("a,{prefix}dDk")),
        rejected("invalid bearer token")
    );
    let why = "multiple base64.bearer.authorization tokens specified";
    assert_eq!(offer(format!("{prefix}dDE,{prefix}dDE,a")), rejected(why));
    let why = "invalid base64.bearer.authorization token encoding";
    assert_eq!(offer(format!("{prefix}!,a")), rejected(why));
    assert_eq!(offer("a".into()).unwrap().unwrap().name, "system:anonymous");
}

#[test]
fn impersonation_asks_for_each_part() {
    let asks = impersonation(&headers(&[
        ("Impersonate-User", "jane"),
        ("Impersonate-Group", "dev"),
        ("Impersonate-Group", "ops"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Extra-Acme.com%2fProject", "p"),
    ]));
    let asks = asks.unwrap().unwrap();
    let root = User::default();
    let shown: Vec<_> = asks
        .checks
        .iter()
        .map(|check| {
            let asked = check.attributes(&root);
            assert!(asked.is_resource && asked.verb == "impersonate");
            (
                asked.group,
                asked.whole_resource().into_owned(),
                asked.namespace,
                asked.name,
            )
        })
        .collect();
    let group = "authentication.k8s.io";
    assert_eq!(
        shown,
        [
            ("", "users".into(), "", "jane"),
            ("", "groups".into(), "", "dev"),
            ("", "groups".into(), "", "ops"),
            (group, "userextras/acme.com/project".into(), "", "p"),
            (group, "uids".into(), "", "7"),
        ]
    );
    assert_eq!(asks.user.groups, ["dev", "ops", "system:authenticated"]);
    assert_eq!(asks.user.uid, "7");
    assert_eq!(asks.user.extra["acme.com/project"], ["p"]);
}

#[test]
fn impersonation_knows_service_accounts_and_the_anonymous() {
    let ask = |pairs: &[(&str, &str)]| impersonation(&headers(pairs)).unwrap().unwrap();
    let account = "system:serviceaccount:dev:bot";
    let bot = ask(&[("Impersonate-User", account)]);
    let root = User::default();
    let asked = bot.checks[0].attributes(&root);
    assert_eq!(
        (asked.resource, asked.namespace, asked.name),
        ("serviceaccounts", "dev", "bot")
    );
    let groups = [
        "system:serviceaccounts",
        "system:serviceaccounts:dev",
        "system:authenticated",
    ];
    assert_eq!(bot.user.groups, groups);
    let grouped = ask(&[("Impersonate-User", account), ("Impersonate-Group", "g")]);
    assert_eq!(grouped.user.groups, ["g", "system:authenticated"]);
    // A name that no service account can have is that of a user.
    for name in [
        "system:serviceaccount:dev",
        "system:serviceaccount:Dev:bot",
        "system:serviceaccount:a:b:c",
    ] {
        let asks = ask(&[("Impersonate-User", name)]);
        assert_eq!(asks.checks[0].attributes(&root).resource, "users", "{name}");
    }
    let nobody = ask(&[("Impersonate-User", "system:anonymous")]);
    assert_eq!(nobody.user.groups, ["system:unauthenticated"]);
    let outsider = ask(&[
        ("Impersonate-User", "x"),
        ("Impersonate-Group", "system:unauthenticated"),
    ]);
    assert_eq!(outsider.user.groups, ["system:unauthenticated"]);
}

#[test]
fn impersonation_needs_a_user() {
    assert_eq!(impersonation(&headers(&[("accept", "x")])), Ok(None));
    let why = impersonation(&headers(&[
        ("Impersonate-Group", "g"),
        ("Impersonate-Uid", "7"),
    ]));
    let text = "requested [{Group  g    } {UID  7  authentication.k8s.io/v1  }] without impersonating a user";
    assert_eq!(why, Err(text.into()));
    let mut all = headers(&[
        ("Impersonate-User", "a"),
        ("Impersonate-Extra-X", "b"),
        ("accept", "c"),
    ]);
    impersonate::clear(&mut all);
    assert_eq!(all.len(), 1);
}

#[test]
fn keys_of_extras_are_decoded_where_they_can_be() {
    assert_eq!(extra_key("a%2Fb"), "a/b");
    for broken in ["a%2", "a%zz", "%", "%ff"] {
        assert_eq!(extra_key(broken), broken);
    }
}

proptest! {
    #[test]
    fn nothing_that_is_sent_panics(
        authorization in "\\PC{0,40}",
        certificate in prop::collection::vec(any::<u8>(), 0..200),
        csv in "\\PC{0,80}",
    ) {
        let _ = TokenFile::parse("f", &csv);
        let _ = bearer(&authorization);
        let _ = extra_key(&authorization);
        let _ = service_account(&authorization);
        let certificate = CertificateDer::from(certificate);
        let _ = user_of(&certificate);
    }
}

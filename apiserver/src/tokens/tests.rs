use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::authn::{Authenticators, User};
use crate::authz::review;

use super::*;

/// Keys that were made by OpenSSL.
const RSA: &str = include_str!("tests/rsa.pem");
const RSA_PUBLIC: &str = include_str!("tests/rsa.pub");
const EC: &str = include_str!("tests/ec.pem");
const EC_PUBLIC: &str = include_str!("tests/ec.pub");
const P384: &str = include_str!("tests/p384.pem");

#[derive(Default, Clone)]
struct Found(BTreeMap<String, Referent>);

impl Found {
    fn with(mut self, key: &str, referent: Referent) -> Self {
        self.0.insert(key.into(), referent);
        self
    }
}

impl Lookup for Found {
    fn service_account(&self, namespace: &str, name: &str) -> Option<Referent> {
        self.0.get(&format!("sa/{namespace}/{name}")).cloned()
    }
    fn pod(&self, namespace: &str, name: &str) -> Option<Referent> {
        self.0.get(&format!("pod/{namespace}/{name}")).cloned()
    }
    fn secret(&self, namespace: &str, name: &str) -> Option<Referent> {
        self.0.get(&format!("secret/{namespace}/{name}")).cloned()
    }
    fn node(&self, name: &str) -> Option<Referent> {
        self.0.get(&format!("node/{name}")).cloned()
    }
}

fn uid(uid: &str) -> Referent {
    Referent {
        uid: uid.into(),
        ..Referent::default()
    }
}

fn pod() -> Referent {
    Referent {
        service_account: "bot".into(),
        node: "node-1".into(),
        ..uid("p")
    }
}

fn found() -> Found {
    Found::default()
        .with("sa/dev/bot", uid("s"))
        .with("pod/dev/web", pod())
        .with("secret/dev/key", uid("k"))
        .with("node/node-1", uid("n"))
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

fn after(seconds: u64) -> SystemTime {
    now() + Duration::from_secs(seconds)
}

fn issuer(key: &str) -> Issuer {
    Issuer {
        name: "https://kubernetes.default.svc".into(),
        key: Arc::new(SigningKey::parse(key).unwrap()),
        audiences: vec!["api".into()],
        max_seconds: 0,
        extends: true,
        lookup: Arc::new(found()),
    }
}

fn verifier(found: Found) -> Verifier {
    Verifier {
        issuers: vec![
            "https://kubernetes.default.svc".into(),
            "https://old".into(),
        ],
        keys: [EC_PUBLIC, RSA_PUBLIC]
            .into_iter()
            .flat_map(|pem| PublicKey::parse(pem).unwrap())
            .collect(),
        audiences: vec!["api".into()],
        lookup: Arc::new(found),
    }
}

fn issued(spec: Value) -> Result<Issued, RequestError> {
    issuer(EC).issue("dev", "bot", &json!({"spec": spec}), "id-1", now())
}

fn token(spec: Value) -> String {
    let issued = issued(spec).unwrap();
    issued.object["status"]["token"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn part(token: &str, part: usize) -> Value {
    let part = token.split('.').nth(part).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn verified(token: &str, found: Found, now: SystemTime) -> Result<User, String> {
    match verifier(found).verify(token, &[], now) {
        Ok(Some((user, _))) => Ok(user),
        Ok(None) => Err("not known".into()),
        Err(why) => Err(why.to_string()),
    }
}

fn bound(kind: &str, name: &str) -> Value {
    json!({"boundObjectRef": {"apiVersion": "v1", "kind": kind, "name": name}})
}

#[test]
fn a_token_says_what_upstream_says() {
    let issued = issued(bound("Pod", "web")).unwrap();
    assert_eq!(issued.credential, "JTI=id-1");
    let object = &issued.object;
    assert_eq!(object["kind"], "TokenRequest");
    assert_eq!(object["metadata"]["uid"], "s");
    assert_eq!(object["metadata"]["name"], "bot");
    assert_eq!(object["metadata"]["namespace"], "dev");
    assert_eq!(object["spec"]["audiences"], json!(["api"]));
    assert_eq!(object["spec"]["expirationSeconds"], 3600);
    assert_eq!(
        object["status"]["expirationTimestamp"],
        "2026-09-21T15:13:20Z"
    );
    let token = object["status"]["token"].as_str().unwrap();
    let key = SigningKey::parse(EC).unwrap();
    assert_eq!(
        part(token, 0),
        json!({"alg": "ES256", "kid": key.public().id()})
    );
    assert_eq!(
        part(token, 1),
        json!({
            "aud": ["api"],
            "exp": 1_790_003_600,
            "iat": 1_790_000_000,
            "iss": "https://kubernetes.default.svc",
            "jti": "id-1",
            "kubernetes.io": {
                "namespace": "dev",
                "node": {"name": "node-1", "uid": "n"},
                "pod": {"name": "web", "uid": "p"},
                "serviceaccount": {"name": "bot", "uid": "s"},
            },
            "nbf": 1_790_000_000,
            "sub": "system:serviceaccount:dev:bot",
        })
    );
}

#[test]
fn a_token_is_its_service_account() {
    let user = verified(&token(bound("Pod", "web")), found(), after(10)).unwrap();
    assert_eq!(user.name, "system:serviceaccount:dev:bot");
    assert_eq!(user.uid, "s");
    assert_eq!(
        user.groups,
        ["system:serviceaccounts", "system:serviceaccounts:dev"]
    );
    let extra: Vec<(&str, &str)> = user
        .extra
        .iter()
        .map(|(key, values)| (key.as_str(), values[0].as_str()))
        .collect();
    assert_eq!(
        extra,
        [
            ("authentication.kubernetes.io/credential-id", "JTI=id-1"),
            ("authentication.kubernetes.io/node-name", "node-1"),
            ("authentication.kubernetes.io/node-uid", "n"),
            ("authentication.kubernetes.io/pod-name", "web"),
            ("authentication.kubernetes.io/pod-uid", "p"),
        ]
    );
    let user = verified(&token(bound("Node", "node-1")), found(), after(10)).unwrap();
    assert_eq!(user.extra["authentication.kubernetes.io/node-uid"], ["n"]);
    let user = verified(&token(bound("Secret", "key")), found(), after(10)).unwrap();
    assert_eq!(user.extra.len(), 1);
}

#[test]
fn keys_of_every_kind_sign_and_verify() {
    for (pem, algorithm) in [(EC, "ES256"), (RSA, "RS256"), (P384, "ES384")] {
        let issued = issuer(pem)
            .issue("dev", "bot", &json!({}), "i", now())
            .unwrap();
        let token = issued.object["status"]["token"].as_str().unwrap();
        assert_eq!(part(token, 0)["alg"], algorithm);
        let key = SigningKey::parse(pem).unwrap();
        let mut verifier = verifier(found());
        verifier.keys = vec![key.public().clone()];
        assert!(
            verifier.verify(token, &[], now()).unwrap().is_some(),
            "{algorithm}"
        );
    }
    // The halves of a pair are known by the same name.
    for (private, public) in [(EC, EC_PUBLIC), (RSA, RSA_PUBLIC)] {
        let private = SigningKey::parse(private).unwrap();
        assert_eq!(*private.public(), PublicKey::parse(public).unwrap()[0]);
    }
    assert!(PublicKey::parse(EC).is_err());
    assert!(SigningKey::parse(EC_PUBLIC).is_err());
}

/// Computed with `openssl pkey -pubin -outform DER | openssl sha256`.
#[test]
fn keys_have_the_names_of_upstream() {
    let id = |pem: &str| PublicKey::parse(pem).unwrap()[0].id().to_owned();
    assert_eq!(id(EC_PUBLIC), include_str!("tests/ec.kid").trim());
    assert_eq!(id(RSA_PUBLIC), include_str!("tests/rsa.kid").trim());
}

#[test]
fn signatures_are_checked() {
    let good = token(json!({}));
    let (message, signature) = good.rsplit_once('.').unwrap();
    let mut claims = part(&good, 1);
    claims["sub"] = "system:serviceaccount:kube-system:root".into();
    let forged = URL_SAFE_NO_PAD.encode(claims.to_string());
    let (header, _) = message.split_once('.').unwrap();
    let why = "go-jose/go-jose: error in cryptographic primitive";
    let forged = format!("{header}.{forged}.{signature}");
    assert_eq!(verified(&forged, found(), now()), Err(why.into()));
    let with_header = |header: Value| {
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        let (_, claims) = message.split_once('.').unwrap();
        verified(&format!("{header}.{claims}.{signature}"), found(), now())
    };
    let kid = part(&good, 0)["kid"].clone();
    for algorithm in ["none", "HS256", "RS256", "ES384", ""] {
        let forged = with_header(json!({"alg": algorithm, "kid": kid}));
        assert_eq!(forged, Err(why.into()), "{algorithm}");
    }
    assert_eq!(with_header(json!({"alg": "ES256"})), Err(why.into()));
    let unknown = with_header(json!({"alg": "ES256", "kid": "x"}));
    assert_eq!(unknown, Err("invalid signature, no keys found".into()));
}

#[test]
fn what_is_no_token_of_ours_is_left_to_others() {
    let good = token(json!({}));
    for other in [
        "",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "{}",
        &good[1..],
        &format!("{good}.x"),
    ] {
        assert_eq!(
            verified(other, found(), now()),
            Err("not known".into()),
            "{other}"
        );
    }
    let mut verifier = verifier(found());
    verifier.issuers = vec!["https://other".into()];
    assert_eq!(verifier.verify(&good, &[], now()), Ok(None));
}

#[test]
fn times_are_checked_with_a_minute_of_slack() {
    let token = token(json!({"expirationSeconds": 600}));
    let at = |time: SystemTime| verified(&token, found(), time).err();
    assert_eq!(at(after(660)), None);
    assert_eq!(at(after(661)).unwrap(), "service account token has expired");
    assert_eq!(at(now() - Duration::from_secs(60)), None);
    let early = at(now() - Duration::from_secs(61));
    assert_eq!(early.unwrap(), "service account token is not valid yet");
    assert_eq!(
        at(SystemTime::UNIX_EPOCH).unwrap(),
        "service account token is not valid yet"
    );
}

#[test]
fn audiences_are_checked() {
    let token = token(json!({"audiences": ["vault", "api"]}));
    let ask = |audiences: &[&str]| {
        let audiences: Vec<String> = audiences.iter().map(ToString::to_string).collect();
        let verified = verifier(found()).verify(&token, &audiences, now());
        verified.map(|found| found.unwrap().1)
    };
    assert_eq!(ask(&[]).unwrap(), ["api"]);
    assert_eq!(ask(&["api", "x", "vault"]).unwrap(), ["vault", "api"]);
    assert_eq!(
        ask(&["x"]).unwrap_err().to_string(),
        "token audiences [\"vault\" \"api\"] is invalid for the target audiences [\"x\"]"
    );
}

#[test]
fn tokens_end_with_what_they_are_bound_to() {
    let late = SystemTime::UNIX_EPOCH;
    let gone = |uid: Referent| Referent {
        deletion: Some(late),
        ..uid
    };
    let invalidated = "service account token has been invalidated";
    let why = |spec: Value, found: Found| verified(&token(spec), found, now()).unwrap_err();
    for (kind, name, key) in [
        ("Pod", "web", "pod/dev/web"),
        ("Secret", "key", "secret/dev/key"),
        ("Node", "node-1", "node/node-1"),
    ] {
        let mut without = found();
        without.0.remove(key);
        assert_eq!(why(bound(kind, name), without), invalidated, "{kind}");
        let deleted = gone(found().0[key].clone());
        assert_eq!(
            why(bound(kind, name), found().with(key, deleted)),
            invalidated,
            "{kind}"
        );
        let lower = kind.to_lowercase();
        let own = found().0[key].uid.clone();
        let text =
            format!("{lower} UID (other) does not match service account {lower} ref claim ({own})");
        assert_eq!(
            why(bound(kind, name), found().with(key, uid("other"))),
            text
        );
    }
    let account = "sa/dev/bot";
    let mut without = found();
    without.0.remove(account);
    assert_eq!(why(json!({}), without), "serviceaccounts \"bot\" not found");
    let deleted = found().with(account, gone(uid("s")));
    assert_eq!(
        why(json!({}), deleted),
        "service account dev/bot has been deleted"
    );
    let other = found().with(account, uid("t"));
    assert_eq!(
        why(json!({}), other),
        "service account UID (t) does not match claim (s)"
    );
    // What is being deleted counts until then, and a moment longer.
    let going = Referent {
        deletion: Some(now() - Duration::from_secs(60)),
        ..pod()
    };
    verified(
        &token(bound("Pod", "web")),
        found().with("pod/dev/web", going),
        now(),
    )
    .unwrap();
    // The node of a pod is not looked up.
    let mut without = found();
    without.0.remove("node/node-1");
    verified(&token(bound("Pod", "web")), without, now()).unwrap();
}

#[test]
fn tokens_for_pods_count_for_a_year_if_extended() {
    let mut spec = bound("Pod", "web");
    spec["expirationSeconds"] = 3607.into();
    let extended = issued(spec.clone()).unwrap();
    assert_eq!(
        extended.object["status"]["expirationTimestamp"],
        "2026-09-21T15:13:27Z"
    );
    let claims = part(extended.object["status"]["token"].as_str().unwrap(), 1);
    assert_eq!(claims["exp"], 1_790_000_000 + 365 * 24 * 3600);
    assert_eq!(claims["kubernetes.io"]["warnafter"], 1_790_003_607);
    let exp = |spec: Value| part(&token(spec), 1)["exp"].clone();
    assert_eq!(exp(json!({"expirationSeconds": 3607})), 1_790_003_607);
    spec["audiences"] = json!(["vault"]);
    assert_eq!(exp(spec), 1_790_003_607);
}

#[test]
fn requests_are_checked() {
    let why = |spec: Value| issued(spec).unwrap_err().to_string();
    assert_eq!(
        why(json!({"expirationSeconds": 599})),
        "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes"
    );
    assert_eq!(
        why(json!({"expirationSeconds": 4_294_967_297_i64})),
        "spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds"
    );
    issued(json!({"expirationSeconds": 4_294_967_296_i64})).unwrap();
    assert_eq!(why(bound("Pod", "gone")), "pods \"gone\" not found");
    assert_eq!(
        why(bound("ConfigMap", "x")),
        "cannot bind token to object of type /v1, Kind=ConfigMap"
    );
    let webhook = json!({"boundObjectRef": {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "name": "x",
    }});
    assert_eq!(
        why(webhook),
        "cannot bind token to object of type admissionregistration.k8s.io/v1, Kind=MutatingWebhookConfiguration (feature gate APIServerWebhookAuthenticationToken is disabled)"
    );
    let mut other = bound("Pod", "web");
    other["boundObjectRef"]["uid"] = "old".into();
    assert_eq!(
        why(other),
        "Operation cannot be fulfilled on Pod \"web\": the UID in the bound object reference (old) does not match the UID in record. The object might have been deleted and then recreated"
    );
    let ask = |name: &str, request: Value| {
        let found = found().with("sa/dev/other", uid("o"));
        let issuer = Issuer {
            lookup: Arc::new(found),
            ..issuer(EC)
        };
        issuer
            .issue("dev", name, &request, "i", now())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        ask("other", json!({"spec": bound("Pod", "web")})),
        "cannot bind token for serviceaccount \"other\" to pod running with different serviceaccount name."
    );
    assert_eq!(ask("gone", json!({})), "serviceaccounts \"gone\" not found");
    assert_eq!(
        ask("bot", json!({"metadata": {"name": "x"}})),
        "metadata.name: Invalid value: \"x\": must match the service account name if specified"
    );
    assert_eq!(
        ask("bot", json!({"metadata": {"uid": "x"}})),
        "Operation cannot be fulfilled on TokenRequest.authentication.k8s.io \"bot\": the UID in the token request (x) does not match the UID of the service account (s)"
    );
}

#[test]
fn nonsense_is_no_request() {
    for nonsense in [
        json!(7),
        json!([1]),
        json!("x"),
        json!({"spec": 7, "metadata": []}),
    ] {
        let issued = issuer(EC)
            .issue("dev", "bot", &nonsense, "i", now())
            .unwrap();
        assert_eq!(issued.object["metadata"]["name"], "bot");
    }
}

#[test]
fn lives_are_cut_to_the_longest() {
    let issuer = Issuer {
        max_seconds: 1000,
        ..issuer(EC)
    };
    let issued = issuer.issue("dev", "bot", &json!({}), "i", now()).unwrap();
    assert_eq!(
        issued.warnings,
        ["requested expiration of 3600 seconds shortened to 1000 seconds"]
    );
    assert_eq!(issued.object["spec"]["expirationSeconds"], 1000);
}

#[test]
fn others_can_find_the_keys() {
    let keys = verifier(found()).keys;
    let configuration = discovery::configuration("https://i", "https://h/openid/v1/jwks", &keys);
    assert_eq!(
        configuration,
        json!({
            "issuer": "https://i",
            "jwks_uri": "https://h/openid/v1/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256"],
        })
    );
    let found = discovery::keys(&keys);
    let [ec, rsa] = found["keys"].as_array().unwrap().as_slice() else {
        panic!("{found}");
    };
    let length = |value: &Value| {
        URL_SAFE_NO_PAD
            .decode(value.as_str().unwrap())
            .unwrap()
            .len()
    };
    assert_eq!(
        (&ec["kty"], &ec["crv"], &ec["alg"]),
        (&json!("EC"), &json!("P-256"), &json!("ES256"))
    );
    assert_eq!((length(&ec["x"]), length(&ec["y"])), (32, 32));
    assert_eq!(
        (&rsa["kty"], &rsa["e"], &rsa["use"]),
        (&json!("RSA"), &json!("AQAB"), &json!("sig"))
    );
    assert_eq!(length(&rsa["n"]), 256);
    assert_eq!(rsa["kid"], include_str!("tests/rsa.kid").trim());
}

#[test]
fn token_reviews_are_answered() {
    let authenticators = Authenticators {
        service_accounts: Some(Arc::new(verifier(found()))),
        audiences: vec!["api".into()],
        ..Authenticators::default()
    };
    let review = |token: &str, audiences: Value| {
        let review =
            json!({"kind": "TokenReview", "spec": {"token": token, "audiences": audiences}});
        review::token(&authenticators, &review, now()).map(|review| review["status"].clone())
    };
    let good = token(json!({"audiences": ["vault"]}));
    let status = review(&good, json!(["vault", "x"])).unwrap();
    assert_eq!(status["authenticated"], true);
    assert_eq!(status["audiences"], json!(["vault"]));
    assert_eq!(status["user"]["username"], "system:serviceaccount:dev:bot");
    assert_eq!(status["user"]["uid"], "s");
    let groups = [
        "system:serviceaccounts",
        "system:serviceaccounts:dev",
        "system:authenticated",
    ];
    assert_eq!(status["user"]["groups"], json!(groups));
    let why = "token audiences [\"vault\"] is invalid for the target audiences [\"api\"]";
    assert_eq!(
        review(&good, json!(null)).unwrap(),
        json!({"error": why, "user": {}})
    );
    let status = review("nonsense", json!(null)).unwrap();
    assert_eq!(status, json!({"error": "invalid bearer token", "user": {}}));
    assert!(review("", json!(null)).is_err());
}

#[test]
fn referents_are_read_from_objects() {
    let pod = json!({
        "metadata": {"uid": "u", "deletionTimestamp": "2026-09-21T14:13:20Z"},
        "spec": {"serviceAccountName": "bot", "nodeName": "n"},
    });
    let read = Referent::of(&pod);
    assert_eq!(
        (
            read.uid.as_str(),
            read.service_account.as_str(),
            read.node.as_str()
        ),
        ("u", "bot", "n")
    );
    assert_eq!(read.deletion, Some(now()));
    assert_eq!(Referent::of(&json!(7)), Referent::default());
}

proptest! {
    #[test]
    fn no_token_panics(
        text in "\\PC{0,60}",
        header in "\\PC{0,20}",
        exp in any::<f64>(),
        nbf in any::<i64>(),
    ) {
        let verifier = verifier(found());
        let _ = verifier.verify(&text, &[], now());
        let claims = json!({"iss": "https://old", "exp": exp, "nbf": nbf, "aud": text});
        let encoded = [header, claims.to_string()].map(|part| URL_SAFE_NO_PAD.encode(part));
        let _ = verifier.verify(&format!("{}.{}.{text}", encoded[0], encoded[1]), &[], now());
        let _ = PublicKey::parse(&text);
        let _ = SigningKey::parse(&text);
        // Times of any size are compared without overflow.
        let key = SigningKey::parse(EC).unwrap();
        let signed = key.sign(&json!({"iss": "https://old", "aud": "api", "exp": exp, "nbf": nbf})).unwrap();
        let _ = verifier.verify(&signed, &[], now());
    }

    #[test]
    fn claims_are_read_as_they_were_written(
        texts in prop::collection::vec("[a-z]{1,5}", 9),
        times in prop::collection::vec(1i64..1 << 40, 4),
        kind in 0..5usize,
    ) {
        let named = |at: usize| Named { name: texts[at].clone(), uid: texts[at + 1].clone() };
        let claims = Claims {
            issuer: texts[0].clone(),
            audiences: texts[1..3].to_vec(),
            expiry: Some(times[0]),
            issued: Some(times[1]),
            not_before: Some(times[2]),
            id: texts[3].clone(),
            namespace: texts[4].clone(),
            account: named(5),
            bound: match kind {
                0 => Bound::None,
                1 => Bound::Pod(named(6), None),
                2 => Bound::Pod(named(6), Some(named(7))),
                3 => Bound::Secret(named(6)),
                _ => Bound::Node(named(7)),
            },
            warn_after: Some(times[3]),
            is_of_webhook: false,
        };
        prop_assert_eq!(Claims::of(&claims.to_value()), Ok(claims));
    }
}

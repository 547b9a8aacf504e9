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

mod issue;
mod verify;

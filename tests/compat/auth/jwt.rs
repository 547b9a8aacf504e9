//! Tokens signed by one server count for the other.

use std::collections::BTreeMap;

use proto::etcdserverpb as pb;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

use super::Side;
use super::call::{Call, Caller};
use crate::pair::Servers;

/// Keys that guard nothing, in forms that nothing here makes: PKCS #1 and SEC 1.
const RSA: &str = include_str!("rsa.pem");
const EC: &str = include_str!("ec.pem");

/// Who is in charge, and then everybody has to say who they are.
fn begin() -> [Call; 3] {
    [
        Call::UserAdd(pb::AuthUserAddRequest {
            name: "root".into(),
            password: "pw".into(),
            ..Default::default()
        }),
        Call::UserGrantRole(pb::AuthUserGrantRoleRequest {
            user: "root".into(),
            role: "root".into(),
        }),
        Call::Enable,
    ]
}

/// Tries each server with the tokens of the other.
async fn exchange(servers: &Servers, option: &str) {
    let flags = [
        format!("--auth-token=jwt,{option}"),
        "--bcrypt-cost=4".to_owned(),
    ];
    let mut sides = [
        Side::start_with(&servers.a, &flags).await,
        Side::start_with(&servers.b, &flags).await,
    ];
    let login = Call::Authenticate(pb::AuthenticateRequest {
        name: "root".into(),
        password: "pw".into(),
    });
    for side in &mut sides {
        for call in begin().iter().chain([&login]) {
            let answer = side.send(&Caller::Nobody, call).await;
            assert!(answer.starts_with("Ok"), "{option}: {call:?}: {answer}");
        }
    }
    let tokens = sides.each_ref().map(|side| side.tokens["root"].clone());
    let broken = format!("{}x", tokens[0]);
    let put = Call::Put(pb::PutRequest {
        key: "a".into(),
        ..Default::default()
    });
    let change = Call::RoleAdd(pb::AuthRoleAddRequest { name: "r".into() });
    let mut seen = BTreeMap::new();
    for side in &mut sides {
        side.tokens = BTreeMap::new();
        let mut told = Vec::new();
        for token in tokens.iter().chain([&broken, &"none".to_owned()]) {
            told.push(side.send(&Caller::Token(token.clone()), &put).await);
        }
        // A token is of a revision of the tables, and not of later ones.
        let by = Caller::Token(tokens[1].clone());
        told.push(side.send(&by, &change).await);
        told.push(side.send(&by, &put).await);
        told.push(side.send(&by, &Call::RoleList).await);
        *seen.entry(told).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), 1, "{option}: {seen:#?}");
    let told = seen.keys().next().unwrap();
    assert!(
        told[0].starts_with("Ok") && told[1].starts_with("Ok"),
        "{told:#?}"
    );
    assert!(told[2].contains("invalid auth token"), "{told:#?}");
    assert!(
        told[5].contains("revision of auth store is old"),
        "{told:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_one_count_for_the_other() {
    let servers = Servers::find().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let secret = file(
        "secret",
        "not to be guessed, for it is long enough for HS512",
    );
    for method in ["HS256", "HS512"] {
        exchange(
            &servers,
            &format!("sign-method={method},priv-key={secret},ttl=1m"),
        )
        .await;
    }
    let rsa = file("rsa", RSA);
    for method in ["RS256", "PS384"] {
        exchange(&servers, &format!("sign-method={method},priv-key={rsa}")).await;
    }
    let ec = file("ec", EC);
    exchange(&servers, &format!("sign-method=ES256,priv-key={ec}")).await;
    for (method, kind) in [
        ("ES256", &PKCS_ECDSA_P256_SHA256),
        ("ES384", &PKCS_ECDSA_P384_SHA384),
        ("EdDSA", &PKCS_ED25519),
    ] {
        let pair = KeyPair::generate_for(kind).unwrap();
        let private = file(&format!("{method}.key"), &pair.serialize_pem());
        let public = file(&format!("{method}.pub"), &pair.public_key_pem());
        let option = format!("sign-method={method},priv-key={private}");
        exchange(&servers, &option).await;
        exchange(&servers, &format!("{option},pub-key={public}")).await;
    }
}

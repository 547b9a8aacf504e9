use super::*;

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

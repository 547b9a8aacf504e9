use super::*;

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

/// Computed with `openssl pkey -pubin -outform DER | openssl sha256`.
#[test]
fn keys_have_the_names_of_upstream() {
    let id = |pem: &str| PublicKey::parse(pem).unwrap()[0].id().to_owned();
    assert_eq!(id(EC_PUBLIC), include_str!("ec.kid").trim());
    assert_eq!(id(RSA_PUBLIC), include_str!("rsa.kid").trim());
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
    assert_eq!(rsa["kid"], include_str!("rsa.kid").trim());
}

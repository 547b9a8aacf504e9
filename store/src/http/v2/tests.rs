use axum::http::Method;
use axum::http::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use super::auth;
use super::form::Form;
use super::keys::{Asked, read};
use crate::http::percent::{decode_path, encode_path};
use crate::v2::{Store, path};

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn forms_that_are_nearly_right_are_refused_or_carried_out() {
    let seeds = [
        "PUT /a/b value=1&ttl=5&prevExist=true",
        "PUT /a%2Fb/../_c?dir=true value=%zz;&prevIndex=18446744073709551615",
        "POST /q value=%F0%9F%92%A9&ttl=9223372036854775807",
        "GET /a?recursive=true&sorted=true&quorum=false&wait=1&waitIndex=7 ",
        "DELETE /a?recursive=true&dir=T&prevValue=1 ",
        "PUT /a refresh=true&ttl=1&noValueOnSuccess=F",
    ];
    let mut store = Store::default();
    crate::fuzz::nearly(&seeds.map(|seed| seed.as_bytes().to_vec()), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let mut words = text.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (method, target, body) = (word(), word(), word());
        let (Ok(method), Ok(uri)) = (method.parse::<Method>(), target.parse()) else {
            return;
        };
        let uri: axum::http::Uri = uri;
        let Ok(key) = decode_path(uri.path()) else {
            return;
        };
        // A path that was read is written so that it is read again.
        assert_eq!(decode_path(&encode_path(&key)).as_deref(), Ok(key.as_str()));
        let Ok(form) = Form::read(&method, &uri, FORM, body.as_bytes()) else {
            return;
        };
        match read(&format!("/{key}"), &method, &form) {
            Ok(wish) => {
                assert_eq!(path::clean(&wish.path), wish.path);
                match wish.asked {
                    Asked::Write(request) => drop(store.carry_out(&request)),
                    Asked::Get { .. } => drop(store.get(&wish.path, wish.recursive, 0)),
                    Asked::Watch { since, stream } => {
                        drop(store.watch(&wish.path, wish.recursive, stream, since));
                    }
                }
            }
            Err(error) => assert!(error.code.status() >= 400),
        }
    });
}

#[test]
fn credentials_that_are_nearly_right_are_refused_or_read() {
    let seeds = ["Basic cm9vdDpwdw==", "basic Og==", "Bearer x", "Basic !!"];
    crate::fuzz::nearly(&seeds.map(|seed| seed.as_bytes().to_vec()), |bytes| {
        let Ok(value) = HeaderValue::from_bytes(bytes) else {
            return;
        };
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        if let Some((name, _)) = auth::credentials(&headers) {
            assert!(!name.contains(':'));
        }
    });
}

#[test]
fn users_and_roles_that_are_nearly_right_are_refused_or_read() {
    let seeds = [
        r#"{"user":"u","password":"p","roles":["a"],"grant":["b"],"revoke":null}"#,
        r#"{"role":"r","permissions":{"kv":{"read":["/*",""],"write":null}}}"#,
        r#"{"role":"r","grant":{"kv":{"read":["/a*"]}},"revoke":{"kv":{}}}"#,
    ];
    crate::fuzz::nearly(&seeds.map(|seed| seed.as_bytes().to_vec()), |bytes| {
        auth::read_any(bytes);
    });
}

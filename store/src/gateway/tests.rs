use axum::body::Body;
use bytes::Bytes;
use futures::stream;

use super::requests::Requests;

async fn all(pieces: &[&'static str]) -> (Vec<String>, Option<String>) {
    let pieces: Vec<Result<Bytes, std::io::Error>> =
        pieces.iter().map(|piece| Ok(Bytes::from(*piece))).collect();
    let mut requests = Requests::new(Body::from_stream(stream::iter(pieces)), 64);
    let mut found = Vec::new();
    loop {
        match requests.next().await {
            Ok(Some(value)) => found.push(value.get().to_owned()),
            Ok(None) => return (found, None),
            Err(status) => return (found, Some(status.message().to_owned())),
        }
    }
}

#[tokio::test]
async fn values_are_found_however_the_body_is_cut() {
    let expected = (
        vec!["{\"a\":1}".to_owned(), "{}".to_owned(), "12".to_owned()],
        None,
    );
    assert_eq!(all(&["{\"a\":1}{} 12"]).await, expected);
    assert_eq!(all(&["{\"a\"", ":1}", "{", "} 1", "2"]).await, expected);
    assert_eq!(all(&[" {\"a\":1} ", "\n{}\n", "12 ", " "]).await, expected);
    assert_eq!(all(&[]).await, (vec![], None));
}

#[tokio::test]
async fn what_is_no_json_ends_a_body() {
    let one = vec!["{}".to_owned()];
    assert_eq!(
        all(&["{}{"]).await,
        (one.clone(), Some("unexpected EOF".into()))
    );
    let text = "invalid character 'x' looking for beginning of value";
    assert_eq!(all(&["{} x{}"]).await, (one, Some(text.into())));
    let large = "\"0123456789012345678901234567890123456789012345678901234567890123456789";
    assert_eq!(all(&[large]).await.1, Some("request is too large".into()));
}

#[test]
fn objects_that_are_nearly_right_are_refused_or_read() {
    let calls = super::routes::Calls::new();
    let kinds: Vec<_> = [
        "/v3/kv/txn",
        "/v3/kv/range",
        "/v3/watch",
        "/v3/auth/role/grant",
    ]
    .iter()
    .map(|path| calls.find(path).unwrap().input())
    .collect();
    let seeds = [
        r#"{"compare":[{"key":"YQ==","target":"VALUE","value":"YQ=="}],"success":[{"requestPut":{"key":"YQ=="}}]}"#,
        r#"{"key":"YQ==","rangeEnd":"AA==","sortOrder":"DESCEND","limit":"9223372036854775807"}"#,
        r#"{"create_request":{"key":"YQ==","filters":["NOPUT",1],"watch_id":-1}}"#,
        r#"{"name":"r","perm":{"permType":"READWRITE","key":"","range_end":"\\u0000"}}"#,
    ];
    let seeds = seeds.map(|text| text.as_bytes().to_vec());
    crate::fuzz::nearly(&seeds, |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return;
        };
        let Ok(value) = serde_json::value::RawValue::from_string(text.to_owned()) else {
            return;
        };
        for kind in &kinds {
            if let Ok(message) = super::json::decode(kind.clone(), &value) {
                super::json::encode(kind.clone(), message).unwrap();
            }
        }
    });
}

use proptest::prelude::*;
use prost::Message;

use super::*;

const SECOND: i64 = 1_000_000_000;
/// A time after all that is taken for none.
const NOW: i64 = 1_700_000_000 * SECOND;

fn request(method: Method, path: &str, value: &str) -> Request {
    Request {
        value: value.to_owned(),
        ..Request::new(method, format!("{KEYS}{path}"), NOW)
    }
}

fn set(store: &mut Store, path: &str, value: &str) -> Event {
    let outcome = store.carry_out(&request(Method::Put, path, value));
    outcome.unwrap().unwrap()
}

fn names(store: &Store, path: &str) -> Vec<String> {
    let event = store.get(path, false, NOW).unwrap();
    event.node.nodes.into_iter().map(|node| node.key).collect()
}

#[test]
fn paths_have_one_form() {
    for (given, clean) in [
        ("", "/"),
        ("a//b/", "/a/b"),
        ("/a/./../../b", "/b"),
        ("//", "/"),
    ] {
        assert_eq!(path::clean(given), clean, "{given}");
    }
    let steps: Vec<&str> = path::steps("/1/a/b").collect();
    assert_eq!(steps, ["/1", "/1/a", "/1/a/b"]);
    assert!(path::is_hidden_from("/1", "/1/a/_b") && !path::is_hidden_from("/1/_a", "/1/_a/b"));
}

#[test]
fn names_that_sort_around_the_slash_are_told_apart() {
    let mut store = Store::default();
    for path in [
        "/a/x",
        "/a-b",
        "/a0",
        "/a/\u{10ffff}z/y",
        "/a!",
        "/_h/k",
        "/b",
    ] {
        set(&mut store, path, "v");
    }
    assert_eq!(
        names(&store, "/1"),
        ["/1/a", "/1/a!", "/1/a-b", "/1/a0", "/1/b"]
    );
    assert_eq!(names(&store, "/1/a"), ["/1/a/x", "/1/a/\u{10ffff}z"]);
    let all = store.get("/1", true, NOW).unwrap();
    assert_eq!(
        all.node.nodes[0].nodes[1].nodes[0].key,
        "/1/a/\u{10ffff}z/y"
    );
}

#[test]
fn what_runs_out_goes_when_it_is_told_to_and_not_before() {
    let mut store = Store::default();
    let short = Request {
        expires: NOW + 2 * SECOND,
        dir: true,
        ..request(Method::Put, "/d", "")
    };
    let made = store.carry_out(&short).unwrap().unwrap();
    assert_eq!(
        (made.node.ttl, made.node.expires),
        (2, Some(NOW + 2 * SECOND))
    );
    set(&mut store, "/d/k", "v");
    let sync = |time| Request::new(Method::Sync, "", time);
    assert_eq!(store.carry_out(&sync(NOW + SECOND)).unwrap(), None);
    assert_eq!(store.index(), 5);
    assert_eq!(store.next_due(), Some(NOW + 2 * SECOND));
    store.carry_out(&sync(NOW + 3 * SECOND)).unwrap();
    assert_eq!(store.index(), 6);
    assert_eq!(store.next_due(), None);
    let gone = store.get("/1/d/k", false, NOW).unwrap_err();
    assert_eq!(
        (gone.code, gone.cause.as_str()),
        (Code::KeyNotFound, "/1/d")
    );
    // JavaScript's zero is no time at all.
    let never = Request {
        expires: 5,
        ..request(Method::Put, "/k", "v")
    };
    assert_eq!(store.carry_out(&never).unwrap().unwrap().node.expires, None);
}

#[tokio::test]
async fn who_does_not_read_is_given_up_and_who_left_is_forgotten() {
    let mut store = Store::default();
    let mut stream = store.watch("/1", true, true, 0).unwrap();
    let once = store.watch("/1/k", false, false, 0).unwrap();
    assert_eq!(store.stats().watchers, 2);
    drop(once);
    assert_eq!(store.stats().watchers, 1);
    for number in 0..150 {
        set(&mut store, "/k", &number.to_string());
    }
    assert_eq!(store.stats().watchers, 0);
    let mut told = 0;
    while stream.next().await.is_some() {
        told += 1;
    }
    assert_eq!(told, 100);
}

#[tokio::test]
async fn watchers_of_what_was_in_a_directory_are_told_that_it_went() {
    let mut store = Store::default();
    set(&mut store, "/d/e/k", "v");
    let mut within = store.watch("/1/d/e/k", false, false, 0).unwrap();
    let mut hidden = store.watch("/1", true, false, 0).unwrap();
    set(&mut store, "/_h", "v");
    let all = Request {
        recursive: true,
        ..request(Method::Delete, "/d", "")
    };
    store.carry_out(&all).unwrap();
    for watching in [&mut within, &mut hidden] {
        let event = watching.next().await.unwrap();
        assert_eq!(
            (event.action(), event.node.key.as_str()),
            (Action::Delete, "/1/d")
        );
    }
    // Who asks later learns it from what is remembered.
    let mut late = store.watch("/1/d/e/k", false, false, 5).unwrap();
    assert_eq!(late.next().await.unwrap().node.key, "/1/d");
}

#[test]
fn the_past_is_remembered_for_a_thousand_events() {
    let mut store = Store::default();
    for _ in 0..999 {
        set(&mut store, "/k", "v");
    }
    assert!(store.watch("/1/k", false, false, 1).is_ok());
    for _ in 0..2 {
        set(&mut store, "/k", "v");
    }
    let error = store.watch("/1/k", false, false, 4).err().unwrap();
    assert_eq!(error.cause, "the requested history has been cleared [5/4]");
    assert_eq!((error.code, error.index), (Code::EventIndexCleared, 1_004));
    assert!(store.watch("/1/k", false, false, 5).is_ok());
}

fn any_request() -> impl Strategy<Value = Request> {
    let path = prop::collection::vec(prop::sample::select(vec!["a", "b", "a-", "_h"]), 0..4);
    let flags = (
        any::<[bool; 3]>(),
        prop::option::of(any::<bool>()),
        0..4_i32,
    );
    let numbers = (0..3_u64, 0..30_u64, 0..5_i64);
    (path, flags, numbers).prop_map(
        |(path, ([dir, recursive, refresh], exist, method), numbers)| {
            let (value, prev_index, left) = numbers;
            let path = path::clean(&format!("{KEYS}/{}", path.join("/")));
            Request {
                method,
                value: if dir {
                    String::new()
                } else {
                    value.to_string()
                },
                dir,
                prev_index: prev_index.saturating_sub(15),
                prev_exist: exist,
                expires: if left < 2 { 0 } else { NOW + left * SECOND },
                recursive,
                refresh,
                ..Request::new(Method::Put, path, NOW + left * SECOND)
            }
        },
    )
}

proptest! {
    /// What a checkpoint keeps is all there is, and each change has one index and one event.
    #[test]
    fn a_store_comes_back_from_its_checkpoint(requests in prop::collection::vec(any_request(), 1..60)) {
        let mut store = Store::default();
        for (at, request) in requests.iter().enumerate() {
            let before = store.index();
            let is_done = store.carry_out(request).is_ok();
            let steps = store.index() - before;
            let is_sync = request.method() == Method::Sync;
            prop_assert!(is_sync && is_done || steps == u64::from(is_done));
            prop_assert_eq!(store.history.iter().count() as u64 + 3, store.index());
            if at == requests.len() / 2 && let Some(kept) = Kept::of(&store) {
                let bytes = kept.encode_to_vec();
                store = Kept::decode(bytes.as_slice()).unwrap().restore();
                prop_assert_eq!(Kept::of(&store), Some(kept));
            }
        }
        for (path, _) in store.tree.iter().filter(|(path, _)| *path != "/") {
            let (parent, _) = path::split(path);
            prop_assert!(store.tree.find(parent).is_some_and(tree::Node::is_dir), "{}", path);
        }
    }
}

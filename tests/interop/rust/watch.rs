//! Watches: live, from history, filtered, several on one stream, progress, compacted, cancelled.

use etcd_client::{Client, Event, EventType, WatchFilterType, WatchOptions, WatchStream};

use super::{put, revision};

pub(super) async fn scenarios(mut client: Client) {
    live(&mut client).await;
    history_and_filters(&mut client).await;
    several_on_one_stream(&mut client).await;
    progress(&mut client).await;
    compacted_then_resumed(&mut client).await;
}

/// Starts a watch and waits until the server has confirmed it.
async fn start(client: &mut Client, key: &str, options: WatchOptions) -> WatchStream {
    let mut stream = client.watch(key, Some(options)).await.unwrap();
    let reply = stream.message().await.unwrap().unwrap();
    assert!(
        reply.created() && !reply.canceled() && reply.events().is_empty(),
        "{reply:?}"
    );
    stream
}

/// The next `count` events as `PUT key=value@mod`, revisions relative to `base`.
async fn events(stream: &mut WatchStream, count: usize, base: i64) -> Vec<String> {
    let mut all = Vec::new();
    while all.len() < count {
        let reply = stream.message().await.unwrap().unwrap();
        assert!(!reply.canceled(), "{reply:?}");
        all.extend(reply.events().iter().map(|event| describe(event, base)));
    }
    assert_eq!(all.len(), count, "{all:?}");
    all
}

fn describe(event: &Event, base: i64) -> String {
    let pair = event.kv().unwrap();
    let (key, at) = (pair.key_str().unwrap(), pair.mod_revision() - base);
    let after = event
        .prev_kv()
        .map(|previous| previous.value_str().unwrap());
    let after = after
        .map(|value| format!(" after {value}"))
        .unwrap_or_default();
    match event.event_type() {
        EventType::Put => format!("PUT {key}={}@{at}{after}", pair.value_str().unwrap()),
        EventType::Delete => {
            assert_eq!(
                (pair.create_revision(), pair.version(), pair.value()),
                (0, 0, &b""[..])
            );
            format!("DELETE {key}@{at}{after}")
        }
    }
}

async fn live(client: &mut Client) {
    let base = revision(client).await;
    let options = WatchOptions::new().with_prefix().with_prev_key();
    let mut stream = start(client, "w/live/", options).await;
    put(client, "w/live/a", "1").await;
    put(client, "w/live/a", "2").await;
    put(client, "w/other", "x").await;
    client.delete("w/live/a", None).await.unwrap();
    assert_eq!(
        events(&mut stream, 3, base).await,
        [
            "PUT w/live/a=1@1",
            "PUT w/live/a=2@2 after 1",
            "DELETE w/live/a@4 after 2"
        ]
    );
    stream.cancel(0).await.unwrap();
    let reply = stream.message().await.unwrap().unwrap();
    assert!(reply.canceled() && reply.watch_id() == 0, "{reply:?}");
    assert_eq!((reply.cancel_reason(), reply.compact_revision()), ("", 0));
}

async fn history_and_filters(client: &mut Client) {
    let base = revision(client).await;
    put(client, "w/hist", "1").await;
    client.delete("w/hist", None).await.unwrap();
    put(client, "w/hist", "2").await;
    let past = || WatchOptions::new().with_start_revision(base + 1);
    let mut all = start(client, "w/hist", past()).await;
    assert_eq!(
        events(&mut all, 3, base).await,
        ["PUT w/hist=1@1", "DELETE w/hist@2", "PUT w/hist=2@3"]
    );
    let options = past().with_filters([WatchFilterType::NoDelete]);
    let mut puts = start(client, "w/hist", options).await;
    assert_eq!(
        events(&mut puts, 2, base).await,
        ["PUT w/hist=1@1", "PUT w/hist=2@3"]
    );
    let options = past().with_filters([WatchFilterType::NoPut]);
    let mut deletes = start(client, "w/hist", options).await;
    assert_eq!(events(&mut deletes, 1, base).await, ["DELETE w/hist@2"]);
}

async fn several_on_one_stream(client: &mut Client) {
    let mut stream = start(client, "w/one", WatchOptions::new().with_watch_id(7)).await;
    // A given id is taken over, one in use is refused, and 0 gets a free one.
    stream
        .watch("w/two", Some(WatchOptions::new().with_watch_id(7)))
        .await
        .unwrap();
    let reply = stream.message().await.unwrap().unwrap();
    assert!(reply.created() && reply.canceled(), "{reply:?}");
    assert_eq!(reply.watch_id(), -1);
    assert_eq!(
        reply.cancel_reason(),
        "mvcc: duplicate watch ID provided on the WatchStream"
    );
    stream.watch("w/two", None).await.unwrap();
    let reply = stream.message().await.unwrap().unwrap();
    assert!(reply.created() && !reply.canceled(), "{reply:?}");
    let second = reply.watch_id();
    assert_ne!(second, 7);
    for (key, id) in [("w/one", 7), ("w/two", second)] {
        put(client, key, "1").await;
        let reply = stream.message().await.unwrap().unwrap();
        assert_eq!(
            (reply.watch_id(), reply.events().len()),
            (id, 1),
            "{reply:?}"
        );
    }
}

async fn progress(client: &mut Client) {
    let mut stream = start(client, "w/progress", WatchOptions::new()).await;
    let now = put(client, "w/elsewhere", "1").await;
    // Answered only when all watches of the stream have caught up, so it is asked again.
    loop {
        stream.request_progress().await.unwrap();
        let wait = std::time::Duration::from_millis(100);
        let Ok(reply) = tokio::time::timeout(wait, stream.message()).await else {
            continue;
        };
        let reply = reply.unwrap().unwrap();
        assert_eq!(
            (reply.watch_id(), reply.events().len()),
            (-1, 0),
            "{reply:?}"
        );
        if reply.header().unwrap().revision() >= now {
            return;
        }
    }
}

async fn compacted_then_resumed(client: &mut Client) {
    let first = put(client, "w/comp", "1").await;
    put(client, "w/comp", "2").await;
    put(client, "w/comp", "3").await;
    client.compact(first + 2, None).await.unwrap();
    let options = WatchOptions::new().with_start_revision(first);
    let mut stream = start(client, "w/comp", options).await;
    let reply = stream.message().await.unwrap().unwrap();
    assert!(reply.canceled() && !reply.created(), "{reply:?}");
    assert_eq!(
        (reply.compact_revision(), reply.cancel_reason()),
        (first + 2, "")
    );
    assert_eq!(reply.header().unwrap().revision(), 0);

    let options = WatchOptions::new().with_start_revision(reply.compact_revision());
    let mut stream = start(client, "w/comp", options).await;
    put(client, "w/comp", "4").await;
    assert_eq!(
        events(&mut stream, 2, first).await,
        ["PUT w/comp=3@2", "PUT w/comp=4@3"]
    );
}

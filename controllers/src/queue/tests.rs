use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

fn taken(queue: &Queue<&'static str>) -> Option<&'static str> {
    use futures::FutureExt;
    queue.take().now_or_never()
}

#[tokio::test]
async fn a_key_comes_once() {
    let queue = Queue::default();
    queue.add("a");
    queue.add("b");
    queue.add("a");
    assert_eq!(taken(&queue), Some("a"));
    assert_eq!(taken(&queue), Some("b"));
    assert_eq!(taken(&queue), None);
}

#[tokio::test]
async fn a_key_that_is_worked_on_waits_for_its_worker() {
    let queue = Queue::default();
    queue.add("a");
    assert_eq!(taken(&queue), Some("a"));
    queue.add("a");
    assert_eq!(taken(&queue), None);
    queue.done(&"a", Next::Done);
    assert_eq!(taken(&queue), Some("a"));
    queue.done(&"a", Next::Done);
    assert_eq!(taken(&queue), None);
}

#[tokio::test(start_paused = true)]
async fn the_earlier_time_counts() {
    let queue = Queue::default();
    let start = Instant::now();
    queue.add_after("a", Duration::from_secs(9));
    queue.add_after("a", Duration::from_secs(3));
    queue.add_after("a", Duration::from_secs(5));
    assert_eq!(queue.take().await, "a");
    assert_eq!(start.elapsed().as_secs(), 3);
    queue.done(&"a", Next::After(Duration::from_secs(7)));
    assert_eq!(queue.take().await, "a");
    assert_eq!(start.elapsed().as_secs(), 10);
    queue.done(&"a", Next::Done);
    assert_eq!(taken(&queue), None);
}

#[tokio::test(start_paused = true)]
async fn what_fails_comes_again_until_it_is_done() {
    let queue = Queue::default();
    let tries = AtomicUsize::new(0);
    queue.add("a");
    let work = queue.work(2, |_| async {
        match tries.fetch_add(1, Ordering::Relaxed) {
            4 => Next::Done,
            _ => Next::Retry,
        }
    });
    let start = Instant::now();
    assert!(
        tokio::time::timeout(Duration::from_secs(60), work)
            .await
            .is_err()
    );
    assert_eq!(tries.load(Ordering::Relaxed), 5);
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test]
async fn several_workers_share_the_keys() {
    let queue = Queue::default();
    for key in 0..50 {
        queue.add(key);
    }
    let busy = AtomicUsize::new(0);
    let most = AtomicUsize::new(0);
    let (done, mut all) = tokio::sync::mpsc::channel(50);
    let work = queue.work(4, |key: i32| {
        let (busy, most, done) = (&busy, &most, done.clone());
        async move {
            most.fetch_max(busy.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            busy.fetch_sub(1, Ordering::Relaxed);
            done.try_send(key).unwrap();
            Next::Done
        }
    });
    let collect = async {
        let mut keys = Vec::new();
        for _ in 0..50 {
            keys.push(all.recv().await.unwrap());
        }
        keys.sort_unstable();
        keys
    };
    tokio::select! {
        never = work => match never {},
        keys = collect => assert_eq!(keys, (0..50).collect::<Vec<_>>()),
    }
    assert_eq!(most.load(Ordering::Relaxed), 4);
}

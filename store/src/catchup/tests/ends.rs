//! The two ends over channels.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::*;

/// Frames that each channel holds.
const FRAMES: usize = 4;

fn fast() -> Options {
    Options {
        bytes_per_second: u64::MAX,
        busy_bytes_per_second: u64::MAX,
        retry: Duration::from_millis(1),
        ..Options::default()
    }
}

fn inbox() -> (Arc<MemorySite>, Inbox) {
    let site = Arc::new(MemorySite::new());
    (site.clone(), Inbox::new(CLUSTER, site))
}

fn puts(from: u32, to: u32) -> Vec<Command> {
    (from..to).map(|n| Command::Put(put(n, 100, 0))).collect()
}

/// Waits for something with a deadline.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_arrives_while_writes_go_on() {
    let seed: u64 = rand::rng().random();
    let mut rng = StdRng::seed_from_u64(seed);
    let mut history = puts(0, 1_000);
    for _ in 0..2_000 {
        history.push(random_command(&mut rng, 1_000));
    }
    let leader = Member::new(1_000);
    leader.catch_up(&history[..1_000]);
    leader.checkpoint();
    let (site, inbox) = inbox();
    let (out, frames_in) = mpsc::channel(FRAMES);
    let (back, frames_back) = mpsc::channel(FRAMES);
    let options = Options {
        lag_entries_max: 50,
        view_bytes_max: 20_000,
        patience: 5,
        ..fast()
    };
    let sending = send(leader.source(), greeting(), options, out, frames_back);
    let receiving = receive(&inbox, frames_in, back);
    let stop = AtomicBool::new(false);
    let (sent, received) = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut done = 1_000;
            while !stop.load(Ordering::Relaxed) {
                done = (done + 20).min(history.len());
                leader.catch_up(&history[..done]);
                leader.checkpoint();
                std::thread::yield_now();
            }
        });
        let both = async { tokio::join!(sending, receiving) };
        let both = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(both));
        stop.store(true, Ordering::Relaxed);
        both
    });
    let (sent, received) = (sent.unwrap(), received.unwrap());
    assert_eq!((sent.index, sent.term), (received.index, received.term));
    assert!(received.index > 1_000, "{sent:?}");
    let ours = replayed(&history, received.index as usize);
    assert_same(ours, open(&site, &received), &format!("seed {seed}"));
}

/// Carries so many frames and then drops the stream, at both ends.
async fn carry(mut from: mpsc::Receiver<Bytes>, to: mpsc::Sender<Bytes>, frames: usize) {
    for _ in 0..frames {
        let Some(frame) = from.recv().await else {
            return;
        };
        if to.send(frame).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_broken_stream_is_taken_up_where_it_ended() {
    let history = puts(0, 1_000);
    let leader = Member::new(2_000);
    leader.catch_up(&history);
    let (site, inbox) = inbox();
    let mut before = 0;
    for attempt in 0.. {
        let (out, carried) = mpsc::channel(1);
        let (carrier, frames_in) = mpsc::channel(1);
        let (back, frames_back) = mpsc::channel(1);
        let sending = send(leader.source(), greeting(), fast(), out, frames_back);
        let receiving = receive(&inbox, frames_in, back);
        let frames = if attempt < 3 { 15 } else { usize::MAX };
        let carrying = carry(carried, carrier, frames);
        let (sent, received, ()) = tokio::join!(sending, receiving, carrying);
        match (sent, received) {
            (Ok(sent), Ok(received)) => {
                assert_eq!(attempt, 3);
                assert!(sent.records == (1_000, before), "{sent:?}");
                assert_same(owned(leader), open(&site, &received), "by channels");
                return;
            }
            (Err(_), Err(Error::Broken)) if attempt < 3 => {
                let records = inbox.incoming.lock().await.position().main as u64;
                assert!(records > before, "attempt {attempt}");
                before = records - 1;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_newer_transfer_takes_the_place_of_one_that_hangs() {
    let leader = Member::new(2_000);
    leader.catch_up(&puts(0, 500));
    let (_, inbox) = inbox();
    let inbox = Arc::new(inbox);
    let (out, carried) = mpsc::channel(1);
    let (carrier, frames_in) = mpsc::channel(1);
    let (back, frames_back) = mpsc::channel(1);
    let hanging = {
        let inbox = inbox.clone();
        tokio::spawn(async move { receive(&inbox, frames_in, back).await })
    };
    let sending = tokio::spawn(send(leader.source(), greeting(), fast(), out, frames_back));
    // The other ends stay open, and nothing more comes.
    let (carrier, mut carried) = (carrier, carried);
    for _ in 0..10 {
        carrier.send(carried.recv().await.unwrap()).await.unwrap();
    }
    let (out, frames_in) = mpsc::channel(1);
    let (back, frames_back) = mpsc::channel(1);
    let again = send(leader.source(), greeting(), fast(), out, frames_back);
    let (sent, received) = tokio::join!(again, receive(&inbox, frames_in, back));
    assert!(sent.unwrap().records.1 > 0);
    received.unwrap();
    let error = hanging.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Superseded), "{error}");
    let error = sending.await.unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the receiver refused: another transfer began"
    );
}

/// A receiver that takes nothing holds up neither writes nor, for long, checkpoints; and a sender
/// that nobody waits for any more lets go of its view.
#[tokio::test]
async fn a_receiver_that_stands_still_does_not_hold_a_checkpoint_up() {
    let leader = Member::new(2_000);
    let mut history = puts(0, 500);
    leader.catch_up(&history);
    let (site, inbox) = inbox();
    let (out, mut carried) = mpsc::channel(1);
    let (carrier, frames_in) = mpsc::channel(1);
    let (back, frames_back) = mpsc::channel(1);
    let options = Options {
        view_bytes_max: 10_000,
        ..fast()
    };
    let sending = tokio::spawn(send(leader.source(), greeting(), options, out, frames_back));
    let is_exporting = || leader.state.read().store.is_exporting();
    let receiving = async {
        for _ in 0..3 {
            carrier.send(carried.recv().await.unwrap()).await.unwrap();
        }
        until("a view is taken", is_exporting).await;
        assert!(!leader.checkpoint());
        history.extend(puts(500, 800));
        leader.catch_up(&history);
        until("the view is given up", || !is_exporting()).await;
        assert!(leader.checkpoint());
        // The rest is taken at last.
        carry(carried, carrier, usize::MAX).await;
    };
    let (received, ()) = tokio::join!(receive(&inbox, frames_in, back), receiving);
    let sent = sending.await.unwrap().unwrap();
    assert_eq!(sent.views, 2);
    assert_same(
        owned_after(leader).await,
        open(&site, &received.unwrap()),
        "slow",
    );

    let leader = Member::new(2_000);
    leader.catch_up(&history);
    let (out, carried) = mpsc::channel(1);
    let (back, frames_back) = mpsc::channel::<Bytes>(1);
    let mut hello = Box::pin(send(leader.source(), greeting(), fast(), out, frames_back));
    assert!(futures::poll!(&mut hello).is_pending());
    drop(hello);
    owned_after(leader).await;
    drop((carried, back));
}

/// The state, once threads that have ended let go of it.
async fn owned_after(leader: Member) -> State {
    until("nobody else has the state", || {
        Arc::strong_count(&leader.state) == 1
    })
    .await;
    owned(leader)
}

/// Many keys, and never more than a few frames of them under way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_is_bounded() {
    const KEYS: u32 = 200_000;
    let leader = Member::new(32 << 10);
    {
        let state = &mut *leader.state.write();
        for batch in 0..KEYS / 500 {
            let mut txn = state.store.begin();
            for number in batch * 500..batch * 500 + 500 {
                let key = format!("/registry/pods/default/{number:08}");
                let options = mvcc::PutOptions::default();
                txn.put(key.into(), vec![7; 200].into(), 0, options)
                    .unwrap();
            }
            txn.commit();
        }
        state.applied = (1, TERM);
    }
    assert!(leader.checkpoint());
    let (site, inbox) = inbox();
    let (out, mut carried) = mpsc::channel::<Bytes>(FRAMES);
    let (carrier, frames_in) = mpsc::channel(FRAMES);
    let (back, frames_back) = mpsc::channel(FRAMES);
    let (largest, total) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let carrying = async {
        while let Some(frame) = carried.recv().await {
            largest.fetch_max(frame.len(), Ordering::Relaxed);
            total.fetch_add(frame.len(), Ordering::Relaxed);
            if carrier.send(frame).await.is_err() {
                return;
            }
        }
    };
    let started = Instant::now();
    let sending = send(leader.source(), greeting(), fast(), out, frames_back);
    let (sent, received, ()) = tokio::join!(sending, receive(&inbox, frames_in, back), carrying);
    let (sent, received) = (sent.unwrap(), received.unwrap());
    let (largest, total) = (largest.into_inner(), total.into_inner());
    // Both channels full, one frame at each end, one carried, and the chunk it is made of.
    let held = largest * (2 * FRAMES + 4);
    println!(
        "{} records, {total} bytes, at most {held} of them under way, in {:?}",
        sent.records.0,
        started.elapsed()
    );
    assert_eq!(sent.records, (u64::from(KEYS), 0));
    assert!(held < 1 << 20, "{held} bytes");
    let theirs = open(&site, &received);
    assert_eq!(theirs.store.key_count(), KEYS as usize);
    let ours = leader.state.read();
    assert_eq!(
        theirs.store.hash_kv(0).unwrap(),
        ours.store.hash_kv(0).unwrap()
    );
}

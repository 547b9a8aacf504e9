//! Order, batches, bounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use super::*;

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn message(number: usize, len: usize) -> Bytes {
    let mut bytes = vec![0; len];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes.into()
}

fn number(message: &Bytes) -> usize {
    usize::from_be_bytes(message[..8].try_into().unwrap())
}

/// What a reader finds right now.
fn take(queue: &Queue, stream: u64) -> Option<Batch> {
    match queue.poll_take(stream, &Context::from_waker(Waker::noop())) {
        Poll::Ready(batch) => batch,
        Poll::Pending => Some(Batch::default()),
    }
}

#[test]
fn everything_that_waits_is_one_batch() {
    let queue = Queue::new(1024);
    let stream = queue.open();
    assert_eq!(queue.push(vec![message(1, 8), message(2, 8)]), 0);
    assert_eq!(queue.push(vec![message(3, 8)]), 0);
    queue.probe(9);
    let batch = take(&queue, stream).unwrap();
    let numbers: Vec<usize> = batch.messages.iter().map(number).collect();
    assert_eq!((numbers, batch.bytes, batch.probe), (vec![1, 2, 3], 24, 9));
    assert_eq!(take(&queue, stream), Some(Batch::default()));
    assert_eq!(queue.waiting_for(), Duration::ZERO);
}

#[test]
fn batches_are_bounded_and_keep_the_order() {
    let queue = Queue::new(16 * BATCH_BYTES_MAX);
    let stream = queue.open();
    let third = BATCH_BYTES_MAX / 3;
    assert_eq!(queue.push((0..7).map(|n| message(n, third)).collect()), 0);
    queue.push(vec![message(7, 2 * BATCH_BYTES_MAX), message(8, 8)]);
    let mut sizes = Vec::new();
    let mut numbers = Vec::new();
    while let Some(batch) = take(&queue, stream).filter(|batch| !batch.messages.is_empty()) {
        assert_eq!(
            batch.bytes,
            batch.messages.iter().map(Bytes::len).sum::<usize>()
        );
        sizes.push(batch.messages.len());
        numbers.extend(batch.messages.iter().map(number));
    }
    assert_eq!(sizes, [3, 3, 1, 1, 1]);
    assert_eq!(numbers, (0..9).collect::<Vec<_>>());
}

#[test]
fn what_finds_no_room_is_dropped_and_so_is_what_follows() {
    let queue = Queue::new(100);
    let stream = queue.open();
    let more = vec![message(1, 60), message(2, 60), message(3, 8)];
    assert_eq!(queue.push(more), 1);
    assert_eq!(queue.push(vec![message(4, 8)]), 1);
    let batch = take(&queue, stream).unwrap();
    let numbers: Vec<usize> = batch.messages.iter().map(number).collect();
    assert_eq!(numbers, [1, 2]);
    // One that is over the bound alone passes, or it never would.
    assert_eq!(queue.push(vec![message(5, 200), message(6, 8)]), 1);
    assert_eq!(take(&queue, stream).unwrap().messages.len(), 1);
}

#[test]
fn nothing_is_taken_in_while_nobody_connects() {
    let queue = Queue::new(100);
    assert_eq!(queue.push(vec![message(1, 8)]), 1);
    let first = queue.open();
    assert_eq!(queue.push(vec![message(2, 8)]), 0);
    assert_eq!(queue.close(), 1);
    assert_eq!(take(&queue, first), None);
    assert_eq!(queue.push(vec![message(3, 8)]), 1);
    let second = queue.open();
    queue.push(vec![message(4, 8)]);
    assert_eq!(take(&queue, first), None);
    assert_eq!(take(&queue, second).unwrap().messages.len(), 1);
}

#[test]
fn a_reader_is_woken_once_for_what_comes() {
    let queue = Queue::new(100);
    let stream = queue.open();
    let woken = Arc::new(Woken::default());
    let waker = woken.clone().into();
    let context = Context::from_waker(&waker);
    assert!(queue.poll_take(stream, &context).is_pending());
    queue.push(vec![message(1, 8)]);
    queue.push(vec![message(2, 8)]);
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    assert!(queue.poll_take(stream, &context).is_ready());
    assert!(queue.poll_take(stream, &context).is_pending());
    queue.close();
    assert_eq!(woken.0.load(Ordering::Relaxed), 2);
    assert!(queue.poll_take(stream, &context).is_ready());
}

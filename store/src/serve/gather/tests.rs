use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

#[tokio::test]
async fn everything_arrives_in_order_through_a_narrow_pipe() {
    // The pipe takes fewer bytes at once than a held piece has.
    let (near, mut far) = tokio::io::duplex(1000);
    let reading = tokio::spawn(async move {
        let mut all = Vec::new();
        far.read_to_end(&mut all).await.unwrap();
        all
    });
    let mut gather = Gather::new(near, Arc::default());
    assert!(!gather.is_write_vectored());
    let mut expected = Vec::new();
    for (number, length) in [3, 5000, 4096, 1, 4097, 0, 70_000, 12]
        .into_iter()
        .enumerate()
    {
        let piece = vec![number as u8; length];
        gather.write_all(&piece).await.unwrap();
        expected.extend(piece);
        if number == 4 {
            gather.flush().await.unwrap();
        }
    }
    gather.shutdown().await.unwrap();
    assert_eq!(reading.await.unwrap(), expected);
}

/// Takes everything, and remembers what came together.
#[derive(Default)]
struct Recorder {
    writes: Vec<Vec<u8>>,
}

impl AsyncWrite for Recorder {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.push(buf.to_vec());
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all: Vec<u8> = pieces.iter().flat_map(|piece| piece.to_vec()).collect();
        let length = all.len();
        self.writes.push(all);
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn what_becomes_ready_before_the_next_turn_leaves_together() {
    let mut gather = Gather::new(Recorder::default(), Arc::default());
    gather.write_all(b"one").await.unwrap();
    assert!(futures::poll!(std::pin::pin!(gather.flush())).is_pending());
    gather.write_all(b"two").await.unwrap();
    gather.flush().await.unwrap();
    gather.write_all(b"three").await.unwrap();
    gather.flush().await.unwrap();
    assert_eq!(gather.socket.writes, [&b"onetwo"[..], b"three"]);
}

/// Writes and flushes; whether the flush let others go first. `meanwhile` comes in that turn.
async fn flush_waits(gather: &mut Gather<Recorder>, meanwhile: &[u8]) -> bool {
    gather.write_all(b"first").await.unwrap();
    let waits = futures::poll!(std::pin::pin!(gather.flush())).is_pending();
    if waits {
        gather.write_all(meanwhile).await.unwrap();
        gather.flush().await.unwrap();
    }
    waits
}

#[tokio::test]
async fn turns_for_nothing_are_saved_until_one_gathers_again() {
    let mut gather = Gather::new(Recorder::default(), Arc::default());
    let mut turns = Vec::new();
    for number in 0..64 {
        if flush_waits(&mut gather, b"").await {
            turns.push(number);
        }
    }
    let expected: Vec<u32> = (0..MISSES).chain([31, 47, 63]).collect();
    assert_eq!(turns, expected);
    // Under load there is something to gather.
    gather.under_way.store(FEW + 1, Ordering::Relaxed);
    assert!(flush_waits(&mut gather, b"").await);
    gather.under_way.store(FEW, Ordering::Relaxed);
    assert!(!flush_waits(&mut gather, b"").await);
    while !flush_waits(&mut gather, b"more").await {}
    // One that gathers is followed by as many as at first.
    for _ in 0..MISSES {
        assert!(flush_waits(&mut gather, b"").await);
    }
    assert!(!flush_waits(&mut gather, b"more").await);
}

/// Takes one byte at a time, and is full every other time.
#[derive(Default)]
struct Slow {
    taken: usize,
    is_full: bool,
}

impl AsyncWrite for Slow {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.is_full = !self.is_full;
        if self.is_full {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let count = buf.len().min(1);
        self.taken += count;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_flush_that_a_full_socket_holds_up_is_one_flush() {
    let mut gather = Gather::new(Slow::default(), Arc::default());
    gather.write_all(b"four").await.unwrap();
    gather.flush().await.unwrap();
    assert_eq!(gather.socket.taken, 4);
    assert_eq!((gather.misses, gather.skips), (1, 0));
}

#[tokio::test]
async fn a_large_payload_leaves_with_its_head() {
    let mut gather = Gather::new(Recorder::default(), Arc::default());
    let payload = vec![7; 10_000];
    gather.write_all(b"head").await.unwrap();
    gather.write_all(&payload).await.unwrap();
    gather.flush().await.unwrap();
    assert_eq!(gather.socket.writes, [[&b"head"[..], &payload].concat()]);
}

#[tokio::test]
async fn a_small_piece_waits_for_a_flush() {
    let (near, mut far) = tokio::io::duplex(1000);
    let mut gather = Gather::new(near, Arc::default());
    gather.write_all(b"head").await.unwrap();
    let mut byte = [0; 1];
    let early = futures::poll!(std::pin::pin!(far.read(&mut byte)));
    assert!(early.is_pending());
    gather.flush().await.unwrap();
    let mut all = [0; 4];
    far.read_exact(&mut all).await.unwrap();
    assert_eq!(&all, b"head");
}

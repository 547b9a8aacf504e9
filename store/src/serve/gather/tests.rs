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
    let mut gather = Gather::new(near);
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
    let mut gather = Gather::new(Recorder::default());
    gather.write_all(b"one").await.unwrap();
    assert!(futures::poll!(std::pin::pin!(gather.flush())).is_pending());
    gather.write_all(b"two").await.unwrap();
    gather.flush().await.unwrap();
    gather.write_all(b"three").await.unwrap();
    gather.flush().await.unwrap();
    assert_eq!(gather.socket.writes, [&b"onetwo"[..], b"three"]);
}

#[tokio::test]
async fn a_large_payload_leaves_with_its_head() {
    let mut gather = Gather::new(Recorder::default());
    let payload = vec![7; 10_000];
    gather.write_all(b"head").await.unwrap();
    gather.write_all(&payload).await.unwrap();
    gather.flush().await.unwrap();
    assert_eq!(gather.socket.writes, [[&b"head"[..], &payload].concat()]);
}

#[tokio::test]
async fn a_small_piece_waits_for_a_flush() {
    let (near, mut far) = tokio::io::duplex(1000);
    let mut gather = Gather::new(near);
    gather.write_all(b"head").await.unwrap();
    let mut byte = [0; 1];
    let early = futures::poll!(std::pin::pin!(far.read(&mut byte)));
    assert!(early.is_pending());
    gather.flush().await.unwrap();
    let mut all = [0; 4];
    far.read_exact(&mut all).await.unwrap();
    assert_eq!(&all, b"head");
}

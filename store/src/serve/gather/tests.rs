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

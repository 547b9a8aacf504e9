//! First bytes of all kinds, in pieces.

use super::*;
use tokio::io::AsyncWriteExt as _;

/// What is found out from bytes that arrive in pieces of `size` before the client is gone.
async fn sniff(bytes: &[u8], size: usize) -> io::Result<(Protocol, BytesMut)> {
    let (mut client, mut server) = tokio::io::duplex(size);
    let bytes = bytes.to_vec();
    let writer = tokio::spawn(async move {
        for piece in bytes.chunks(size) {
            // The other end may know enough before everything is written.
            if client.write_all(piece).await.is_err() {
                return;
            }
        }
    });
    let found = protocol(&mut server).await;
    drop(server);
    writer
        .await
        .expect("the writer ends when the reader is gone");
    found
}

#[tokio::test]
async fn the_protocol_is_told_whatever_the_pieces() {
    for size in [1, 5, 24, 100] {
        let (protocol, start) = sniff(PREFACE, size).await.unwrap();
        assert_eq!((protocol, &start[..]), (Protocol::Http2, PREFACE));
        for text in [
            "GET / HTTP/1.1\r\n",
            "POST / HTTP/1.1\r\n",
            "PRI * HTTP/1.1\r\n",
            "x",
        ] {
            let (protocol, start) = sniff(text.as_bytes(), size).await.unwrap();
            assert_eq!(protocol, Protocol::Http1, "{text}");
            assert!(
                text.as_bytes().starts_with(&start),
                "nothing that was read is lost"
            );
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_early_is_an_error() {
    for bytes in [&b""[..], &PREFACE[..10]] {
        let error = sniff(bytes, 3).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}

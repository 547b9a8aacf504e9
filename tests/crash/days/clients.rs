//! Clients that send anything but requests: others are served on, and nothing is logged as an
//! error of the server.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use harness::Server;
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use tonic::Code;

use super::{serves, start};

/// How HTTP/2 connections begin.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// An empty SETTINGS frame.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
/// Connections of each kind.
const CONNECTIONS: usize = 8;
/// The server may take this much more memory for all of them, in KiB.
const GROWTH_MAX: u64 = 64 * 1024;

/// `VmRSS` of a process, in KiB.
pub(super) fn resident(server: &Server) -> u64 {
    let pid = server.pid().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number.unwrap().parse().unwrap()
}

/// Writes as much as the server takes; it may hang up at any time.
fn send(server: &Server, parts: &[&[u8]]) -> TcpStream {
    let mut stream = TcpStream::connect(server.endpoint()).unwrap();
    stream
        .set_write_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    for part in parts {
        if stream.write_all(part).is_err() {
            break;
        }
    }
    stream
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_hurts_nobody_else() {
    let (mut server, mut client) = start(&[]).await;
    serves(&mut client, "before").await;
    let before = resident(&server);
    let mut random = StdRng::seed_from_u64(11);
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut noise = vec![0; 100_000];
        random.fill_bytes(&mut noise);
        held.push(send(&server, &[&noise]));
        // After a preface, frames of random lengths and kinds.
        held.push(send(&server, &[PREFACE, SETTINGS, &noise]));
        held.push(send(&server, &[&PREFACE[..PREFACE.len() / 2]]));
        held.push(send(&server, &[PREFACE]));
        // Nothing at all, or one byte: who waits for more must not keep others waiting.
        held.push(send(&server, &[]));
        held.push(send(&server, &[b"P"]));
        held.push(send(
            &server,
            &[b"POST /v3/kv/range HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n{"],
        ));
        // A header without end, in both versions of HTTP.
        let long = vec![b'a'; 1 << 20];
        held.push(send(&server, &[b"GET / HTTP/1.1\r\nX: ", &long, &long]));
        let block = vec![0x40; 16_000];
        let mut endless = frame(HEADERS, 0, 1, &block);
        for _ in 0..200 {
            endless.extend(frame(CONTINUATION, 0, 1, &block));
        }
        held.push(send(&server, &[PREFACE, SETTINGS, &endless]));
        serves(&mut client, "meanwhile").await;
    }
    // A second client gets in while all of these are held open.
    let mut other = crate::client::Client::connect(&server.client_url())
        .await
        .unwrap();
    serves(&mut other, "held").await;
    let growth = resident(&server).saturating_sub(before);
    assert!(growth < GROWTH_MAX, "{growth} KiB more");
    for stream in held {
        // The other end may have hung up long ago.
        let _ = stream.shutdown(Shutdown::Both);
    }
    serves(&mut client, "after").await;
    assert!(server.is_running());
    assert_eq!(server.error_lines(), [""; 0]);
}

/// HTTP/1 requests that are none are answered or hung up on, at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_request_line_is_refused() {
    let (server, mut client) = start(&[]).await;
    for request in [
        "GET\r\n\r\n",
        "\r\n\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /\u{0} HTTP/1.1\r\n\r\n",
    ] {
        let mut stream = send(&server, &[request.as_bytes()]);
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let mut answer = Vec::new();
        stream.shutdown(Shutdown::Write).unwrap();
        // Hanging up may show as a reset.
        if stream.read_to_end(&mut answer).is_ok() && !answer.is_empty() {
            let answer = String::from_utf8_lossy(&answer);
            assert!(
                answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 5"),
                "{request:?}: {answer}"
            );
        }
    }
    serves(&mut client, "after").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_too_large_is_refused_with_etcds_texts() {
    let (_server, mut client) = start(&[]).await;
    serves(&mut client, "before").await;
    let put = |length: usize| {
        let mut client = client.clone();
        async move { client.put("large", vec![1; length], 0).await }
    };
    put(1_500_000).await.unwrap();
    // More than --max-request-bytes, 1.5 MiB.
    let status = put(1_600_000).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::InvalidArgument, "etcdserver: request is too large")
    );
    // More than gRPC takes, which is 512 KiB more: the key and the lengths count.
    let status = put(2_200_000).await.unwrap_err();
    let expected = "grpc: received message larger than max (2200012 vs. 2097152)";
    assert_eq!(
        (status.code(), status.message()),
        (Code::ResourceExhausted, expected)
    );
    let status = put(50_000_000).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    serves(&mut client, "after").await;
    assert_eq!(
        client.get("large").await.unwrap().unwrap().value.len(),
        1_500_000
    );
}

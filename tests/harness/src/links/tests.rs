//! Links between listeners of this test, which plays the diallers itself.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::*;

/// How long bytes that must not arrive are waited for.
const SILENCE: Duration = Duration::from_millis(100);
/// How long bytes that must arrive are waited for.
const LIMIT: Duration = Duration::from_secs(30);

/// Two members: this process is member 0, and listens as member 1.
struct Pair {
    links: Links,
    listener: TcpListener,
    proxy: SocketAddrV4,
}

impl Pair {
    fn new() -> Pair {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let SocketAddr::V4(target) = listener.local_addr().unwrap() else {
            panic!("127.0.0.1")
        };
        let links = Links::new().unwrap();
        links.add(target).unwrap();
        let proxy = links.add(target).unwrap();
        links.set_process(0, Some(std::process::id()));
        Pair {
            links,
            listener,
            proxy,
        }
    }

    /// A connection from member 0 to member 1: both ends.
    fn connect(&self) -> (TcpStream, TcpStream) {
        let dialled = TcpStream::connect(self.proxy).unwrap();
        let accepted = self.listener.accept().unwrap().0;
        (dialled, accepted)
    }
}

fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).unwrap();
}

#[track_caller]
fn receives(stream: &mut TcpStream, text: &str) {
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let mut bytes = vec![0; text.len()];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, text.as_bytes());
}

#[track_caller]
fn is_silent(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}

#[track_caller]
fn is_closed(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    match stream.read(&mut [0]) {
        Ok(0) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn bytes_pass_both_ways_and_so_does_the_end() {
    let pair = Pair::new();
    let (mut zero, mut one) = pair.connect();
    send(&mut zero, "there");
    receives(&mut one, "there");
    send(&mut one, "back");
    receives(&mut zero, "back");
    zero.shutdown(std::net::Shutdown::Write).unwrap();
    is_closed(&mut one);
    send(&mut one, "still");
    receives(&mut zero, "still");
}

#[test]
fn a_link_cut_one_way_holds_one_way_and_delivers_late() {
    let pair = Pair::new();
    let (mut zero, mut one) = pair.connect();
    pair.links.cut(0, 1);
    send(&mut zero, "late");
    is_silent(&mut one);
    send(&mut one, "back");
    receives(&mut zero, "back");
    pair.links.heal(Held::Delivered);
    receives(&mut one, "late");
}

#[test]
fn what_a_cut_link_held_can_be_lost_with_its_connection() {
    let pair = Pair::new();
    let (mut zero, mut one) = pair.connect();
    pair.links.isolate(1);
    send(&mut zero, "never");
    is_silent(&mut one);
    pair.links.heal(Held::Lost);
    is_closed(&mut one);
    is_closed(&mut zero);
    let (mut zero, mut one) = pair.connect();
    send(&mut zero, "again");
    receives(&mut one, "again");
}

#[test]
fn a_cut_link_lets_no_new_connection_through() {
    let pair = Pair::new();
    pair.links.cut_outbound(1);
    let mut zero = TcpStream::connect(pair.proxy).unwrap();
    send(&mut zero, "hello");
    pair.listener.set_nonblocking(true).unwrap();
    is_silent(&mut zero);
    let error = pair.listener.accept().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    pair.listener.set_nonblocking(false).unwrap();
    pair.links.heal(Held::Delivered);
    let mut one = pair.listener.accept().unwrap().0;
    receives(&mut one, "hello");
}

#[test]
fn a_closed_end_is_not_told_through_a_cut_link() {
    let pair = Pair::new();
    let (zero, mut one) = pair.connect();
    pair.links.isolate(0);
    drop(zero);
    is_silent(&mut one);
    pair.links.heal(Held::Delivered);
    is_closed(&mut one);
}

#[test]
fn a_slow_link_takes_its_time() {
    let pair = Pair::new();
    let (mut zero, mut one) = pair.connect();
    let delay = Duration::from_millis(60);
    pair.links.delay(delay);
    let start = Instant::now();
    send(&mut zero, "slow");
    receives(&mut one, "slow");
    assert!(start.elapsed() >= delay);
}

#[test]
fn a_stranger_is_not_let_in() {
    let pair = Pair::new();
    pair.links.set_process(0, None);
    let mut stranger = TcpStream::connect(pair.proxy).unwrap();
    is_closed(&mut stranger);
}

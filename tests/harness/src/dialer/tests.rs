use std::net::{Ipv4Addr, TcpListener, TcpStream};

use super::*;

#[test]
fn this_process_is_found_by_its_connection() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let dialled = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let v4 = |address| match address {
        std::net::SocketAddr::V4(address) => address,
        std::net::SocketAddr::V6(address) => panic!("{address}"),
    };
    let local = v4(dialled.local_addr().unwrap());
    let remote = v4(dialled.peer_addr().unwrap());
    let own = std::process::id();
    assert_eq!(find(local, remote, &[1, own]), Some(own));
    assert_eq!(find(local, remote, &[]), None);
    drop(dialled);
    assert_eq!(find(local, remote, &[own]), None);
}

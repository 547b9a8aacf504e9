use std::net::{Ipv4Addr, TcpListener, TcpStream};

use super::*;

#[test]
fn a_reserved_port_is_free_for_one_listener_after_the_other() {
    let reserved = Reserved::new().unwrap();
    let address = (Ipv4Addr::LOCALHOST, reserved.port());
    for _ in 0..2 {
        assert!(TcpStream::connect(address).is_err());
        let listener = TcpListener::bind(address).unwrap();
        let dialled = TcpStream::connect(address).unwrap();
        drop(listener.accept().unwrap());
        drop(dialled);
    }
}

#[test]
fn two_reserved_ports_differ() {
    let reserved: Vec<Reserved> = (0..50).map(|_| Reserved::new().unwrap()).collect();
    let mut ports: Vec<u16> = reserved.iter().map(Reserved::port).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), reserved.len());
}

//! What members are told.

use super::*;

#[test]
fn every_member_is_told_of_all() {
    let seats = [(1, 2), (3, 4)].map(|(client, peer)| Seat { client, peer });
    let arguments = arguments(Path::new("data"), &seats, 1);
    for wanted in [
        "--name=member2",
        "--data-dir=data",
        "--listen-client-urls=http://127.0.0.1:3",
        "--listen-peer-urls=http://127.0.0.1:4",
        "--initial-cluster=member1=http://127.0.0.1:2,member2=http://127.0.0.1:4",
    ] {
        assert!(arguments.iter().any(|had| had == wanted), "{wanted}");
    }
}

#[test]
fn seats_share_no_port() {
    let seats = Seat::free(7).unwrap();
    let ports = seats.iter().flat_map(|seat| [seat.client, seat.peer]);
    assert_eq!(ports.collect::<std::collections::BTreeSet<_>>().len(), 14);
}

#[test]
fn a_cluster_has_started_when_its_last_member_has() {
    let start = |listening, ready, cpu| Startup {
        listening: Duration::from_millis(listening),
        ready: Duration::from_millis(ready),
        cpu: Duration::from_millis(cpu),
    };
    let both = start(5, 90, 10).and(start(7, 80, 20));
    assert_eq!(both.listening, Duration::from_millis(7));
    assert_eq!(both.ready, Duration::from_millis(90));
    assert_eq!(both.cpu, Duration::from_millis(30));
}

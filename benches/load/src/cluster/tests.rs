//! Who counts as the leader.

use std::net::Ipv4Addr;

use super::*;

fn view(port: u16, member: u64, leader: u64, term: u64) -> View {
    View {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        member,
        leader,
        term,
    }
}

#[test]
fn the_leader_is_the_member_that_all_name() {
    let views = [view(1, 10, 20, 3), view(2, 20, 20, 3), view(3, 30, 20, 3)];
    let found = agreed(&views).unwrap();
    assert_eq!((found.address.port(), found.term), (2, 3));
}

#[test]
fn there_is_none_while_anybody_disagrees() {
    let no_leader = [view(1, 10, 0, 3), view(2, 20, 0, 3)];
    let other_leader = [view(1, 10, 20, 3), view(2, 20, 10, 3)];
    let other_term = [view(1, 10, 20, 3), view(2, 20, 20, 4)];
    let unknown_leader = [view(1, 10, 30, 3), view(2, 20, 30, 3)];
    for views in [no_leader, other_leader, other_term, unknown_leader] {
        assert_eq!(agreed(&views), None, "{views:?}");
    }
}

#[test]
fn one_client_talks_to_the_leader_and_many_to_all() {
    assert_eq!(Connect::usual(1), Connect::Leader);
    assert_eq!(Connect::usual(2), Connect::All);
}

use super::*;

#[test]
fn ids_of_a_default_cluster_are_those_of_etcd() {
    // What etcd 3.7.1 logs for a member started without any flags.
    let member = member_id(&["http://localhost:2380"], "etcd-cluster");
    assert_eq!(member, 0x8e9e_05c5_2164_694d);
    assert_eq!(cluster_id(&[member]), 0xcdf8_1819_4e3a_8c32);
}

#[test]
fn an_added_member_has_the_id_that_etcd_gives_it() {
    // `etcdctl member add` against etcd 3.7.1 with a token of its own, and the second it was done.
    let urls = ["http://127.0.0.1:9", "http://127.0.0.1:8"];
    let member = added_member_id(&urls, 1_795_646_906);
    assert_eq!(member, 0x84c2_6ff2_d78e_fc59);
}

#[test]
fn order_does_not_matter_but_the_token_does() {
    let urls = ["http://b:2380", "http://a:2380"];
    let swapped = ["http://a:2380", "http://b:2380"];
    assert_eq!(member_id(&urls, "t"), member_id(&swapped, "t"));
    assert_ne!(member_id(&urls, "t"), member_id(&urls, "u"));
    assert_eq!(cluster_id(&[1, 2, 3]), cluster_id(&[3, 1, 2]));
}

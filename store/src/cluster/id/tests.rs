use super::*;

#[test]
fn ids_of_a_default_cluster_are_those_of_etcd() {
    // What etcd 3.7.1 logs for a member started without any flags.
    let member = member_id(&["http://localhost:2380"], "etcd-cluster", None);
    assert_eq!(member, 0x8e9e_05c5_2164_694d);
    assert_eq!(cluster_id(&[member]), 0xcdf8_1819_4e3a_8c32);
}

#[test]
fn order_does_not_matter_but_time_does() {
    let urls = ["http://b:2380", "http://a:2380"];
    let swapped = ["http://a:2380", "http://b:2380"];
    assert_eq!(member_id(&urls, "t", None), member_id(&swapped, "t", None));
    assert_ne!(
        member_id(&urls, "t", None),
        member_id(&urls, "t", Some(1_700_000_000))
    );
    assert_eq!(cluster_id(&[1, 2, 3]), cluster_id(&[3, 1, 2]));
}

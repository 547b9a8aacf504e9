use super::*;

fn initial_with_token(name: &str, cluster: &str, advertised: &str, token: &str) -> Initial {
    let advertised = Url::parse_list(advertised).unwrap();
    Initial::new(name, cluster, token, &advertised).unwrap()
}

fn initial(name: &str, cluster: &str, advertised: &str) -> Result<Initial, String> {
    let advertised = Url::parse_list(advertised)?;
    Initial::new(name, cluster, "etcd-cluster", &advertised).map_err(|error| error.to_string())
}

#[test]
fn a_cluster_of_one_has_etcds_ids() {
    let found = initial(
        "default",
        "default=http://localhost:2380",
        "http://localhost:2380",
    )
    .unwrap();
    assert_eq!(found.cluster_id, 0xcdf8_1819_4e3a_8c32);
    assert_eq!(found.member_id, 0x8e9e_05c5_2164_694d);
    assert_eq!(found.members.len(), 1);
    assert_eq!(found.members[0].name, "default");
}

#[test]
fn members_see_the_same_cluster() {
    let cluster = "a=http://127.0.0.1:1,b=http://127.0.0.1:2,a=http://127.0.0.1:3";
    let a = initial("a", cluster, "http://127.0.0.1:3,http://127.0.0.1:1").unwrap();
    let b = initial("b", cluster, "http://127.0.0.1:2").unwrap();
    assert_eq!((a.cluster_id, &a.members), (b.cluster_id, &b.members));
    assert_ne!(a.member_id, b.member_id);
}

#[test]
fn what_does_not_fit_is_refused_in_etcds_words() {
    let cases = [
        (
            (
                "zz",
                "default=http://localhost:2380",
                "http://localhost:2380",
            ),
            r#"couldn't find local name "zz" in the initial cluster configuration"#,
        ),
        (
            ("zz", "zz=http://127.0.0.1:1", "http://localhost:2380"),
            r#"--initial-cluster has zz=http://127.0.0.1:1 but missing from --initial-advertise-peer-urls=http://localhost:2380 (resolved urls: "http://localhost:2380" != "http://127.0.0.1:1")"#,
        ),
        (
            (
                "a",
                "a=http://127.0.0.1:1",
                "http://127.0.0.1:1,http://127.0.0.1:2",
            ),
            "--initial-advertise-peer-urls has http://127.0.0.1:2 but missing from --initial-cluster=a=http://127.0.0.1:1,a=http://127.0.0.1:2",
        ),
        (
            (
                "a",
                "a=http://127.0.0.1:1,b=http://127.0.0.1:1",
                "http://127.0.0.1:1",
            ),
            "initial cluster a=http://127.0.0.1:1,b=http://127.0.0.1:1 has duplicate url",
        ),
        (
            ("a", "a=foo", "http://127.0.0.1:1"),
            "URL scheme must be http, https, unix, or unixs: foo",
        ),
        (
            (
                "a",
                "a=http://127.0.0.1:1,a=http://127.0.0.1:1",
                "http://127.0.0.1:1",
            ),
            r#"failed to resolve http://127.0.0.1:1 to match --initial-cluster=a=http://127.0.0.1:1 (len(["http://127.0.0.1:1"]) != len(["http://127.0.0.1:1" "http://127.0.0.1:1"]))"#,
        ),
        (
            (
                "a",
                "a=http://127.0.0.1:1,a=http://127.0.0.1:2",
                "http://127.0.0.1:2",
            ),
            r#"--initial-cluster has a=http://127.0.0.1:1 but missing from --initial-advertise-peer-urls=http://127.0.0.1:2 (len(["http://127.0.0.1:2"]) != len(["http://127.0.0.1:1" "http://127.0.0.1:2"]))"#,
        ),
    ];
    for ((name, cluster, advertised), text) in cases {
        assert_eq!(initial(name, cluster, advertised).unwrap_err(), text);
    }
}

#[test]
fn who_joins_need_not_say_again_where_it_is_reached() {
    let cluster = "a=http://127.0.0.1:1,b=http://127.0.0.1:3,b=http://127.0.0.1:2";
    let joining = Initial::joining("a", cluster, "t").unwrap();
    assert_eq!(
        joining,
        initial_with_token("a", cluster, "http://127.0.0.1:1", "t")
    );
    assert_eq!(
        joining.others(),
        ["http://127.0.0.1:2", "http://127.0.0.1:3"]
    );
    let refused = |name: &str, cluster: &str| {
        let refused = Initial::joining(name, cluster, "t").unwrap_err();
        refused.to_string()
    };
    assert_eq!(
        refused("c", cluster),
        r#"couldn't find local name "c" in the initial cluster configuration"#
    );
    assert_eq!(
        refused("a", "b=http://127.0.0.1:1,a=http://127.0.0.1:1"),
        "initial cluster a=http://127.0.0.1:1,b=http://127.0.0.1:1 has duplicate url"
    );
}

#[test]
fn clusters_of_any_size_have_the_ids_that_etcd_gives_them() {
    // Taken from etcd 3.7.1: three members, and the cluster they make.
    let cluster = "m0=http://127.0.0.1:50529,m1=http://127.0.0.1:37175,m2=http://127.0.0.1:38005";
    let three = initial("m0", cluster, "http://127.0.0.1:50529").unwrap();
    let ids: Vec<u64> = three.members.iter().map(|member| member.id).collect();
    let expected = [
        0x1e5e_b2d4_b250_f99b,
        0x9832_1dc6_8eb9_db77,
        0xf08d_bb3e_bdeb_b2f4,
    ];
    assert_eq!(ids, expected);
    assert_eq!(three.member_id, 0xf08d_bb3e_bdeb_b2f4);
    assert_eq!(three.cluster_id, 0xeecd_110a_0c55_8241);
    for size in [1_usize, 3, 5, 7] {
        let pair = |at: usize| format!("m{at}=http://127.0.0.1:{at}");
        let cluster = (1..=size).map(pair).collect::<Vec<_>>().join(",");
        let of = |at: usize| {
            let own = format!("http://127.0.0.1:{at}");
            initial(&format!("m{at}"), &cluster, &own).unwrap()
        };
        let first = of(1);
        assert_eq!(first.members.len(), size);
        for other in (2..=size).map(of) {
            assert_eq!(other.members, first.members);
            assert_eq!(other.cluster_id, first.cluster_id);
        }
    }
}

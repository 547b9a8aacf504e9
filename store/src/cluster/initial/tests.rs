use super::*;

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
    ];
    for ((name, cluster, advertised), text) in cases {
        assert_eq!(initial(name, cluster, advertised).unwrap_err(), text);
    }
}

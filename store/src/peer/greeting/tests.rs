//! Who is let in.

use std::time::Duration;

use super::*;

fn settings() -> Settings {
    Settings {
        cluster_id: 0xc1,
        member_id: 2,
        dial_timeout: Duration::from_secs(1),
        read_timeout: Duration::from_secs(5),
        write_timeout: Duration::from_secs(5),
        dialer: crate::peer::Dialer::default(),
    }
}

/// What member 1 says to member 2.
fn greeting() -> Greeting {
    let caller = Settings {
        member_id: 1,
        ..settings()
    };
    let urls = vec!["http://a:1".to_owned(), "http://b:2".to_owned()];
    Greeting::new(&caller, urls, 2, Kind::Append)
}

#[test]
fn what_is_written_is_read() {
    let mut headers = HeaderMap::new();
    greeting().write(&mut headers);
    assert_eq!(headers["x-etcd-cluster-id"], "c1");
    assert_eq!(headers["x-peerurls"], "http://a:1,http://b:2");
    assert_eq!(Greeting::read(&headers), Ok(greeting()));
    headers.insert(FROM, HeaderValue::from_static("xyz"));
    assert_eq!(Greeting::read(&headers), Err(Refusal::InvalidFrom));
    headers.remove(FROM);
    assert_eq!(Greeting::read(&headers), Err(Refusal::InvalidFrom));
}

#[test]
fn strangers_are_refused_in_the_order_of_etcd() {
    let own = settings();
    assert_eq!(greeting().check(&own, false), Ok(()));
    assert_eq!(greeting().check(&own, true), Err(Refusal::Removed));
    let mut other = greeting();
    other.to = 3;
    assert_eq!(other.check(&own, false), Err(Refusal::ToMismatch));
    other.cluster_id = 0xc2;
    assert_eq!(other.check(&own, true), Err(Refusal::ClusterIdMismatch));
    other.version = "2.3.8".into();
    assert_eq!(other.check(&own, true), Err(Refusal::IncompatibleVersion));
    let mut newer = greeting();
    newer.min_cluster = "3.8.0".into();
    assert_eq!(newer.check(&own, false), Err(Refusal::IncompatibleVersion));
    for from in [0, 2] {
        let mut odd = greeting();
        odd.from = from;
        assert_eq!(odd.check(&own, false), Err(Refusal::InvalidFrom));
    }
}

#[test]
fn a_refusal_is_known_by_its_answer() {
    for refusal in Refusal::ALL {
        let status = refusal.status(&settings());
        assert_eq!(Refusal::of(&status), Some((refusal, "c1".to_owned())));
    }
    let other = Status::failed_precondition("something else");
    assert_eq!(Refusal::of(&other), None);
}

//! `make-mirror`: what both clients make of the same source is the same, revision by revision.

use std::time::Duration;

use harness::eventually;

use crate::script::{Case, read};
use crate::side::Side;

const PATIENCE: Duration = Duration::from_secs(20);

fn case(line: &str) -> Case {
    read(line).remove(0)
}

/// All keys of a side's server, with their revisions; none of it depends on the server.
fn keys(side: &mut Side) -> String {
    let outcome = side.run(&case("get \"\" --prefix -w json"));
    let text = String::from_utf8(outcome.stdout).unwrap();
    let (_, kvs) = text.split_once("\"kvs\":").unwrap_or_default();
    kvs.to_owned()
}

/// Fills a source, mirrors it, changes it meanwhile, and tells what the destination holds.
fn mirrored(mut source: Side, mut destination: Side, flags: &str) -> String {
    let change = |source: &mut Side, line: &str| {
        assert_eq!(source.run(&case(line)).code, 0, "{line}");
    };
    for line in ["put a/1 one", "put b other", "put a/2 two", "put a/1 again"] {
        change(&mut source, line);
    }
    let endpoint = destination.server.endpoint();
    let mirror = source.spawn(&case(&format!("make-mirror {endpoint} {flags}")));
    let has = |destination: &mut Side, value: &str| keys(destination).contains(value);
    // With --rev the keys of before come as changes.
    assert!(eventually(PATIENCE, || has(&mut destination, "YWdhaW4=")));
    for line in [
        "txn < \"\\n\\nput a/3 three\\nput b four\\ndel a/2\\n\\n\\n\"",
        "del a/1",
        "put a/last END",
    ] {
        change(&mut source, line);
    }
    assert!(eventually(PATIENCE, || has(&mut destination, "RU5E")));
    drop(mirror);
    keys(&mut destination)
}

#[test]
fn mirrors_are_made_as_etcdctl_makes_them() {
    for flags in [
        "--prefix a",
        "--prefix a/ --dest-prefix copies/of/",
        "--prefix a/ --no-dest-prefix --max-txn-ops 1",
        "--prefix a/ --rev 2",
    ] {
        let ours = mirrored(Side::ours(), Side::real(), flags);
        let real = mirrored(Side::real(), Side::real(), flags);
        assert_eq!(ours, real, "{flags}");
        assert!(ours.contains("RU5E"), "{ours}");
    }
}

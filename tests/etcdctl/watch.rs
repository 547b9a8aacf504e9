//! Watches that wait: events made after they started, in every format.

use std::time::Duration;

use harness::eventually;

use crate::script::{Case, FORMATS, read};
use crate::side::Side;

const PATIENCE: Duration = Duration::from_secs(20);

fn case(line: &str) -> Case {
    read(line).remove(0)
}

/// The last value written; as text, as base64, and as a fields printer shows it.
const LAST: [&[u8]; 2] = [b"END", b"RU5E"];

#[test]
fn watches_print_later_events_as_etcdctl_does() {
    let mut ours = Side::ours();
    let mut real = Side::real();
    // Revision 2 is the next one: a watch on the past gets it in batches, cut as time goes.
    let flags = ["", " --prev-kv", " --prefix --rev 2", " --hex"];
    let mut lives = Vec::new();
    for format in FORMATS.iter().filter(|format| **format != "table") {
        for flags in flags {
            let case = case(&format!("watch foo -w {format}{flags}"));
            lives.push((case.shown.clone(), ours.spawn(&case), real.spawn(&case)));
        }
    }
    for side in [&mut ours, &mut real] {
        // Watches on "now" only see events made after the server has them: wait until it counts all
        // of them.
        let metric = format!("etcd_debugging_mvcc_watcher_total {}", lives.len());
        let counted = eventually(PATIENCE, || {
            let page = harness::get(&side.server.endpoint(), "/metrics");
            page.is_ok_and(|(_, body)| body.contains(&metric))
        });
        assert!(counted, "the server does not count {}", lives.len());
        for line in [
            "put foo first",
            "put food other",
            "put foo \"\\xff\\n\"",
            "del foo",
            "put foo END",
        ] {
            assert_eq!(side.run(&case(line)).code, 0, "{line}");
        }
    }
    for (shown, ours, real) in &lives {
        let ended = |bytes: &[u8]| {
            let hex = bytes.windows(12).any(|w| w == b"\\x45\\x4e\\x44");
            hex || LAST
                .iter()
                .any(|last| bytes.windows(last.len()).any(|w| w == *last))
        };
        let both = eventually(PATIENCE, || {
            let (left, right) = (ours.seen.bytes(), real.seen.bytes());
            ended(&left) && ended(&right) && left.len() == right.len()
        });
        let (left, right) = (ours.seen.bytes(), real.seen.bytes());
        assert!(
            both && left == right,
            "{shown}\nours:\n{}\netcdctl:\n{}",
            left.escape_ascii(),
            right.escape_ascii()
        );
    }
}

#[test]
fn a_watch_goes_on_after_the_server_was_gone() {
    let mut ours = Side::ours();
    let live = ours.spawn(&case("watch foo --rev 2 -w json"));
    let printed = |text: &str| {
        let seen = live.seen.bytes();
        String::from_utf8_lossy(&seen).matches(text).count()
    };
    for revision in 2..5 {
        assert_eq!(ours.run(&case("put foo bar")).code, 0);
        let last = format!("\"mod_revision\":{revision},");
        assert!(eventually(PATIENCE, || printed(&last) == 1), "{last}");
        ours.server.kill();
        ours.server.restart().unwrap();
    }
    assert_eq!(printed("\"mod_revision\""), 3);
}

#[test]
fn interactive_watches_run_side_by_side() {
    let mut ours = Side::ours();
    let mut lines = case("watch -i");
    lines.stdin = b"watch a\nwatch b -- echo ran\nprogress\n".to_vec();
    lines.stdin_stays_open = true;
    let live = ours.spawn(&lines);
    let printed = |text: &str| {
        let seen = live.seen.bytes();
        String::from_utf8_lossy(&seen).matches(text).count()
    };
    let two = "etcd_debugging_mvcc_watcher_total 2";
    let started = eventually(PATIENCE, || {
        let page = harness::get(&ours.server.endpoint(), "/metrics");
        page.is_ok_and(|(_, body)| body.contains(two))
    });
    assert!(started);
    // One answer for each watch, though it may have been asked before the watch was there.
    assert!(eventually(PATIENCE, || printed("progress notify: 1\n") == 2));
    for line in ["put a 1", "put b 2", "put c 3"] {
        assert_eq!(ours.run(&case(line)).code, 0, "{line}");
    }
    assert!(eventually(PATIENCE, || printed("PUT\na\n1\n") == 1));
    assert!(eventually(PATIENCE, || printed("PUT\nb\n2\nran\n") == 1));
    assert_eq!(printed("PUT\n"), 2);
}

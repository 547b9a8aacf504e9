//! `/proc` as it looks, and as it looks when a process has an odd name.

use super::*;

#[test]
fn stat_is_counted_behind_the_name() {
    let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 100 0 0 0 123 45 9 9 20 0 1 0 100 1 1";
    assert_eq!(cpu_ticks(stat), Some(168));
    assert_eq!(cpu_ticks("7 (etcd) S 1"), None);
}

#[test]
fn labels_are_found_at_line_starts() {
    let io = "rchar: 1\nwrite_bytes: 4096\ncancelled_write_bytes: 7\n";
    assert_eq!(labelled(io, "write_bytes:"), Some(4096));
    assert_eq!(labelled("VmRSS:\t  812 kB\n", "VmRSS:"), Some(812));
    assert_eq!(labelled(io, "read_bytes:"), None);
}

#[test]
fn this_process_has_used_something() {
    let usage = Usage::of("self").unwrap();
    assert!(usage.rss_kib > 0 && usage.peak_kib >= usage.rss_kib);
}

#[test]
fn busy_is_all_but_idle_and_waiting() {
    let stat = "cpu  100 20 30 4000 500 6 7 8 90 10\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
    assert_eq!(busy_ticks(stat), Some(171));
    assert_eq!(busy_ticks("cpu  100 20 30\n"), None);
}

#[test]
fn processes_add_up() {
    let one = Usage {
        cpu: Duration::from_millis(10),
        written_bytes: 1,
        rss_kib: 2,
        peak_kib: 3,
    };
    let sum = [one, one].into_iter().sum::<Usage>();
    assert_eq!(sum.cpu, Duration::from_millis(20));
    assert_eq!((sum.written_bytes, sum.rss_kib, sum.peak_kib), (2, 4, 6));
}

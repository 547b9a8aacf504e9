//! Which entries can be had.

use super::*;

/// A log that three members share, with entries of 1 MiB, all applied.
fn filled(count: u64, catchup_entries: usize) -> Log {
    filled_with(count, catchup_entries, 1 << 20)
}

/// The same with entries of `bytes`.
fn filled_with(count: u64, catchup_entries: usize, bytes: u32) -> Log {
    let boot = Boot {
        conf: Conf::of_voters([1, 2, 3]),
        ..Boot::default()
    };
    let mut log = Log::new(&boot, catchup_entries, None);
    let entries: Vec<Entry> = (1..=count)
        .map(|index| {
            convert::to_raft(&wal::Entry {
                index,
                term: 1,
                kind: 0,
                data: vec![0; bytes as usize].into(),
            })
        })
        .collect();
    log.append(&entries);
    let position = |index| Position {
        segment: 0,
        offset: index * u64::from(bytes),
        len: bytes,
    };
    let positions: Vec<_> = (1..=count).map(|index| (index, position(index))).collect();
    log.written(&positions);
    log
}

#[test]
fn more_is_kept_while_a_member_is_brought_up_to_date() {
    let mut log = filled(20, 6);
    log.trim(20, true);
    assert_eq!(log.first(), 1);
    log.trim(20, false);
    assert_eq!(log.first(), 15);
    // But not without bound.
    let mut log = filled(200, 6);
    log.trim(200, true);
    let kept = 200 - log.first() + 1;
    assert!((60..=70).contains(&kept), "{kept} entries of 1 MiB");
}

#[test]
fn no_more_is_kept_than_asked_for_even_if_it_fits_in_memory() {
    let mut log = filled_with(100, 6, 10);
    log.trim(50, false);
    assert_eq!(log.first(), 45);
    assert_eq!(log.last(), 100);
    log.trim(100, false);
    assert_eq!(log.first(), 95);
}

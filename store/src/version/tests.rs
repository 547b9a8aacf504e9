//! `etcd --version` as harnesses read it.

#[test]
fn the_first_line_is_what_harnesses_look_for() {
    let report = super::report();
    assert!(
        report.starts_with("etcd Version: 3.7.1\nGit SHA: "),
        "{report}"
    );
    assert_eq!(report.lines().count(), 4);
    assert!(
        report
            .lines()
            .nth(3)
            .is_some_and(|l| l.starts_with("Go OS/Arch: "))
    );
}

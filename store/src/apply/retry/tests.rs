use super::*;

#[test]
fn pauses_grow_up_to_a_bound() {
    let mut retry = Retry::default();
    let mut now = Instant::now();
    assert!(!retry.is_due(|| now), "nothing has failed");
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
        retry.failed(now);
        let pause = Duration::from_secs(seconds);
        assert!(!retry.is_due(|| now + pause - Duration::from_millis(1)));
        now += pause;
        assert!(retry.is_due(|| now), "not after {seconds} s");
    }
}

#[test]
fn what_went_well_is_not_tried_again() {
    let mut retry = Retry::default();
    let now = Instant::now();
    let later = || now + Duration::from_secs(100);
    retry.failed(now);
    retry.failed(now);
    retry.succeeded();
    assert!(!retry.is_due(later));
    retry.failed(now);
    assert!(
        retry.is_due(|| now + Duration::from_secs(1)),
        "it begins anew with the shortest pause"
    );
}

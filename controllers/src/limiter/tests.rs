use super::*;

#[test]
fn pauses_double_up_to_the_longest() {
    let now = Instant::now();
    let mut limiter = Limiter::new(Duration::from_millis(60), now);
    let pauses: Vec<u128> = (0..6)
        .map(|_| limiter.failed("a", now).as_millis())
        .collect();
    assert_eq!(pauses, [5, 10, 20, 40, 60, 60]);
    assert_eq!(limiter.failed("b", now).as_millis(), 5);
    limiter.forget(&"a");
    assert_eq!(limiter.failed("a", now).as_millis(), 5);
}

#[test]
fn many_failures_of_one_key_do_not_overflow() {
    let now = Instant::now();
    let mut limiter = Limiter::new(LONGEST, now);
    let mut last = Duration::ZERO;
    for _ in 0..90 {
        last = limiter.failed((), now);
    }
    assert_eq!(last, LONGEST);
}

#[test]
fn all_keys_share_a_bucket() {
    let now = Instant::now();
    let mut limiter = Limiter::new(LONGEST, now);
    for key in 0..100 {
        assert_eq!(limiter.failed(key, now), BASE);
    }
    assert_eq!(limiter.failed(100, now).as_millis(), 100);
    assert_eq!(limiter.failed(101, now).as_millis(), 200);
    let later = now + Duration::from_secs(20);
    assert_eq!(limiter.failed(102, later), BASE);
}

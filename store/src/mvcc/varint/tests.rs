use super::*;

#[test]
fn every_width_survives() {
    let mut out = Vec::new();
    let numbers: Vec<u64> = (0..64)
        .flat_map(|bit| [1_u64 << bit, (1 << bit) - 1])
        .chain([u64::MAX])
        .collect();
    for &number in &numbers {
        put(&mut out, number);
        put_signed(&mut out, number as i64);
        put_signed(&mut out, (number as i64).wrapping_neg());
    }
    let mut cursor = Cursor::new(&out);
    for &number in &numbers {
        assert_eq!(cursor.number(), Some(number));
        assert_eq!(cursor.signed(), Some(number as i64));
        assert_eq!(cursor.signed(), Some((number as i64).wrapping_neg()));
    }
    assert!(cursor.is_empty());
}

#[test]
fn malformed_numbers_are_refused() {
    assert_eq!(Cursor::new(&[]).number(), None);
    assert_eq!(Cursor::new(&[0x80]).number(), None);
    assert_eq!(Cursor::new(&[0xff; 11]).number(), None);
    let mut too_large = [0xff; 10];
    too_large[9] = 2;
    assert_eq!(Cursor::new(&too_large).number(), None);
}

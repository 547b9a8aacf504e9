use std::time::Duration;

use super::{Spread, table};

fn ms(all: &[u64]) -> Vec<Duration> {
    all.iter().map(|ms| Duration::from_millis(*ms)).collect()
}

#[test]
fn the_median_of_an_even_number_lies_between_two() {
    let spread = Spread::of(&ms(&[30, 10, 20, 40])).unwrap();
    assert_eq!(spread.median, Duration::from_millis(25));
    assert_eq!(spread.text(), "25 (10-40)");
    assert_eq!(Spread::of(&ms(&[7])).unwrap().text(), "7 (7-7)");
    assert_eq!(Spread::of(&[]), None);
}

#[test]
fn a_row_tells_both_sides_and_leaves_out_what_was_not_measured() {
    let rows = [
        (
            "kill".to_owned(),
            [ms(&[1000, 1200, 1100]), ms(&[110, 50, 500])],
        ),
        ("pause".to_owned(), [ms(&[]), ms(&[])]),
    ];
    let text = table(&rows);
    let last = text.lines().last().unwrap();
    assert_eq!(
        last,
        "| kill | 3 | 1100 (1000-1200) | 110 (50-500) | 0.10 |"
    );
    assert_eq!(text.lines().count(), 3);
}

//! The order of keys.

use std::cmp::Ordering;

/// go-yaml's order of keys: letters after all else, numbers within by their value.
pub(super) fn order(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(a, b)| a != b) else {
        return a.len().cmp(&b.len());
    };
    match (a[at].is_alphabetic(), b[at].is_alphabetic()) {
        (true, true) => return a[at].cmp(&b[at]),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let mut start = 0;
    if a[at] == '0' || b[at] == '0' {
        // Zeros within a number are digits of it, not at its beginning.
        let before = a[..at]
            .iter()
            .rev()
            .take_while(|char| char.is_ascii_digit());
        if before.into_iter().any(|char| *char != '0') {
            start = 1;
        }
    }
    let (number_a, end_a) = number(&a, at, start);
    let (number_b, end_b) = number(&b, at, start);
    number_a
        .cmp(&number_b)
        .then(end_a.cmp(&end_b))
        .then(a[at].cmp(&b[at]))
}

fn number(text: &[char], at: usize, start: i64) -> (i64, usize) {
    let mut value = start;
    let mut end = at;
    while let Some(digit) = text.get(end).and_then(|char| char.to_digit(10)) {
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
        end += 1;
    }
    (value, end)
}

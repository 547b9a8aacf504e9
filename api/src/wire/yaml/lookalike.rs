//! Texts that look like something else, so that they are quoted.

use super::resolve::{self, Scalar};

/// Whether a text needs no quotes to be read as text.
pub(super) fn is_plainly_text(text: &str) -> bool {
    matches!(resolve::plain(text), Scalar::Text(_)) && !needs_quotes(text)
}

/// Texts that other readers of YAML 1.1 take for something else: times and numbers in base 60.
fn needs_quotes(text: &str) -> bool {
    is_base_60(text) || is_timestamp(text)
}

/// `190:20:30.15`
fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return false;
    }
    let digits = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'_')
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = whole.split(':');
    let first = parts.next().is_some_and(digits);
    let mut more = 0;
    let rest = parts.all(|part| {
        more += 1;
        matches!(part.as_bytes(), [b'0'..=b'5', b'0'..=b'9'] | [b'0'..=b'9'])
    });
    first && rest && more > 0 && digits(fraction)
}

/// A date, or a moment in one of the forms that YAML has for them.
fn is_timestamp(text: &str) -> bool {
    let mut rest = text;
    let Some(year) = take_digits(&mut rest, 4) else {
        return false;
    };
    let date = (|| {
        skip(&mut rest, "-")?;
        let month = take_digits(&mut rest, 2).filter(|month| (1..=12).contains(month))?;
        skip(&mut rest, "-")?;
        let day = take_digits(&mut rest, 2)?;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let most = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        (1..=most).contains(&day).then_some(())
    })();
    let year_is_four = text.as_bytes().get(4) == Some(&b'-');
    date.is_some() && year_is_four && (rest.is_empty() || is_clock(rest))
}

fn is_clock(mut rest: &str) -> bool {
    let zoned = !rest.starts_with(' ');
    if !rest.starts_with([' ', 't', 'T']) {
        return false;
    }
    rest = &rest[1..];
    let clock = (|| {
        take_digits(&mut rest, 2).filter(|hour| *hour < 24)?;
        skip(&mut rest, ":")?;
        take_digits(&mut rest, 2).filter(|minute| *minute < 60)?;
        skip(&mut rest, ":")?;
        take_digits(&mut rest, 2).filter(|second| *second < 60)
    })();
    if clock.is_none() {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            rest = &fraction[digits..];
        }
    }
    if !zoned {
        return rest.is_empty();
    }
    match rest.as_bytes() {
        [b'Z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => {
            [h1, h2, m1, m2].iter().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}

fn take_digits(rest: &mut &str, most: usize) -> Option<u32> {
    let count = rest
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    let (digits, after) = rest.split_at(count);
    let value = digits.parse().ok()?;
    *rest = after;
    Some(value)
}

fn skip(rest: &mut &str, what: &str) -> Option<()> {
    *rest = rest.strip_prefix(what)?;
    Some(())
}

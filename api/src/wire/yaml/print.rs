//! JSON value to YAML text.

use std::cmp::Ordering;

use libyaml_safer::{Emitter, Encoding, Event, MappingStyle, ScalarStyle, SequenceStyle};
use serde_json::{Number, Value};

use super::float;
use super::resolve::{self, Scalar};

pub(super) fn print(value: &Value) -> String {
    let mut events = vec![
        Event::stream_start(Encoding::Utf8),
        Event::document_start(None, &[], true),
    ];
    put(value, &mut events);
    events.push(Event::document_end(true));
    events.push(Event::stream_end());
    let mut out = Vec::new();
    {
        let mut emitter = Emitter::new();
        emitter.set_unicode(true);
        emitter.set_output_string(&mut out);
        for event in events {
            // Only events in a wrong order and a full disk are errors; there is neither.
            if emitter.emit(event).is_err() {
                break;
            }
        }
    }
    let mut text = String::from_utf8_lossy(&out).into_owned();
    // libyaml closes a document whose last text keeps its line breaks; go-yaml does not.
    if text.ends_with("\n...\n") {
        text.truncate(text.len() - 4);
    }
    text
}

fn put(value: &Value, events: &mut Vec<Event>) {
    match value {
        Value::Null => plain("null", events),
        Value::Bool(value) => plain(if *value { "true" } else { "false" }, events),
        Value::Number(number) => plain(&print_number(number), events),
        Value::String(text) => put_text(text, events),
        Value::Array(items) => {
            events.push(Event::sequence_start(
                None,
                None,
                true,
                SequenceStyle::Block,
            ));
            for item in items {
                put(item, events);
            }
            events.push(Event::sequence_end());
        }
        Value::Object(map) => {
            events.push(Event::mapping_start(None, None, true, MappingStyle::Block));
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by(|(a, _), (b, _)| order(a, b));
            for (key, value) in entries {
                put_text(key, events);
                put(value, events);
            }
            events.push(Event::mapping_end());
        }
    }
}

fn plain(text: &str, events: &mut Vec<Event>) {
    styled(text, ScalarStyle::Plain, events);
}

fn styled(text: &str, style: ScalarStyle, events: &mut Vec<Event>) {
    events.push(Event::scalar(None, None, text, true, true, style));
}

fn put_text(text: &str, events: &mut Vec<Event>) {
    let style = if text.contains(['\u{85}', '\u{2028}', '\u{2029}']) {
        // These are line breaks to YAML; go-yaml is not careful with them.
        ScalarStyle::DoubleQuoted
    } else if text.contains('\n') {
        ScalarStyle::Literal
    } else if matches!(resolve::plain(text), Scalar::Text(_)) && !needs_quotes(text) {
        ScalarStyle::Plain
    } else {
        ScalarStyle::DoubleQuoted
    };
    styled(text, style, events);
}

fn print_number(number: &Number) -> String {
    match number.as_f64() {
        Some(value) if number.is_f64() => float::general(value),
        _ => number.to_string(),
    }
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

/// go-yaml's order of keys: letters after all else, numbers within by their value.
fn order(a: &str, b: &str) -> Ordering {
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

use super::*;

#[test]
fn moments_are_read_and_printed_as_go_does() {
    for (text, expected) in [
        ("2020-01-02T03:04:05Z", "2020-01-02T03:04:05Z"),
        ("2020-01-02T3:04:05Z", "2020-01-02T03:04:05Z"),
        (
            "2020-01-02T03:04:05.999999999+01:30",
            "2020-01-02T01:34:05Z",
        ),
        ("2020-01-02T03:04:05,5Z", "2020-01-02T03:04:05Z"),
        ("2024-02-29T23:59:59-00:01", "2024-03-01T00:00:59Z"),
        ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
        ("9999-12-31T23:59:59-23:59", "10000-01-01T23:58:59Z"),
        ("0000-01-01T00:00:00+01:00", "-0001-12-31T23:00:00Z"),
    ] {
        assert_eq!(parse(text).map(Moment::print).as_deref(), Ok(expected));
    }
    assert!(parse("0001-01-01T00:00:00Z").unwrap().is_zero());
}

#[test]
fn moments_that_are_none_are_told_in_gos_words() {
    for (text, expected) in [
        (
            "2020-02-30T03:04:05Z",
            r#""2020-02-30T03:04:05Z": day out of range"#,
        ),
        (
            "2020-13-01T00:00:00Z",
            r#""2020-13-01T00:00:00Z": month out of range"#,
        ),
        (
            "2020-01-02T24:00:00Z",
            r#""2020-01-02T24:00:00Z": hour out of range"#,
        ),
        (
            "2020-01-02T03:04:05Zx",
            r#""2020-01-02T03:04:05Zx": extra text: "x""#,
        ),
        (
            "2020-01-02T03:04:05+25:00",
            r#""2020-01-02T03:04:05+25:00": time zone offset hour out of range"#,
        ),
        (
            "",
            r#""" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006""#,
        ),
        (
            "é\"",
            r#""\xc3\xa9\"" as "2006-01-02T15:04:05Z07:00": cannot parse "\xc3\xa9\"" as "2006""#,
        ),
        (
            "2020-01-02 03:04:05Z",
            r#""2020-01-02 03:04:05Z" as "2006-01-02T15:04:05Z07:00": cannot parse " 03:04:05Z" as "T""#,
        ),
        (
            "2020-01-02T03:04:05",
            r#""2020-01-02T03:04:05" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00""#,
        ),
    ] {
        assert_eq!(parse(text).unwrap_err(), format!("parsing time {expected}"));
    }
}

#[test]
fn moments_to_the_microsecond_have_six_digits() {
    let text = "2020-01-02T03:04:05.123456Z";
    assert_eq!(parse_micro(text).unwrap().print_micro(), text);
    for (text, expected) in [
        ("2020-01-02T03:04:05Z", r#""Z" as ".000000""#),
        ("2020-01-02T03:04:05.12345Z", r#"".12345Z" as ".000000""#),
        ("2020-01-02T03:04:05.1234567Z", r#""7Z" as "Z07:00""#),
    ] {
        let error = parse_micro(text).unwrap_err();
        assert!(
            error.ends_with(&format!("cannot parse {expected}")),
            "{error}"
        );
    }
}

#[test]
fn days_and_dates_are_each_others_inverse() {
    for day in (-800_000..800_000).step_by(97) {
        let (year, month, date) = civil(day);
        assert_eq!(days(year, month, date), day);
    }
}

#[test]
fn durations_are_read_and_printed_as_go_does() {
    for (text, expected) in [
        ("1h15m30.918273645s", "1h15m30.918273645s"),
        ("0", "0s"),
        ("-1.5h", "-1h30m0s"),
        ("1us", "1µs"),
        ("100µs", "100µs"),
        (".5s", "500ms"),
        ("9223372036854775807ns", "2562047h47m16.854775807s"),
        ("-9223372036854775808ns", "-2562047h47m16.854775808s"),
        ("1.0000000000001s", "1s"),
        ("+5m", "5m0s"),
        ("1500ms", "1.5s"),
        ("-.3ns", "0s"),
    ] {
        assert_eq!(
            parse_duration(text).map(print_duration).as_deref(),
            Ok(expected)
        );
    }
    for (text, expected) in [
        ("", r#"time: invalid duration """#),
        ("1", r#"time: missing unit in duration "1""#),
        ("3x", r#"time: unknown unit "x" in duration "3x""#),
        (".s", r#"time: invalid duration ".s""#),
        (
            "9223372036854775808ns",
            r#"time: invalid duration "9223372036854775808ns""#,
        ),
        ("3000000h", r#"time: invalid duration "3000000h""#),
    ] {
        assert_eq!(parse_duration(text).unwrap_err(), expected);
    }
}

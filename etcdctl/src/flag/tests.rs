//! The flag grammar, case by case.

use super::*;

static FLAGS: [Flag; 5] = [
    Flag::switch("prefix", "").short('p'),
    Flag::int("rev", ""),
    Flag::new("write-out", Kind::Text, "simple", "").short('w'),
    Flag::new("timeout", Kind::Duration, "5s", ""),
    Flag::new("endpoints", Kind::List, "a:1", ""),
];

fn parse(line: &[&str]) -> Result<Parsed, String> {
    let mut parsed = Parsed::new(FLAGS.iter().collect());
    let line: Vec<_> = line.iter().map(|arg| arg.as_bytes().to_vec()).collect();
    parsed.parse(&line)?;
    Ok(parsed)
}

#[test]
fn all_spellings_of_a_value_mean_the_same() {
    for line in [
        &["-w", "json"][..],
        &["-wjson"],
        &["-w=json"],
        &["--write-out", "json"],
        &["--write-out=json"],
        &["-pw", "json"],
        &["-pwjson"],
    ] {
        let parsed = parse(line).unwrap();
        assert_eq!(parsed.text("write-out"), b"json", "{line:?}");
        assert!(parsed.changed("write-out"));
    }
}

#[test]
fn flags_and_arguments_mix_until_a_double_dash() {
    let parsed = parse(&["a", "--prefix", "b", "--", "--rev", "-"]).unwrap();
    assert_eq!(parsed.args, [&b"a"[..], b"b", b"--rev", b"-"]);
    assert_eq!(parsed.dash, Some(2));
    assert!(parsed.switch("prefix"));
    assert_eq!(parsed.int("rev"), 0);
    let lone_dash = parse(&["-", ""]).unwrap();
    assert_eq!(lone_dash.args, [&b"-"[..], b""]);
}

#[test]
fn a_switch_never_takes_the_next_argument() {
    let parsed = parse(&["--prefix", "false"]).unwrap();
    assert!(parsed.switch("prefix"));
    assert_eq!(parsed.args, [b"false"]);
    assert!(!parse(&["--prefix=F"]).unwrap().switch("prefix"));
}

#[test]
fn lists_replace_their_default_and_then_grow() {
    assert_eq!(parse(&[]).unwrap().list("endpoints"), [b"a:1"]);
    let parsed = parse(&["--endpoints", "b:1,c:1", "--endpoints=d:1"]).unwrap();
    assert_eq!(parsed.list("endpoints"), [b"b:1", b"c:1", b"d:1"]);
    assert!(
        parse(&["--endpoints="])
            .unwrap()
            .list("endpoints")
            .is_empty()
    );
}

#[test]
fn values_may_be_any_bytes() {
    let mut parsed = Parsed::new(FLAGS.iter().collect());
    let line = [b"--write-out=\xff\xfe".to_vec(), b"\x80".to_vec()];
    parsed.parse(&line).unwrap();
    assert_eq!(parsed.text("write-out"), b"\xff\xfe");
    assert_eq!(parsed.args, [b"\x80"]);
}

#[test]
fn wrong_lines_are_told_in_one_sentence() {
    let cases = [
        (&["--x"][..], "unknown flag: --x"),
        (&["--x=1"], "unknown flag: --x"),
        (&["-x"], "unknown shorthand flag: 'x' in -x"),
        (&["-pxw"], "unknown shorthand flag: 'x' in -xw"),
        (&["--rev"], "flag needs an argument: --rev"),
        (&["-pw"], "flag needs an argument: 'w' in -w"),
        (&["--=1"], "bad flag syntax: --=1"),
        (&["---"], "bad flag syntax: ---"),
        (
            &["--rev", "x"],
            "invalid argument \"x\" for \"--rev\" flag: strconv.ParseInt: parsing \"x\": invalid syntax",
        ),
        (
            &["--rev=9223372036854775808"],
            "invalid argument \"9223372036854775808\" for \"--rev\" flag: strconv.ParseInt: parsing \"9223372036854775808\": value out of range",
        ),
        (
            &["-p=x"],
            "invalid argument \"x\" for \"-p, --prefix\" flag: strconv.ParseBool: parsing \"x\": invalid syntax",
        ),
        (
            &["--timeout=3"],
            "invalid argument \"3\" for \"--timeout\" flag: time: missing unit in duration \"3\"",
        ),
    ];
    for (line, sentence) in cases {
        assert_eq!(parse(line).unwrap_err(), sentence);
    }
}

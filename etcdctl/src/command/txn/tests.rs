//! Conditions and requests as they are typed; the cases that the real etcdctl has no answer for
//! stand here.

use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};

use super::*;
use crate::words::split;

#[test]
fn conditions_on_leases_work() {
    let condition = compare::parse(br#"lease("k") != "1f""#).unwrap();
    assert_eq!(condition.target(), CompareTarget::Lease);
    assert_eq!(condition.result(), CompareResult::NotEqual);
    assert_eq!(condition.target_union, Some(TargetUnion::Lease(0x1f)));
}

#[test]
fn unknown_operators_are_refused() {
    let why = compare::parse(br#"mod("k") ~ "1""#).unwrap_err();
    let sentence = r#"malformed comparison: mod("k") ~ "1" (unknown operator ~)"#;
    assert_eq!(why.to_string(), sentence);
    assert!(matches!(
        why,
        Failure::Said {
            code: exit::INVALID_INPUT,
            ..
        }
    ));
}

#[test]
fn words_are_bare_single_or_double_quoted() {
    let words = split(br#"put  k 'a "b" \n' "c\x00\"" d"e f""#).unwrap();
    assert_eq!(
        words,
        [
            &b"put"[..],
            b"k",
            b"a \"b\" \\n",
            b"c\x00\"",
            b"d\"e",
            b"f\""
        ]
    );
    assert_eq!(split(br#"put "a"#).unwrap(), [&b"put"[..], b"a"]);
    assert!(split(br#""\q""#).is_err());
    assert!(split(b" \t").unwrap().is_empty());
}

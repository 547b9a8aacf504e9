//! One condition of a transaction: `mod("key") > "0"`.

use proto::etcdserverpb as pb;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};

use super::invalid;
use crate::exit::Failure;
use crate::flag::lossy;
use crate::go::{number, quote::quote};
use crate::words::literal;

/// Key, operator and value, as far as they could be read.
#[derive(Default)]
struct Parts {
    key: Vec<u8>,
    operator: Vec<u8>,
    value: Vec<u8>,
}

/// Reads a condition; the sentences are etcdctl's.
pub(super) fn parse(line: &[u8]) -> Result<pb::Compare, Failure> {
    let shown = lossy(line);
    let Some(paren) = line.iter().position(|b| *b == b'(') else {
        return Err(invalid(format!("malformed comparison: {shown}")));
    };
    let target = &line[..paren];
    let mut parts = Parts::default();
    if scan(&line[paren + 1..], &mut parts).is_none() {
        let (key, value) = (quote(&parts.key), quote(&parts.value));
        let (target, operator) = (lossy(target), lossy(&parts.operator));
        return Err(invalid(format!(
            "malformed comparison: {shown}; got {target}({key}) {operator} {value}"
        )));
    }
    let result = match parts.operator.as_slice() {
        b"=" => CompareResult::Equal,
        b"!=" => CompareResult::NotEqual,
        b">" => CompareResult::Greater,
        b"<" => CompareResult::Less,
        other => {
            let other = lossy(other);
            return Err(invalid(format!(
                "malformed comparison: {shown} (unknown operator {other})"
            )));
        }
    };
    let int = |base| {
        let bad = |_| invalid(format!("invalid txn compare request: {shown}"));
        number::parse_int(&parts.value, base).map_err(bad)
    };
    let (target, union) = match target {
        b"ver" | b"version" => (CompareTarget::Version, TargetUnion::Version(int(10)?)),
        b"c" | b"create" => (CompareTarget::Create, TargetUnion::CreateRevision(int(10)?)),
        b"m" | b"mod" => (CompareTarget::Mod, TargetUnion::ModRevision(int(10)?)),
        b"val" | b"value" => (
            CompareTarget::Value,
            TargetUnion::Value(parts.value.clone().into()),
        ),
        b"lease" => (CompareTarget::Lease, TargetUnion::Lease(int(16)?)),
        other => {
            let other = lossy(other);
            return Err(invalid(format!(
                "malformed comparison: {shown} (unknown target {other})"
            )));
        }
    };
    Ok(pb::Compare {
        result: result.into(),
        target: target.into(),
        key: parts.key.into(),
        range_end: bytes::Bytes::new(),
        target_union: Some(union),
    })
}

/// `"key") op "value"`: the parenthesis stands right after the key, white space around the
/// operator.
fn scan(text: &[u8], parts: &mut Parts) -> Option<()> {
    let (key, rest) = literal(text.trim_ascii_start())?;
    parts.key = key;
    let rest = spaces(rest.strip_prefix(b")")?)?;
    let end = rest.iter().position(u8::is_ascii_whitespace);
    let (operator, rest) = rest.split_at(end.unwrap_or(rest.len()));
    if operator.is_empty() {
        return None;
    }
    parts.operator = operator.to_vec();
    let (value, _) = literal(spaces(rest)?)?;
    parts.value = value;
    Some(())
}

/// What follows one space or more.
fn spaces(text: &[u8]) -> Option<&[u8]> {
    let rest = text.trim_ascii_start();
    (rest.len() < text.len()).then_some(rest)
}

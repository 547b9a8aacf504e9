//! Below the messages: paths, metadata, frames, and where status and headers stand.

use prost::Message as _;
use proto::etcdserverpb::RangeRequest;

use super::build::{bytes, put};
use super::{Case, holds};
use crate::raw::{RawCall, RawReply, frame, prefixed};
use crate::reply::Reply;
use crate::step::Step;

const RANGE: &str = "/etcdserverpb.KV/Range";

fn get_a() -> Vec<u8> {
    let request = RangeRequest {
        key: bytes("a"),
        ..RangeRequest::default()
    };
    request.encode_to_vec()
}

fn call(path: &'static str, headers: Vec<(&'static str, Vec<u8>)>, body: bytes::Bytes) -> Step {
    Step::Raw(RawCall {
        path,
        headers,
        body,
        code_only: false,
    })
}

/// The same, where only the status code is compared.
fn code_only(step: Step) -> Step {
    match step {
        Step::Raw(call) => Step::Raw(RawCall {
            code_only: true,
            ..call
        }),
        other => other,
    }
}

/// The status code alone.
fn code(reply: &Reply, code: &str) -> bool {
    raw(reply).grpc().0 == code
}

fn with(name: &'static str, value: impl AsRef<[u8]>) -> Step {
    call(
        RANGE,
        vec![(name, value.as_ref().to_vec())],
        frame(&get_a()),
    )
}

fn raw(reply: &Reply) -> &RawReply {
    match reply {
        Reply::Raw(reply) => reply,
        other => panic!("not a raw reply: {other:?}"),
    }
}

/// The gRPC status and message.
fn says(reply: &Reply, status: &str, message: &str) -> bool {
    let (s, m) = raw(reply).grpc();
    (s.as_str(), m.as_str()) == (status, message)
}

/// Went well, with one message.
fn well(reply: &Reply, _: i64) -> bool {
    says(reply, "0", "") && raw(reply).messages == 1
}

/// A gzip stream of the bytes, in one stored block.
fn gzip(data: &[u8], crc32: u32) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("one stored block");
    let mut stream = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(data);
    stream.extend(crc32.to_le_bytes());
    stream.extend(u32::from(length).to_le_bytes());
    stream
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = paths();
    cases.extend(metadata());
    cases.extend(frames());
    cases
}

#[rustfmt::skip]
fn paths() -> Vec<Case> {
    vec![
        holds("an unknown service", |_| vec![call("/nobody.Knows/It", vec![], frame(b""))], |reply, _| says(reply, "12", "unknown service nobody.Knows")),
        holds("an unknown method", |_| vec![call("/etcdserverpb.KV/Nothing", vec![], frame(b""))], |reply, _| says(reply, "12", "unknown method Nothing for service etcdserverpb.KV")),
        holds("there is no reflection", |_| vec![call("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", vec![], frame(b""))], |reply, _| says(reply, "12", "unknown service grpc.reflection.v1.ServerReflection")),
        holds("a path without a method", |_| vec![code_only(call("/etcdserverpb.KV", vec![], frame(b"")))], |reply, _| code(reply, "12")),
        holds("a reply has its status in the trailers", |_| vec![put("a", "1"), call(RANGE, vec![], frame(&get_a()))],
            |reply, _| well(reply, 0) && raw(reply).status == 200 && raw(reply).headers["content-type"] == "application/grpc" && raw(reply).trailers.contains_key("grpc-status")),
        holds("an error has nothing but headers", |_| vec![call(RANGE, vec![], frame(b""))],
            |reply, _| says(reply, "3", "etcdserver: key is not provided") && raw(reply).headers.contains_key("grpc-status") && raw(reply).messages == 0),
    ]
}

#[rustfmt::skip]
fn metadata() -> Vec<Case> {
    vec![
        holds("hasleader is fine while there is a leader", |_| vec![with("hasleader", "true")], well),
        holds("hasleader may say anything", |_| vec![with("hasleader", "perhaps")], well),
        holds("a client version is taken", |_| vec![with("client-api-version", "3.7")], well),
        holds("a client version that is not UTF-8 is refused", |_| vec![with("client-api-version", b"\xff\xfe")], |reply, _| says(reply, "3", "etcdserver: invalid client api version")),
        holds("a token is looked at only when auth is on", |_| vec![with("token", "nonsense.1")], well),
        holds("so is an authorization", |_| vec![with("authorization", "Bearer nonsense")], well),
        holds("unknown metadata is fine", |_| vec![with("x-anything", "at all")], well),
        holds("binary metadata is fine", |_| vec![with("x-anything-bin", "AAEC")], well),
        holds("content type with a subtype", |_| vec![with("content-type", "application/grpc+proto")],
            |reply, r| well(reply, r) && raw(reply).headers["content-type"] == "application/grpc+proto"),
        holds("content type with a parameter", |_| vec![with("content-type", "application/grpc;x=y")], well),
        holds("an error has the subtype too", |_| vec![call(RANGE, vec![("content-type", b"application/grpc+proto".to_vec())], frame(b""))],
            |reply, _| says(reply, "3", "etcdserver: key is not provided") && raw(reply).headers["content-type"] == "application/grpc+proto"),
        holds("a content type that is not gRPC", |_| vec![with("content-type", "text/plain")],
            |reply, _| says(reply, "3", "invalid gRPC request content-type \"text/plain\"") && raw(reply).status == 415),
        holds("a content type that begins like gRPC's", |_| vec![with("content-type", "application/grpc-web")],
            |reply, _| says(reply, "3", "invalid gRPC request content-type \"application/grpc-web\"")),
        holds("a timeout that is far off", |_| vec![with("grpc-timeout", "10S")], well),
        holds("a timeout that is no timeout", |_| vec![with("grpc-timeout", "soon")],
            |reply, _| says(reply, "13", "malformed grpc-timeout: strconv.ParseUint: parsing \"soo\": invalid syntax") && raw(reply).status == 400),
        holds("a timeout that has no unit", |_| vec![with("grpc-timeout", "10")], |reply, _| says(reply, "13", "malformed grpc-timeout: transport: timeout unit is not recognized: \"10\"")),
        holds("a timeout of nine digits", |_| vec![with("grpc-timeout", "123456789S")], |reply, _| says(reply, "13", "malformed grpc-timeout: transport: timeout string is too long: \"123456789S\"")),
    ]
}

#[rustfmt::skip]
fn frames() -> Vec<Case> {
    vec![
        holds("bytes that are no message", |_| vec![code_only(call(RANGE, vec![], frame(b"\xff\xff\xff")))], |reply, _| code(reply, "13")),
        holds("half a frame", |_| vec![code_only(call(RANGE, vec![], bytes(b"\0\0\0\0\x09\x0a")))], |reply, _| code(reply, "2")),
        holds("half a prefix", |_| vec![code_only(call(RANGE, vec![], bytes(b"\0\0")))], |reply, _| code(reply, "2")),
        holds("fields that are not known are skipped", |_| vec![{
                let mut message = get_a();
                message.extend([0xf8, 0x3f, 5]);
                call(RANGE, vec![], frame(&message))
            }], well),
        holds("a gzip message is read", |_| vec![{
                let message = get_a();
                let body = prefixed(1, &gzip(&message, 0xd178_3c4b));
                call(RANGE, vec![("grpc-encoding", b"gzip".to_vec())], body)
            }], |reply, r| well(reply, r) && raw(reply).headers["grpc-encoding"] == "gzip"),
        holds("gzip that is damaged", |_| vec![code_only({
                let body = prefixed(1, &gzip(&get_a(), 0));
                call(RANGE, vec![("grpc-encoding", b"gzip".to_vec())], body)
            })], |reply, _| code(reply, "13")),
        holds("gzip may be understood without being used", |_| vec![with("grpc-accept-encoding", "gzip")], |reply, r| well(reply, r) && !raw(reply).headers.contains_key("grpc-encoding")),
        holds("gzip may be named without being used", |_| vec![with("grpc-encoding", "gzip")], well),
        holds("a compression that nobody knows", |_| vec![code_only(call(RANGE, vec![("grpc-encoding", b"snappy".to_vec())], prefixed(1, &get_a())))], |reply, _| code(reply, "12")),
        holds("a compressed flag without a compression", |_| vec![code_only(call(RANGE, vec![], prefixed(1, &get_a())))], |reply, _| code(reply, "13")),
        holds("a flag that is no flag", |_| vec![code_only(call(RANGE, vec![], prefixed(7, &get_a())))], |reply, _| code(reply, "13")),
        holds("a frame that is announced too large", |_| vec![call(RANGE, vec![], bytes(b"\0\xff\xff\xff\xff"))], |reply, _| says(reply, "8", "grpc: received message larger than max (4294967295 vs. 2097152)")),
        holds("an empty message is a message", |_| vec![call("/etcdserverpb.Maintenance/Status", vec![], frame(b""))], well),
    ]
}

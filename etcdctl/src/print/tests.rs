//! Replies that no healthy single server sends; all others are compared with the real etcdctl by
//! tests/etcdctl.

use proto::etcdserverpb::response_op::Response;

use super::*;

fn shown(format: &str, hex: bool, how: impl FnOnce(&dyn Printer, Out<'_>) -> Done) -> String {
    let printer = select(format, hex).unwrap();
    let mut out = Vec::new();
    how(&*printer, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn alarms() -> pb::AlarmResponse {
    pb::AlarmResponse {
        header: Some(pb::ResponseHeader::default()),
        alarms: vec![pb::AlarmMember {
            member_id: 0x1f,
            alarm: pb::AlarmType::Nospace.into(),
        }],
    }
}

#[test]
fn alarms_are_named() {
    let print = |format, hex| shown(format, hex, |p, out| p.alarm(out, &alarms()));
    assert_eq!(print("simple", false), "memberID:31 alarm:NOSPACE\n");
    assert_eq!(
        print("json", false),
        "{\"header\":{},\"alarms\":[{\"memberID\":31,\"alarm\":1}]}\n"
    );
    let fields = print("fields", true);
    assert!(
        fields.ends_with("\"MemberID\" : 1f\n\"AlarmType\" : NOSPACE\n\n"),
        "{fields}"
    );
}

#[test]
fn nested_transactions_print_as_json() {
    let inner = pb::TxnResponse::default();
    let outer = pb::TxnResponse {
        responses: vec![pb::ResponseOp {
            response: Some(Response::ResponseTxn(inner)),
        }],
        ..Default::default()
    };
    let text = shown("json", false, |p, out| p.txn(out, &outer));
    assert_eq!(
        text,
        "{\"responses\":[{\"Response\":{\"response_txn\":{}}}]}\n"
    );
}

#[test]
fn an_unhealthy_endpoint_goes_to_stderr_in_the_simple_format() {
    let list = [Health {
        endpoint: "a:1".to_owned(),
        healthy: false,
        took: "1ms".to_owned(),
        error: Some("why <not>".to_owned()),
    }];
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let simple = select("simple", false).unwrap();
    simple.endpoint_health(&mut out, &mut err, &list).unwrap();
    assert!(out.is_empty());
    assert_eq!(
        err,
        b"a:1 is unhealthy: failed to commit proposal: why <not>\n"
    );
    let text = shown("json", false, |p, out| {
        p.endpoint_health(out, &mut Vec::new(), &list)
    });
    let object = "{\"endpoint\":\"a:1\",\"health\":false,\"took\":\"1ms\",\"error\":\"why \\u003cnot\\u003e\"}";
    assert_eq!(text, format!("[{object}]\n"));
}

#[test]
fn a_status_without_a_size_is_all_in_use() {
    let list = [Status {
        endpoint: "a:1".to_owned(),
        reply: pb::StatusResponse::default(),
    }];
    let text = shown("simple", false, |p, out| p.endpoint_status(out, &list));
    assert_eq!(
        text,
        "a:1, 0, , , 0 B, 0 B, 0%, 0 B, true, false, 0, 0, 0, , , false\n"
    );
}

#[test]
fn formats_refuse_what_they_have_no_form_for() {
    let mut out = Vec::new();
    let table = select("table", false).unwrap();
    let refused = table
        .put(&mut out, &pb::PutResponse::default())
        .unwrap_err();
    assert_eq!(refused.to_string(), "table not supported as output format");
    assert!(select("yaml", false).is_err());
}

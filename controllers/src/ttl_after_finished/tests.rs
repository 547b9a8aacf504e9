use serde_json::json;

use super::*;

fn job(ttl: &Value, kind: &str, status: &str) -> Value {
    json!({
        "spec": {"ttlSecondsAfterFinished": ttl},
        "status": {"conditions": [
            {"type": "Suspended", "status": "True", "lastTransitionTime": "2025-01-01T00:00:00Z"},
            {"type": kind, "status": status, "lastTransitionTime": "2026-01-01T00:00:00Z"},
        ]},
    })
}

#[test]
fn the_time_runs_from_the_end() {
    let at = |time: &str| Some(time.parse::<Timestamp>().unwrap());
    assert_eq!(
        expiry(&job(&json!(90), "Complete", "True")),
        at("2026-01-01T00:01:30Z")
    );
    assert_eq!(
        expiry(&job(&json!(0), "Failed", "True")),
        at("2026-01-01T00:00:00Z")
    );
}

#[test]
fn who_has_no_time_or_has_not_ended_stays() {
    assert_eq!(expiry(&job(&Value::Null, "Complete", "True")), None);
    assert_eq!(expiry(&job(&json!(1), "Complete", "False")), None);
    assert_eq!(expiry(&job(&json!(1), "Running", "True")), None);
    assert_eq!(expiry(&job(&json!(i64::MAX), "Complete", "True")), None);
}

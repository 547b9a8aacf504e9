//! `/health`: one answer for all, kept for those who do not know `/livez` and `/readyz`.
//!
//! `?serializable=true` asks for this member alone; `?exclude=NOSPACE` passes over an alarm.

use super::answer::{TEXT, not_allowed, plain, query, typed};
use super::{Alarm, Probe, Shared};
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;

pub(super) async fn health(State(shared): State<Shared>, method: Method, uri: Uri) -> Response {
    if method != Method::GET {
        tracing::warn!("status-code" = 405_u64, "/health error");
        return not_allowed();
    }
    let excluded = query(&uri, "exclude");
    let serializable = query(&uri, "serializable")
        .first()
        .is_some_and(|value| value == "true");
    match check(shared.probe.as_ref(), &excluded, serializable).await {
        Ok(()) => {
            shared.metrics.health.success.inc();
            tracing::debug!("status-code" = 200_u64, "/health OK");
            typed(
                StatusCode::OK,
                TEXT,
                r#"{"health":"true","reason":""}"#.into(),
            )
        }
        Err(reason) => {
            shared.metrics.health.failures.inc();
            let text = format!(
                r#"{{"health":"false","reason":{}}}"#,
                serde_json::json!(reason)
            );
            tracing::warn!(output = text, "status-code" = 503_u64, "/health error");
            plain(StatusCode::SERVICE_UNAVAILABLE, &text)
        }
    }
}

/// Looks at alarms, the leader and a read, in this order; the error is the reason.
async fn check(probe: &dyn Probe, excluded: &[String], serializable: bool) -> Result<(), String> {
    let counts = |alarm: &Alarm| !excluded.iter().any(|name| name == alarm.name());
    if let Some(alarm) = probe.alarms().into_iter().find(counts) {
        tracing::warn!(
            alarm = alarm.name(),
            "serving /health false due to an alarm"
        );
        return Err(format!("ALARM {}", alarm.name()));
    }
    if !serializable && !probe.has_leader() {
        tracing::warn!("serving /health false; no leader");
        return Err("RAFT NO LEADER".into());
    }
    probe.read(serializable).await.map_err(|error| {
        tracing::warn!(error, "serving /health false; Range fails");
        format!("RANGE ERROR:{error}")
    })
}

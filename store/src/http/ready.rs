//! `/livez` and `/readyz`: lists of checks, each with a path of its own.
//!
//! `?verbose` lists the checks, `?exclude=name` leaves one out. A failure always lists them:
//!
//! ```text
//! [+]serializable_read ok
//! [-]linearizable_read failed: etcdserver: no leader
//! ```

use super::answer::{not_allowed, plain, query, sure_text};
use super::{Alarm, Probe, Shared};
use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::any;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    DataCorruption,
    SerializableRead,
    LinearizableRead,
    NonLearner,
}

impl Check {
    fn name(self) -> &'static str {
        match self {
            Check::DataCorruption => "data_corruption",
            Check::SerializableRead => "serializable_read",
            Check::LinearizableRead => "linearizable_read",
            Check::NonLearner => "non_learner",
        }
    }

    async fn run(self, probe: &dyn Probe) -> Result<(), String> {
        match self {
            Check::DataCorruption if probe.alarms().contains(&Alarm::Corrupt) => {
                Err("alarm activated: CORRUPT".into())
            }
            Check::NonLearner if probe.is_learner() => Err("not supported for learner".into()),
            Check::DataCorruption | Check::NonLearner => Ok(()),
            Check::SerializableRead => probe.read(true).await,
            Check::LinearizableRead => probe.read(false).await,
        }
    }
}

/// The name of each list, without the slash, and its checks.
const LISTS: [(&str, &[Check]); 2] = [
    ("livez", &[Check::SerializableRead]),
    (
        "readyz",
        &[
            Check::DataCorruption,
            Check::SerializableRead,
            Check::LinearizableRead,
            Check::NonLearner,
        ],
    ),
];

/// Adds the lists and their checks.
pub(super) fn routes(mut router: Router<Shared>) -> Router<Shared> {
    for (list, checks) in LISTS {
        let answer = move |State(shared): State<Shared>, method: Method, uri: Uri| async move {
            let mut excluded = query(&uri, "exclude");
            excluded.retain(|name| !name.is_empty());
            let kept = |check: &Check| !excluded.iter().any(|name| name == check.name());
            let left: Vec<Check> = checks.iter().copied().filter(kept).collect();
            if method == Method::GET {
                excluded.retain(|name| !checks.iter().any(|check| check.name() == name));
                if !excluded.is_empty() {
                    let missing = excluded.iter().map(|name| format!("\"{name}\""));
                    let missing = missing.collect::<Vec<_>>().join(",");
                    tracing::warn!(
                        "missing-health-checks" = missing,
                        "some health checks cannot be excluded"
                    );
                }
            }
            run(&shared, list, &left, &method, &uri).await
        };
        router = router.route(&format!("/{list}"), any(answer));
        for check in checks {
            let answer = move |State(shared): State<Shared>, method: Method, uri: Uri| async move {
                run(&shared, list, &[*check], &method, &uri).await
            };
            router = router.route(&format!("/{list}/{}", check.name()), any(answer));
        }
    }
    router
}

/// Runs some checks of a list.
async fn run(
    shared: &Shared,
    list: &str,
    checks: &[Check],
    method: &Method,
    uri: &Uri,
) -> Response {
    let path = uri.path();
    if method != Method::GET {
        tracing::warn!(path, "status-code" = 405_u64, "Health request error");
        return not_allowed();
    }
    let mut lines = String::new();
    let mut passed = true;
    for check in checks {
        let result = check.run(shared.probe.as_ref()).await;
        shared
            .metrics
            .health
            .record(list, check.name(), result.is_ok());
        match result {
            Ok(()) => lines.push_str(&format!("[+]{} ok\n", check.name())),
            Err(error) => {
                passed = false;
                lines.push_str(&format!("[-]{} failed: {error}\n", check.name()));
            }
        }
    }
    if !passed {
        tracing::error!(
            path,
            reason = lines,
            "status-code" = 503_u64,
            "Health check error"
        );
        return plain(StatusCode::SERVICE_UNAVAILABLE, &lines);
    }
    tracing::debug!(
        path,
        reason = lines,
        "status-code" = 200_u64,
        "Health check OK"
    );
    if query(uri, "verbose").is_empty() {
        lines.clear();
    }
    lines.push_str("ok\n");
    sure_text(StatusCode::OK, lines)
}

//! Requests for certificates, and whom to trust.

use serde_json::Value;

use super::column::{AGE, NAME, text};
use super::get::Get as _;
use super::{Builtin, age, labels};

pub(super) fn kind(kind: &str) -> Option<&'static Builtin> {
    match kind {
        "CertificateSigningRequest" => Some(&REQUEST),
        "ClusterTrustBundle" => Some(&BUNDLE),
        "PodCertificateRequest" => Some(&POD_REQUEST),
        _ => None,
    }
}

static REQUEST: Builtin = Builtin {
    columns: &[
        NAME,
        AGE,
        text("SignerName", "Who is asked to sign."),
        text("Requestor", "Who asks."),
        text(
            "RequestedDuration",
            "How long the certificate should be valid.",
        ),
        text("Condition", "Whether the request is granted."),
    ],
    cells: |object, moment| {
        let seconds = object.at("spec.expirationSeconds").as_i64();
        let duration = seconds.map_or_else(
            || "<none>".into(),
            |seconds| age::human_duration(i128::from(seconds) * 1_000_000_000),
        );
        vec![
            object.name(),
            object.age(moment),
            object.text_or("spec.signerName", "<none>").into(),
            object.cell("spec.username"),
            duration.into(),
            condition(object).into(),
        ]
    },
    conditions: None,
};

fn condition(request: &Value) -> String {
    let conditions = request.list("status.conditions");
    let has = |kind: &str| conditions.iter().any(|it| it.text("type") == kind);
    let mut told = if has("Denied") {
        "Denied"
    } else if has("Approved") {
        "Approved"
    } else {
        "Pending"
    }
    .to_owned();
    if has("Failed") {
        told.push_str(",Failed");
    }
    if !request.text("status.certificate").is_empty() {
        told.push_str(",Issued");
    }
    told
}

static BUNDLE: Builtin = Builtin {
    columns: &[
        NAME,
        text("SignerName", "Whose certificates are in the bundle."),
    ],
    cells: |object, _| {
        vec![
            object.name(),
            object.text_or("spec.signerName", "<none>").into(),
        ]
    },
    conditions: None,
};

static POD_REQUEST: Builtin = Builtin {
    columns: &[
        NAME,
        text("PodName", "The pod that the certificate is for."),
        text("ServiceAccountName", "The pod's service account."),
        text("NodeName", "The pod's node."),
        text("SignerName", "Who is asked to sign."),
        text("State", "Whether the request is granted."),
        text(
            "UnverifiedUserAnnotations",
            "What the pod tells the signer.",
        ),
    ],
    cells: |object, _| {
        let conditions = object.list("status.conditions").iter().rev();
        let mut kinds = conditions.map(|it| it.text("type"));
        let state = kinds.find(|kind| matches!(*kind, "Issued" | "Denied" | "Failed"));
        vec![
            object.name(),
            object.cell("spec.podName"),
            object.cell("spec.serviceAccountName"),
            object.cell("spec.nodeName"),
            object.cell("spec.signerName"),
            state.unwrap_or("Pending").into(),
            labels::labels(object.at("spec.unverifiedUserAnnotations")).into(),
        ]
    },
    conditions: None,
};

//! Horizontal pod autoscalers.

use serde_json::{Value, json};

use super::{Fields, Rule, set};

pub(super) const RULES: &[(&str, Rule)] = &[
    (
        "api.autoscaling.v2.HorizontalPodAutoscalerBehavior",
        behavior,
    ),
    ("api.autoscaling.v2.HorizontalPodAutoscalerSpec", spec),
];

fn spec(fields: &mut Fields) {
    set(fields, "minReplicas", || 1.into());
    if fields
        .get("metrics")
        .and_then(Value::as_array)
        .is_none_or(Vec::is_empty)
    {
        let target = json!({"type": "Utilization", "averageUtilization": 80});
        let metric = json!({"type": "Resource", "resource": {"name": "cpu", "target": target}});
        fields.insert("metrics".to_owned(), json!([metric]));
    }
}

fn behavior(fields: &mut Fields) {
    let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
    let pods = json!({"type": "Pods", "value": 4, "periodSeconds": 15});
    let up = json!({"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [pods, percent]});
    let down = json!({"selectPolicy": "Max", "policies": [percent]});
    for (name, wanted) in [("scaleUp", up), ("scaleDown", down)] {
        set(fields, name, || json!({}));
        let rules = fields.get_mut(name).and_then(Value::as_object_mut);
        if let (Some(rules), Value::Object(wanted)) = (rules, wanted) {
            for (key, value) in wanted {
                set(rules, &key, || value);
            }
        }
    }
}

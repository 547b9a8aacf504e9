//! Labels and selectors as texts.

use serde_json::Value;

use super::get::Get as _;
use crate::selector::LabelSelector;

/// Labels as `a=b,c=d`; `<none>` without any.
pub(super) fn labels(of: &Value) -> String {
    let labels = of.as_object().into_iter().flatten();
    let mut labels: Vec<String> = labels
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    labels.sort();
    match labels.join(",") {
        none if none.is_empty() => "<none>".into(),
        labels => labels,
    }
}

/// A `LabelSelector` as a query; `<none>` of one that says nothing.
pub(super) fn selector(of: &Value) -> String {
    match LabelSelector::from_object(of) {
        Ok(selector) => match selector.to_string() {
            none if none.is_empty() => "<none>".into(),
            selector => selector,
        },
        Err(_) => "<error>".into(),
    }
}

/// The selector of a deployment, which upstream shows in its own way.
pub(super) fn plain(of: &Value) -> String {
    LabelSelector::from_object(of).map_or_else(|_| "<invalid>".into(), |it| it.to_string())
}

/// A `LabelSelector` as Go prints its fields.
pub(super) fn fields(of: &Value) -> String {
    let labels = of.at("matchLabels").as_object().into_iter().flatten();
    let labels: String = labels
        .map(|(key, value)| format!("{key}: {},", value.as_str().unwrap_or_default()))
        .collect();
    let expressions: String = of
        .list("matchExpressions")
        .iter()
        .map(|it| {
            let values: Vec<&str> = it.list("values").iter().filter_map(Value::as_str).collect();
            format!(
                "LabelSelectorRequirement{{Key:{},Operator:{},Values:[{}],}},",
                it.text("key"),
                it.text("operator"),
                values.join(" ")
            )
        })
        .collect();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{labels}}},\
         MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )
}

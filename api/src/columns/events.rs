//! Events, of both groups.

use serde_json::Value;

use super::column::{NAME, text};
use super::get::Get as _;
use super::{Builtin, Moment};

pub(super) fn kind(kind: &str) -> Option<&'static Builtin> {
    (kind == "Event").then_some(&EVENT)
}

static EVENT: Builtin = Builtin {
    columns: &[
        text("Last Seen", "The time since it last happened."),
        text("Type", "Whether it is normal or a warning."),
        text("Reason", "What happened, in one word."),
        text("Object", "The object that it happened to."),
        text("Subobject", "The part of the object that it happened to.").wide(),
        text("Source", "Who tells it.").wide(),
        text("Message", "What happened."),
        text("First Seen", "The time since it first happened.").wide(),
        text("Count", "How often it happened.").wide(),
        NAME.wide(),
    ],
    cells: event,
    conditions: None,
};

/// The text at the first of two paths that has one: `events.k8s.io` calls some fields otherwise.
fn either<'a>(event: &'a Value, core: &str, new: &str) -> &'a str {
    match event.text(core) {
        "" => event.text(new),
        text => text,
    }
}

fn event(object: &Value, moment: &Moment<'_>) -> Vec<Value> {
    let since = |core: &str, new: &str| {
        let text = either(object, core, new);
        super::age::moment(text).map(|_| super::age::since(text, moment.now))
    };
    let first = since("firstTimestamp", "deprecatedFirstTimestamp")
        .unwrap_or_else(|| object.since("eventTime", moment));
    let mut last =
        since("lastTimestamp", "deprecatedLastTimestamp").unwrap_or_else(|| first.clone());
    let mut count = object.int("count").max(object.int("deprecatedCount"));
    if object.has("series") {
        last = object.since("series.lastObservedTime", moment);
        count = object.int("series.count");
    } else if count == 0 {
        count = 1;
    }
    let part = |field: &str| {
        either(
            object,
            &format!("involvedObject.{field}"),
            &format!("regarding.{field}"),
        )
    };
    let kind = part("kind").to_lowercase();
    let target = match part("name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    vec![
        last.into(),
        object.cell("type"),
        object.cell("reason"),
        target.into(),
        part("fieldPath").into(),
        source(object).into(),
        either(object, "message", "note").trim().into(),
        first.into(),
        count.into(),
        object.name(),
    ]
}

fn source(event: &Value) -> String {
    let component = match either(event, "source.component", "deprecatedSource.component") {
        "" => either(event, "reportingComponent", "reportingController"),
        component => component,
    };
    let host = match either(event, "source.host", "deprecatedSource.host") {
        "" => event.text("reportingInstance"),
        host => host,
    };
    if host.is_empty() {
        component.to_owned()
    } else {
        format!("{component}, {host}")
    }
}

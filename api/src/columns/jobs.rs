//! Jobs, once and again.

use serde_json::Value;

use super::column::{AGE, CONTAINERS, IMAGES, NAME, SELECTOR, boolean, integer, text};
use super::get::{Get as _, containers, holds};
use super::{Builtin, Moment, age, labels};

pub(super) fn kind(kind: &str) -> Option<&'static Builtin> {
    match kind {
        "Job" => Some(&JOB),
        "CronJob" => Some(&CRON_JOB),
        _ => None,
    }
}

static JOB: Builtin = Builtin {
    columns: &[
        NAME,
        text("Status", "How far the job is."),
        text("Completions", "How many of the wanted pods have succeeded."),
        text("Duration", "How long the job has been running, or was."),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: job,
    conditions: None,
};

fn job(object: &Value, moment: &Moment<'_>) -> Vec<Value> {
    let done = object.int("status.succeeded");
    let completions = match object.at("spec.completions").as_i64() {
        Some(wanted) => format!("{done}/{wanted}"),
        None => match object.int_or("spec.parallelism", 1) {
            at_once @ 2.. => format!("{done}/1 of {at_once}"),
            _ => format!("{done}/1"),
        },
    };
    let start = age::moment(object.text("status.startTime"));
    let end = age::moment(object.text("status.completionTime")).unwrap_or(moment.now);
    let duration = start.map_or_else(String::new, |start| {
        age::human_duration(end.as_nanosecond() - start.as_nanosecond())
    });
    let [names, images] = containers(object.at("spec.template.spec"));
    vec![
        object.name(),
        state(object).into(),
        completions.into(),
        duration.into(),
        object.age(moment),
        names,
        images,
        labels::selector(object.at("spec.selector")).into(),
    ]
}

fn state(job: &Value) -> &'static str {
    let conditions = job.list("status.conditions");
    if holds(conditions, "Complete") {
        "Complete"
    } else if holds(conditions, "Failed") {
        "Failed"
    } else if job.has("metadata.deletionTimestamp") {
        "Terminating"
    } else if holds(conditions, "Suspended") {
        "Suspended"
    } else if holds(conditions, "FailureTarget") {
        "FailureTarget"
    } else if holds(conditions, "SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    }
}

static CRON_JOB: Builtin = Builtin {
    columns: &[
        NAME,
        text("Schedule", "When jobs are made, in cron's notation."),
        text("Timezone", "The time zone of the schedule."),
        boolean("Suspend", "Whether no jobs are made for now."),
        integer("Active", "How many of the jobs are running."),
        text("Last Schedule", "The time since a job was last made."),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: |object, moment| {
        let last = if object.has("status.lastScheduleTime") {
            object.since("status.lastScheduleTime", moment)
        } else {
            "<none>".into()
        };
        let suspended = match object.at("spec.suspend").as_bool() {
            Some(true) => "True",
            Some(false) => "False",
            None => "<unset>",
        };
        let template = object.at("spec.jobTemplate.spec");
        let [names, images] = containers(template.at("template.spec"));
        vec![
            object.name(),
            object.cell("spec.schedule"),
            object.given("spec.timeZone").unwrap_or("<none>").into(),
            suspended.into(),
            object.list("status.active").len().into(),
            last.into(),
            object.age(moment),
            names,
            images,
            labels::selector(template.at("selector")).into(),
        ]
    },
    conditions: None,
};

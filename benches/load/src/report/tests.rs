//! The tables say what was measured.

use std::collections::BTreeMap;

use super::*;
use crate::compare::Samples;

fn about() -> machine::About {
    machine::About {
        began: "2026-01-02T03:04:05Z".into(),
        cores: 2,
        memory_mib: 1_024,
        kernel: "6.1".into(),
        nodes: 3,
        repeat: 2,
        ours: "a".into(),
        theirs: "b".into(),
    }
}

fn row() -> Compared {
    let cpu = |values: [f64; 2]| {
        let samples = Samples(values.into_iter().enumerate().collect());
        BTreeMap::from([(Metric::CpuUsPerOp, samples)])
    };
    Compared {
        name: "put".into(),
        ours: cpu([20.0, 30.0]),
        theirs: cpu([100.0, 100.0]),
        errors: vec!["etcd: broke".into()],
    }
}

const GOAL: Goal = Goal {
    row: "put",
    metric: Metric::CpuUsPerOp,
    bar: Some(0.6),
    goal: 0.2,
};

#[test]
fn a_ratio_is_judged_against_goal_and_bar() {
    assert_eq!(verdict(Some(0.2), &GOAL), "goal reached");
    assert_eq!(verdict(Some(0.25), &GOAL), "bar reached");
    assert_eq!(verdict(Some(0.61), &GOAL), "missed");
    assert_eq!(verdict(None, &GOAL), "not measured");
    let no_bar = Goal { bar: None, ..GOAL };
    assert_eq!(verdict(Some(0.25), &no_bar), "missed");
}

#[test]
fn a_rate_is_judged_the_other_way() {
    let rate = Goal {
        metric: Metric::OpsPerSecond,
        bar: Some(1.2),
        goal: 1.5,
        ..GOAL
    };
    assert_eq!(verdict(Some(1.6), &rate), "goal reached");
    assert_eq!(verdict(Some(1.3), &rate), "bar reached");
    assert_eq!(verdict(Some(0.5), &rate), "missed");
}

#[test]
fn markdown_holds_figures_goals_and_errors() {
    let (rows, about) = ([row()], about());
    let report = Report {
        rows: &rows,
        goals: &[GOAL],
        about: &about,
    };
    let mut out = Vec::new();
    report.markdown(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.contains(
            "| put | CPU us/op | 25.0 | 100 | 0.25x | 0.20x-0.30x | 2 | <= 0.6 | <= 0.2 | bar \
             reached |"
        ),
        "{text}"
    );
    assert!(text.contains("FAILED: put: etcd: broke"), "{text}");
    assert!(text.contains("- members: 3; "), "{text}");
}

#[test]
fn json_keeps_every_run() {
    let (rows, about) = ([row()], about());
    let report = Report {
        rows: &rows,
        goals: &[GOAL],
        about: &about,
    };
    let value = json(&report);
    let cpu = &value["rows"][0]["metrics"]["cpu_us_per_op"];
    assert_eq!(
        cpu["ours"]["rounds"],
        serde_json::json!({"0": 20.0, "1": 30.0})
    );
    assert_eq!(cpu["ratio"]["median"], 0.25);
    assert_eq!(value["goals"][0]["verdict"], "bar reached");
}

//! A goal whose row is not in the table would never be checked.

use super::*;

#[test]
fn every_goal_has_its_row() {
    for nodes in [1, 3] {
        let (cases, goals) = table(nodes);
        assert!(!goals.is_empty());
        for goal in goals {
            let starts = |case: &Case| {
                goal.row
                    .strip_prefix(case.name.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(": "))
            };
            assert!(cases.iter().any(starts), "{}", goal.row);
        }
    }
}

#[test]
fn whoever_reaches_a_goal_reaches_its_bar() {
    for goal in GOALS.iter().chain(CLUSTER_GOALS) {
        let reached = |bar| goal.reaches(goal.goal, bar);
        assert!(goal.bar.is_none_or(reached), "{}", goal.row);
        assert!(goal.metric.is_compared(), "{}", goal.row);
    }
}

#[test]
fn a_rate_is_to_be_greater_and_a_cost_smaller() {
    let rate = goal("row", Metric::OpsPerSecond, None, 1.5);
    assert!(rate.reaches(1.6, 1.5) && !rate.reaches(1.4, 1.5));
    assert_eq!(rate.condition(1.5), ">= 1.5");
    let cost = goal("row", Metric::CpuUsPerOp, None, 0.5);
    assert!(cost.reaches(0.4, 0.5) && !cost.reaches(0.6, 0.5));
    assert_eq!(cost.condition(0.5), "<= 0.5");
}

#[test]
fn names_are_unique() {
    for cases in [table(1).0, table(3).0, quick()] {
        let names = cases.iter().map(|case| &case.name);
        let unique = names.collect::<std::collections::BTreeSet<_>>();
        assert_eq!(unique.len(), cases.len());
    }
}

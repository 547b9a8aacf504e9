//! A goal whose row is not in the table would never be checked.

use super::*;

#[test]
fn every_goal_has_its_row() {
    let cases = table();
    for goal in GOALS {
        let starts = |case: &Case| {
            goal.row
                .strip_prefix(case.name.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(": "))
        };
        assert!(cases.iter().any(starts), "{}", goal.row);
    }
}

#[test]
fn bars_are_not_above_their_goals() {
    for goal in GOALS {
        assert!(goal.bar.is_none_or(|bar| bar >= goal.goal), "{}", goal.row);
        assert!(goal.metric.is_compared(), "{}", goal.row);
    }
}

#[test]
fn names_are_unique() {
    for cases in [table(), quick()] {
        let names = cases.iter().map(|case| &case.name);
        let unique = names.collect::<std::collections::BTreeSet<_>>();
        assert_eq!(unique.len(), cases.len());
    }
}

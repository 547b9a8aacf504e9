//! Claims of devices. Extended resources that stand for a class of devices are not counted here.

use std::collections::BTreeMap;

use serde_json::Value;

use super::evaluator::number;
use crate::admission::resources::Amounts;
use crate::admission::tree;

const COUNT: &str = "count/resourceclaims.resource.k8s.io";
/// After the name of a class.
const DEVICES: &str = ".deviceclass.resource.k8s.io/devices";
/// The most devices that a claim gets, which those count that ask for all.
const MOST: i64 = 32;

/// Whether claims use what a quota calls so.
pub(super) fn names(name: &str) -> bool {
    name == COUNT || name.ends_with(DEVICES)
}

fn devices(request: &Value) -> (String, i64) {
    let class = tree::text(&request["deviceClassName"]);
    let number = match tree::text(&request["allocationMode"]) {
        "ExactCount" => request["count"].as_i64().unwrap_or(0),
        "All" => MOST,
        _ => 0,
    };
    (format!("{class}{DEVICES}"), number)
}

/// What a claim uses: of alternatives the most of each class.
pub(super) fn usage(claim: &Value) -> Amounts {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for request in tree::items(&claim["spec"]["devices"]["requests"]) {
        let mut most: BTreeMap<String, i64> = BTreeMap::new();
        let alternatives = tree::items(&request["firstAvailable"]).map(devices);
        for (name, number) in alternatives {
            let found = most.entry(name).or_default();
            *found = number.max(*found);
        }
        most.retain(|_, number| *number > 0);
        if tree::items(&request["firstAvailable"]).next().is_none()
            && request["exactly"].is_object()
        {
            most.extend([devices(&request["exactly"])]);
        }
        for (name, number) in most {
            let sum = sums.entry(name).or_default();
            *sum = sum.saturating_add(number);
        }
    }
    let sums = sums.into_iter();
    let mut used: Amounts = sums
        .map(|(name, sum)| (name, number(usize::try_from(sum).unwrap_or(0))))
        .collect();
    used.insert(COUNT.to_owned(), number(1));
    used
}

//! Which rules hold at which level since which version, in the order they are told.

use std::collections::BTreeSet;

use serde_json::Value;

use super::policy::{Level, Rules};
use super::{baseline, restricted};
use crate::admission::tree;

/// The newest minor version with rules of its own.
const NEWEST: u64 = 37;

/// A rule that a pod breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub reason: &'static str,
    /// By what.
    pub detail: String,
}

/// A pod, or the template of one.
#[derive(Clone, Copy, Debug)]
pub struct Pod<'a> {
    /// `metadata`.
    pub metadata: &'a Value,
    /// `spec`.
    pub spec: &'a Value,
}

impl<'a> Pod<'a> {
    /// A pod, or a tree with its `metadata` and `spec`.
    #[must_use]
    pub fn of(object: &'a Value) -> Self {
        Self {
            metadata: &object["metadata"],
            spec: &object["spec"],
        }
    }

    /// All containers, in the order that messages name them.
    pub(super) fn containers(self) -> impl Iterator<Item = &'a Value> {
        let spec = self.spec;
        let fields = ["initContainers", "containers", "ephemeralContainers"];
        fields
            .into_iter()
            .flat_map(|field| tree::items(&spec[field]))
    }

    /// The names of the containers that are so.
    pub(super) fn named(self, is: impl Fn(&Value) -> bool) -> Vec<&'a str> {
        let found = self.containers().filter(|container| is(container));
        found.map(|it| tree::text(&it["name"])).collect()
    }

    pub(super) fn is_windows(self) -> bool {
        self.spec["os"]["name"] == "windows"
    }

    /// Whether the pod's users are not those of the node.
    pub(super) fn has_own_users(self) -> bool {
        self.spec["hostUsers"] == false
    }
}

pub(super) type Found = Option<Violation>;

pub(super) fn found(reason: &'static str, detail: String) -> Found {
    Some(Violation { reason, detail })
}

pub(super) fn join(items: &[&str]) -> String {
    format!("\"{}\"", items.join("\", \""))
}

pub(super) fn join_set(items: &BTreeSet<String>) -> String {
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    join(&items)
}

pub(super) const fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// `container "a"`, `containers "a", "b"`.
pub(super) fn called(containers: &[&str]) -> String {
    let word = plural(containers.len(), "container", "containers");
    format!("{word} {}", join(containers))
}

/// `pod and container "a"`: what sets something that it should not; empty if nothing does.
pub(super) fn setters(by_pod: bool, containers: &[&str]) -> String {
    match (by_pod, containers) {
        (false, []) => String::new(),
        (true, []) => "pod".to_owned(),
        (false, containers) => called(containers),
        (true, containers) => format!("pod and {}", called(containers)),
    }
}

struct Check {
    /// The minor versions whose rule it is, the last one of them not.
    since: u64,
    until: u64,
    /// From which version on another rule stands for it at the level `restricted`.
    overridden: u64,
    run: fn(Pod<'_>) -> Found,
}

const fn check(since: u64, until: u64, overridden: u64, run: fn(Pod<'_>) -> Found) -> Check {
    Check {
        since,
        until,
        overridden,
        run,
    }
}

/// For ever.
const EVER: u64 = u64::MAX;

static BASELINE: [Check; 18] = [
    check(0, EVER, EVER, baseline::app_armor),
    check(0, EVER, 22, baseline::capabilities),
    check(0, EVER, EVER, baseline::host_namespaces),
    check(0, EVER, 0, baseline::host_path),
    check(0, EVER, EVER, baseline::host_ports),
    check(34, EVER, EVER, baseline::host_probes),
    check(0, EVER, EVER, baseline::privileged),
    check(0, 35, 35, baseline::proc_mount),
    check(35, EVER, 35, baseline::proc_mount_with_users),
    check(0, 31, EVER, |pod| baseline::se_linux(pod, false)),
    check(31, EVER, EVER, |pod| baseline::se_linux(pod, true)),
    check(0, 19, 19, baseline::seccomp_annotations),
    check(19, EVER, 19, baseline::seccomp),
    check(0, 27, EVER, |pod| baseline::sysctls(pod, 5)),
    check(27, 29, EVER, |pod| baseline::sysctls(pod, 6)),
    check(29, 32, EVER, |pod| baseline::sysctls(pod, 10)),
    check(32, 37, EVER, |pod| baseline::sysctls(pod, 12)),
    check(37, EVER, EVER, |pod| baseline::sysctls(pod, 14)),
];

static LAST_BASELINE: Check = check(0, EVER, EVER, baseline::host_process);

static RESTRICTED: [Check; 12] = [
    check(8, 25, EVER, restricted::escalation),
    check(25, EVER, EVER, |pod| {
        unless_windows(pod, restricted::escalation)
    }),
    check(22, 25, EVER, restricted::capabilities),
    check(25, EVER, EVER, |pod| {
        unless_windows(pod, restricted::capabilities)
    }),
    check(35, EVER, EVER, baseline::proc_mount),
    check(0, EVER, EVER, restricted::volumes),
    check(0, 35, EVER, restricted::non_root),
    check(35, EVER, EVER, |pod| {
        unless_own_users(pod, restricted::non_root)
    }),
    check(23, 35, EVER, restricted::user),
    check(35, EVER, EVER, |pod| {
        unless_own_users(pod, restricted::user)
    }),
    check(19, 25, EVER, restricted::seccomp),
    check(25, EVER, EVER, |pod| {
        unless_windows(pod, restricted::seccomp)
    }),
];

fn unless_windows(pod: Pod<'_>, run: fn(Pod<'_>) -> Found) -> Found {
    if pod.is_windows() { None } else { run(pod) }
}

fn unless_own_users(pod: Pod<'_>, run: fn(Pod<'_>) -> Found) -> Found {
    if pod.has_own_users() { None } else { run(pod) }
}

/// The rules that a pod breaks.
#[must_use]
pub fn violations(rules: Rules, pod: Pod<'_>) -> Vec<Violation> {
    if rules.level == Level::Privileged {
        return Vec::new();
    }
    let version = rules.version.0.map_or(NEWEST, |minor| minor.min(NEWEST));
    let is_restricted = rules.level == Level::Restricted;
    let baseline = BASELINE.iter().chain([&LAST_BASELINE]);
    let baseline = baseline.filter(|check| !is_restricted || version < check.overridden);
    let all = baseline.chain(RESTRICTED.iter().filter(|_| is_restricted));
    let valid = all.filter(|check| (check.since..check.until).contains(&version));
    valid.filter_map(|check| (check.run)(pod)).collect()
}

/// All of them in one line, with what breaks them.
#[must_use]
pub fn details(violations: &[Violation]) -> String {
    let told = violations.iter().map(|it| match it.detail.as_str() {
        "" => it.reason.to_owned(),
        detail => format!("{} ({detail})", it.reason),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// All of them in one line.
pub(super) fn reasons(violations: &[Violation]) -> String {
    let told: Vec<&str> = violations.iter().map(|it| it.reason).collect();
    told.join(", ")
}

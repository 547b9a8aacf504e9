//! In which order groups and versions are shown, and which version of a group is the preferred one.

use std::cmp::Ordering;

/// The priority of groups that no table names: those of custom resources (`GroupPriorityMinimum`).
const CUSTOM: u16 = 1000;

/// The priority of an API group; the higher ones are shown first.
///
/// Source: the priorities of API services in upstream's `cmd/kube-apiserver` and
/// `pkg/controlplane/apiserver`.
pub(super) fn priority(group: &str) -> u16 {
    match group {
        "apiregistration.k8s.io" => 18_001,
        // The core group has a path of its own and is listed before the others.
        "" => 18_002,
        "apps" => 17_800,
        "events.k8s.io" => 17_750,
        "authentication.k8s.io" => 17_700,
        "authorization.k8s.io" => 17_600,
        "autoscaling" => 17_500,
        "batch" => 17_400,
        "certificates.k8s.io" => 17_300,
        "networking.k8s.io" => 17_200,
        "policy" => 17_100,
        "rbac.authorization.k8s.io" => 17_000,
        "storage.k8s.io" => 16_800,
        "apiextensions.k8s.io" | "admissionregistration.k8s.io" => 16_700,
        "scheduling.k8s.io" => 16_600,
        "coordination.k8s.io" => 16_500,
        "node.k8s.io" => 16_300,
        "discovery.k8s.io" | "resource.k8s.io" => 16_200,
        "flowcontrol.apiserver.k8s.io" => 16_100,
        "storagemigration.k8s.io" => 15_800,
        _ => CUSTOM,
    }
}

/// The order of versions: `v1alpha1` < `v1beta1` < `v1beta2` < `v1` < `v2`; what is no such version comes
/// before them, from `z` to `a` (apimachinery's `CompareKubeAwareVersionStrings`).
#[must_use]
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    match (parse(a), parse(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (None, None) => b.cmp(a),
    }
}

/// Stability, major and minor.
fn parse(version: &str) -> Option<(u8, u64, u64)> {
    let rest = version.strip_prefix('v')?;
    let end = rest.find(|c: char| !c.is_ascii_digit());
    let (major, rest) = rest.split_at(end.unwrap_or(rest.len()));
    let major = number(major)?;
    if rest.is_empty() {
        return Some((2, major, 0));
    }
    if let Some(minor) = rest.strip_prefix("beta") {
        return Some((1, major, number(minor)?));
    }
    let minor = rest.strip_prefix("alpha")?;
    Some((0, major, number(minor)?))
}

fn number(digits: &str) -> Option<u64> {
    let all = digits.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| digits.parse().ok()).flatten()
}

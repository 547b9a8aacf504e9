//! The rules of the level `baseline`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::checks::{Found, Pod, called, found, join, join_set, plural, setters};
use crate::admission::tree;

const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// In the order in which versions added them.
const SYSCTLS: [&str; 14] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_notsent_lowat",
];

fn context<'a>(of: &'a Value, field: &str) -> &'a Value {
    &of["securityContext"][field]
}

/// The containers whose values of a kind are not all allowed, and those values.
fn forbidden<'a>(
    pod: Pod<'a>,
    values: impl Fn(&'a Value) -> Vec<String>,
) -> (Vec<&'a str>, BTreeSet<String>) {
    let mut all = BTreeSet::new();
    let mut names = Vec::new();
    for container in pod.containers() {
        let bad = values(container);
        if !bad.is_empty() {
            names.push(tree::text(&container["name"]));
            all.extend(bad);
        }
    }
    (names, all)
}

pub(super) fn app_armor(pod: Pod<'_>) -> Found {
    let bad = |of: &Value| {
        let profile = context(of, "appArmorProfile");
        let kind = tree::text(&profile["type"]);
        let is_bad = profile.is_object() && !matches!(kind, "RuntimeDefault" | "Localhost");
        is_bad.then(|| kind.to_owned())
    };
    let by_pod = bad(pod.spec);
    let (containers, mut kinds) = forbidden(pod, |container| bad(container).into_iter().collect());
    let mut who = setters(by_pod.is_some(), &containers);
    kinds.extend(by_pod);
    let mut values: Vec<String> = kinds.into_iter().collect();
    let annotations = tree::entries(&pod.metadata["annotations"]);
    let annotations = annotations.filter(|(key, value)| {
        let value = tree::text(value);
        key.starts_with("container.apparmor.security.beta.kubernetes.io/")
            && !value.is_empty()
            && value != "runtime/default"
            && !value.starts_with("localhost/")
    });
    let quote = api::status::text::quote;
    let annotations = annotations.map(|(key, value)| format!("{key}={}", quote(tree::text(value))));
    let mut annotations: Vec<String> = annotations.collect();
    annotations.sort();
    if !annotations.is_empty() {
        let word = plural(annotations.len(), "annotation", "annotations");
        let and = if who.is_empty() { "" } else { " and " };
        who = format!("{who}{and}{word}");
        values.extend(annotations);
    }
    if who.is_empty() {
        return None;
    }
    let reason = plural(
        values.len(),
        "forbidden AppArmor profile",
        "forbidden AppArmor profiles",
    );
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let values = join(&values);
    found(
        reason,
        format!("{who} must not set AppArmor profile type to {values}"),
    )
}

pub(super) fn capabilities(pod: Pod<'_>) -> Found {
    let (containers, added) = forbidden(pod, |container| {
        let added = tree::items(&context(container, "capabilities")["add"]).map(tree::text);
        let bad = added.filter(|name| !CAPABILITIES.contains(name));
        bad.map(ToOwned::to_owned).collect()
    });
    if containers.is_empty() {
        return None;
    }
    let detail = format!(
        "{} must not include {} in securityContext.capabilities.add",
        called(&containers),
        join_set(&added)
    );
    found("non-default capabilities", detail)
}

pub(super) fn host_namespaces(pod: Pod<'_>) -> Found {
    let fields = ["hostNetwork", "hostPID", "hostIPC"].into_iter();
    let set = fields.filter(|field| pod.spec[*field] == true);
    let set: Vec<String> = set.map(|field| format!("{field}=true")).collect();
    if set.is_empty() {
        return None;
    }
    found("host namespaces", set.join(", "))
}

pub(super) fn host_path(pod: Pod<'_>) -> Found {
    let volumes = tree::items(&pod.spec["volumes"]).filter(|volume| volume["hostPath"].is_object());
    let names: Vec<&str> = volumes.map(|volume| tree::text(&volume["name"])).collect();
    if names.is_empty() {
        return None;
    }
    let word = plural(names.len(), "volume", "volumes");
    found("hostPath volumes", format!("{word} {}", join(&names)))
}

pub(super) fn host_ports(pod: Pod<'_>) -> Found {
    let (containers, ports) = forbidden(pod, |container| {
        let ports = tree::items(&container["ports"]);
        let ports = ports.filter_map(|port| port["hostPort"].as_i64());
        ports
            .filter(|port| *port != 0)
            .map(|port| port.to_string())
            .collect()
    });
    if containers.is_empty() {
        return None;
    }
    let detail = format!(
        "{} {} {} {}",
        called(&containers),
        plural(containers.len(), "uses", "use"),
        plural(ports.len(), "hostPort", "hostPorts"),
        ports.into_iter().collect::<Vec<_>>().join(", ")
    );
    found("hostPort", detail)
}

pub(super) fn host_probes(pod: Pod<'_>) -> Found {
    let (containers, hosts) = forbidden(pod, |container| {
        let lifecycle = &container["lifecycle"];
        let handlers = [
            &container["livenessProbe"],
            &container["readinessProbe"],
            &container["startupProbe"],
            &lifecycle["postStart"],
            &lifecycle["preStop"],
        ];
        let hosts = handlers
            .into_iter()
            .flat_map(|of| [&of["httpGet"]["host"], &of["tcpSocket"]["host"]]);
        let hosts = hosts.map(tree::text).filter(|host| !host.is_empty());
        hosts.map(ToOwned::to_owned).collect()
    });
    let containers: BTreeSet<&str> = containers.into_iter().collect();
    let containers: Vec<&str> = containers.into_iter().collect();
    if containers.is_empty() {
        return None;
    }
    let detail = format!(
        "{} {} {} {}",
        called(&containers),
        plural(containers.len(), "uses", "use"),
        plural(
            hosts.len(),
            "probe or lifecycle host",
            "probe or lifecycle hosts"
        ),
        join_set(&hosts)
    );
    found("probe or lifecycle host", detail)
}

pub(super) fn privileged(pod: Pod<'_>) -> Found {
    let containers = pod.named(|container| *context(container, "privileged") == true);
    if containers.is_empty() {
        return None;
    }
    let who = called(&containers);
    found(
        "privileged",
        format!("{who} must not set securityContext.privileged=true"),
    )
}

pub(super) fn proc_mount(pod: Pod<'_>) -> Found {
    let (containers, kinds) = forbidden(pod, |container| {
        let kind = context(container, "procMount").as_str();
        let bad = kind.filter(|kind| *kind != "Default");
        bad.map(ToOwned::to_owned).into_iter().collect()
    });
    if containers.is_empty() {
        return None;
    }
    let detail = format!(
        "{} must not set securityContext.procMount to {}",
        called(&containers),
        join_set(&kinds)
    );
    found("procMount", detail)
}

pub(super) fn proc_mount_with_users(pod: Pod<'_>) -> Found {
    if pod.has_own_users() {
        return None;
    }
    proc_mount(pod)
}

pub(super) fn se_linux(pod: Pod<'_>, has_engine: bool) -> Found {
    let mut kinds = BTreeSet::new();
    let (mut sets_user, mut sets_role) = (false, false);
    let mut is_bad = |of: &Value| {
        let options = context(of, "seLinuxOptions");
        let kind = tree::text(&options["type"]);
        let is_known = matches!(
            kind,
            "" | "container_t" | "container_init_t" | "container_kvm_t"
        ) || has_engine && kind == "container_engine_t";
        if !is_known {
            kinds.insert(kind.to_owned());
        }
        let has = |field: &str| !tree::text(&options[field]).is_empty();
        sets_user |= has("user");
        sets_role |= has("role");
        !is_known || has("user") || has("role")
    };
    let by_pod = is_bad(pod.spec);
    let mut containers = Vec::new();
    for container in pod.containers() {
        if is_bad(container) {
            containers.push(tree::text(&container["name"]));
        }
    }
    let who = setters(by_pod, &containers);
    if who.is_empty() {
        return None;
    }
    let mut what = Vec::new();
    if !kinds.is_empty() {
        let word = plural(kinds.len(), "type", "types");
        what.push(format!("{word} {}", join_set(&kinds)));
    }
    if sets_user {
        what.push("user may not be set".to_owned());
    }
    if sets_role {
        what.push("role may not be set".to_owned());
    }
    let detail = format!(
        "{who} set forbidden securityContext.seLinuxOptions: {}",
        what.join("; ")
    );
    found("seLinuxOptions", detail)
}

pub(super) fn seccomp_annotations(pod: Pod<'_>) -> Found {
    let containers = pod.containers().map(|container| {
        let name = tree::text(&container["name"]);
        format!("container.seccomp.security.alpha.kubernetes.io/{name}")
    });
    let keys = ["seccomp.security.alpha.kubernetes.io/pod".to_owned()];
    let mut bad = BTreeSet::new();
    for key in keys.into_iter().chain(containers) {
        let Some(value) = pod.metadata["annotations"].get(&key) else {
            continue;
        };
        let value = tree::text(value);
        let is_good = matches!(value, "runtime/default" | "docker/default")
            || value.starts_with("localhost/");
        if !is_good {
            bad.insert(format!("{key}={}", api::status::text::quote(value)));
        }
    }
    if bad.is_empty() {
        return None;
    }
    let word = plural(bad.len(), "annotation", "annotations");
    let bad: Vec<String> = bad.into_iter().collect();
    found(
        "seccompProfile",
        format!("forbidden {word} {}", bad.join(", ")),
    )
}

/// The profile of a pod or container: `None` if it has none, otherwise whether it may have it.
pub(super) fn seccomp_profile(of: &Value) -> Option<Result<(), String>> {
    let profile = context(of, "seccompProfile");
    if !profile.is_object() {
        return None;
    }
    match tree::text(&profile["type"]) {
        "Localhost" | "RuntimeDefault" => Some(Ok(())),
        other => Some(Err(other.to_owned())),
    }
}

pub(super) fn seccomp(pod: Pod<'_>) -> Found {
    let bad = |of: &Value| seccomp_profile(of).and_then(Result::err);
    let by_pod = bad(pod.spec);
    let (containers, mut kinds) = forbidden(pod, |container| bad(container).into_iter().collect());
    let who = setters(by_pod.is_some(), &containers);
    kinds.extend(by_pod);
    if who.is_empty() {
        return None;
    }
    let kinds = join_set(&kinds);
    let detail = format!("{who} must not set securityContext.seccompProfile.type to {kinds}");
    found("seccompProfile", detail)
}

pub(super) fn sysctls(pod: Pod<'_>, allowed: usize) -> Found {
    let allowed = SYSCTLS.get(..allowed).unwrap_or(&SYSCTLS);
    let set = tree::items(context(pod.spec, "sysctls")).map(|sysctl| tree::text(&sysctl["name"]));
    let set: Vec<&str> = set.filter(|name| !allowed.contains(name)).collect();
    if set.is_empty() {
        return None;
    }
    found("forbidden sysctls", set.join(", "))
}

pub(super) fn host_process(pod: Pod<'_>) -> Found {
    let sets = |of: &Value| context(of, "windowsOptions")["hostProcess"] == true;
    let who = setters(sets(pod.spec), &pod.named(sets));
    if who.is_empty() {
        return None;
    }
    let detail = format!("{who} must not set securityContext.windowsOptions.hostProcess=true");
    found("hostProcess", detail)
}

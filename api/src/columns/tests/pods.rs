use super::*;

fn pod(status: Value) -> Value {
    json!({
        "metadata": meta(),
        "spec": {"containers": [{"name": "a"}, {"name": "b"}], "nodeName": "n"},
        "status": status,
    })
}

fn shown(object: Value) -> [String; 3] {
    let cells = cells("", "Pod", object);
    [1, 2, 3].map(|at| cells[at].as_str().unwrap().to_owned())
}

fn running() -> Value {
    json!({"ready": true, "state": {"running": {}}})
}

#[test]
fn a_running_pod() {
    let object = pod(json!({
        "phase": "Running", "podIPs": [{"ip": "10.0.0.1"}],
        "containerStatuses": [
            running(),
            {"ready": false, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 3,
             "lastState": {"terminated": {"finishedAt": "2026-01-01T23:55:00Z"}}},
        ],
        "conditions": [{"type": "g", "status": "True"}],
    }));
    let mut object = object;
    object["spec"]["readinessGates"] = json!([{"conditionType": "g"}, {"conditionType": "h"}]);
    assert_eq!(
        cells("", "Pod", object),
        json!([
            "x",
            "1/2",
            "CrashLoopBackOff",
            "3 (5m ago)",
            "4h",
            "10.0.0.1",
            "n",
            "<none>",
            "1/2"
        ])
    );
}

#[test]
fn a_pod_in_its_first_steps() {
    assert_eq!(
        shown(pod(json!({"phase": "Pending"}))),
        ["0/2", "Pending", "0"]
    );
    let gated = json!({
        "phase": "Pending",
        "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}],
    });
    assert_eq!(shown(pod(gated))[1], "SchedulingGated");
    let evicted = json!({"phase": "Failed", "reason": "Evicted"});
    assert_eq!(shown(pod(evicted))[1], "Evicted");
}

#[test]
fn init_containers_go_first() {
    let with = |states: Value| {
        let mut object = pod(json!({"phase": "Pending", "initContainerStatuses": states}));
        object["spec"]["initContainers"] = json!([{"name": "i"}, {"name": "j"}]);
        shown(object)
    };
    let done = json!({"name": "i", "state": {"terminated": {"exitCode": 0}}});
    assert_eq!(
        with(json!([done, {"name": "j", "state": {"running": {}}}])),
        ["0/2", "Init:1/2", "0"]
    );
    assert_eq!(
        with(json!([{"name": "i", "state": {"terminated": {"exitCode": 2}}, "restartCount": 1}])),
        ["0/2", "Init:ExitCode:2", "1"]
    );
    assert_eq!(
        with(json!([{"name": "i", "state": {"terminated": {"exitCode": 2, "signal": 9}}}]))[1],
        "Init:Signal:9"
    );
    assert_eq!(
        with(json!([{"name": "i", "state": {"terminated": {"exitCode": 2, "reason": "Error"}}}]))
            [1],
        "Init:Error"
    );
    assert_eq!(
        with(json!([{"name": "i", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]))[1],
        "Init:ImagePullBackOff"
    );
    assert_eq!(
        with(json!([{"name": "i", "state": {"waiting": {"reason": "PodInitializing"}}}]))[1],
        "Init:0/2"
    );
}

#[test]
fn sidecars_count_as_containers() {
    let mut object = pod(json!({
        "phase": "Running",
        "initContainerStatuses": [
            {"name": "s", "started": true, "ready": true, "restartCount": 2, "state": {"running": {}}},
            {"name": "i", "restartCount": 5, "state": {"terminated": {"exitCode": 0}}},
        ],
        "containerStatuses": [running(), running()],
    }));
    object["spec"]["initContainers"] =
        json!([{"name": "s", "restartPolicy": "Always"}, {"name": "i"}]);
    assert_eq!(shown(object), ["3/3", "Running", "2"]);
}

#[test]
fn a_pod_that_ends() {
    let done = json!({"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}});
    let failed = json!({"state": {"terminated": {"exitCode": 1, "reason": "Error"}}});
    let of = |states: Value, conditions: Value| {
        shown(pod(json!({
            "phase": "Running", "containerStatuses": states, "conditions": conditions,
        })))[1]
            .clone()
    };
    let ready = json!([{"type": "Ready", "status": "True"}]);
    assert_eq!(of(json!([done, running()]), ready), "Running");
    assert_eq!(of(json!([done, running()]), json!([])), "NotReady");
    assert_eq!(of(json!([done, failed]), json!([])), "Error");
    assert_eq!(of(json!([done, done]), json!([])), "Completed");
    let signalled = json!({"state": {"terminated": {"exitCode": 137, "signal": 9}}});
    assert_eq!(of(json!([signalled]), json!([])), "Signal:9");
}

#[test]
fn a_pod_that_is_deleted() {
    let deleted = |status: Value| {
        let mut object = pod(status);
        object["metadata"]["deletionTimestamp"] = json!("2026-01-02T00:00:00Z");
        shown(object)[1].clone()
    };
    assert_eq!(deleted(json!({"phase": "Running"})), "Terminating");
    assert_eq!(deleted(json!({"phase": "Succeeded"})), "Succeeded");
    assert_eq!(
        deleted(json!({"phase": "Running", "reason": "NodeLost"})),
        "Unknown"
    );
    let table = Printer::builtin("", "Pod").table(
        &[pod(json!({"phase": "Succeeded"}))],
        &json!({}),
        options(),
    );
    assert_eq!(
        table["rows"][0]["conditions"],
        json!([{"type": "Completed", "status": "True", "reason": "Succeeded",
                "message": "The pod has completed successfully."}])
    );
}

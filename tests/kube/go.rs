//! Programs built on client-go: informers with the initial list as a watch, in protobuf both ways; clients
//! that know no kinds; leader election.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::cluster::Cluster;

/// The longest a build may take when every dependency must be downloaded first.
const BUILD_LIMIT: Duration = Duration::from_secs(600);
/// The longest a scenario may take.
const RUN_LIMIT: Duration = Duration::from_secs(150);

#[test]
fn programs_built_on_client_go_find_what_they_expect() {
    let program = harness::target_dir().unwrap().join("kube/go/client");
    let go = harness::tool("go", "install Go 1.26 or newer").unwrap();
    let mut build = Command::new(go);
    build
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kube/go"))
        .args(["build", "-mod=readonly", "-buildvcs=false", "-o"])
        .arg(&program)
        .arg(".");
    succeed(&mut build, BUILD_LIMIT);
    let cluster = Cluster::start();
    for scenario in ["informers", "dynamic", "metadata", "leader"] {
        let mut run = Command::new(&program);
        run.arg(scenario).env("KUBECONFIG", cluster.kubeconfig());
        succeed(&mut run, RUN_LIMIT);
    }
}

fn succeed(command: &mut Command, limit: Duration) {
    let output = harness::output(command, limit).unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

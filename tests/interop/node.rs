//! Node: `etcd3`, the most used client.

use std::process::Command;

use crate::program::{build, build_folder, prepare, run, sources};

#[test]
fn etcd3() {
    let [node, npm] = ["node", "npm"].map(|tool| {
        harness::tool(tool, "install Node 18 or newer with npm").unwrap_or_else(|e| panic!("{e}"))
    });
    let folder = build_folder("node");
    prepare(
        &sources("node"),
        &["package.json", "package-lock.json", "main.js"],
        &folder,
        // Nothing that comes with the packages is run at their installation.
        || {
            build(
                Command::new(npm)
                    .current_dir(&folder)
                    .args(["ci", "--ignore-scripts"]),
            )
        },
    );
    run(Command::new(node).arg(folder.join("main.js")), 14);
}

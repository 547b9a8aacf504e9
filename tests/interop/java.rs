//! Java: `jetcd`, built by Maven.

use std::process::Command;

use crate::program::{build, build_folder, prepare, run, sources};

/// Everything that Maven is given.
const FILES: [&str; 7] = [
    "pom.xml",
    "src/main/java/interop/Check.java",
    "src/main/java/interop/KvScenarios.java",
    "src/main/java/interop/LeaseScenarios.java",
    "src/main/java/interop/Main.java",
    "src/main/java/interop/ServiceScenarios.java",
    "src/main/java/interop/WatchScenarios.java",
];

#[test]
fn jetcd() {
    let [java, maven] = ["java", "mvn"].map(|tool| {
        harness::tool(tool, "install a JDK, 17 or newer, and Maven")
            .unwrap_or_else(|error| panic!("{error}"))
    });
    let folder = build_folder("java");
    let class_path = folder.join("class-path");
    prepare(&sources("java"), &FILES, &folder, || {
        build(
            Command::new(maven)
                .current_dir(&folder)
                .args([
                    "--batch-mode",
                    "--quiet",
                    "compile",
                    "dependency:build-classpath",
                ])
                .arg(format!("-Dmdep.outputFile={}", class_path.display())),
        );
    });
    let libraries = std::fs::read_to_string(&class_path).expect("Maven wrote the class path");
    let classes = folder.join("target/classes");
    let mut program = Command::new(java);
    program
        .arg("-cp")
        .arg(format!("{}:{libraries}", classes.display()))
        .arg("interop.Main");
    run(&mut program, 17);
}

//! Help texts are our own words, but name the same commands and flags.

use std::collections::BTreeSet;
use std::io::Write as _;

use crate::script::{Case, read};
use crate::side::Side;

/// Words that begin with `--` at the start of a flag's line.
fn flags(help: &[u8]) -> BTreeSet<String> {
    let help = String::from_utf8(help.to_vec()).unwrap();
    let lines = help.lines().filter(|line| line.starts_with("  "));
    lines
        .filter_map(|line| {
            let words = line.split_whitespace().take(2);
            let flag = words.into_iter().find(|word| word.starts_with("--"))?;
            let before = line.split(flag).next()?.trim();
            (before.is_empty() || before.starts_with('-')).then(|| flag.to_owned())
        })
        .collect()
}

/// First words of indented lines, which are subcommands.
fn commands(help: &[u8]) -> BTreeSet<String> {
    let help = String::from_utf8(help.to_vec()).unwrap();
    let indented = help.lines().filter(|line| line.starts_with("  "));
    let names = indented.filter_map(|line| line.split_whitespace().next());
    let is_name = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let names = names.filter(is_name).filter(|word| !word.starts_with('-'));
    let names = names.filter(|word| *word != "etcdctl");
    names.map(str::to_owned).collect()
}

fn case(line: &str) -> Case {
    read(line).remove(0)
}

#[test]
fn help_names_the_same_commands_and_flags() {
    let mut ours = Side::ours();
    let mut real = Side::real();
    let here = [
        "get",
        "put",
        "del",
        "txn",
        "watch",
        "compaction",
        "defrag",
        "version",
        "member list",
        "member add",
        "member remove",
        "member update",
        "member promote",
        "move-leader",
        "lease grant",
        "lease revoke",
        "lease timetolive",
        "lease list",
        "lease keep-alive",
        "alarm list",
        "alarm disarm",
        "endpoint health",
        "endpoint status",
        "endpoint hashkv",
        "snapshot save",
        "lock",
        "elect",
    ];
    for command in here {
        let asked = case(&format!("! {command} --help"));
        let (left, right) = (ours.run(&asked), real.run(&asked));
        assert_eq!((left.code, right.code), (0, 0), "{command}");
        assert_eq!(flags(&left.stdout), flags(&right.stdout), "{command}");
    }
    let groups = [
        "",
        "lease",
        "alarm",
        "endpoint",
        "member",
        "snapshot",
        "auth",
        "user",
        "role",
        "downgrade",
        "check",
    ];
    for group in groups {
        let asked = case(&format!("! {group} --help"));
        let (left, right) = (ours.run(&asked), real.run(&asked));
        assert_eq!((left.code, right.code), (0, 0), "{group}");
        let (left, right) = (commands(&left.stdout), commands(&right.stdout));
        assert!(!left.is_empty());
        assert_eq!(left, right, "{group}");
    }
    let options = case("! options");
    let (left, right) = (ours.run(&options), real.run(&options));
    assert_eq!(flags(&left.stdout), flags(&right.stdout));
}

#[test]
fn a_shell_takes_the_script_that_completes_its_command_lines() {
    let mut ours = Side::ours();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let outcome = ours.run(&case(&format!("! completion {shell}")));
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{shell}");
        let script = String::from_utf8(outcome.stdout).unwrap();
        for word in ["etcdctl", "endpoint", "hashkv", "command-timeout"] {
            assert!(script.contains(word), "{shell} does not complete {word}");
        }
        if shell == "bash" {
            // What is offered behind two words.
            let words = "COMP_WORDS=(etcdctl endpoint h); COMP_CWORD=2; \
                         _etcdctl etcdctl h endpoint; printf '%s\\n' \"${COMPREPLY[@]}\"";
            let mut file = tempfile::NamedTempFile::new().unwrap();
            write!(file, "{script}\n{words}").unwrap();
            let mut bash = std::process::Command::new("bash");
            let output = bash.arg(file.path()).output().unwrap();
            let offered = String::from_utf8(output.stdout).unwrap();
            assert_eq!(offered, "health\nhashkv\n");
        }
    }
}

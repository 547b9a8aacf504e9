//! The second API: our client against etcdctl 3.4, each with a server of etcd 3.4 of its own.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use harness::eventually;

use crate::describe;
use crate::mask::between;
use crate::script::{Case, read_with};
use crate::side::{Client, Live, Outcome, Side};

const FORMATS: [&str; 3] = ["simple", "extended", "json"];
const PATIENCE: Duration = Duration::from_secs(30);

/// The server that both clients talk to.
pub(crate) fn server() -> PathBuf {
    let named = std::env::var_os("PINTLE_TEST_SECOND_ETCD").map(PathBuf::from);
    named.unwrap_or_else(|| "/usr/bin/etcd".into())
}

/// etcdctl 3.4.
pub(crate) fn real_client() -> Client {
    let named = std::env::var_os("PINTLE_TEST_SECOND_ETCDCTL").map(PathBuf::from);
    Client::Real(named.unwrap_or_else(|| "/usr/bin/etcdctl".into()))
}

fn ours() -> Side {
    Side::second(Client::Ours, server())
}

fn real() -> Side {
    Side::second(real_client(), server())
}

fn cases(text: &str) -> Vec<Case> {
    let mut cases = read_with(text, "--output", &FORMATS);
    for case in &mut cases {
        case.env.push(("ETCDCTL_API".to_owned(), "2".to_owned()));
    }
    cases
}

pub(crate) fn case(line: &str) -> Case {
    cases(line).remove(0)
}

/// Runs a command line; what may differ is masked.
fn run(side: &mut Side, case: &Case) -> Outcome {
    let dir = side.path("");
    let dir = dir.trim_end_matches('/');
    let (code, stdout, stderr) = side.run_unmasked(case);
    let common = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        between(&side.mask.common(&text, dir), "\"expiration\":\"", "\"")
    };
    // etcdctl has another program hide what is typed, which fails without a terminal.
    let errors = common(&stderr);
    let errors = errors
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("stty: "));
    Outcome {
        code,
        stdout: without_help(&seconds_left(&common(&stdout))).into(),
        stderr: errors.collect(),
    }
}

/// Help texts are each client's own.
fn without_help(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    let is_help = |line: &&str| line.starts_with("NAME:") || line.starts_with("Usage:");
    let mut out: String = lines.clone().take_while(|line| !is_help(line)).collect();
    if lines.into_iter().any(|line| is_help(&line)) {
        out.push_str("<help>\n");
    }
    out
}

/// What is left of the 1,000 seconds of a key.
fn seconds_left(text: &str) -> String {
    (970..1000).fold(text.to_owned(), |text, left| {
        text.replace(&format!("TTL: {left}\n"), "TTL: <left>\n")
    })
}

#[test]
fn every_command_line_of_the_second_api_answers_as_etcdctl_does() {
    compare(ours(), real(), &|outcome| outcome);
}

#[test]
fn etcdctl_of_the_second_api_works_with_our_server_too() {
    let at_ours = Side::second(real_client(), harness::binary("etcd").unwrap());
    compare(at_ours, real(), &without_indexes);
}

/// Indexes are each server's own: etcd keeps members in the same tree, whose changes move them.
fn without_indexes(outcome: Outcome) -> Outcome {
    let mut text = String::from_utf8_lossy(&outcome.stdout).into_owned();
    let mut errors = outcome.stderr;
    for begin in ["Index: ", "createdIndex\":", "modifiedIndex\":"] {
        text = without_numbers(&text, begin);
    }
    // `Error:  100: Key not found (/a) [12]`
    if let Some((told, _)) = errors.rsplit_once(" [") {
        errors = told.to_owned();
    }
    Outcome {
        stdout: text.into(),
        stderr: errors,
        ..outcome
    }
}

/// A text without the numbers that follow some words.
fn without_numbers(text: &str, begin: &str) -> String {
    let mut parts = text.split(begin);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += begin;
        out += part.trim_start_matches(|letter: char| letter.is_ascii_digit());
    }
    out
}

/// Runs the script on both sides; `shown` leaves out what is not to be compared. Where etcd's server
/// goes down on the way there is nothing to compare with.
fn compare(mut ours: Side, mut real: Side, shown: &dyn Fn(Outcome) -> Outcome) {
    let cases = cases(include_str!("second.txt"));
    assert!(cases.len() >= 600, "only {} cases", cases.len());
    let mut report = String::new();
    for case in &cases {
        let (left, right) = std::thread::scope(|scope| {
            let left = scope.spawn(|| run(&mut ours, case));
            let right = run(&mut real, case);
            (left.join().unwrap(), right)
        });
        let (left, right) = (shown(left), shown(right));
        let is_down = right.stderr.contains("error #0: EOF");
        if left != right && !is_down {
            describe(&mut report, case, &left, &right);
        }
        if let Some(file) = std::env::var_os("PINTLE_TEST_SECOND_LOG") {
            log(&file, case, &right);
        }
    }
    assert!(report.is_empty(), "{report}");
}

/// Adds what etcdctl did to a file, for people.
fn log(file: &std::ffi::OsStr, case: &Case, outcome: &Outcome) {
    let mut text = std::fs::read_to_string(file).unwrap_or_default();
    let (stdout, stderr) = (String::from_utf8_lossy(&outcome.stdout), &outcome.stderr);
    writeln!(text, "$ {}\n{stdout}{stderr}[{}]", case.shown, outcome.code).unwrap();
    std::fs::write(file, text).unwrap();
}

/// First words of indented lines; what stands there before two spaces.
fn entries(help: &[u8]) -> BTreeSet<String> {
    let help = String::from_utf8(help.to_vec()).unwrap();
    let (_, lists) = help.split_once("\n\n").unwrap();
    let lines = lists.lines().filter_map(|line| line.strip_prefix("  "));
    let mut entries = BTreeSet::new();
    // A line that begins with the program's own name shows how a command is typed.
    let lines = lines.map(str::trim_start);
    for line in lines.filter(|line| !line.starts_with("etcdctl")) {
        // Only lists have columns.
        if let Some((left, _)) = line.split_once("  ") {
            let words = left.split([' ', ',']).enumerate();
            let names =
                words.filter(|(at, word)| *at == 0 || word.starts_with('-') || *word == "h");
            entries.extend(names.map(|(_, word)| word.to_owned()));
        }
    }
    entries
}

#[test]
fn help_names_the_same_commands_and_flags_of_the_second_api() {
    let (mut ours, mut real) = (ours(), real());
    let groups = [
        "",
        "member",
        "user",
        "role",
        "auth",
        "backup",
        "cluster-health",
        "mk",
        "mkdir",
        "rm",
        "get",
        "ls",
        "set",
        "setdir",
        "update",
        "updatedir",
        "watch",
        "exec-watch",
        "role grant",
        "role revoke",
        "user grant",
        "user revoke",
    ];
    for command in groups {
        let asked = case(&format!("! {command} --help"));
        let (left, right) = (ours.run_unmasked(&asked), real.run_unmasked(&asked));
        assert_eq!((left.0, right.0), (0, 0), "{command}");
        let (mut left, mut right) = (entries(&left.1), entries(&right.1));
        // What asks for help is not shown everywhere by etcdctl.
        for list in [&mut left, &mut right] {
            for name in ["--help", "-h", "help", "h"] {
                list.remove(name);
            }
        }
        assert_eq!(left, right, "{command}");
    }
}

fn printed(live: &Live, text: &str) -> bool {
    String::from_utf8_lossy(&live.seen.bytes()).contains(text)
}

fn set(side: &mut Side, line: &str) {
    assert_eq!(side.run_unmasked(&case(line)).0, 0, "{line}");
}

#[test]
fn watches_of_the_second_api_print_later_changes_as_etcdctl_does() {
    let (mut ours, mut real) = (ours(), real());
    let mut lives = Vec::new();
    for format in FORMATS {
        for flags in ["-f k", "-f -r /", "--after-index 1 --forever --recursive d"] {
            let case = case(&format!("-o {format} watch {flags}"));
            lives.push((case.shown.clone(), ours.spawn(&case), real.spawn(&case)));
        }
    }
    for side in [&mut ours, &mut real] {
        // A watch on now sees what comes once the server has it.
        let metric = format!("etcd_debugging_store_watchers {}", lives.len());
        let counted = eventually(PATIENCE, || {
            let page = harness::get(&side.server.endpoint(), "/metrics");
            page.is_ok_and(|(_, body)| body.contains(&metric))
        });
        assert!(counted, "the server does not count {}", lives.len());
    }
    for line in [
        "set k one",
        "mkdir d",
        "set d/x two",
        "rm d/x",
        "update k END",
        "set d/y END",
    ] {
        for side in [&mut ours, &mut real] {
            set(side, line);
        }
        // Each watch is asked anew after each change, and does not miss one in between.
    }
    for (shown, left, right) in &lives {
        let both = eventually(PATIENCE, || {
            let ended = printed(left, "END") && printed(right, "END");
            ended && left.seen.bytes() == right.seen.bytes()
        });
        let (left, right) = (left.seen.bytes(), right.seen.bytes());
        assert!(
            both,
            "{shown}\nours:\n{}\netcdctl:\n{}",
            String::from_utf8_lossy(&left),
            String::from_utf8_lossy(&right)
        );
    }
}

#[test]
fn programs_are_run_for_changes_as_etcdctl_does() {
    let (mut ours, mut real) = (ours(), real());
    let show = "'echo $0 $ETCD_WATCH_ACTION $ETCD_WATCH_KEY $ETCD_WATCH_MODIFIED_INDEX=$ETCD_WATCH_VALUE=$ETCDCTL_API'";
    for side in [&mut ours, &mut real] {
        set(side, "set d/x 1");
    }
    let start = |side: &Side, flags: &str| {
        let line = format!("exec-watch {flags} d -- sh -c {show} ran");
        side.spawn(&case(&line))
    };
    let flags = "--after-index 1 -r";
    let (left, right) = (start(&ours, flags), start(&real, flags));
    for (line, text) in [
        ("", "=1="),
        ("set d/x two", "=two="),
        ("update d/x three", "=three="),
        ("mkdir d/y", ""),
        ("rm d/x", "delete"),
    ] {
        for (side, live) in [(&mut ours, &left), (&mut real, &right)] {
            if !line.is_empty() {
                set(side, line);
            }
            assert!(eventually(PATIENCE, || printed(live, text)), "{line}");
        }
    }
    let (left, right) = (left.seen.bytes(), right.seen.bytes());
    assert_eq!(
        String::from_utf8_lossy(&left),
        String::from_utf8_lossy(&right)
    );
}

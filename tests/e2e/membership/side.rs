//! One cluster, `etcdctl` to talk to it, and what was told, without what differs between clusters.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use harness::{Cluster, ClusterOptions, eventually, peers};

use crate::client::LIMIT;

/// How long one command may take; etcdctl itself gives up after 5 s.
const COMMAND: Duration = Duration::from_secs(30);

/// What is told to anybody while a cluster elects a leader, or finds its members again.
const UNSETTLED: [&str; 5] = [
    "unhealthy cluster",
    "request timed out",
    "leader changed",
    "etcdserver: no leader",
    "deadline exceeded",
];

/// After which of them nobody knows whether a change was made.
const UNKNOWN: [&str; 4] = [
    "request timed out",
    "leader changed",
    "deadline exceeded",
    "error reading from server",
];

/// What a change is told that was made before: by an attempt of which nobody knew.
const MADE: [&str; 3] = [
    "member not found",
    "Peer URLs already exists",
    "can only promote a learner member",
];

/// What one command told, masked.
#[derive(Debug)]
pub(crate) struct Step {
    command: String,
    code: Option<i32>,
    stdout: String,
    stderr: String,
    /// The change was made, but by an attempt that timed out: what it would have told is not known.
    is_untold: bool,
}

impl Step {
    /// Whether two clusters told the same, as far as both told.
    pub(crate) fn is_like(&self, other: &Step) -> bool {
        let told = |step: &Step| (step.code, step.stdout.clone(), step.stderr.clone());
        let is_same = told(self) == told(other) || self.is_untold || other.is_untold;
        self.command == other.command && is_same
    }

    fn contains(&self, texts: &[&str]) -> bool {
        texts.iter().any(|text| self.stderr.contains(text))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Step {
            command,
            code,
            stdout,
            stderr,
            is_untold: _,
        } = self;
        writeln!(out, "etcdctl {command}: exit {code:?}\n{stdout}{stderr}")
    }
}

/// See the module.
pub(crate) struct Side {
    cluster: Cluster,
    etcdctl: PathBuf,
    /// Ids by member, as `{m0}`; they stay when a member is gone.
    ids: BTreeMap<String, String>,
    /// Members that are asked when a command does not say whom.
    asked: Vec<usize>,
    pub(crate) steps: Vec<Step>,
}

impl Side {
    /// Three members.
    pub(crate) fn start(binary: PathBuf) -> Side {
        let cluster = Cluster::start(ClusterOptions::new(binary, 3)).unwrap();
        let mut side = Side {
            cluster,
            etcdctl: peers::etcdctl().unwrap(),
            ids: BTreeMap::new(),
            asked: vec![0, 1, 2],
            steps: Vec::new(),
        };
        side.learn();
        side
    }

    /// Runs a command and keeps what it told, be it a refusal; again while it is told only that the
    /// cluster is unsettled.
    pub(crate) fn run(&mut self, command: &[&str]) {
        let start = Instant::now();
        loop {
            let step = self.step(command);
            if !step.contains(&UNSETTLED) {
                self.steps.push(step);
                return;
            }
            assert!(start.elapsed() < LIMIT, "{step}");
        }
    }

    /// Runs a command until it succeeds, and keeps what it told then: what a cluster refuses while
    /// it is unsettled is a matter of time.
    pub(crate) fn run_until_done(&mut self, command: &[&str]) {
        let start = Instant::now();
        let mut may_be_made = false;
        loop {
            let mut step = self.step(command);
            step.is_untold = may_be_made && step.contains(&MADE);
            if step.code == Some(0) || step.is_untold {
                self.steps.push(step);
                return;
            }
            may_be_made |= step.contains(&UNKNOWN);
            assert!(start.elapsed() < LIMIT, "{step}");
        }
    }

    /// Sees to it that a member leads.
    pub(crate) fn make_leader(&mut self, member: usize) {
        let target = self.ids[&format!("{{m{member}}}")].clone();
        let leads = eventually(LIMIT, || {
            let moved = self.execute(&["move-leader".to_owned(), target.clone()]);
            moved.2.contains("already the leader") || moved.0 == Some(0)
        });
        assert!(leads, "member {member} does not come to lead");
    }

    /// Waits until all members have applied all there is, and their data count as of their own version:
    /// those of one that has just come are of an older one for a while.
    pub(crate) fn settle(&self) {
        let settled = eventually(LIMIT, || {
            let (_, stdout, _) = self.execute(&words("endpoint status --cluster -w json"));
            let statuses: Vec<serde_json::Value> =
                serde_json::from_str(&stdout).unwrap_or_default();
            let field = |name| statuses.iter().map(move |status| &status["Status"][name]);
            let agree = |name| field(name).is_sorted_by(|one, next| one == next);
            !statuses.is_empty()
                && agree("raftAppliedIndex")
                && statuses.iter().all(|status| is_current(&status["Status"]))
        });
        assert!(settled, "the members do not settle");
    }

    /// Makes room for a member; gives its number.
    pub(crate) fn add_room(&mut self) -> usize {
        self.cluster.add().unwrap()
    }

    /// Starts a member that has been added, with nothing.
    pub(crate) fn join(&mut self, member: usize, peers: &[usize]) {
        self.cluster.join(member, peers).unwrap();
        if !self.asked.contains(&member) {
            self.asked.push(member);
            self.asked.sort_unstable();
        }
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self, member: usize) {
        self.cluster.kill(member);
        self.asked.retain(|asked| *asked != member);
    }

    /// Waits for a process to end by itself.
    pub(crate) fn await_end(&mut self, member: usize) {
        let ended = eventually(LIMIT, || !self.cluster.is_running(member));
        assert!(ended, "member {member} was removed, but runs");
        self.kill(member);
    }

    fn step(&mut self, command: &[&str]) -> Step {
        self.learn();
        let filled: Vec<String> = command.iter().map(|word| self.fill(word)).collect();
        let (code, stdout, stderr) = self.execute(&filled);
        self.learn();
        let tabled = command.contains(&"table");
        let json = command.contains(&"json");
        let simple = command.starts_with(&["endpoint", "status"]) && !tabled && !json;
        let stdout = match (tabled, json, simple) {
            (true, _, _) => table(&self.mask(&stdout)),
            (_, true, _) => shape(&stdout),
            (_, _, true) => cells(&self.mask(&stdout), ", "),
            _ => unordered(&self.mask(&stdout)),
        };
        Step {
            command: command.join(" "),
            code,
            stdout,
            stderr: errors(&self.mask(&stderr)),
            is_untold: false,
        }
    }

    /// The exit code and both streams.
    fn execute(&self, arguments: &[String]) -> (Option<i32>, String, String) {
        let endpoints: Vec<String> = self
            .asked
            .iter()
            .map(|member| self.cluster.endpoint(*member))
            .collect();
        let mut command = Command::new(&self.etcdctl);
        command
            .env_clear()
            .env("ETCDCTL_ENDPOINTS", endpoints.join(","))
            .args(arguments);
        // A flag beside its variable is refused.
        if arguments.iter().any(|word| word.starts_with("--endpoints")) {
            command.env_remove("ETCDCTL_ENDPOINTS");
        }
        let output = harness::output(&mut command, COMMAND).unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    /// Keeps the ids of members, by the address that their peers know.
    fn learn(&mut self) {
        let (_, stdout, _) = self.execute(&words("member list --consistency=s"));
        for line in stdout.lines() {
            // id, status, name, peer URLs, client URLs, learner
            let fields: Vec<&str> = line.split(", ").collect();
            let peer = fields.get(3).copied();
            let number =
                (0..self.cluster.len()).find(|number| peer == Some(self.cluster.peer_url(*number)));
            if let Some(number) = number {
                let name = format!("{{m{number}}}");
                self.ids.insert(name, fields[0].to_owned());
            }
        }
    }

    /// The names of what differs between clusters, and what it is in this one.
    fn names(&self) -> Vec<(String, String)> {
        let mut names: Vec<(String, String)> = self
            .ids
            .iter()
            .map(|(name, id)| (name.clone(), id.clone()))
            .collect();
        for number in 0..self.cluster.len() {
            names.push((
                format!("{{p{number}}}"),
                self.cluster.peer_url(number).to_owned(),
            ));
            names.push((format!("{{e{number}}}"), self.cluster.endpoint(number)));
        }
        names
    }

    fn fill(&self, word: &str) -> String {
        let fill = |text: String, (name, value): (String, String)| text.replace(&name, &value);
        self.names().into_iter().fold(word.to_owned(), fill)
    }

    fn mask(&self, text: &str) -> String {
        let mask = |text: String, (name, value): (String, String)| text.replace(&value, &name);
        let masked = self.names().into_iter().fold(text.to_owned(), mask);
        figures(&masked)
    }
}

/// Whether a member's data count as of its own version.
fn is_current(status: &serde_json::Value) -> bool {
    let minor = |name: &str| {
        status[name]
            .as_str()?
            .rsplit_once('.')
            .map(|(minor, _)| minor)
    };
    minor("version").is_some() && minor("version") == minor("storageVersion")
}

fn words(command: &str) -> Vec<String> {
    command.split(' ').map(str::to_owned).collect()
}

/// Replaces durations, sizes, the cluster's id and numbers of seven digits and more.
fn figures(text: &str) -> String {
    let mask_word = |word: &str| {
        let bare = word.trim_matches([',', ')', '(', '"', ':']);
        let is_time = bare.ends_with('s') && bare.starts_with(|first: char| first.is_ascii_digit());
        let is_id = bare.len() > 11 && bare.chars().all(|digit| digit.is_ascii_hexdigit());
        let is_large = bare.len() > 6 && bare.chars().all(|digit| digit.is_ascii_digit());
        match is_time || is_id || is_large {
            true => word.replace(bare, "*"),
            false => word.to_owned(),
        }
    };
    let lines = text.lines().map(|line| {
        let words: Vec<String> = line.split(' ').map(mask_word).collect();
        // Ids are padded.
        words.join(" ").replace("  ", " ") + "\n"
    });
    lines.collect()
}

/// Members are told in the order of their ids, which nobody chooses: paragraphs, lines, and lists in
/// lines are put in order.
fn unordered(text: &str) -> String {
    let sort = |text: &str, separator: &str| {
        let mut parts: Vec<&str> = text.split(separator).collect();
        parts.sort_unstable();
        parts.join(separator)
    };
    let line = |line: &str| match line.split_once("ETCD_INITIAL_CLUSTER=") {
        Some((_, list)) => format!("ETCD_INITIAL_CLUSTER={}", sort(list.trim_matches('"'), ",")),
        None if line.starts_with("\"RaftTerm\"") => "\"RaftTerm\" : *\n".to_owned(),
        None => line.to_owned(),
    };
    let lines: Vec<String> = text.trim_end().lines().map(line).collect();
    let text = lines.join("\n");
    match text.contains("\n\n") {
        true => sort(&text, "\n\n"),
        false => sort(&text, "\n"),
    }
}

/// A table's cells without its lines and widths; figures in it are replaced.
fn table(text: &str) -> String {
    let rows = text.lines().filter(|line| line.starts_with('|'));
    let mut rows: Vec<String> = rows.map(|row| cells(row.trim_matches('|'), "|")).collect();
    // Members are told in the order of their ids, which nobody chooses.
    if let Some((_, members)) = rows.split_first_mut() {
        members.sort();
    }
    rows.concat()
}

/// Cells of lines, with figures replaced.
fn cells(text: &str, separator: &str) -> String {
    let mask = |cell: &str| {
        let cell = cell.trim();
        let unit = cell.trim_start_matches(|digit: char| digit.is_ascii_digit() || digit == '.');
        let is_figure = unit != cell && ["", "%", " B", " kB", " MB"].contains(&unit);
        // Versions have three parts.
        match is_figure && cell.matches('.').count() < 2 && cell != "0" {
            true => "*".to_owned(),
            false => cell.to_owned(),
        }
    };
    let lines = text.lines().map(|line| {
        let cells: Vec<String> = line.split(separator).map(mask).collect();
        cells.join(" | ") + "\n"
    });
    let mut lines: Vec<String> = lines.collect();
    if separator != "|" {
        lines.sort();
    }
    lines.concat()
}

/// The names of JSON's fields, in order, and what kind of value each has.
fn shape(text: &str) -> String {
    fn walk(value: &serde_json::Value, path: &str, into: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    walk(value, &format!("{path}.{name}"), into);
                }
            }
            serde_json::Value::Array(values) => {
                for value in values {
                    walk(value, &format!("{path}[]"), into);
                }
            }
            serde_json::Value::String(_) => into.push(format!("{path}: string\n")),
            serde_json::Value::Number(_) => into.push(format!("{path}: number\n")),
            other => into.push(format!("{path}: {other}\n")),
        }
    }
    let value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let mut fields = Vec::new();
    walk(&value, "", &mut fields);
    fields.sort();
    fields.concat()
}

/// Error texts without the client's own log lines, which are JSON and hold times and addresses.
fn errors(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with('{'));
    lines.map(|line| line.to_owned() + "\n").collect()
}

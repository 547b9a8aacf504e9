//! How two outcomes differ, told so that one can mend it at once.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::reply::Outcome;
use crate::step::Step;

/// Longest line of a report; values of a megabyte are not worth a megabyte of text.
const LINE: usize = 300;

/// A step to which the sides gave different outcomes.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) step: Step,
    pub(crate) a: Outcome,
    pub(crate) b: Outcome,
    /// In short, what is different: the name of a field, or the two errors.
    pub(crate) kind: String,
}

impl Difference {
    pub(crate) fn new(step: Step, a: Outcome, b: Outcome) -> Difference {
        let kind = kind(&a, &b);
        Difference { step, a, b, kind }
    }

    /// What makes two differences one.
    pub(crate) fn group(&self) -> (String, String) {
        (self.step.rpc().to_owned(), self.kind.clone())
    }

    /// True when the sides can go on: the step only reads, or neither side did it.
    pub(crate) fn leaves_state_alone(&self) -> bool {
        let refused = |outcome: &Outcome| matches!(outcome, Outcome::Error { .. });
        let lost = self.kind.contains("transport error") || self.kind.contains("connect error");
        !lost && (self.step.only_reads() || (refused(&self.a) && refused(&self.b)))
    }

    /// The request and the lines in which the replies differ.
    pub(crate) fn tell(&self) -> String {
        let mut text = format!("request: {}\n", cut(&format!("{:?}", self.step), 2000));
        let (a, b) = (format!("{:#?}", self.a), format!("{:#?}", self.b));
        let (a, b): (Vec<_>, Vec<_>) = (a.lines().collect(), b.lines().collect());
        if a.len() + b.len() <= 160 {
            write_all(&mut text, "A", &a);
            write_all(&mut text, "B", &b);
            return text;
        }
        let from = first_unequal(&a, &b).saturating_sub(12);
        let part = |lines: &[&str]| -> Vec<String> {
            let lines = lines.iter().skip(from).take(60);
            lines.map(|line| (*line).to_owned()).collect()
        };
        let _ = writeln!(text, "(from line {from} of the replies)");
        write_all(&mut text, "A", &part(&a));
        write_all(&mut text, "B", &part(&b));
        text
    }
}

fn write_all<S: AsRef<str>>(text: &mut String, side: &str, lines: &[S]) {
    for line in lines {
        let _ = writeln!(text, "  {side} | {}", cut(line.as_ref(), LINE));
    }
}

/// The first `limit` bytes or so.
pub(crate) fn cut(line: &str, limit: usize) -> String {
    if line.len() <= limit {
        return line.to_owned();
    }
    let mut end = limit;
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}... ({} bytes)", &line[..end], line.len())
}

fn first_unequal(a: &[&str], b: &[&str]) -> usize {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    same.min(a.len().max(b.len()).saturating_sub(1))
}

fn kind(a: &Outcome, b: &Outcome) -> String {
    match (a, b) {
        (a, b) if a == b => format!("both servers ended: {}", short(a)),
        (Outcome::Reply(_), Outcome::Reply(_)) => {
            let (a, b) = (format!("{a:#?}"), format!("{b:#?}"));
            let (a, b): (Vec<_>, Vec<_>) = (a.lines().collect(), b.lines().collect());
            let line = b.get(first_unequal(&a, &b)).copied().unwrap_or_default();
            let field = line.trim().split([':', ' ', '(']).next();
            format!("field {}", field.unwrap_or("?"))
        }
        (a, b) => format!("{} instead of {}", short(a), short(b)),
    }
}

fn short(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Reply(_) => "a reply".to_owned(),
        Outcome::Error { code, message } => format!("{code:?} {:?}", cut(message, 160)),
        Outcome::Blocked => "blocked".to_owned(),
        Outcome::Hung => "no reply".to_owned(),
    }
}

/// Differences by kind, with one example each.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    groups: BTreeMap<(String, String), (usize, String)>,
}

impl Groups {
    pub(crate) fn add(&mut self, difference: &Difference, example: impl FnOnce() -> String) {
        let entry = self.groups.entry(difference.group());
        let entry = entry.or_insert_with(|| (0, example()));
        entry.0 += 1;
    }

    pub(crate) fn contains(&self, difference: &Difference) -> bool {
        self.groups.contains_key(&difference.group())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The counts first, then the examples.
    pub(crate) fn tell(&self) -> String {
        let mut text = String::new();
        let total: usize = self.groups.values().map(|(count, _)| count).sum();
        let _ = writeln!(text, "{total} differences of {} kinds", self.groups.len());
        for ((rpc, kind), (count, _)) in &self.groups {
            let _ = writeln!(text, "{count:6}  {rpc}: {kind}");
        }
        for ((rpc, kind), (_, example)) in &self.groups {
            let _ = writeln!(text, "\n=== {rpc}: {kind}\n{example}");
        }
        text
    }
}

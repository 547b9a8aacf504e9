//! Replaces what may differ between two runs by names.

use std::fmt::Write;

/// What one side's outputs contain that the other's do not.
pub(crate) struct Mask {
    endpoint: String,
    /// Ids of leases granted so far: the server makes them up.
    leases: Vec<i64>,
    /// Ids of members added so far, which depend on the time.
    members: Vec<u64>,
}

impl Mask {
    pub(crate) fn new(endpoint: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            leases: Vec::new(),
            members: Vec::new(),
        }
    }

    /// The newest lease's id as it is typed.
    pub(crate) fn lease(&self) -> String {
        format!("{:x}", self.leases.last().copied().unwrap_or_default())
    }

    /// The newest member's id as it is typed.
    pub(crate) fn member(&self) -> String {
        format!("{:x}", self.members.last().copied().unwrap_or_default())
    }

    /// Notes the member that `member add` has printed in the simple format or in JSON, or that
    /// `member list` shows as one that never started.
    fn learn_member(&mut self, text: &str) {
        let hex = |id: &str| u64::from_str_radix(id.trim(), 16).ok();
        let simple = text.strip_prefix("Member ").and_then(|rest| {
            let (id, _) = rest.split_once(" added ")?;
            hex(id)
        });
        let json = || {
            let value: serde_json::Value = serde_json::from_str(text).ok()?;
            let id = value.get("member")?.get("ID")?;
            id.as_u64().or_else(|| hex(id.as_str()?))
        };
        let list = || {
            let line = text.lines().find(|line| line.contains(", unstarted, "))?;
            hex(line.split(',').next()?)
        };
        // The second API's way to say it.
        let named = || {
            let rest = text.strip_prefix("Added member named ")?;
            hex(rest.split_once(" with ID ")?.1.split_once(" to ")?.0)
        };
        let id = simple.or_else(json).or_else(list).or_else(named);
        self.members
            .extend(id.filter(|id| !self.members.contains(id)));
    }

    /// Notes the lease that `lease grant` has printed in the simple format, or in JSON.
    pub(crate) fn learn(&mut self, stdout: &[u8]) {
        let text = String::from_utf8_lossy(stdout);
        self.learn_member(&text);
        let simple = text
            .strip_prefix("lease ")
            .filter(|_| text.contains(" granted with TTL(") && !text.contains("remaining"))
            .and_then(|rest| i64::from_str_radix(rest.get(..16)?, 16).ok());
        let json = || {
            let value: serde_json::Value = serde_json::from_str(&text).ok()?;
            value.get("Error")?;
            value.get("ID")?.as_i64()
        };
        let fields = || {
            let id = text
                .lines()
                .find_map(|line| line.strip_prefix("\"ID\" : "))?;
            text.contains("\"TTL\" :").then(|| id.parse().ok())?
        };
        // Small ids are not made up: they come from the script.
        let id = simple.or_else(json).or_else(fields);
        self.leases
            .extend(id.filter(|id| *id > 1 << 32 && !self.leases.contains(id)));
    }

    /// stdout: any bytes.
    pub(crate) fn bytes(&self, bytes: &[u8], dir: &str) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for (at, lease) in self.leases.iter().enumerate() {
            let mut varint = Vec::new();
            prost::encoding::encode_varint(lease.cast_unsigned(), &mut varint);
            bytes = replace(&bytes, &varint, format!("<lease {at}>").as_bytes());
        }
        for (at, member) in self.members.iter().enumerate() {
            let mut id = vec![ID_FIELD];
            prost::encoding::encode_varint(*member, &mut id);
            // One id takes a byte more than another, and its message's length says so.
            for start in 1..bytes.len() {
                if bytes[start..].starts_with(&id) {
                    bytes[start - 1] -= id.len() as u8;
                }
            }
            bytes = replace(&bytes, &id, format!("<member {at}>").as_bytes());
        }
        bytes = replace(&bytes, self.endpoint.as_bytes(), b"<endpoint>");
        match String::from_utf8(bytes) {
            Ok(text) if text.contains('│') => {
                durations(&self.common(&squeeze(&text), dir)).into()
            }
            Ok(text) => durations(&self.common(&text, dir)).into(),
            Err(raw) => raw.into_bytes(),
        }
    }

    /// stderr: sentences, log lines, and usage texts, which are each client's own.
    pub(crate) fn text(&self, text: &str, dir: &str) -> String {
        let mut out = String::new();
        let mut in_usage = false;
        for line in text.lines() {
            if line.starts_with("Usage:") {
                in_usage = true;
            }
            if line.starts_with("Error:") {
                in_usage = false;
            }
            // etcdctl has another program hide what is typed, which fails without a terminal.
            if in_usage || line.is_empty() || line.starts_with("stty: ") {
                continue;
            }
            // Go shows the inside of its struct here, with addresses in memory.
            let opaque = line.starts_with("Error: marshal unsupported for type ");
            let line = line.split(" (&").next().filter(|_| opaque).unwrap_or(line);
            let line = log_line(line).unwrap_or_else(|| line.to_owned());
            writeln!(out, "{}", durations(&self.common(&line, dir))).unwrap();
        }
        out
    }

    /// What differs in any text.
    pub(crate) fn common(&self, text: &str, dir: &str) -> String {
        let mut text = text
            .replace(&self.endpoint, "<endpoint>")
            .replace(dir, "<dir>");
        for (at, lease) in self.leases.iter().enumerate() {
            let name = format!("<lease {at}>");
            text = text.replace(&format!("{lease:016x}"), &name);
            text = text.replace(&format!("{lease:x}"), &name);
            text = text.replace(&lease.to_string(), &name);
        }
        for (at, member) in self.members.iter().enumerate() {
            let name = format!("<member {at}>");
            // Padded as in "Member %16x added", else as it is.
            text = text.replace(&format!("{member:16x}"), &name);
            text = text.replace(&format!("{member:x}"), &name);
            text = text.replace(&member.to_string(), &name);
        }
        for (start, end) in SIZES {
            text = between(&text, start, end);
        }
        // What is left of a lease of 1,000 seconds, on a slow machine as well.
        for left in LEFT {
            for name in ["\"TTL\" : ", "\"ttl\":"] {
                text = text.replace(&format!("{name}{left}"), &format!("{name}<left>"));
            }
        }
        text
    }
}

/// The first byte of protobuf's field 1, a varint: an id, the first thing in a member.
const ID_FIELD: u8 = 8;

/// Seconds that a lease of 1,000 may have left by the time it is asked about.
const LEFT: std::ops::Range<u32> = 970..1000;

/// Sizes on disk and raft's applied index move by themselves.
const SIZES: [(&str, &str); 10] = [
    ("\"dbSize\":", ","),
    ("\"dbSizeInUse\":", ","),
    ("\"DBSize\" : ", "\n"),
    ("\"DBSizeInUse\" : ", "\n"),
    (", 3.7.1, 3.7.0, ", "%, "),
    (", 3.7.1, 3.6.0, ", "%, "),
    ("│ 3.7.1 │ 3.7.0 │ ", "% │"),
    ("│ 3.7.1 │ 3.6.0 │ ", "% │"),
    ("remaining(", ")"),
    ("\"size\":\"", "\""),
];

/// Whatever stands between two texts becomes `<size>`.
pub(crate) fn between(text: &str, start: &str, end: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(start) {
        let Some((_, after)) = after.split_once(end) else {
            break;
        };
        out += &format!("{before}{start}<size>{end}");
        rest = after;
    }
    out + rest
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        match rest.strip_prefix(from) {
            Some(after) => {
                out.extend_from_slice(to);
                rest = after;
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

/// Tables are as wide as their widest cell.
fn squeeze(table: &str) -> String {
    let mut out = String::new();
    for letter in table.chars() {
        if !(matches!(letter, ' ' | '─') && out.ends_with(letter)) {
            out.push(letter);
        }
    }
    out
}

/// A log line without what tells one run from another; `None` for other lines.
fn log_line(line: &str) -> Option<String> {
    let mut value: serde_json::Value = serde_json::from_str(line).ok()?;
    let fields = value.as_object_mut()?;
    for key in ["ts", "caller", "stacktrace", "target"] {
        fields.remove(key);
    }
    if let Some(peer) = fields.get_mut("peer") {
        let text = peer.as_str()?.to_owned();
        let (start, end) = ("LocalAddr: '", "'");
        *peer = between(&text, start, end).into();
    }
    Some(value.to_string())
}

/// Durations such as `1.856347ms` become `<time>`.
fn durations(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let starts_word =
            !rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '.' || c == '(');
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let unit = ["ms", "µs", "ns", "s"]
            .into_iter()
            .find_map(|unit| after.strip_prefix(unit));
        match unit.filter(|tail| starts_word && !tail.starts_with(char::is_alphanumeric)) {
            Some(tail) => {
                out.push_str("<time>");
                rest = tail
                    .strip_prefix('.')
                    .filter(|t| t.starts_with(" ("))
                    .unwrap_or(tail);
            }
            None => {
                out.push_str(number);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

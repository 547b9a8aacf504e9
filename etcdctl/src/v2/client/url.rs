//! URLs as Go's library reads and writes them (package `net/url`), paths as its package `path` does.

use std::fmt;

use store::config::url::{check_authority, split_scheme};

use crate::go::quote::quote;

/// A URL, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Url {
    /// In lower case.
    pub(crate) scheme: String,
    /// What stands behind the scheme if that is no path: `mailto:opaque`.
    opaque: String,
    /// What stands before the `@`.
    user: Option<String>,
    /// With the port.
    pub(crate) host: String,
    /// Not escaped.
    pub(crate) path: Vec<u8>,
    /// As it stands there.
    pub(crate) query: Option<String>,
}

impl Url {
    /// Reads any URL, or what stands for one.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        parse(text).map_err(|why| format!("parse {}: {why}", quote(text.as_bytes())))
    }

    /// The host without its port and brackets.
    pub(crate) fn hostname(&self) -> &str {
        let (host, _) = split_port(&self.host);
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Where to connect to: a host without a port is asked at this one.
    pub(crate) fn address(&self, port: &str) -> String {
        match split_port(&self.host) {
            (host, None | Some("")) => format!("{host}:{port}"),
            _ => self.host.clone(),
        }
    }

    /// Path and query, as a request has them.
    pub(crate) fn request_uri(&self) -> String {
        let mut uri = match self.path.as_slice() {
            [] => "/".to_owned(),
            path => path_escape(path),
        };
        if let Some(query) = &self.query {
            uri.push('?');
            uri.push_str(query);
        }
        uri
    }
}

fn parse(text: &str) -> Result<Url, String> {
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err("net/url: invalid control character in URL".into());
    }
    let text = text.split('#').next().unwrap_or_default();
    let (scheme, rest) = split_scheme(text)?;
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query.to_owned())),
        None => (rest, None),
    };
    let mut url = Url {
        scheme: scheme.to_ascii_lowercase(),
        query,
        ..Url::default()
    };
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            rest.clone_into(&mut url.opaque);
            return Ok(url);
        }
        let first = rest.split('/').next().unwrap_or_default();
        if first.contains(':') {
            return Err("first path segment in URL cannot contain colon".into());
        }
    }
    let has_host = !scheme.is_empty() || !rest.starts_with("///");
    let (authority, path) = match rest.strip_prefix("//").filter(|_| has_host) {
        Some(after) => after.split_at(after.find('/').unwrap_or(after.len())),
        None => ("", rest),
    };
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user.to_owned()), host),
        None => (None, authority),
    };
    if let Some(at) = host.find('%').filter(|_| !host.starts_with('[')) {
        return Err(invalid_escape(&host.as_bytes()[at..]));
    }
    check_authority(host)?;
    url.user = user;
    host.clone_into(&mut url.host);
    url.path = unescape(path.as_bytes())?;
    Ok(url)
}

impl fmt::Display for Url {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.scheme.is_empty() {
            write!(out, "{}:", self.scheme)?;
        }
        if !self.opaque.is_empty() {
            out.write_str(&self.opaque)?;
        } else {
            let has_place = !self.host.is_empty() || self.user.is_some();
            if has_place || (!self.scheme.is_empty() && !self.path.is_empty()) {
                out.write_str("//")?;
            }
            if let Some(user) = &self.user {
                write!(out, "{user}@")?;
            }
            out.write_str(&self.host)?;
            if !self.host.is_empty() && !self.path.is_empty() && !self.path.starts_with(b"/") {
                out.write_str("/")?;
            }
            out.write_str(&path_escape(&self.path))?;
        }
        match &self.query {
            Some(query) => write!(out, "?{query}"),
            None => Ok(()),
        }
    }
}

/// The host, brackets included, and the port if there is a colon for one.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    }
}

fn invalid_escape(text: &[u8]) -> String {
    let shown = &text[..text.len().min(3)];
    format!("invalid URL escape {}", quote(shown))
}

fn unescape(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        if first != b'%' {
            out.push(first);
            rest = after;
            continue;
        }
        let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let is_hex = |two: &&str| two.bytes().all(|byte| byte.is_ascii_hexdigit());
        let byte = digits
            .filter(is_hex)
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        out.push(byte.ok_or_else(|| invalid_escape(rest))?);
        rest = &after[2..];
    }
    Ok(out)
}

fn escape(text: &[u8], is_plain: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text {
        match *byte {
            byte if is_plain(byte) => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)
}

/// A path as it is written in a URL.
fn path_escape(path: &[u8]) -> String {
    escape(path, |byte| {
        is_unreserved(byte) || b"$&+,/:;=@".contains(&byte)
    })
}

/// A text as it is written in a query or a form.
pub(super) fn query_escape(text: &[u8]) -> String {
    escape(text, |byte| is_unreserved(byte) || byte == b' ').replace(' ', "+")
}

/// The shortest path that means the same: no empty parts, no `.`, no `..`, no slash at the end.
pub(crate) fn clean(path: &[u8]) -> Vec<u8> {
    let is_rooted = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => match parts.last() {
                Some(last) if *last != b".." => {
                    parts.pop();
                }
                _ if is_rooted => {}
                _ => parts.push(part),
            },
            _ => parts.push(part),
        }
    }
    let joined = parts.join(&b'/');
    match (is_rooted, joined.is_empty()) {
        (true, _) => [&b"/"[..], &joined].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}

/// The path of a key: rooted and clean, but for a slash at its end, which is kept.
pub(crate) fn canonical(path: &[u8]) -> Vec<u8> {
    if path.is_empty() {
        return b"/".to_vec();
    }
    let rooted = match path.starts_with(b"/") {
        true => path.to_vec(),
        false => [b"/", path].concat(),
    };
    let mut cleaned = clean(&rooted);
    if rooted.ends_with(b"/") && cleaned != b"/" {
        cleaned.push(b'/');
    }
    cleaned
}

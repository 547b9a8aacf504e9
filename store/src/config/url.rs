//! The URLs of flags: `http://127.0.0.1:2379`, several separated by commas.
//!
//! Only what etcd lets through is let through: a scheme of four, host and port, no path. The
//! texts of the errors are those people search for, so they are kept as etcd words them.

use std::fmt;

/// Who speaks at the other end of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain TCP.
    Http,
    /// TLS over TCP.
    Https,
    /// A Unix socket.
    Unix,
    /// TLS over a Unix socket.
    Unixs,
}

/// One checked URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// The scheme.
    pub scheme: Scheme,
    /// `host:port`, an IPv6 address in brackets; for Unix sockets the part before the path.
    pub authority: String,
    /// What follows, of a Unix socket's URL.
    path: String,
    /// The URL as it is written out again.
    text: String,
}

impl Url {
    /// Reads one URL.
    ///
    /// # Errors
    /// Gives etcd's text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let fail = |why: &str| Err(format!("parse {}: {why}", super::quote(text)));
        if text.chars().any(|c| c.is_ascii_control()) {
            return fail("net/url: invalid control character in URL");
        }
        let (scheme, rest) = match split_scheme(text) {
            Ok(parts) => parts,
            Err(why) => return fail(why),
        };
        let first = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if scheme.is_empty() && !rest.starts_with('/') && first.contains(':') {
            return fail("first path segment in URL cannot contain colon");
        }
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = match rest.strip_prefix("//") {
            Some(after) => after.split_at(after.find('/').unwrap_or(after.len())),
            None => ("", rest),
        };
        let authority = authority.rsplit('@').next().unwrap_or_default();
        if let Err(why) = check_authority(authority) {
            return fail(&why);
        }
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            "unix" => Scheme::Unix,
            "unixs" => Scheme::Unixs,
            _ => {
                let why = "URL scheme must be http, https, unix, or unixs";
                return Err(format!("{why}: {text}"));
            }
        };
        let url = Self {
            scheme,
            authority: authority.into(),
            path: path.into(),
            text: text.into(),
        };
        if url.is_unix() {
            return Ok(url);
        }
        if split_host_port(authority).is_none() {
            return Err(format!(
                r#"URL address does not have the form "host:port": {text}"#
            ));
        }
        if !path.is_empty() {
            return Err(format!("URL must not contain a path: {text}"));
        }
        Ok(url)
    }

    /// Reads a list separated by commas, sorts it and drops doubles.
    ///
    /// # Errors
    /// Gives etcd's text for the first faulty URL.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        let mut urls = text
            .split(',')
            .map(Self::parse)
            .collect::<Result<Vec<_>, _>>()?;
        urls.sort_by(|a, b| a.text.cmp(&b.text));
        urls.dedup();
        Ok(urls)
    }

    /// Whether this names a Unix socket.
    #[must_use]
    pub fn is_unix(&self) -> bool {
        matches!(self.scheme, Scheme::Unix | Scheme::Unixs)
    }

    /// Whether this asks for TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(self.scheme, Scheme::Https | Scheme::Unixs)
    }

    /// Where it points: `host:port`, or the path of a Unix socket.
    #[must_use]
    pub fn address(&self) -> String {
        match self.is_unix() {
            true => format!("{}{}", self.authority, self.path),
            false => self.authority.clone(),
        }
    }

    /// Whether the kernel is to choose the port.
    #[must_use]
    pub fn has_any_port(&self) -> bool {
        !self.is_unix() && split_host_port(&self.authority).is_some_and(|(_, port)| port == "0")
    }

    /// The host without brackets; empty if there is none.
    #[must_use]
    pub fn host(&self) -> &str {
        split_host_port(&self.authority).map_or(&self.authority, |(host, _)| host)
    }

    /// The URL as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// `scheme:rest`; the scheme is empty if the text does not begin with one.
///
/// # Errors
/// There is a colon, but nothing before it.
pub fn split_scheme(text: &str) -> Result<(&str, &str), &'static str> {
    for (at, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err("missing protocol scheme"),
            ':' => return Ok((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

/// Refuses hosts and ports that no URL may have.
///
/// # Errors
/// Gives etcd's text.
pub fn check_authority(authority: &str) -> Result<(), String> {
    let port = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((_, port)) => port,
            None => return Err("missing ']' in host".into()),
        },
        None => authority.find(':').map_or("", |at| {
            let last = authority.rfind(':').unwrap_or(at);
            &authority[last..]
        }),
    };
    let digits = port.strip_prefix(':').unwrap_or(port);
    if !digits.bytes().all(|b| b.is_ascii_digit()) || (!port.is_empty() && !port.starts_with(':')) {
        return Err(format!("invalid port {} after host", super::quote(port)));
    }
    match authority.chars().find(|c| {
        matches!(
            c,
            ' ' | '<' | '>' | '"' | '\\' | '^' | '`' | '{' | '}' | '|'
        )
    }) {
        Some(c) => Err(format!(
            "invalid character {} in host name",
            super::quote(c.to_string())
        )),
        None => Ok(()),
    }
}

/// Splits `host:port`; nothing if there is no port or the host has bare colons.
#[must_use]
pub fn split_host_port(authority: &str) -> Option<(&str, &str)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        return port.strip_prefix(':').map(|port| (host, port));
    }
    let (host, port) = authority.split_once(':')?;
    (!port.contains(':')).then_some((host, port))
}

/// Joins URLs the way etcd prints them.
#[must_use]
pub fn join(urls: &[Url]) -> String {
    urls.iter().map(Url::as_str).collect::<Vec<_>>().join(",")
}

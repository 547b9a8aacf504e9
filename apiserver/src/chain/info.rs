//! What a request is for, from its path and method alone (upstream's `RequestInfo`).

use http::Method;

/// What a request is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// Whether the path names a resource; if not, only `path` and `verb` are set.
    pub is_resource: bool,
    /// The whole path.
    pub path: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, `proxy`; for
    /// paths that name no resource the method in lower case.
    pub verb: &'static str,
    /// The group, empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The namespace, empty for all and for what lies in none.
    pub namespace: String,
    /// The plural resource.
    pub resource: String,
    /// The part of the resource, or empty.
    pub subresource: String,
    /// The object's name, or empty.
    pub name: String,
    /// What follows the subresource in the path, for proxies.
    pub rest: String,
}

/// What a collection's query has to say of its verb.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// `?watch=`.
    pub is_watch: bool,
    /// The name that a field selector asks for (`metadata.name=x`), if it does.
    pub name: Option<&'a str>,
}

impl Info {
    /// Reads a path. `asked` is of the query.
    #[must_use]
    pub fn read(method: &Method, path: &str, asked: Asked<'_>) -> Self {
        let plain = Self {
            path: path.to_owned(),
            verb: lower(method),
            ..Self::default()
        };
        let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (group, version) = match parts.as_slice() {
            ["api", version, _, ..] => ("", *version),
            ["apis", group, version, _, ..] => (*group, *version),
            _ => return plain,
        };
        parts.drain(
            ..if group.is_empty() && path.trim_start_matches('/').starts_with("api/") {
                2
            } else {
                3
            },
        );
        let mut info = Self {
            is_resource: true,
            group: group.to_owned(),
            version: version.to_owned(),
            verb: of_method(method),
            ..plain
        };
        let special = match parts.first() {
            Some(&"watch") => Some("watch"),
            Some(&"proxy") => Some("proxy"),
            _ => None,
        };
        if let Some(verb) = special {
            if parts.len() < 2 {
                // No resource follows: upstream calls this a malformed request.
                return Self {
                    is_resource: false,
                    verb: lower(method),
                    path: info.path,
                    ..Self::default()
                };
            }
            info.verb = verb;
            parts.remove(0);
        }
        if parts.first() == Some(&"namespaces") && parts.len() > 1 {
            info.namespace = decoded(parts[1]);
            if parts.len() > 2 && !matches!(parts[2], "status" | "finalize") {
                parts.drain(..2);
            }
        }
        let mut parts = parts.into_iter();
        info.resource = parts.next().map(decoded).unwrap_or_default();
        info.name = parts.next().map(decoded).unwrap_or_default();
        if special != Some("proxy") {
            info.subresource = parts.next().map(decoded).unwrap_or_default();
        }
        info.rest = parts.collect::<Vec<_>>().join("/");
        if info.name.is_empty() {
            match info.verb {
                "get" => {
                    info.verb = if asked.is_watch { "watch" } else { "list" };
                    info.name = asked.name.unwrap_or_default().to_owned();
                }
                "delete" => info.verb = "deletecollection",
                _ => {}
            }
        } else if info.verb == "get" && asked.is_watch && info.subresource.is_empty() {
            // Upstream answers GET of one object with ?watch=1 as a get.
            info.verb = "get";
        }
        info
    }

    /// The resource and its part, as messages show them: `pods/log`.
    #[must_use]
    pub fn whole_resource(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.clone()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }
}

fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part)
        .decode_utf8_lossy()
        .into_owned()
}

fn of_method(method: &Method) -> &'static str {
    match *method {
        Method::POST => "create",
        Method::GET | Method::HEAD => "get",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "",
    }
}

fn lower(method: &Method) -> &'static str {
    match *method {
        Method::POST => "post",
        Method::GET => "get",
        Method::HEAD => "head",
        Method::PUT => "put",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        Method::OPTIONS => "options",
        _ => "",
    }
}

#[cfg(test)]
mod tests;

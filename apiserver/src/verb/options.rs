//! What the query of a read says (`ListOptions`, `GetOptions`).

use api::status::field::{Error, Path};

use crate::chain::query::Query;
use crate::fault::{Result, Status};

/// How fresh an answer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// As fresh as the store is now (no version given).
    Latest,
    /// Whatever there is (`0`).
    Any,
    /// At least this revision.
    NotOlder(i64),
    /// Just this revision.
    Exact(i64),
}

/// `ListOptions`, for lists and watches.
#[derive(Clone, Debug)]
pub struct ListOptions {
    /// How fresh; of a watch, from where.
    pub version: Version,
    /// The most items of one answer; 0 for all.
    pub limit: usize,
    /// Where the list goes on.
    pub next: String,
    /// `labelSelector`.
    pub labels: String,
    /// `fieldSelector`.
    pub fields: String,
    /// A watch wants bookmarks.
    pub bookmarks: bool,
    /// A watch wants the objects there are first, and to be told when it has them all.
    pub initial: Option<bool>,
    /// How long a watch lasts, in seconds.
    pub timeout: Option<u64>,
}

impl ListOptions {
    /// Reads and checks them.
    ///
    /// # Errors
    /// A value is none; values contradict each other. Upstream's texts.
    pub fn read(query: &Query, is_watch: bool) -> Result<Self> {
        let bad = |why: String| Status::bad_request(why);
        let revision = revision(query)?;
        let matching = query.text("resourceVersionMatch");
        let limit = query.number("limit").map_err(bad)?.unwrap_or(0);
        let timeout = query.number("timeoutSeconds").map_err(bad)?;
        let initial = query
            .get("sendInitialEvents")
            .map(|_| query.flag("sendInitialEvents"));
        let next = query.text("continue").to_owned();
        let has_version = !query.text("resourceVersion").is_empty();
        let mut causes = Vec::new();
        if is_watch {
            check_watch(matching, &next, initial, &mut causes);
        } else {
            check_list(matching, &next, initial, revision, has_version, &mut causes);
        }
        if !causes.is_empty() {
            return Err(Status::invalid("meta.k8s.io", "ListOptions", "", &causes));
        }
        let limit = usize::try_from(limit).unwrap_or(0);
        let version = match (revision, matching) {
            _ if !has_version => Version::Latest,
            (0, _) => Version::Any,
            (revision, "Exact") => Version::Exact(revision),
            // The rule from before there was a match: pages are of the very revision.
            (revision, "") if limit > 0 && !is_watch => Version::Exact(revision),
            (revision, _) => Version::NotOlder(revision),
        };
        Ok(Self {
            version,
            limit,
            next,
            labels: query.text("labelSelector").to_owned(),
            fields: query.text("fieldSelector").to_owned(),
            bookmarks: query.flag("allowWatchBookmarks"),
            initial,
            timeout: timeout.and_then(|seconds| u64::try_from(seconds).ok()),
        })
    }
}

/// How fresh one object has to be.
///
/// # Errors
/// The version is none.
pub fn get_version(query: &Query) -> Result<Version> {
    Ok(match (query.text("resourceVersion"), revision(query)?) {
        ("", _) => Version::Latest,
        (_, 0) => Version::Any,
        (_, revision) => Version::NotOlder(revision),
    })
}

fn revision(query: &Query) -> Result<i64> {
    let text = query.text("resourceVersion");
    if text.is_empty() {
        return Ok(0);
    }
    let parsed: Option<u64> = text.parse().ok();
    let parsed = parsed.and_then(|revision| i64::try_from(revision).ok());
    parsed.ok_or_else(|| {
        let why = format!("strconv.ParseUint: parsing {text:?}: invalid syntax");
        let error = Error::invalid(&Path::new("resourceVersion"), text, why);
        Status::bad_request(error.to_string())
    })
}

const MATCH: Path<'static> = Path::new("resourceVersionMatch");

fn check_list(
    matching: &str,
    next: &str,
    initial: Option<bool>,
    revision: i64,
    has_version: bool,
    causes: &mut Vec<Error>,
) {
    if !matching.is_empty() {
        if !has_version {
            let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            causes.push(Error::forbidden(&MATCH, why));
        }
        if !next.is_empty() {
            let why = "resourceVersionMatch is forbidden when continue is provided";
            causes.push(Error::forbidden(&MATCH, why));
        }
        if !matches!(matching, "Exact" | "NotOlderThan") {
            causes.push(Error::not_supported(
                &MATCH,
                matching,
                ["Exact", "NotOlderThan", ""],
            ));
        }
        if matching == "Exact" && has_version && revision == 0 {
            let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            causes.push(Error::forbidden(&MATCH, why));
        }
    }
    if initial.is_some() {
        let why = "sendInitialEvents is forbidden for list";
        causes.push(Error::forbidden(&Path::new("sendInitialEvents"), why));
    }
}

fn check_watch(matching: &str, next: &str, initial: Option<bool>, causes: &mut Vec<Error>) {
    if initial.is_some() && matching != "NotOlderThan" {
        let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        causes.push(Error::forbidden(&MATCH, why));
    }
    if !matching.is_empty() {
        if initial.is_none() {
            let why =
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            causes.push(Error::forbidden(&MATCH, why));
        }
        if matching != "NotOlderThan" {
            causes.push(Error::not_supported(&MATCH, matching, ["NotOlderThan"]));
        }
        if !next.is_empty() {
            let why = "resourceVersionMatch is forbidden when continue is provided";
            causes.push(Error::forbidden(&MATCH, why));
        }
    }
}

#[cfg(test)]
mod tests;

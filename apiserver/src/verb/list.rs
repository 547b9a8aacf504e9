//! LIST: the objects of a collection, from the cache, or from the store where a past state is asked for.

use std::sync::Arc;

use api::selector::{FieldSelector, LabelSelector};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::options::{ListOptions, Version};
use crate::cache::{Cache, Entry, Snapshot};
use crate::call::Call;
use crate::fault::{Result, Status};
use crate::storage::keys::after_prefix;
use crate::storage::{Stored, encoding};

/// Keys that are read of the store at once.
const PAGE: i64 = 500;

/// The objects of a collection at one revision.
#[derive(Debug)]
pub struct Listed {
    /// The objects, by ascending key.
    pub items: Vec<Arc<Entry>>,
    /// The revision that they are of.
    pub revision: i64,
    /// Where the list goes on; empty if it is whole.
    pub next: String,
    /// How many are missing, where that is known.
    pub remaining: Option<usize>,
}

/// Which objects are meant.
#[derive(Debug)]
pub struct Selector {
    labels: LabelSelector,
    fields: FieldSelector,
    /// What the keys begin with: the namespace and a slash, or nothing.
    pub prefix: String,
}

impl Selector {
    /// Of a request to a collection.
    ///
    /// # Errors
    /// A selector cannot be read, or asks for a field that the kind does not offer.
    pub fn of(call: &Call, options: &ListOptions) -> Result<Self> {
        let bad = |error: api::selector::SelectorError| Status::bad_request(error.to_string());
        let labels = LabelSelector::parse(&options.labels).map_err(bad)?;
        let mut fields =
            FieldSelector::parse(&options.fields, &call.endpoint.selectable).map_err(bad)?;
        if !call.info.name.is_empty() && fields.is_empty() {
            // A watch of one object by its path.
            let text = format!("metadata.name={}", call.info.name);
            fields = FieldSelector::parse(&text, &call.endpoint.selectable).map_err(bad)?;
        }
        let mut namespace = call.info.namespace.as_str();
        if namespace.is_empty() && call.endpoint.namespaced {
            namespace = fields.exact("metadata.namespace").unwrap_or_default();
        }
        let prefix = if namespace.is_empty() || !call.endpoint.namespaced {
            String::new()
        } else {
            format!("{namespace}/")
        };
        Ok(Self {
            labels,
            fields,
            prefix,
        })
    }

    /// Whether all objects under the prefix are meant.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// The one key that can be meant, if the selector says its name and namespace.
    fn only(&self, namespaced: bool) -> Option<String> {
        let name = self.fields.exact("metadata.name")?;
        match (namespaced, self.prefix.is_empty()) {
            (true, true) => None,
            _ => Some(format!("{}{name}", self.prefix)),
        }
    }

    /// Whether an object is meant.
    #[must_use]
    pub fn matches(&self, entry: &Entry) -> bool {
        entry.key.starts_with(&self.prefix)
            && self.labels.matches(|key| entry.label(key))
            && self.fields.matches(&entry.fields)
    }
}

/// Where a list goes on: upstream's token, so that it may be passed between servers.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    v: String,
    /// The revision of the list; −1 for whatever is there now.
    rv: i64,
    /// The key that comes next, within the collection.
    start: String,
}

impl Token {
    fn write(revision: i64, start: &str) -> String {
        let token = Self {
            v: "meta.k8s.io/v1".to_owned(),
            rv: revision,
            start: start.to_owned(),
        };
        let json = serde_json::to_vec(&token).expect("a token is plain");
        BASE64_URL_SAFE_NO_PAD.encode(json)
    }

    fn read(text: &str) -> Result<Self> {
        let refused = |why: &str| Status::bad_request(format!("continue key is not valid: {why}"));
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(text.trim_end_matches('='))
            .map_err(|error| refused(&error.to_string()))?;
        let token: Self =
            serde_json::from_slice(&bytes).map_err(|error| refused(&error.to_string()))?;
        if token.v != "meta.k8s.io/v1" {
            return Err(refused(&format!(
                "server does not recognize this encoded version {:?}",
                token.v
            )));
        }
        if token.rv == 0 {
            return Err(refused(
                "incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
            ));
        }
        if token.start.is_empty() || token.start.contains("..") {
            return Err(refused(&format!(
                "encoded start key must be beneath the list: {:?}",
                token.start
            )));
        }
        Ok(token)
    }
}

/// Waits until the cache is as fresh as a version asks for.
///
/// # Errors
/// The store cannot be reached; the version lies in the future.
pub async fn freshen(cache: &Cache, version: Version) -> Result<()> {
    match version {
        Version::Latest => {
            cache.catch_up().await?;
        }
        Version::Any => cache.filled().await,
        Version::NotOlder(revision) | Version::Exact(revision) => {
            cache.reach(revision).await?;
        }
    }
    Ok(())
}

/// The objects of a collection.
///
/// # Errors
/// What the options ask for is gone, lies ahead, or is no option; the store cannot be reached.
pub async fn list(
    cache: &Cache,
    call: &Call,
    options: &ListOptions,
    selector: &Selector,
) -> Result<Listed> {
    let folder = &call.endpoint.folder;
    let token = match options.next.as_str() {
        "" => None,
        text => Some(Token::read(text)?),
    };
    match (&token, options.version) {
        (None, Version::Exact(revision)) => {
            freshen(cache, options.version).await?;
            past(cache, call, options, selector, revision, "").await
        }
        (None, version) => {
            freshen(cache, version).await?;
            Ok(pick(&cache.snapshot(folder), call, options, selector, ""))
        }
        (Some(token), _) if token.rv < 0 => {
            freshen(cache, Version::Latest).await?;
            Ok(pick(
                &cache.snapshot(folder),
                call,
                options,
                selector,
                &token.start,
            ))
        }
        (Some(token), _) => {
            if call
                .query
                .get("resourceVersion")
                .is_some_and(|text| !text.is_empty() && text != "0")
            {
                return Err(Status::bad_request(
                    "specifying resource version is not allowed when using continue",
                ));
            }
            let gone = |fault: Status| {
                if fault.code != 410 {
                    return fault;
                }
                let mut gone = Status::expired(
                    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
                );
                gone.continue_at = Token::write(-1, &token.start);
                gone
            };
            let start = format!("{}{}", selector.prefix, token.start);
            past(cache, call, options, selector, token.rv, &start)
                .await
                .map_err(gone)
        }
    }
}

/// Picks a page of a snapshot, from `start` (a key within the prefix) on.
fn pick(
    snapshot: &Snapshot,
    call: &Call,
    options: &ListOptions,
    selector: &Selector,
    start: &str,
) -> Listed {
    let start = format!("{}{start}", selector.prefix);
    let mut listed = Listed {
        items: Vec::new(),
        revision: snapshot.revision,
        next: String::new(),
        remaining: None,
    };
    if let Some(only) = selector.only(call.endpoint.namespaced) {
        let found = snapshot.get(&only).filter(|entry| selector.matches(entry));
        listed.items.extend(found.cloned());
        return listed;
    }
    let limit = if options.limit == 0 {
        usize::MAX
    } else {
        options.limit
    };
    let is_everything = selector.is_everything();
    let mut entries = snapshot.from(&selector.prefix, &start);
    for entry in entries.by_ref() {
        if !is_everything && !selector.matches(entry) {
            continue;
        }
        if listed.items.len() == limit {
            listed.next = Token::write(snapshot.revision, &entry.key[selector.prefix.len()..]);
            break;
        }
        listed.items.push(entry.clone());
    }
    if is_everything && !listed.next.is_empty() {
        listed.remaining = Some(1 + entries.count());
    }
    listed
}

/// A page of a past state, read from the store.
async fn past(
    cache: &Cache,
    call: &Call,
    options: &ListOptions,
    selector: &Selector,
    revision: i64,
    start: &str,
) -> Result<Listed> {
    let folder = format!("{}{}/", cache.prefix(), call.endpoint.folder);
    let prefix = format!("{folder}{}", selector.prefix);
    let end = after_prefix(prefix.as_bytes());
    let mut from = if start.is_empty() {
        prefix.clone().into_bytes()
    } else {
        format!("{folder}{start}").into_bytes()
    };
    let limit = if options.limit == 0 {
        usize::MAX
    } else {
        options.limit
    };
    let mut listed = Listed {
        items: Vec::new(),
        revision,
        next: String::new(),
        remaining: None,
    };
    loop {
        let page = cache.store().list(&from, &end, PAGE, revision).await;
        let page = page?;
        let (total, count) = (page.total, page.items.len());
        for (at, stored) in page.items.iter().enumerate() {
            let entry = entry(call, &folder, stored);
            if !selector.matches(&entry) {
                continue;
            }
            if listed.items.len() == limit {
                listed.next = Token::write(revision, &entry.key[selector.prefix.len()..]);
                if selector.is_everything() {
                    let seen = i64::try_from(at).unwrap_or(0);
                    listed.remaining = usize::try_from(total - seen).ok();
                }
                return Ok(listed);
            }
            listed.items.push(Arc::new(entry));
        }
        match page.items.last() {
            Some(last) if count == PAGE as usize => {
                from.clear();
                from.extend_from_slice(&last.key);
                from.push(0);
            }
            _ => return Ok(listed),
        }
    }
}

fn entry(call: &Call, folder: &str, stored: &Stored) -> Entry {
    let key = String::from_utf8_lossy(&stored.key);
    let rest = key.strip_prefix(folder).unwrap_or(&key);
    let object = encoding::decode(&stored.value).map_err(|error| error.to_string());
    Entry::new(
        rest,
        stored.revision,
        stored.lease,
        object,
        &call.endpoint.selectable,
    )
}

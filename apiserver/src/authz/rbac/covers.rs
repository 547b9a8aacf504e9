//! Whether rules allow all that others allow (upstream's `rbac/validation`).

use std::collections::{HashMap, HashSet};

use super::Rule;
use super::rule::has_url;

/// What of `wanted` is not allowed by `held`, in pieces of one verb on one resource or path each.
/// Nothing if all is allowed.
///
/// Pieces are compared with one rule each: what only several rules allow together is covered piece by
/// piece.
#[must_use]
pub fn uncovered(held: &[Rule], wanted: &[Rule]) -> Vec<Rule> {
    let wanted = wanted.iter().filter(|rule| !is_covered_whole(held, rule));
    let pieces = wanted.flat_map(pieces);
    pieces
        .filter(|piece| !held.iter().any(|rule| covers(rule, piece)))
        .collect()
}

/// How many pieces there are to compare, which lists of moderate length make astronomical. What one
/// rule covers as a whole does not count.
#[must_use]
pub fn effort(held: &[Rule], wanted: &[Rule]) -> usize {
    let wanted = wanted.iter().filter(|rule| !is_covered_whole(held, rule));
    let sizes = wanted.map(|rule| {
        let names = rule.names.len().max(1);
        let lists = [&rule.resources, &rule.verbs].map(Vec::len);
        let on_resources = lists
            .into_iter()
            .fold(rule.groups.len(), usize::saturating_mul);
        let on_paths = rule.urls.len().saturating_mul(rule.verbs.len());
        on_resources.saturating_mul(names).saturating_add(on_paths)
    });
    sizes.fold(0, usize::saturating_add)
}

/// Whether one rule allows all of another; that saves comparing its pieces. Names do not belong to
/// paths, so of rules with both the pieces have to be seen.
fn is_covered_whole(held: &[Rule], rule: &Rule) -> bool {
    let is_mixed = !rule.urls.is_empty() && !rule.names.is_empty();
    !is_mixed && held.iter().any(|held| covers(held, rule))
}

/// A rule in pieces of one verb on one resource or path each.
fn pieces(rule: &Rule) -> Vec<Rule> {
    let mut pieces = Vec::new();
    let names: Vec<Vec<String>> = match rule.names.as_slice() {
        [] => vec![Vec::new()],
        names => names.iter().map(|name| vec![name.clone()]).collect(),
    };
    for group in &rule.groups {
        for resource in &rule.resources {
            for verb in &rule.verbs {
                pieces.extend(names.iter().map(|names| Rule {
                    verbs: vec![verb.clone()],
                    groups: vec![group.clone()],
                    resources: vec![resource.clone()],
                    names: names.clone(),
                    urls: Vec::new(),
                }));
            }
        }
    }
    for url in &rule.urls {
        pieces.extend(rule.verbs.iter().map(|verb| Rule {
            verbs: vec![verb.clone()],
            urls: vec![url.clone()],
            ..Rule::default()
        }));
    }
    pieces
}

fn covers(held: &Rule, piece: &Rule) -> bool {
    let all = |held: &[String], wanted: &[String]| match wanted {
        [one] => held.contains(one),
        wanted => {
            let held: HashSet<&String> = held.iter().collect();
            wanted.iter().all(|one| held.contains(one))
        }
    };
    let star = |list: &[String]| list.iter().any(|one| one == "*");
    let has_names = match piece.names.is_empty() {
        true => held.names.is_empty(),
        false => held.names.is_empty() || all(&held.names, &piece.names),
    };
    (star(&held.verbs) || all(&held.verbs, &piece.verbs))
        && (star(&held.groups) || all(&held.groups, &piece.groups))
        && (star(&held.resources) || piece.resources.iter().all(|one| has_resource(held, one)))
        && has_names
        && piece
            .urls
            .iter()
            .all(|path| held.urls.iter().any(|url| has_url(url, path)))
}

fn has_resource(held: &Rule, resource: &str) -> bool {
    if held.resources.iter().any(|one| one == resource) {
        return true;
    }
    let Some((_, part)) = resource.split_once('/') else {
        return false;
    };
    let mut held = held.resources.iter();
    held.any(|one| one.strip_prefix("*/") == Some(part))
}

/// Rules on one resource of one group put together where only their verbs differ; the others stay.
#[must_use]
pub fn compacted(rules: &[Rule]) -> Vec<Rule> {
    let mut compact: Vec<Rule> = Vec::new();
    let mut known: HashMap<(&str, &str, Option<&str>), usize> = HashMap::new();
    for rule in rules {
        let key = match (rule.groups.as_slice(), rule.resources.as_slice()) {
            ([group], [resource]) if rule.names.len() <= 1 && rule.urls.is_empty() => {
                let name = rule.names.first().map(String::as_str);
                Some((group.as_str(), resource.as_str(), name))
            }
            _ => None,
        };
        match key.and_then(|key| known.get(&key)) {
            Some(&at) => compact[at].verbs.extend_from_slice(&rule.verbs),
            None => {
                known.extend(key.map(|key| (key, compact.len())));
                compact.push(rule.clone());
            }
        }
    }
    compact
}

//! Reads the table of built-in resources.
//!
//! ```text
//! <group>/<version>
//!  <plural> <Kind> [namespaced] verbs:a,b [short:a,b] [categories:a,b] [hash:<storage version hash>]
//!   <plural>/<subresource> <Kind> [as:<group>/<version> of the kind] [namespaced] verbs:a,b
//! ```

use super::{Resource, Subresource, Verb, Verbs};
use crate::schema::{Gvk, builtin};

/// The resources of a table; else what is wrong with which line.
pub(super) fn read(table: &str) -> Result<Vec<Resource>, String> {
    let mut made: Vec<Resource> = Vec::new();
    let (mut group, mut version) = ("", "");
    for (at, line) in table.lines().enumerate() {
        let failed = |reason: &str| format!("line {}: {reason}", at + 1);
        if !line.starts_with(' ') {
            (group, version) = line.split_once('/').unwrap_or(("", line));
            continue;
        }
        let words = Words::read(line).ok_or_else(|| failed("no name and kind"))?;
        let Some((_, sub)) = words.name.split_once('/') else {
            made.push(words.resource(group, version));
            continue;
        };
        let resource = made.last_mut();
        let resource = resource.ok_or_else(|| failed("a subresource of nothing"))?;
        resource
            .subresources
            .push(words.subresource(sub, group, version));
    }
    Ok(made)
}

#[derive(Default)]
struct Words<'a> {
    name: &'a str,
    kind: &'a str,
    namespaced: bool,
    verbs: Verbs,
    short: Vec<Box<str>>,
    categories: Vec<Box<str>>,
    hash: Option<Box<str>>,
    foreign: Option<&'a str>,
}

impl<'a> Words<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let mut words = line.trim_start().split(' ');
        let mut made = Self {
            name: words.next()?,
            kind: words.next()?,
            ..Self::default()
        };
        let list = |text: &str| text.split(',').map(Into::into).collect::<Vec<Box<str>>>();
        for word in words {
            let (key, value) = word.split_once(':').unwrap_or((word, ""));
            match key {
                "namespaced" => made.namespaced = true,
                "verbs" => {
                    let verbs: Option<Verbs> = value.split(',').map(Verb::parse).collect();
                    made.verbs = verbs?;
                }
                "short" => made.short = list(value),
                "categories" => made.categories = list(value),
                "hash" => made.hash = Some(value.into()),
                "as" => made.foreign = Some(value),
                _ => return None,
            }
        }
        Some(made)
    }

    fn resource(self, group: &str, version: &str) -> Resource {
        Resource {
            group: group.into(),
            version: version.into(),
            plural: self.name.into(),
            singular: self.kind.to_lowercase().into(),
            kind: self.kind.into(),
            namespaced: self.namespaced,
            verbs: self.verbs,
            short_names: self.short,
            categories: self.categories,
            storage_hash: self.hash,
            subresources: Vec::new(),
            type_id: builtin().kind(&Gvk::new(group, version, self.kind)),
            custom: false,
        }
    }

    fn subresource(self, name: &str, group: &str, version: &str) -> Subresource {
        let own = (group, version);
        let (group, version) = match self.foreign {
            Some(foreign) => foreign.split_once('/').unwrap_or(("", foreign)),
            None => own,
        };
        Subresource {
            name: name.into(),
            group: group.into(),
            version: version.into(),
            kind: self.kind.into(),
            foreign: self.foreign.is_some(),
            verbs: self.verbs,
            type_id: builtin().kind(&Gvk::new(group, version, self.kind)),
        }
    }
}

//! The members that a discovery service knows, in the order in which they came. Pure.
//!
//! ```text
//! /_etcd/registry/<token>/_config/size            how many there are to be
//! /_etcd/registry/<token>/members/<id in hex>     name=URL[,name=URL]
//! ```

use proto::mvccpb::KeyValue;

/// The key of a cluster's size.
pub(super) fn size_key(token: &str) -> String {
    format!("/_etcd/registry/{token}/_config/size")
}

/// What the keys of all its members begin with.
pub(super) fn members_prefix(token: &str) -> String {
    format!("/_etcd/registry/{token}/members")
}

/// The key of one.
pub(super) fn member_key(token: &str, id: u64) -> String {
    format!("{}/{id:x}", members_prefix(token))
}

/// Reads the size; nothing if it is none.
pub(super) fn parse_size(value: &[u8]) -> Option<usize> {
    let size: usize = std::str::from_utf8(value).ok()?.parse().ok()?;
    (size > 0).then_some(size)
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Registry {
    /// Revision at which each came, its key, its URLs.
    members: Vec<(i64, String, String)>,
}

impl Registry {
    /// Adds what a key says.
    ///
    /// # Errors
    /// It is no member, or known already; etcd's words for it.
    pub(super) fn add(&mut self, pair: &KeyValue) -> Result<(), &'static str> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        let (key, value) = (text(&pair.key), text(&pair.value));
        if !value.contains('=') {
            return Err("invalid peer info returned from discovery service");
        }
        if self.members.iter().any(|(_, known, _)| *known == key) {
            return Err("found duplicate peer from discovery service");
        }
        self.members.push((pair.create_revision, key, value));
        self.members.sort();
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether a cluster of `size` has no place for `key`: others came before it.
    pub(super) fn is_full_for(&self, key: &str, size: usize) -> bool {
        let first = self.members.iter().take(size);
        self.members.len() >= size && !first.into_iter().any(|(_, known, _)| known == key)
    }

    /// The first `size` members as `--initial-cluster` would name them.
    pub(super) fn initial_cluster(&self, size: usize) -> String {
        let first = self.members.iter().take(size);
        let first: Vec<&str> = first.map(|(_, _, value)| value.as_str()).collect();
        first.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(key: &str, value: &str, create_revision: i64) -> KeyValue {
        KeyValue {
            key: key.to_owned().into(),
            value: value.to_owned().into(),
            create_revision,
            ..Default::default()
        }
    }

    #[test]
    fn those_who_came_first_are_the_members() {
        let mut registry = Registry::default();
        registry.add(&pair("c", "c=http://c", 9)).expect("new");
        registry.add(&pair("a", "a=http://a", 3)).expect("new");
        assert!(!registry.is_full_for("b", 3));
        registry.add(&pair("b", "b=http://b", 5)).expect("new");
        assert_eq!(registry.initial_cluster(2), "a=http://a,b=http://b");
        assert!(registry.is_full_for("c", 2));
        assert!(!registry.is_full_for("b", 2));
    }

    #[test]
    fn what_is_no_member_is_told_in_etcd_s_words() {
        let mut registry = Registry::default();
        let said = registry.add(&pair("a", "nothing", 1));
        assert_eq!(
            said,
            Err("invalid peer info returned from discovery service")
        );
        registry.add(&pair("a", "a=x", 1)).expect("new");
        let said = registry.add(&pair("a", "a=x", 1));
        assert_eq!(said, Err("found duplicate peer from discovery service"));
        assert_eq!(registry.len(), 1);
    }

    #[test]
    fn sizes_are_positive_numbers() {
        let sizes = ["3", "0", "-1", "x", ""].map(|text| parse_size(text.as_bytes()));
        assert_eq!(sizes, [Some(3), None, None, None, None]);
    }
}

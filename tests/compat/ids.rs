//! Names that both sides share for what each server picks by itself.
//!
//! A lease id that a server picked is called `PICKED + n` in steps and in compared replies, also
//! inside the keys of locks and elections, which end in `/<lease id in hex>`. The member's own id
//! is called [`THIS_MEMBER`]. A header's cluster id, member id and term become 1 when they are the
//! ones this server always gives, stay 0 when they are 0, and become [`CHANGED`] otherwise.

use std::collections::HashMap;

use bytes::Bytes;
use proto::etcdserverpb::ResponseHeader;

use crate::visit::Visitor;

/// The first placeholder of a picked lease.
pub(crate) const PICKED: i64 = 0x5eed_0000_0000_0000;

/// The placeholder of the id of the one member.
pub(crate) const THIS_MEMBER: u64 = 0x5e1f_0000_0000_0000;

/// An id in a header that is not the one this server gave before.
pub(crate) const CHANGED: u64 = 99;

/// True for a placeholder.
pub(crate) fn is_picked(lease: i64) -> bool {
    (PICKED..PICKED + 0x1_0000_0000).contains(&lease)
}

/// What one side calls things.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    cluster: u64,
    member: u64,
    term: u64,
    real: HashMap<i64, i64>,
    placeholder: HashMap<i64, i64>,
}

impl Ids {
    /// The ids that the header shows are the ones this side must always give.
    pub(crate) fn new(header: &ResponseHeader) -> Ids {
        Ids {
            cluster: header.cluster_id,
            member: header.member_id,
            term: header.raft_term,
            ..Ids::default()
        }
    }

    /// Takes the term of this header: a restart begins a new one.
    pub(crate) fn restarted(&mut self, header: &ResponseHeader) {
        self.term = header.raft_term;
    }

    /// True when the side has not yet picked an id for this placeholder.
    pub(crate) fn is_open(&self, lease: i64) -> bool {
        is_picked(lease) && !self.real.contains_key(&lease)
    }

    /// Notes what the side picked.
    pub(crate) fn learn(&mut self, placeholder: i64, real: i64) {
        self.real.insert(placeholder, real);
        self.placeholder.insert(real, placeholder);
    }

    /// From placeholders to what the side understands.
    pub(crate) fn to_own(&self) -> ToOwn<'_> {
        ToOwn(self)
    }

    /// From what the side said to placeholders.
    pub(crate) fn to_shared(&self) -> ToShared<'_> {
        ToShared(self)
    }
}

/// See [`Ids::to_own`].
pub(crate) struct ToOwn<'a>(&'a Ids);

impl Visitor for ToOwn<'_> {
    fn lease(&mut self, id: &mut i64) {
        if let Some(real) = self.0.real.get(id) {
            *id = *real;
        }
    }

    fn key(&mut self, key: &mut Bytes) {
        rename(key, &self.0.real);
    }

    fn member(&mut self, id: &mut u64) {
        if *id == THIS_MEMBER {
            *id = self.0.member;
        }
    }
}

/// See [`Ids::to_shared`].
pub(crate) struct ToShared<'a>(&'a Ids);

impl Visitor for ToShared<'_> {
    fn lease(&mut self, id: &mut i64) {
        if let Some(placeholder) = self.0.placeholder.get(id) {
            *id = *placeholder;
        }
    }

    fn key(&mut self, key: &mut Bytes) {
        rename(key, &self.0.placeholder);
    }

    fn member(&mut self, id: &mut u64) {
        if *id == self.0.member && *id != 0 {
            *id = THIS_MEMBER;
        }
    }

    fn header(&mut self, header: &mut ResponseHeader) {
        mask(&mut header.cluster_id, self.0.cluster);
        mask(&mut header.member_id, self.0.member);
        mask(&mut header.raft_term, self.0.term);
    }
}

fn mask(id: &mut u64, known: u64) {
    *id = match *id {
        0 => 0,
        id if id == known => 1,
        _ => CHANGED,
    };
}

/// Replaces every `/<hex>` of the key whose number is in `names`.
fn rename(key: &mut Bytes, names: &HashMap<i64, i64>) {
    if names.is_empty() || !key.contains(&b'/') || key.len() > 4096 {
        return;
    }
    let mut renamed = Vec::with_capacity(key.len());
    let mut rest: &[u8] = key;
    while let Some(slash) = rest.iter().position(|byte| *byte == b'/') {
        let (head, tail) = rest.split_at(slash + 1);
        renamed.extend_from_slice(head);
        let digits = tail.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let (hex, tail) = tail.split_at(digits);
        let number = str::from_utf8(hex)
            .ok()
            .and_then(|hex| i64::from_str_radix(hex, 16).ok());
        match number.and_then(|number| names.get(&number)) {
            Some(name) => renamed.extend_from_slice(format!("{name:x}").as_bytes()),
            None => renamed.extend_from_slice(hex),
        }
        rest = tail;
    }
    renamed.extend_from_slice(rest);
    if renamed != key[..] {
        *key = Bytes::from(renamed);
    }
}

//! What a batch of commands did, for who counts it.

use proto::etcdserverpb as pb;
use proto::etcdserverpb::response_op::Response;

use super::{Effect, Outcome, Reply};
use crate::command::Command;

/// Commands of one kind, and whether they were carried out.
pub type Kind = (&'static str, bool);

/// See the module. As in etcd, a range or a put within a transaction counts as one too.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Ranges.
    pub ranges: u64,
    /// Puts.
    pub puts: u64,
    /// Deletions, each of a key or a range.
    pub deletes: u64,
    /// Transactions of more than one of these.
    pub txns: u64,
    /// Events.
    pub events: u64,
    /// Bytes of keys and values that were put.
    pub put_bytes: u64,
    /// How many commands of which kind.
    pub commands: Vec<(Kind, usize)>,
}

impl Tally {
    /// Counts a command by its bytes and what came of it.
    pub(super) fn note(&mut self, command: &[u8], outcome: &Outcome, effects: &[Effect]) {
        let kind = (Command::kind_name(command), outcome.is_ok());
        match self.commands.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => self.commands.push((kind, 1)),
        }
        let before = (self.ranges, self.puts, self.deletes);
        match outcome {
            Ok(Reply::Put(_)) => self.puts += 1,
            Ok(Reply::DeleteRange(_)) => self.deletes += 1,
            Ok(Reply::Txn(reply)) => self.transaction(reply),
            _ => {}
        }
        for effect in effects {
            let Effect::Events(_, events) = effect else {
                continue;
            };
            self.events += events.len() as u64;
            if let Ok(Reply::LeaseRevoke(_) | Reply::Done) = outcome {
                self.deletes += events.len() as u64;
            }
            let pairs = events.iter().filter_map(|event| event.kv.as_ref());
            // A deletion has a version of none.
            let put = pairs.filter(|kv| kv.version > 0);
            self.put_bytes += put
                .map(|kv| (kv.key.len() + kv.value.len()) as u64)
                .sum::<u64>();
        }
        let after = self.ranges + self.puts + self.deletes;
        if after - (before.0 + before.1 + before.2) > 1 {
            self.txns += 1;
        }
    }

    fn transaction(&mut self, reply: &pb::TxnResponse) {
        for response in &reply.responses {
            match &response.response {
                Some(Response::ResponseRange(_)) => self.ranges += 1,
                Some(Response::ResponsePut(_)) => self.puts += 1,
                Some(Response::ResponseDeleteRange(_)) => self.deletes += 1,
                Some(Response::ResponseTxn(inner)) => self.transaction(inner),
                None => {}
            }
        }
    }
}

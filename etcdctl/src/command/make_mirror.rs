//! `make-mirror`: copies keys to another cluster, and then every change of them, until it is stopped.
//!
//! What is there at first is read in slices, all at one revision, and put one by one. Changes of one
//! revision go into one transaction, as far as `--max-txn-ops` allows.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use indicatif::ProgressBar;
use proto::etcdserverpb as pb;
use proto::etcdserverpb::request_op::Request;
use proto::mvccpb::event::EventType;
use tokio::time::{Instant, sleep_until};

use super::arguments;
use super::get::span;
use crate::cli::{Action, Command, Group};
use crate::client::watch::{self, Event, Watch};
use crate::client::{Client, method, status};
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Kind, Parsed, lossy};
use crate::globals;
use crate::progress;
use crate::session::{Context, Session};

pub(super) const COMMAND: Command = Command {
    name: "make-mirror",
    usage: "[flags] <destination>",
    short: "Copies keys to another cluster, and keeps copying",
    long: "\
Copies keys to another cluster, and then every change of them, until this command is interrupted.
Every 30 seconds it prints how many keys it has copied so far.",
    group: Group::Utility,
    flags: FLAGS,
    shared: &[],
    commands: &[],
    action: Action::Run(run),
};

const FLAGS: &[Flag] = &[
    Flag::new("prefix", Kind::Text, "", "copies only keys that start so"),
    Flag::int(
        "rev",
        "copies only changes, from this revision on (0 = all keys first)",
    ),
    Flag::new(
        "max-txn-ops",
        Kind::Unsigned,
        "128",
        "changes in one transaction at most",
    ),
    Flag::new(
        "dest-prefix",
        Kind::Text,
        "",
        "what the prefix becomes in the other cluster",
    ),
    Flag::switch(
        "no-dest-prefix",
        "leaves the prefix out in the other cluster",
    ),
    Flag::new(
        "dest-cert",
        Kind::Text,
        "",
        "file with the certificate to show to the other cluster",
    ),
    Flag::new(
        "dest-key",
        Kind::Text,
        "",
        "file with the private key of --dest-cert",
    ),
    Flag::new(
        "dest-cacert",
        Kind::Text,
        "",
        "file with the authorities of the other cluster",
    ),
    Flag::new(
        "dest-insecure-transport",
        Kind::Bool,
        "true",
        "connects to the other cluster without TLS",
    ),
    Flag::new(
        "dest-user",
        Kind::Text,
        "",
        "user to log in to the other cluster as: name or name:password",
    ),
    Flag::new("dest-password", Kind::Text, "", "password of --dest-user"),
];

/// Keys in one slice.
const SLICE_KEYS: i64 = 1_000;
/// How often the number of copied keys is printed.
const TELL_EVERY: Duration = Duration::from_secs(30);

fn run(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let [destination] = arguments(&flags, "make-mirror takes one destination argument")?;
    let text = |name| lossy(flags.text(name));
    let endpoints = vec![lossy(&destination)];
    let files = ["dest-cert", "dest-key", "dest-cacert"].map(|name| flags.text(name));
    let tls = globals::tls(
        files,
        flags.switch("dest-insecure-transport"),
        false,
        &endpoints,
    )?;
    let prompt = "Destination Password: ";
    let login = globals::login(text("dest-user"), text("dest-password"), prompt, session.io)?;
    let (rev, ops_max) = (flags.int("rev"), flags.unsigned("max-txn-ops"));
    let prefix = flags.text("prefix").to_vec();
    let (renamed, is_bare) = (
        flags.text("dest-prefix").to_vec(),
        flags.switch("no-dest-prefix"),
    );
    let mut context = session.open(&mut flags)?;
    let there = globals::Globals {
        endpoints,
        tls,
        login,
        token: None,
        ..context.globals.clone()
    };
    let mut there = Client::new(there, context.io.clock);
    let logged_in = context
        .runtime
        .block_on(there.log_in(&mut *context.io.stderr));
    logged_in.map_err(|why| Failure::new(exit::BAD_CONNECTION, status::text(&why)))?;
    context.log_in()?;
    if is_bare && !renamed.is_empty() {
        return Err(Failure::args(
            "`--dest-prefix` and `--no-dest-prefix` cannot be set at the same time, choose one",
        ));
    }
    let mut mirror = Mirror {
        there,
        ops_max: usize::try_from(ops_max).unwrap_or(usize::MAX),
        copied: 0,
        shown: progress::of_keys("mirrored".to_owned()),
        tell_at: Instant::now() + TELL_EVERY,
        prefix,
        renamed,
    };
    let mut after = (rev - 1).max(0);
    if after == 0 {
        // With --rev etcdctl leaves the prefix out unless it is told what to make of it.
        if !is_bare && mirror.renamed.is_empty() {
            mirror.renamed.clone_from(&mirror.prefix);
        }
        after = mirror.copy_all(&mut context)?;
    }
    mirror.copy_changes(&mut context, after)
}

struct Mirror {
    there: Client,
    prefix: Vec<u8>,
    /// What the prefix becomes.
    renamed: Vec<u8>,
    ops_max: usize,
    copied: i64,
    shown: ProgressBar,
    tell_at: Instant,
}

impl Mirror {
    /// Copies what there is; the revision at which that was.
    fn copy_all(&mut self, context: &mut Context<'_>) -> Result<i64, Failure> {
        // Any key will do: the answer's header tells the revision.
        let request = pb::RangeRequest {
            key: Bytes::from_static(b"foo"),
            ..Default::default()
        };
        let reply = context.ask_patiently(&method::RANGE, request)?;
        let revision = reply.header.map_or(0, |header| header.revision);
        let (mut key, range_end) = span(&self.prefix, None, true, false);
        loop {
            let request = pb::RangeRequest {
                key,
                range_end: range_end.clone(),
                limit: SLICE_KEYS,
                revision,
                ..Default::default()
            };
            let reply = context.ask_patiently(&method::RANGE, request)?;
            let last = reply.kvs.last().map(|kv| [&kv.key, &b"\0"[..]].concat());
            for kv in reply.kvs {
                let request = pb::PutRequest {
                    key: self.renamed(&kv.key),
                    value: kv.value,
                    ..Default::default()
                };
                context.ask_of(&mut self.there, &method::PUT, request)?;
                self.count(context)?;
            }
            match last {
                Some(next) if reply.more => key = next.into(),
                _ => return Ok(revision),
            }
        }
    }

    /// Copies changes behind a revision, until the watch ends.
    fn copy_changes(&mut self, context: &mut Context<'_>, after: i64) -> Done {
        let (key, range_end) = span(&self.prefix, None, true, false);
        let create = pb::WatchCreateRequest {
            key,
            range_end,
            start_revision: after + 1,
            ..Default::default()
        };
        let mut watch = Watch::new(context.client.clone(), create);
        loop {
            let tell_at = self.tell_at;
            let next = async {
                tokio::select! {
                    event = watch.next() => Some(event),
                    () = sleep_until(tell_at) => None,
                }
            };
            let response = match context.runtime.block_on(next) {
                None => {
                    self.tell(context)?;
                    continue;
                }
                // As in etcdctl, a watch that ends is no error, unless history is gone.
                Some(Event::Closed(_)) => return Ok(()),
                Some(Event::Response(response)) => response,
            };
            if response.compact_revision != 0 {
                return Err(Failure::new(exit::ERROR, watch::reason(&response)));
            }
            self.copy_events(context, response.events)?;
        }
    }

    fn copy_events(
        &mut self,
        context: &mut Context<'_>,
        events: Vec<proto::mvccpb::Event>,
    ) -> Done {
        let mut together = Vec::new();
        let mut last = 0;
        for event in events {
            let kind = event.r#type();
            let kv = event.kv.unwrap_or_default();
            let is_next = last != 0 && kv.mod_revision > last;
            if is_next || together.len() == self.ops_max {
                self.commit(context, std::mem::take(&mut together))?;
            }
            last = kv.mod_revision;
            let key = self.renamed(&kv.key);
            together.push(match kind {
                EventType::Put => Request::RequestPut(pb::PutRequest {
                    key,
                    value: kv.value,
                    ..Default::default()
                }),
                EventType::Delete => Request::RequestDeleteRange(pb::DeleteRangeRequest {
                    key,
                    ..Default::default()
                }),
            });
            self.count(context)?;
        }
        match together.is_empty() {
            true => Ok(()),
            false => self.commit(context, together),
        }
    }

    fn commit(&mut self, context: &mut Context<'_>, changes: Vec<Request>) -> Done {
        let wrapped = changes.into_iter().map(|request| pb::RequestOp {
            request: Some(request),
        });
        let request = pb::TxnRequest {
            success: wrapped.collect(),
            ..Default::default()
        };
        context.ask_of(&mut self.there, &method::TXN, request)?;
        Ok(())
    }

    fn renamed(&self, key: &[u8]) -> Bytes {
        let rest = key.strip_prefix(self.prefix.as_slice()).unwrap_or(key);
        [&self.renamed, rest].concat().into()
    }

    fn count(&mut self, context: &mut Context<'_>) -> Done {
        self.copied += 1;
        self.shown.inc(1);
        match Instant::now() >= self.tell_at {
            true => self.tell(context),
            false => Ok(()),
        }
    }

    fn tell(&mut self, context: &mut Context<'_>) -> Done {
        self.tell_at += TELL_EVERY;
        writeln!(context.io.stdout, "{}", self.copied)?;
        Ok(context.io.stdout.flush()?)
    }
}

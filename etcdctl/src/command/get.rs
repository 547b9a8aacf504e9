//! `get`.

use bytes::Bytes;
use proto::etcdserverpb as pb;
use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use tokio::time::Instant;

use super::del::{OPEN_END, prefix_end};
use crate::cli::{Action, Command, Group};
use crate::client::{method, status};
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Kind, Parsed, lossy};
use crate::session::{Context, Session};

pub(super) const COMMAND: Command = Command {
    name: "get",
    usage: "[flags] <key> [range_end]",
    short: "Reads a key or a range of keys",
    long: "\
Reads a key, or the keys from <key> up to but not including <range_end>.

  etcdctl get foo                      one key
  etcdctl get a c                      all keys from a up to, not including, c
  etcdctl get foo --prefix             all keys that start with foo
  etcdctl get \"\" --prefix --keys-only  every key, without values",
    group: Group::KeyValue,
    flags: FLAGS,
    shared: &[],
    commands: &[],
    action: Action::Run(run),
};

pub(super) const FLAGS: &[Flag] = &[
    Flag::new(
        "consistency",
        Kind::Text,
        "l",
        "l: the newest data; s: what the asked member has",
    ),
    Flag::new(
        "order",
        Kind::Text,
        "",
        "order of the results: ASCEND or DESCEND",
    ),
    Flag::new(
        "sort-by",
        Kind::Text,
        "",
        "what to order by: CREATE, KEY, MODIFY, VALUE or VERSION",
    ),
    Flag::int("limit", "print at most so many keys (0 = all)"),
    Flag::switch("prefix", "read all keys that start with <key>"),
    Flag::switch("from-key", "read all keys from <key> on"),
    Flag::int("rev", "read as of this revision (0 = now)"),
    Flag::switch("keys-only", "leave the values out"),
    Flag::switch(
        "count-only",
        "only count the keys (with --write-out=fields)",
    ),
    Flag::switch(
        "print-value-only",
        "leave the keys out (with --write-out=simple)",
    ),
    Flag::int(
        "min-create-rev",
        "only keys created at or after this revision",
    ),
    Flag::int(
        "max-create-rev",
        "only keys created at or before this revision",
    ),
    Flag::int("min-mod-rev", "only keys changed at or after this revision"),
    Flag::int(
        "max-mod-rev",
        "only keys changed at or before this revision",
    ),
    Flag::switch("stream", "let the server send the range in pieces"),
];

fn run(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let request = request(&flags)?;
    let mut context = session.connect(&mut flags)?;
    let reply = if flags.switch("stream") {
        stream(&mut context, request)?
    } else {
        context.ask(&method::RANGE, request)?
    };
    if flags.switch("count-only") && !context.printer.shows_count() {
        let text = "--count-only is only for `--write-out=fields`";
        return Err(Failure::args(text));
    }
    if flags.switch("print-value-only") {
        context.printer = context
            .printer
            .value_only()
            .ok_or_else(|| Failure::args("print-value-only is only for `--write-out=simple`"))?;
    }
    context.print(|printer, out| printer.get(out, &reply))
}

/// The pieces of a streamed range as one reply: pairs add up; header, `more` and `count` come with
/// the last piece.
fn stream(
    context: &mut Context<'_>,
    request: pb::RangeRequest,
) -> Result<pb::RangeResponse, Failure> {
    let deadline = context.timeout().map(|t| Instant::now() + t);
    let client = &mut context.client;
    let whole = async {
        let mut pieces = client
            .server_stream(&method::RANGE_STREAM, request, deadline)
            .await?;
        let mut whole = pb::RangeResponse::default();
        while let Some(piece) = pieces.message().await? {
            let mut piece = piece.range_response.unwrap_or_default();
            whole.kvs.append(&mut piece.kvs);
            whole = pb::RangeResponse {
                kvs: whole.kvs,
                ..piece
            };
        }
        Ok::<_, tonic::Status>(whole)
    };
    let outcome = context.runtime.block_on(whole);
    outcome.map_err(|why| Failure::new(exit::ERROR, status::text(&why)))
}

/// The request of a parsed command line.
pub(super) fn request(flags: &Parsed) -> Result<pb::RangeRequest, Failure> {
    let Some(key) = flags.args.first() else {
        let text = "get command needs one argument as key and an optional argument as range_end";
        return Err(Failure::args(text));
    };
    let (prefix, from_key) = (flags.switch("prefix"), flags.switch("from-key"));
    if prefix && from_key {
        let text = "`--prefix` and `--from-key` cannot be set at the same time, choose one";
        return Err(Failure::args(text));
    }
    if flags.switch("keys-only") && flags.switch("count-only") {
        let text = "`--keys-only` and `--count-only` cannot be set at the same time, choose one";
        return Err(Failure::args(text));
    }
    let serializable = serializable(flags)?;
    if flags.args.len() > 1 && (prefix || from_key) {
        let text =
            "too many arguments, only accept one argument when `--prefix` or `--from-key` is set";
        return Err(Failure::args(text));
    }
    let (order, target) = sort(flags)?;
    let (min_create, max_create) = bounds(flags, "min-create-rev", "max-create-rev", "Create")?;
    let (min_mod, max_mod) = bounds(flags, "min-mod-rev", "max-mod-rev", "Mod")?;
    let (key, range_end) = span(key, flags.args.get(1), prefix, from_key);
    Ok(pb::RangeRequest {
        key,
        range_end,
        limit: flags.int("limit"),
        revision: flags.int("rev").max(0),
        sort_order: order.into(),
        sort_target: target.into(),
        serializable,
        keys_only: flags.switch("keys-only"),
        count_only: flags.switch("count-only"),
        min_mod_revision: min_mod,
        max_mod_revision: max_mod,
        min_create_revision: min_create,
        max_create_revision: max_create,
    })
}

/// Key and range end on the wire: an empty key with `--prefix` or `--from-key` means all keys.
pub(super) fn span(
    key: &[u8],
    end: Option<&Vec<u8>>,
    prefix: bool,
    from_key: bool,
) -> (Bytes, Bytes) {
    let everything = key.is_empty() && (prefix || from_key);
    let key = if everything { &[0][..] } else { key };
    let end = match end {
        _ if everything || from_key => OPEN_END.to_vec(),
        _ if prefix => prefix_end(key),
        Some(end) => end.clone(),
        None => Vec::new(),
    };
    (Bytes::copy_from_slice(key), end.into())
}

/// `--consistency`.
pub(super) fn serializable(flags: &Parsed) -> Result<bool, Failure> {
    match flags.text("consistency") {
        b"s" => Ok(true),
        b"l" => Ok(false),
        other => {
            let shown = crate::go::quote::quote(other);
            Err(Failure::feature(format!(
                "unknown consistency flag {shown}"
            )))
        }
    }
}

fn sort(flags: &Parsed) -> Result<(SortOrder, SortTarget), Failure> {
    let (order, target) = (flags.text("order"), flags.text("sort-by"));
    let order = match order.to_ascii_uppercase().as_slice() {
        b"" => SortOrder::None,
        b"ASCEND" => SortOrder::Ascend,
        b"DESCEND" => SortOrder::Descend,
        _ => return Err(Failure::feature(format!("bad sort order {}", lossy(order)))),
    };
    let target = match target.to_ascii_uppercase().as_slice() {
        b"" | b"KEY" => SortTarget::Key,
        b"CREATE" => SortTarget::Create,
        b"MODIFY" => SortTarget::Mod,
        b"VALUE" => SortTarget::Value,
        b"VERSION" => SortTarget::Version,
        _ => {
            return Err(Failure::feature(format!(
                "bad sort target {}",
                lossy(target)
            )));
        }
    };
    // Keys come in ascending order by themselves: the server need not sort.
    Ok(match (order, target) {
        (SortOrder::Ascend, SortTarget::Key) => (SortOrder::None, target),
        pair => pair,
    })
}

fn bounds(flags: &Parsed, min: &str, max: &str, what: &str) -> Result<(i64, i64), Failure> {
    let (low, high) = (flags.int(min), flags.int(max));
    if high > 0 && low > high {
        return Err(Failure::feature(format!(
            "getMin{what}Rev(={low}) > getMax{what}Rev(={high})"
        )));
    }
    Ok((low.max(0), high.max(0)))
}

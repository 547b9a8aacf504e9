//! Tables drawn with box characters: headings centred and in capitals, cells right-aligned.

use std::io;

use proto::etcdserverpb as pb;

use super::rows::{self, Hash, Health, Status};
use super::{Out, Printer};
use crate::exit::Done;

pub(super) struct Table;

impl Printer for Table {
    fn name(&self) -> &'static str {
        "table"
    }

    fn member_list(&self, out: Out<'_>, reply: &pb::MemberListResponse) -> Done {
        Ok(draw(out, rows::MEMBER_HEADER, &rows::members(reply))?)
    }

    fn endpoint_health(&self, out: Out<'_>, _: Out<'_>, list: &[Health]) -> Done {
        Ok(draw(out, rows::HEALTH_HEADER, &rows::healths(list))?)
    }

    fn endpoint_status(&self, out: Out<'_>, list: &[Status]) -> Done {
        Ok(draw(out, rows::STATUS_HEADER, &rows::statuses(list))?)
    }

    fn endpoint_hash_kv(&self, out: Out<'_>, list: &[Hash]) -> Done {
        Ok(draw(out, rows::HASH_HEADER, &rows::hashes(list))?)
    }
}

/// A table: the header centred and in capitals, the rows to the right.
pub(crate) fn draw(out: Out<'_>, header: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let titles: Vec<_> = header
        .iter()
        .map(|title| title.to_uppercase().replace('_', " "))
        .collect();
    let widths: Vec<usize> = titles
        .iter()
        .enumerate()
        .map(|(column, title)| {
            let cells = rows.iter().map(|row| width(&row[column]));
            cells.max().unwrap_or(0).max(width(title))
        })
        .collect();
    rule(out, &widths, ["┌", "┬", "┐"])?;
    line(out, &widths, &titles, |text, width| {
        format!("{text:^width$}")
    })?;
    if rows.is_empty() {
        return rule(out, &widths, ["└", "┴", "┘"]);
    }
    rule(out, &widths, ["├", "┼", "┤"])?;
    for row in rows {
        line(out, &widths, row, |text, width| format!("{text:>width$}"))?;
    }
    rule(out, &widths, ["└", "┴", "┘"])
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn rule(out: Out<'_>, widths: &[usize], [left, cross, right]: [&str; 3]) -> io::Result<()> {
    let dashes: Vec<_> = widths.iter().map(|w| "─".repeat(w + 2)).collect();
    writeln!(out, "{left}{}{right}", dashes.join(cross))
}

fn line(
    out: Out<'_>,
    widths: &[usize],
    cells: &[String],
    align: impl Fn(&str, usize) -> String,
) -> io::Result<()> {
    let pairs = cells.iter().zip(widths);
    let cells: Vec<_> = pairs.map(|(cell, width)| align(cell, *width)).collect();
    writeln!(out, "│ {} │", cells.join(" │ "))
}

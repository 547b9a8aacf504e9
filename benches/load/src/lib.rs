//! A load generator for plain etcd gRPC.
//!
//! It starts our server and the real etcd in turn, workload by workload, as clusters of one or
//! several members on fresh directories, puts the same load on both and compares what that cost:
//! latency, the servers' CPU time and written bytes per operation, their memory. Ratios of figures
//! taken side by side in one run are what counts; machines differ and are noisy.
//!
//! The way of a run: [`cli`] picks a [`plan`] or one workload; [`compare`] starts a [`cluster`] of
//! [`server`]s for each side and round; a [`workload`] prepares it, opens a [`window`] and lets
//! [`drive`] keep its clients busy over a [`client`]; [`report`] prints what came out.

pub mod cli;
pub mod client;
pub mod cluster;
pub mod compare;
pub mod drive;
pub mod keys;
pub mod metric;
pub mod plan;
pub mod reply;
pub mod report;
pub mod server;
pub mod window;
pub mod workload;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use tokio::signal::unix::{SignalKind, signal};

use cli::{Cli, Options, What};
use compare::Case;
use plan::Goal;
use report::{Report, machine};

/// The name of our side.
pub const OURS: &str = "ours";
/// The name of the other side.
pub const THEIRS: &str = "etcd";

/// Does what the command line says: figures to `out`, progress to `progress`. Fails when
/// anything was answered wrongly, after the report is written.
pub async fn run(cli: &Cli, out: &mut impl Write, progress: &mut impl Write) -> anyhow::Result<()> {
    let (cases, goals) = plan(cli)?;
    let options = &cli.options;
    let conditions = options.conditions()?;
    std::fs::create_dir_all(&options.dir)
        .with_context(|| format!("cannot create {}", options.dir.display()))?;
    machine::check_disk(&options.dir)?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;

    let (mut about, mut rows) = (None, Vec::new());
    let measure = async {
        about = Some(machine::About::gather(&conditions).await?);
        compare::run(&cases, &conditions, &mut rows, progress).await
    };
    // Leaving the select drops the servers, which kills them and removes their directories.
    let ended = tokio::select! {
        result = measure => result,
        _ = interrupt.recv() => Err(anyhow!("interrupted")),
        _ = terminate.recv() => Err(anyhow!("terminated")),
    };
    // What was measured until then took its time, so it is told in any case.
    if let Some(about) = &about {
        let report = Report {
            rows: &rows,
            goals,
            about,
        };
        write_report(&report, options, out)?;
    }
    ended?;
    match rows.iter().map(|row| row.errors.len()).sum::<usize>() {
        0 => Ok(()),
        errors => bail!("{errors} runs failed"),
    }
}

fn plan(cli: &Cli) -> anyhow::Result<(Vec<Case>, &'static [Goal])> {
    match &cli.what {
        What::Table { only } => {
            let (mut cases, goals) = plan::table(cli.options.nodes);
            let wanted = |case: &Case| only.iter().any(|part| case.name.contains(part));
            cases.retain(|case| only.is_empty() || wanted(case));
            if cases.is_empty() {
                bail!("no row of the table contains {}", only.join(" or "));
            }
            Ok((cases, goals))
        }
        What::Quick => Ok((plan::quick(), &[])),
        What::One(workload) => {
            let case = Case {
                name: workload.name(),
                workload: workload.clone(),
            };
            Ok((vec![case], &[]))
        }
    }
}

fn write_report(
    report: &Report<'_>,
    options: &Options,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    report.plain(out)?;
    out.flush()?;
    if let Some(path) = &options.json {
        let text = serde_json::to_string_pretty(&report::json(report))?;
        write_file(path, |file| writeln!(file, "{text}"))?;
    }
    if let Some(path) = &options.markdown {
        write_file(path, |file| report.markdown(file))?;
    }
    Ok(())
}

fn write_file(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    let mut file = BufWriter::new(file);
    write(&mut file)
        .and_then(|()| file.flush())
        .with_context(|| format!("cannot write {}", path.display()))
}

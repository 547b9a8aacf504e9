//! The log, line by line as etcd writes it.
//!
//! ```text
//! {"level":"info","ts":"2026-11-23T09:25:45.928288Z","caller":"serve/mod.rs:139","msg":"ready","name":"a"}
//! 2026-11-23T09:25:45.928288Z<TAB>info<TAB>serve/mod.rs:139<TAB>ready<TAB>{"name": "a"}
//! ```
//!
//! The second form is `--log-format=console`. Log collectors and test harnesses parse every line,
//! so each is one valid JSON object (or one console line) whatever a message contains, and it is
//! written by one call. Events come from `tracing`; three conventions give what `tracing` lacks:
//!
//! - the field `fatal = true` on an error makes its level `fatal`, for what ends the process;
//! - the field `fields = ?Json(&map)` stands for the entries of the map, whose names are only known
//!   at run time;
//! - a value wrapped in [`Json`] (`urls = ?Json(&list)`) is written as JSON and not as a string.
//!
//! Lines of other crates are written from warnings on; their details would drown ours.

mod journal;
mod line;
mod rotate;
mod sink;

pub use line::Json;

use crate::config::{LogConfig, LogFormat, LogLevel};
use sink::Sink;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Crates whose lines are written at every level.
const OWN_TARGETS: [&str; 5] = ["store", "etcd", "etcdctl", "etcdproxy", "pintle"];

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of `--log-outputs` cannot be opened.
    #[error("couldn't open sink {path:?}: open {path}: {}", dial::os_error(why))]
    Open {
        /// The file.
        path: String,
        /// The reason.
        why: std::io::Error,
    },
    /// There is no journal of systemd.
    #[error("failed to find systemd's journal: {}", dial::os_error(.0))]
    Journal(std::io::Error),
    /// The process has a log already.
    #[error("the log of this process is set up already")]
    Twice,
}

/// Writes events in etcd's form.
struct Lines {
    level: LogLevel,
    format: LogFormat,
    sinks: Vec<Sink>,
}

/// Makes the log of this process.
///
/// # Errors
/// If a file cannot be opened, or there is a log already.
pub fn install(config: &LogConfig) -> Result<(), Error> {
    let subscriber = subscriber(config)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| Error::Twice)
}

/// A subscriber that writes to the outputs of `config`; [`install`] makes it that of the process.
///
/// # Errors
/// If a file cannot be opened.
pub fn subscriber(config: &LogConfig) -> Result<impl Subscriber + Send + Sync + use<>, Error> {
    let lines = Lines {
        level: config.level,
        format: config.format,
        sinks: sink::open_all(&config.outputs, config.rotation)?,
    };
    Ok(tracing_subscriber::registry().with(lines))
}

/// The level of an event in etcd's words.
fn level_of(metadata: &Metadata<'_>, fatal: bool) -> LogLevel {
    match *metadata.level() {
        tracing::Level::ERROR if fatal => LogLevel::Fatal,
        tracing::Level::ERROR => LogLevel::Error,
        tracing::Level::WARN => LogLevel::Warn,
        tracing::Level::INFO => LogLevel::Info,
        _ => LogLevel::Debug,
    }
}

/// The least level at which lines of a crate are written.
fn least(target: &str, asked: LogLevel) -> LogLevel {
    let krate = target.split("::").next().unwrap_or_default();
    if OWN_TARGETS.contains(&krate) {
        asked
    } else {
        asked.max(LogLevel::Warn)
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        // An error may turn out to be fatal, which shows only in its fields.
        let fatal = metadata.fields().field("fatal").is_some();
        metadata.is_event() && level_of(metadata, fatal) >= least(metadata.target(), self.level)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = line::Fields::default();
        event.record(&mut fields);
        let level = level_of(event.metadata(), fields.fatal);
        if level < self.level {
            return;
        }
        let caller = line::caller(event.metadata());
        let line = line::render(self.format, level, &caller, &fields);
        for sink in &self.sinks {
            sink.write(level, &caller, line.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests;

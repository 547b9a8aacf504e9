//! raft-rs speaks slog; the rest of the store speaks tracing. This passes the one on to the other.

use std::fmt;

/// A slog logger whose records become tracing events of the same level.
pub(super) fn to_tracing() -> slog::Logger {
    slog::Logger::root(Forward, slog::o!())
}

struct Forward;

struct Fields(String);

impl slog::Serializer for Fields {
    fn emit_arguments(&mut self, key: slog::Key, value: &fmt::Arguments<'_>) -> slog::Result {
        use fmt::Write as _;
        write!(self.0, " {key}={value}").map_err(|_| slog::Error::Other)
    }
}

impl slog::Drain for Forward {
    type Ok = ();
    type Err = slog::Never;

    fn log(
        &self,
        record: &slog::Record<'_>,
        values: &slog::OwnedKVList,
    ) -> Result<(), slog::Never> {
        use slog::KV as _;
        // raft-rs reports every step of an election at info; an operator of etcd expects only
        // what concerns the member, which the driver itself reports.
        let enabled = match record.level() {
            slog::Level::Critical | slog::Level::Error | slog::Level::Warning => true,
            _ => tracing::enabled!(tracing::Level::DEBUG),
        };
        if !enabled {
            return Ok(());
        }
        let mut fields = Fields(String::new());
        // A field that cannot be printed is left out: it is for people only.
        let _ = record.kv().serialize(record, &mut fields);
        let _ = values.serialize(record, &mut fields);
        let message = format!("{}{}", record.msg(), fields.0);
        match record.level() {
            slog::Level::Critical | slog::Level::Error => tracing::error!("{message}"),
            slog::Level::Warning => tracing::warn!("{message}"),
            _ => tracing::debug!("{message}"),
        }
        Ok(())
    }
}

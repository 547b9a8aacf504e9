//! The end after a panic: one line in the log, whatever thread it happened on and however the
//! build treats panics.
//!
//! A panic of ours means that an invariant does not hold, so nothing more may be acknowledged; the
//! process aborts, which leaves a core dump to those who want one. A panic of the checkpoint's
//! engine is most likely damage of its files, which is no reason for either: it ends the process
//! as every refused start does, with exit code 1. What was acknowledged is in the log.

use std::any::Any;
use std::backtrace::Backtrace;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};

use crate::backend;

/// Makes every panic of this process end it.
pub(super) fn install(data_dir: PathBuf) {
    std::panic::set_hook(Box::new(move |panic| end(panic, &data_dir)));
}

#[expect(
    clippy::disallowed_methods,
    reason = "after a panic no destructor may be trusted, and every line of log is flushed by its own call"
)]
fn end(panic: &PanicHookInfo<'_>, data_dir: &Path) {
    let error = text(panic.payload());
    let location = panic.location();
    let place = location.map(ToString::to_string).unwrap_or_default();
    if location.is_some_and(|location| backend::is_engine(location.file())) {
        let path = data_dir.join("member").join("sled");
        let message = "the checkpoint is damaged or cannot be used";
        tracing::error!(fatal = true, error, place, path = %path.display(), "{message}");
        std::process::exit(1);
    }
    let stack = Backtrace::force_capture();
    let message = "a broken invariant ends the process";
    tracing::error!(fatal = true, error, place, stacktrace = %stack, "{message}");
    std::process::abort();
}

/// What `panic!` was given.
fn text(payload: &dyn Any) -> &str {
    let literal = payload.downcast_ref::<&str>().copied();
    literal
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

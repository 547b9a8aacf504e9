//! The end after a panic: one line in the log, and exit code 1.
//!
//! A panic means that an invariant does not hold, so nothing more may be acknowledged, whichever
//! thread found it; what was acknowledged is in the log. Without this hook the threads of a build
//! that unwinds would go on without the one that panicked, and the reason would be no line of JSON.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};

use crate::backend;

/// Makes every panic of this process end it.
pub(super) fn install(data_dir: PathBuf) {
    std::panic::set_hook(Box::new(move |panic| {
        report(panic, &data_dir);
        end();
    }));
}

fn report(panic: &PanicHookInfo<'_>, data_dir: &Path) {
    let error = text(panic.payload());
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    let file = panic.location().map(|location| location.file());
    let dir = data_dir.display();
    // Captured only where RUST_BACKTRACE asks for it.
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!(%backtrace, "the stack of the panic");
    }
    if file.is_some_and(backend::is_engine) {
        tracing::error!(fatal = true, error, place, "data-dir" = %dir,
            "the checkpoint is damaged or cannot be used (member/sled in the data directory)");
    } else {
        tracing::error!(fatal = true, error, place, "data-dir" = %dir, "an invariant is broken");
    }
}

/// What `panic!` was given.
fn text(payload: &dyn Any) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a text")
}

#[expect(
    clippy::disallowed_methods,
    reason = "after a panic no destructor may be trusted, and every write is flushed by its own call"
)]
fn end() -> ! {
    std::process::exit(1)
}

//! How far long work is, on stderr and only if that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often a spinner turns.
const TURN: Duration = Duration::from_millis(100);

/// A bar for so many bytes.
pub(crate) fn of_bytes(total: u64) -> ProgressBar {
    let template = "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    styled(ProgressBar::new(total), template)
}

/// A spinner for work of which nobody knows how long it takes; `what` says what it is.
pub(crate) fn of_unknown(what: String) -> ProgressBar {
    let spinner =
        styled(ProgressBar::new_spinner(), "{spinner} {msg} {elapsed}").with_message(what);
    spinner.enable_steady_tick(TURN);
    spinner
}

/// A spinner that counts keys.
pub(crate) fn of_keys(what: String) -> ProgressBar {
    let template = "{spinner} {msg} {pos} keys {elapsed}";
    let spinner = styled(ProgressBar::new_spinner(), template).with_message(what);
    spinner.enable_steady_tick(TURN);
    spinner
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    // A template of ours is never wrong; the default does as well.
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

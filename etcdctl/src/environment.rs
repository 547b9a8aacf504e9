//! `ETCDCTL_*` variables: each sets the flag of its name; one that meets the same flag on the
//! command line is fatal, one without a flag is warned about.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;

use crate::exit::{self, Done, Failure};
use crate::flag::{Parsed, lossy};
use crate::log::Level;
use crate::session::Session;

const PREFIX: &str = "ETCDCTL_";

/// The variable of a flag.
pub(crate) fn variable(flag: &str) -> String {
    format!("{PREFIX}{}", flag.to_ascii_uppercase().replace('-', "_"))
}

/// Applies all variables to the flags a command inherits, and prints the settings if `--debug` is
/// on.
pub(crate) fn apply(session: &mut Session<'_>, flags: &mut Parsed) -> Done {
    let on_line: Vec<String> = session
        .inherited
        .iter()
        .filter(|f| flags.changed(f.name))
        .map(|f| variable(f.name))
        .collect();
    let mut used = Vec::new();
    for flag in &session.inherited {
        let name = variable(flag.name);
        let value = session.env.get(&name).filter(|v| !v.is_empty());
        if let Some(value) = value.filter(|_| !on_line.contains(&name)) {
            flags.set_from_variable(flag.name, value.as_bytes());
            used.push(name);
        }
    }
    for (name, value) in session.env.iter() {
        let name = lossy(name.as_bytes());
        if used.contains(&name) {
            continue;
        }
        if on_line.contains(&name) {
            return conflict(session, &name);
        }
        // `watch` reads these two itself.
        let of_watch = matches!(
            name.as_str(),
            "ETCDCTL_WATCH_KEY" | "ETCDCTL_WATCH_RANGE_END"
        );
        if name.starts_with(PREFIX) && !(of_watch && session.is_watch && !value.is_empty()) {
            let both = format!("{name}={}", lossy(value.as_bytes()));
            session.io.log(
                Level::Warn,
                "",
                "unrecognized environment variable",
                &[("environment-variable", both.into())],
            )?;
        }
    }
    if flags.switch("debug") {
        let mut names: Vec<_> = session.inherited.iter().map(|f| f.name).collect();
        names.sort_unstable();
        for name in names {
            writeln!(
                session.io.stderr,
                "{}={}",
                variable(name),
                flags.shown(name)
            )?;
        }
    }
    Ok(())
}

fn conflict(session: &mut Session<'_>, name: &str) -> Done {
    session.io.log(
        Level::Fatal,
        "",
        "conflicting environment variable is shadowed by corresponding command-line flag (either unset environment variable or disable flag))",
        &[("environment-variable", name.into())],
    )?;
    Err(Failure::Silent(exit::ERROR))
}

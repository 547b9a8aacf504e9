//! The name of a client that gives none.

use crate::go;

/// The longest name of a manager, in bytes.
const LONGEST: usize = 128;

/// The name of the manager of a request: the one it gives, or the `User-Agent` up to the first slash, without
/// what cannot be printed, cut to 128 bytes.
#[must_use]
pub fn manager_of_agent(manager: &str, agent: &str) -> String {
    if !manager.is_empty() {
        return manager.into();
    }
    let program = agent.split('/').next().unwrap_or_default();
    let mut name = String::new();
    for c in program.chars().filter(|c| go::printable(*c)) {
        if name.len() + c.len_utf8() > LONGEST {
            break;
        }
        name.push(c);
    }
    name
}

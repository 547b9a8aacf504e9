//! Settings from variables: `ETCD_LISTEN_CLIENT_URLS` is `--listen-client-urls`.
//!
//! A variable never overrides a flag: the same setting by both ends the start, since one of the
//! two is a mistake. Variables that name no setting only earn a warning.

use super::settings::Settings;
use super::{Error, Loudness, Notice, flags, quote};

/// The value of a variable, unless it is missing or empty.
pub(super) fn lookup<'a>(environment: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = environment.iter().find(|(known, _)| known == name);
    found
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}

/// Reads all variables that name a setting.
pub(super) fn apply(
    environment: &[(String, String)],
    settings: &mut Settings,
    notices: &mut Vec<Notice>,
) -> Result<(), Error> {
    if let Some(value) = lookup(environment, "ETCD_VERSION") {
        let fields = [("key", "ETCD_VERSION"), ("value", value)];
        let message = "cannot set special environment variable";
        notices.push(Notice::new(Loudness::Warn, message, &fields));
    }
    let mut by_flag = Vec::new();
    let mut used = vec!["ETCD_VERSION".to_owned()];
    let mut fault = None;
    let mut order: Vec<usize> = (0..flags::ALL.len()).collect();
    order.sort_by_key(|at| flags::ALL[*at].name);
    for at in order {
        let name = flags::ALL[at].variable();
        if settings.given_at(at) {
            by_flag.push(name);
            continue;
        }
        let Some(value) = lookup(environment, &name).filter(|_| name != "ETCD_VERSION") else {
            continue;
        };
        match settings.read(at, value) {
            Ok(()) => {
                let fields = [("variable-name", name.as_str()), ("variable-value", value)];
                let message = "recognized and used environment variable";
                notices.push(Notice::new(Loudness::Info, message, &fields));
            }
            Err(why) => fault = Some(format!("invalid value {} for {name}: {why}", quote(value))),
        }
        used.push(name);
    }
    for (name, value) in environment {
        if used.contains(name) {
            continue;
        }
        if by_flag.contains(name) {
            return Err(Error::Conflict(name.clone()));
        }
        if name.starts_with("ETCD_") {
            let variable = format!("{name}={value}");
            let fields = [("environment-variable", variable.as_str())];
            notices.push(Notice::new(
                Loudness::Warn,
                "unrecognized environment variable",
                &fields,
            ));
        }
    }
    fault.map_or(Ok(()), |why| Err(Error::Invalid(why)))
}

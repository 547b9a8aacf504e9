//! The flags of `etcdctl` itself and the `ETCDCTL_*` variables that stand in for some of them.

use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::time::Duration;

use tokio::runtime::Runtime;

use super::client::{Login, Secure, Url};
use super::flag::{Flag, Kind, Set};
use crate::Env;
use crate::flag::lossy;
use crate::go::quote::quote;
use crate::io::Io;
use crate::password;

/// The table, in the order of the help.
pub(super) const FLAGS: &[Flag] = &[
    Flag::switch(
        &["debug"],
        "print each request as a curl command, and the endpoints",
    ),
    Flag::switch(
        &["no-sync"],
        "use the endpoints as given, without asking them for those of all members",
    ),
    Flag::new(
        &["output", "o"],
        Kind::Text,
        "simple",
        "output format: simple, extended or json",
    ),
    Flag::text(
        &["discovery-srv", "D"],
        "domain whose SRV records name the endpoints",
    ),
    Flag::switch(
        &["insecure-discovery"],
        "accept endpoints without TLS from SRV records",
    ),
    Flag::text(&["peers", "C"], "older name of --endpoints"),
    Flag::text(&["endpoint"], "older name of --endpoints"),
    Flag::text(
        &["endpoints"],
        "addresses of the members, separated by commas (default http://127.0.0.1:2379,http://127.0.0.1:4001)",
    ),
    Flag::text(
        &["cert-file"],
        "file with the certificate to show to the servers",
    ),
    Flag::text(&["key-file"], "file with the private key of --cert-file"),
    Flag::text(
        &["ca-file"],
        "file with the certificates of the authorities that sign the servers' certificates",
    ),
    Flag::text(
        &["username", "u"],
        "user to log in as: name, which asks for the password, or name:password",
    ),
    Flag::new(
        &["timeout"],
        Kind::Duration,
        "2s",
        "how long one server may take to answer",
    ),
    Flag::new(
        &["total-timeout"],
        Kind::Duration,
        "5s",
        "how long a command may take, unless it watches",
    ),
];

/// Where requests go if nothing is said.
const DEFAULT_ENDPOINTS: &str = "http://127.0.0.1:2379,http://127.0.0.1:4001";

/// A flag's value, or that of its variable.
fn text(globals: &Set, env: &Env, flag: &str, variable: &str) -> String {
    let given = globals.text(flag);
    match given.is_empty() {
        true => from_env(env, variable),
        false => lossy(&given),
    }
}

fn from_env(env: &Env, variable: &str) -> String {
    let value = env.get(variable).map(|value| lossy(value.as_bytes()));
    value.unwrap_or_default()
}

/// Where SRV records are looked for, if they are.
struct Discovery {
    domain: String,
    takes_all: bool,
}

impl Discovery {
    fn read(globals: &Set, env: &Env) -> Self {
        Self {
            domain: text(globals, env, "discovery-srv", "ETCDCTL_DISCOVERY_SRV"),
            takes_all: globals.switch("insecure-discovery")
                || !from_env(env, "ETCDCTL_INSECURE_DISCOVERY").is_empty(),
        }
    }
}

/// Where requests go: the members named by DNS, or those given.
pub(super) fn endpoints(
    globals: &Set,
    env: &Env,
    io: &mut Io,
    runtime: &Runtime,
) -> Result<Vec<Url>, String> {
    let mut found = discovered(globals, env, io, runtime)?;
    if found.is_empty() {
        let places = [
            ("endpoints", "ETCDCTL_ENDPOINTS"),
            ("endpoint", "ETCDCTL_ENDPOINT"),
            ("peers", "ETCDCTL_PEERS"),
        ];
        let mut given = places
            .iter()
            .map(|(flag, name)| text(globals, env, flag, name));
        let given = given.find(|list| !list.is_empty());
        let given = given.unwrap_or_else(|| DEFAULT_ENDPOINTS.to_owned());
        found = given.split(',').map(str::to_owned).collect();
    }
    let complete = |endpoint: &String| {
        let mut url = Url::parse(endpoint)?;
        if url.scheme.is_empty() {
            "http".clone_into(&mut url.scheme);
        }
        // Without a scheme a host is taken for a path, which it is not once it is written out.
        Url::parse(&url.to_string())
    };
    found.iter().map(complete).collect()
}

fn discovered(
    globals: &Set,
    env: &Env,
    io: &mut Io,
    runtime: &Runtime,
) -> Result<Vec<String>, String> {
    let Discovery { domain, takes_all } = Discovery::read(globals, env);
    if domain.is_empty() {
        return Ok(Vec::new());
    }
    let service = from_env(env, "ETCDCTL_DISCOVERY_SRV_NAME");
    let servers = runtime.block_on(dial::srv::clients(&domain, &service))?;
    let mut endpoints = Vec::new();
    for server in servers {
        let url = server.url();
        if !takes_all && server.scheme == "http" {
            let shown = quote(url.as_bytes());
            let line = writeln!(io.stderr, "ignoring discovered insecure endpoint {shown}");
            line.map_err(|why| why.to_string())?;
            continue;
        }
        endpoints.push(url);
    }
    Ok(endpoints)
}

/// What TLS is set up from.
pub(super) fn secure(globals: &Set, env: &Env) -> Result<Secure, String> {
    let file = |flag, name| PathBuf::from(text(globals, env, flag, name));
    let discovery = Discovery::read(globals, env);
    let settings = tls::Settings {
        cert: file("cert-file", "ETCDCTL_CERT_FILE"),
        key: file("key-file", "ETCDCTL_KEY_FILE"),
        trusted_ca: file("ca-file", "ETCDCTL_CA_FILE"),
        ..tls::Settings::default()
    };
    let name = Some(discovery.domain);
    let name = name.filter(|name| !name.is_empty() && !discovery.takes_all);
    Secure::new(settings, name)
}

/// Who logs in; a password that is not given is asked for.
pub(super) fn login(globals: &Set, env: &Env, io: &mut Io) -> Result<Option<Login>, String> {
    let mut given = globals.text("username");
    if given.is_empty() {
        let variable = env.get("ETCDCTL_USERNAME");
        given = variable.map_or_else(Vec::new, |value| value.as_bytes().to_vec());
    }
    if given.is_empty() {
        return Ok(None);
    }
    let (user, password) = user_and_password(&given, "Password: ", io)?;
    Ok((!user.is_empty()).then_some(Login { user, password }))
}

/// Splits `name:password`; without the colon the password is asked for.
pub(super) fn user_and_password(
    given: &[u8],
    prompt: &str,
    io: &mut Io,
) -> Result<(Vec<u8>, Vec<u8>), String> {
    match given.iter().position(|byte| *byte == b':') {
        Some(at) => Ok((given[..at].to_vec(), given[at + 1..].to_vec())),
        None => Ok((given.to_vec(), asked(prompt, io)?)),
    }
}

/// A password that is typed, without the white space around it.
pub(super) fn asked(prompt: &str, io: &mut Io) -> Result<Vec<u8>, String> {
    let typed = password::ask(io, prompt).map_err(|why| why.to_string())?;
    Ok(typed.trim().as_bytes().to_vec())
}

/// How long one server may take to answer; without limit if that is not positive.
pub(super) fn patience(globals: &Set) -> Option<Duration> {
    let nanos = u64::try_from(globals.duration("timeout")).ok();
    nanos.filter(|nanos| *nanos > 0).map(Duration::from_nanos)
}

/// How long a command may take.
pub(super) fn total(globals: &Set) -> Duration {
    let nanos = u64::try_from(globals.duration("total-timeout"));
    Duration::from_nanos(nanos.unwrap_or(0))
}

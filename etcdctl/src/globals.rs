//! The flags every command takes, and what they say together.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use tls::{Settings, Trust};

use crate::exit::{self, BAD_CONNECTION, Failure};
use crate::flag::{Flag, Kind, Parsed, lossy};
use crate::go::quote::quote;
use crate::io::Io;
use crate::password;

/// The table; `ETCDCTL_*` variables go by its names, in its order.
pub(crate) const FLAGS: &[Flag] = &[
    Flag::new(
        "auth-jwt-token",
        Kind::Text,
        "",
        "token that proves who you are, instead of --user and --password",
    ),
    Flag::new(
        "cacert",
        Kind::Text,
        "",
        "file with the certificates of the authorities that sign the servers' certificates",
    ),
    Flag::new(
        "cert",
        Kind::Text,
        "",
        "file with the certificate to show to the servers",
    ),
    Flag::new(
        "command-timeout",
        Kind::Duration,
        "5s",
        "how long a command may take",
    ),
    Flag::switch("debug", "print the settings in use to stderr"),
    Flag::new(
        "dial-timeout",
        Kind::Duration,
        "2s",
        "how long to wait for a login",
    ),
    Flag::new(
        "discovery-srv",
        Kind::Text,
        "",
        "domain whose SRV records name the endpoints",
    )
    .short('d'),
    Flag::new(
        "discovery-srv-name",
        Kind::Text,
        "",
        "service name in the SRV records",
    ),
    Flag::new(
        "endpoints",
        Kind::List,
        "127.0.0.1:2379",
        "addresses of the servers",
    ),
    Flag::switch(
        "hex",
        "print keys and values as \\x.. and ids in hexadecimal",
    ),
    Flag::new(
        "insecure-discovery",
        Kind::Bool,
        "true",
        "accept endpoints without TLS from SRV records",
    ),
    Flag::switch(
        "insecure-skip-tls-verify",
        "accept any server certificate: for tests only",
    ),
    Flag::new(
        "insecure-transport",
        Kind::Bool,
        "true",
        "connect without TLS",
    ),
    Flag::new(
        "keepalive-time",
        Kind::Duration,
        "2s",
        "idle time after which the connection is probed (at least 10s)",
    ),
    Flag::new(
        "keepalive-timeout",
        Kind::Duration,
        "6s",
        "how long to wait for the answer to a probe",
    ),
    Flag::new("key", Kind::Text, "", "file with the private key of --cert"),
    Flag::int("max-recv-bytes", "largest reply to accept (0 = 2 GiB)"),
    Flag::int("max-request-bytes", "largest request to send (0 = 2 MiB)"),
    Flag::new("password", Kind::Text, "", "password of --user"),
    Flag::new(
        "user",
        Kind::Text,
        "",
        "user to log in as: name or name:password",
    ),
    Flag::new(
        "write-out",
        Kind::Text,
        "simple",
        "output format: simple, json, fields, table or protobuf",
    )
    .short('w'),
];

/// Name and password to log in with.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// The global flags, checked.
#[derive(Clone, Debug)]
pub(crate) struct Globals {
    /// As typed, white space trimmed.
    pub(crate) endpoints: Vec<String>,
    pub(crate) dial_timeout: Duration,
    pub(crate) command_timeout: Duration,
    /// `--command-timeout` was given: snapshots have no deadline otherwise.
    pub(crate) command_timeout_set: bool,
    pub(crate) keepalive_time: Duration,
    pub(crate) keepalive_timeout: Duration,
    /// Bytes of the largest request.
    pub(crate) send_max: usize,
    /// Bytes of the largest reply.
    pub(crate) receive_max: usize,
    /// What connects with TLS, if that is spoken.
    pub(crate) tls: Option<tls::Client>,
    pub(crate) login: Option<Login>,
    pub(crate) token: Option<String>,
    pub(crate) hex: bool,
    pub(crate) format: String,
}

impl Globals {
    /// Reads and checks them.
    pub(crate) fn read(flags: &Parsed, io: &mut Io) -> Result<Self, Failure> {
        let mut endpoints = discovered(flags, io)?;
        if endpoints.is_empty() {
            let given = flags.list("endpoints").iter();
            endpoints = given.map(|e| lossy(e).trim().to_owned()).collect();
        }
        let tls = own_tls(flags, &endpoints)?;
        check_limits(flags.int("max-request-bytes"), flags.int("max-recv-bytes"))?;
        let text = |name| lossy(flags.text(name));
        let token = Some(text("auth-jwt-token")).filter(|t| !t.is_empty());
        let globals = Self {
            endpoints,
            dial_timeout: flags.duration("dial-timeout"),
            command_timeout: flags.duration("command-timeout"),
            command_timeout_set: flags.changed("command-timeout"),
            keepalive_time: flags.duration("keepalive-time"),
            keepalive_timeout: flags.duration("keepalive-timeout"),
            send_max: limit(flags.int("max-request-bytes"), 2 * 1024 * 1024),
            receive_max: limit(flags.int("max-recv-bytes"), i32::MAX as usize),
            tls,
            login: if token.is_some() {
                None
            } else {
                login(text("user"), text("password"), "Password: ", io)?
            },
            token,
            hex: flags.switch("hex"),
            format: text("write-out"),
        };
        Ok(globals)
    }

    /// There is something to connect to.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.endpoints.is_empty() {
            let text = "etcdclient: no available endpoints";
            return Err(Failure::new(BAD_CONNECTION, text));
        }
        Ok(())
    }
}

/// The endpoints that SRV records of DNS name (`--discovery-srv`); none if they are not asked for.
fn discovered(flags: &Parsed, io: &mut Io) -> Result<Vec<String>, Failure> {
    let text = |name| lossy(flags.text(name));
    let domain = text("discovery-srv");
    if domain.is_empty() {
        return Ok(Vec::new());
    }
    let failed = |why: String| Failure::new(exit::ERROR, why);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| failed(why.to_string()))?;
    let found = runtime.block_on(dial::srv::clients(&domain, &text("discovery-srv-name")));
    let found = found.map_err(failed)?;
    let takes_all = flags.switch("insecure-discovery");
    let mut endpoints = Vec::new();
    for server in found {
        let url = server.url();
        if !takes_all && server.scheme == "http" {
            writeln!(
                io.stderr,
                "ignoring discovered insecure endpoint {}",
                quote(url.as_bytes())
            )?;
            continue;
        }
        endpoints.push(url);
    }
    Ok(endpoints)
}

/// Only limits that were given are compared.
fn check_limits(send: i64, receive: i64) -> Result<(), Failure> {
    if receive > 0 && send > receive {
        let text = format!(
            "gRPC message recv limit ({receive} bytes) must be greater than send limit ({send} bytes)"
        );
        return Err(Failure::new(BAD_CONNECTION, text));
    }
    Ok(())
}

fn limit(given: i64, default: usize) -> usize {
    match usize::try_from(given) {
        Ok(bytes) if bytes > 0 => bytes,
        _ => default,
    }
}

/// What [`tls`] needs, from the flags that every command takes.
fn own_tls(flags: &Parsed, endpoints: &[String]) -> Result<Option<tls::Client>, Failure> {
    let names = ["cert", "key", "cacert"];
    for name in names {
        if flags.changed(name) && flags.text(name).is_empty() {
            return Err(Failure::args(format!(
                "empty string is passed to --{name} option"
            )));
        }
    }
    tls(
        names.map(|name| flags.text(name)),
        flags.switch("insecure-transport"),
        flags.switch("insecure-skip-tls-verify"),
        endpoints,
    )
}

/// What connects with TLS. That is spoken if the first endpoint says so, or if it leaves it open and any
/// flag does; whether the files (certificate, key, authorities) are good is seen either way.
pub(crate) fn tls(
    files: [&[u8]; 3],
    is_insecure: bool,
    is_unchecked: bool,
    endpoints: &[String],
) -> Result<Option<tls::Client>, Failure> {
    let has_files = files.iter().any(|file| !file.is_empty());
    let [cert, key, trusted_ca] = files.map(|file| PathBuf::from(lossy(file)));
    let settings = Settings {
        cert,
        key,
        trusted_ca,
        ..Settings::default()
    };
    let is_asked = has_files || !is_insecure;
    let trust = match is_asked && is_unchecked {
        true => Trust::Anybody,
        false => Trust::Checked,
    };
    let first = endpoints.first().map(String::as_str).unwrap_or_default();
    let is_spoken = match first.split_once(':').map(|(scheme, _)| scheme) {
        Some("https" | "unixs") => true,
        Some("http") => false,
        _ => is_asked,
    };
    if !has_files && !is_spoken {
        return Ok(None);
    }
    let client = tls::Client::new(&settings, trust);
    let client = client.map_err(|why| Failure::args(why.to_string()))?;
    Ok(is_spoken.then_some(client))
}

/// Name and password to log in with; the password is asked for if it is not given.
pub(crate) fn login(
    user: String,
    password: String,
    prompt: &str,
    io: &mut Io,
) -> Result<Option<Login>, Failure> {
    if user.is_empty() {
        return Ok(None);
    }
    if !password.is_empty() {
        return Ok(Some(Login { user, password }));
    }
    match user.split_once(':') {
        Some((user, password)) => Ok(Some(Login {
            user: user.to_owned(),
            password: password.to_owned(),
        })),
        None => {
            let password = password::of_login(io, prompt)?;
            Ok(Some(Login { user, password }))
        }
    }
}

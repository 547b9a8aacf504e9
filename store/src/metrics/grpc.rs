//! Calls by method and outcome, as go-grpc-prometheus counts them.
//!
//! Every method and code is there from the start, at zero, so that rates of the first failure
//! are seen. A call costs one look into a table by its path and three atomic additions.

use super::Error;
use super::register::Register;
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// The service of each group, its methods, and the kind of each.
const SERVICES: &[(&str, &[(&str, &str)])] = &[
    (
        "etcdserverpb.KV",
        &[
            ("Range", UNARY),
            ("RangeStream", SERVER),
            ("Put", UNARY),
            ("DeleteRange", UNARY),
            ("Txn", UNARY),
            ("Compact", UNARY),
        ],
    ),
    ("etcdserverpb.Watch", &[("Watch", BIDI)]),
    (
        "etcdserverpb.Lease",
        &[
            ("LeaseGrant", UNARY),
            ("LeaseRevoke", UNARY),
            ("LeaseKeepAlive", BIDI),
            ("LeaseTimeToLive", UNARY),
            ("LeaseLeases", UNARY),
        ],
    ),
    (
        "etcdserverpb.Cluster",
        &[
            ("MemberAdd", UNARY),
            ("MemberRemove", UNARY),
            ("MemberUpdate", UNARY),
            ("MemberList", UNARY),
            ("MemberPromote", UNARY),
        ],
    ),
    (
        "etcdserverpb.Maintenance",
        &[
            ("Alarm", UNARY),
            ("Status", UNARY),
            ("Defragment", UNARY),
            ("Hash", UNARY),
            ("HashKV", UNARY),
            ("Snapshot", SERVER),
            ("MoveLeader", UNARY),
            ("Downgrade", UNARY),
        ],
    ),
    (
        "etcdserverpb.Auth",
        &[
            ("AuthEnable", UNARY),
            ("AuthDisable", UNARY),
            ("AuthStatus", UNARY),
            ("Authenticate", UNARY),
            ("UserAdd", UNARY),
            ("UserGet", UNARY),
            ("UserList", UNARY),
            ("UserDelete", UNARY),
            ("UserChangePassword", UNARY),
            ("UserGrantRole", UNARY),
            ("UserRevokeRole", UNARY),
            ("RoleAdd", UNARY),
            ("RoleGet", UNARY),
            ("RoleList", UNARY),
            ("RoleDelete", UNARY),
            ("RoleGrantPermission", UNARY),
            ("RoleRevokePermission", UNARY),
        ],
    ),
    ("v3lockpb.Lock", &[("Lock", UNARY), ("Unlock", UNARY)]),
    (
        "v3electionpb.Election",
        &[
            ("Campaign", UNARY),
            ("Proclaim", UNARY),
            ("Leader", UNARY),
            ("Observe", SERVER),
            ("Resign", UNARY),
        ],
    ),
    (
        "grpc.health.v1.Health",
        &[("Check", UNARY), ("List", UNARY), ("Watch", SERVER)],
    ),
];

const UNARY: &str = "unary";
const SERVER: &str = "server_stream";
const BIDI: &str = "bidi_stream";

/// The names of the codes, at the place of their numbers.
const CODES: [&str; 17] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

/// The outcome of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(u8);

impl Code {
    /// The client went away before there was an outcome.
    pub const CANCELED: Code = Code(1);
    /// The outcome is not known.
    pub const UNKNOWN: Code = Code(2);

    /// Its number.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0.into()
    }

    /// Reads the text of a `grpc-status`.
    #[must_use]
    pub fn parse(status: &[u8]) -> Self {
        let number = std::str::from_utf8(status)
            .ok()
            .and_then(|text| text.parse::<u8>().ok());
        number
            .filter(|number| usize::from(*number) < CODES.len())
            .map_or(Code::UNKNOWN, Code)
    }
}

struct Method {
    is_unary: bool,
    started: IntCounter,
    received: IntCounter,
    sent: IntCounter,
    handled: Vec<IntCounter>,
    seconds: Option<Histogram>,
}

/// All methods.
pub struct Grpc {
    by_path: HashMap<String, Arc<Method>>,
}

impl Grpc {
    pub(super) fn new(r: &mut Register, extensive: bool) -> Result<Self, Error> {
        let labels = ["grpc_type", "grpc_service", "grpc_method"];
        let started = r.counters("grpc_server_started_total", "Calls started.", &labels)?;
        let received = r.counters(
            "grpc_server_msg_received_total",
            "Messages received.",
            &labels,
        )?;
        let sent = r.counters("grpc_server_msg_sent_total", "Messages sent.", &labels)?;
        let with_code = ["grpc_type", "grpc_service", "grpc_method", "grpc_code"];
        let handled = r.counters(
            "grpc_server_handled_total",
            "Calls ended, by outcome.",
            &with_code,
        )?;
        let seconds = extensive.then(|| seconds(r, &labels)).transpose()?;
        let mut by_path = HashMap::new();
        for (service, methods) in SERVICES {
            for (method, kind) in *methods {
                let labels = [*kind, *service, *method];
                let by_code =
                    |code: &&str| handled.with_label_values(&[*kind, *service, *method, *code]);
                let made = Method {
                    is_unary: *kind == UNARY,
                    started: started.with_label_values(&labels),
                    received: received.with_label_values(&labels),
                    sent: sent.with_label_values(&labels),
                    handled: CODES.iter().map(by_code).collect(),
                    seconds: seconds
                        .as_ref()
                        .map(|family| family.with_label_values(&labels)),
                };
                by_path.insert(format!("/{service}/{method}"), Arc::new(made));
            }
        }
        Ok(Self { by_path })
    }

    /// Counts a call that begins; nothing for a method nobody offers.
    #[must_use]
    pub fn start(&self, path: &str) -> Option<Call> {
        let method = Arc::clone(self.by_path.get(path)?);
        method.started.inc();
        let since = method.seconds.is_some().then(Instant::now);
        Some(Call { method, since })
    }

    /// Whether this service has any methods.
    #[must_use]
    pub fn is_service(name: &str) -> bool {
        SERVICES.iter().any(|(service, _)| *service == name)
    }
}

fn seconds(r: &mut Register, labels: &[&str]) -> Result<HistogramVec, Error> {
    // The default bounds of the crate are those of Go's client.
    let options = HistogramOpts::new("grpc_server_handling_seconds", "The time of calls.");
    r.add(HistogramVec::new(options, labels))
}

/// One call that is being answered.
pub struct Call {
    method: Arc<Method>,
    since: Option<Instant>,
}

impl Call {
    /// Whether it is one message, answered by one.
    #[must_use]
    pub fn is_unary(&self) -> bool {
        self.method.is_unary
    }

    /// A message came in.
    pub fn received(&self) {
        self.method.received.inc();
    }

    /// A message went out.
    pub fn sent(&self) {
        self.method.sent.inc();
    }

    /// The call is over.
    pub fn handled(&self, code: Code) {
        if let Some(counter) = self.method.handled.get(usize::from(code.0)) {
            counter.inc();
        }
        if let (Some(seconds), Some(since)) = (&self.method.seconds, self.since) {
            seconds.observe(since.elapsed().as_secs_f64());
        }
    }
}

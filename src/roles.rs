//! The roles of the binary, by name.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

/// The names, for people.
pub(crate) const HELP: &str = "Roles, each with the flags of the program it stands for:
  pintle etcd [flags]       the store; also etcd gateway and etcd grpc-proxy
  pintle etcdctl [command]  its command-line client
  pintle etcdutl [command]  its tool for files
  pintle kube-apiserver [flags]  the API server of Kubernetes";

/// One role.
pub(crate) struct Role {
    name: &'static str,
    run: fn(Vec<OsString>) -> ExitCode,
}

/// All roles.
pub(crate) const ALL: [Role; 4] = [
    Role {
        name: "etcd",
        run: etcd,
    },
    Role {
        name: "etcdctl",
        run: etcdctl,
    },
    Role {
        name: "etcdutl",
        run: etcdutl,
    },
    Role {
        name: "kube-apiserver",
        run: apiserver::run::run,
    },
];

/// The role of that name.
pub(crate) fn find(name: &OsStr) -> Option<&'static Role> {
    ALL.iter().find(|role| name == role.name)
}

impl Role {
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Runs it; the first argument is the name it goes by.
    pub(crate) fn run(&self, arguments: Vec<OsString>) -> ExitCode {
        (self.run)(arguments)
    }
}

fn etcd(arguments: Vec<OsString>) -> ExitCode {
    let text = |text: OsString| text.to_string_lossy().into_owned();
    let arguments: Vec<String> = arguments.into_iter().map(text).collect();
    let environment: Vec<(String, String)> = std::env::vars_os()
        .map(|(name, value)| (text(name), text(value)))
        .collect();
    etcdproxy::etcd(&arguments, &environment)
}

fn etcdctl(arguments: Vec<OsString>) -> ExitCode {
    let arguments = arguments.into_iter().skip(1);
    let (env, mut io) = (etcdctl::Env::process(), etcdctl::Io::process());
    ExitCode::from(etcdctl::run(arguments, &env, &mut io))
}

fn etcdutl(arguments: Vec<OsString>) -> ExitCode {
    let arguments = arguments.into_iter().skip(1);
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    ExitCode::from(etcdctl::utl::run(arguments, &mut out, &mut err))
}
